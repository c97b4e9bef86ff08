"""Manifests that are large, contradictory or hostile: read in time, or refused with a reason."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plugins.scorm.tests.manifest.making import (
    INNER,
    RESOURCE,
    SKIP,
    STANDS_FOR,
    codes,
    items,
    leaf,
    manifest,
    read,
    sequencing,
)

from passback.plugin import PackageError
from passback_scorm.importing import course_data
from passback_scorm.sequencing.tree import build_tree


def test_ten_thousand_items() -> None:
    found = read(
        manifest("".join(f'<item identifier="i{n}" identifierref="gone{n}"/>' for n in range(10_000)) + leaf("i"))
    )
    assert len(items(found)) == 10_001
    assert len(found.units()) == 1
    assert len(found.findings) == 6
    assert found.findings[-1].message == "The same was found in 9995 more places."


def test_deep_nesting() -> None:
    deep = "<item identifier='c{}'><title>C</title>"
    xml = manifest("".join(deep.format(n) for n in range(100)) + leaf("i") + "</item>" * 100)
    data = course_data(read(xml))
    assert build_tree(data["organization"]).get("i") is not None  # type: ignore[arg-type]


def test_inner_manifests_cannot_nest_without_end() -> None:
    parts = []
    for number in range(5):
        chapters = "".join(f"<item identifier='c{number}-{n}'>" for n in range(60))
        stands = f'<item identifierref="m{number + 1}"/>'
        inner = INNER.replace('"inner"', f'"m{number}"')
        parts.append(inner.format(items=chapters + leaf(f"j{number}") + stands + "</item>" * 60, resources=""))
    found = read(manifest(leaf("i") + '<item identifierref="m0"/>', after="".join(parts)))
    assert "too_deep" in codes(found)
    assert [unit.id for unit in found.units()][:2] == ["i", "j0"]


def test_a_collection_that_everybody_names_is_bounded() -> None:
    """40 kB of rules named by 5,000 items would be 200 MB of definitions."""
    rules = SKIP.format(conditions="<imsss:ruleCondition condition='always'/>" * 500, action="skip")
    shared = sequencing(rules, "ID='s'")
    after = f"<imsss:sequencingCollection>{shared}</imsss:sequencingCollection>"
    every = "".join(leaf(f"i{n}", sequencing(attributes="IDRef='s'")) for n in range(5_000))
    with pytest.raises(PackageError) as caught:
        read(manifest(every, after=after))
    assert caught.value.code == "sequencing_too_large"
    assert caught.value.advice


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damaged_manifests_are_read_or_refused(data: st.DataObject) -> None:
    """A piece cut out, doubled or replaced: a manifest whose data can be played, or a reason; never a crash."""
    rules = SKIP.format(conditions="<imsss:ruleCondition condition='always'/>", action="skip")
    inside = sequencing(rules + "<imsss:objectives><imsss:primaryObjective/></imsss:objectives>", "IDRef='s'")
    xml = manifest(leaf("i", inside) + STANDS_FOR, after=INNER.format(items=leaf("j"), resources=RESOURCE))
    start = data.draw(st.integers(0, len(xml)))
    end = data.draw(st.integers(start, min(len(xml), start + 60)))
    piece = data.draw(st.sampled_from(["", xml[start:end] * 2, "<", "&", "\x00", "]]>", "<item/>", "é", "<!--", "%%"]))
    try:
        found = read(xml[:start] + piece + xml[end:])
    except PackageError:
        return
    build_tree(course_data(found)["organization"])  # type: ignore[arg-type]


WORDS = """manifest organizations organization item resources resource file sequencing objectives primaryObjective
objective mapInfo sequencingRules preConditionRule ruleConditions metadata sequencingCollection rollupRules rollupRule
data map presentation completionThreshold title"""
NAMES = "identifier identifierref href default ID IDRef objectiveID targetObjectiveID targetID"
words = st.sampled_from(WORDS.split())
attributes = st.dictionaries(
    st.sampled_from(NAMES.split()),
    st.sampled_from(["a", "b", "", " a ", "..", "%", "http://[", "index.html", "//x", "?", "#"]),
    max_size=3,
)


def element(name: str, attributes: dict[str, str], inside: list[str]) -> str:
    given = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<{name}{given}>{''.join(inside)}</{name}>"


trees = st.recursive(
    st.builds(element, words, attributes, st.just([])),
    lambda inside: st.builds(element, words, attributes, st.lists(inside, max_size=3)),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(trees)
def test_any_tree_of_known_elements(tree: str) -> None:
    found = read(manifest(tree, resources=RESOURCE + tree, after=tree))
    build_tree(course_data(found)["organization"])  # type: ignore[arg-type]
