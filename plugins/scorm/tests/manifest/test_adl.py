"""The 189 manifests of ADL's SCORM 2004 4th Edition suite: read whole, and without a word of complaint."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from passback.plugin import PackageReader
from passback_scorm.importing import course_data
from passback_scorm.manifest.model import Item, Manifest
from passback_scorm.manifest.reading import read_manifest
from passback_scorm.sequencing.definition import (
    Objective,
    ObjectiveMap,
    RollupCondition,
    RollupRule,
    RuleCondition,
    SequencingDefinition,
    SequencingRule,
    from_json,
)

SHARED = Path(os.environ.get("PASSBACK_SHARED", Path(__file__).parents[4].parent / "shared"))
MANIFESTS = SHARED / "conformance/adl-scorm2004-4e/manifests"
NAMES = sorted(path.stem for path in MANIFESTS.glob("*.xml"))
Course = Callable[[str], PackageReader]


@pytest.fixture
def adl(adl_course: Course) -> Callable[[str], Manifest]:
    return lambda name: read_manifest(adl_course(name))


def items(manifest: Manifest) -> dict[str, Item]:
    return {item.id: item for item in manifest.organization.everything()}


def definitions(manifest: Manifest) -> list[SequencingDefinition]:
    organization = manifest.organization
    return [organization.sequencing, *(item.sequencing for item in organization.everything())]


def test_the_suite_is_there() -> None:
    if not NAMES:
        pytest.skip(f"the shared test data is not there (looked in {MANIFESTS})")
    assert len(NAMES) == 189


@pytest.mark.parametrize("name", NAMES)
def test_read_whole(name: str, adl: Callable[[str], Manifest]) -> None:
    manifest = adl(name)
    root = etree.parse(MANIFESTS / f"{name}.xml").getroot()
    assert manifest.findings == ()
    assert manifest.version.key == "2004-4"
    assert len(manifest.units()) == len(root.findall(".//{*}item[@identifierref]"))
    assert len(items(manifest)) == len(root.findall(".//{*}item"))
    if root.find(".//{*}sequencingCollection") is None:
        counted = [
            sum(len(one.pre_rules) + len(one.exit_rules) + len(one.post_rules) for one in definitions(manifest)),
            sum(len(one.rollup_rules) for one in definitions(manifest)),
            sum(objective.primary for one in definitions(manifest) for objective in one.objectives),
        ]
        assert counted == [
            len(root.findall(f".//{{*}}{tag}")) for tag in ("ruleAction", "rollupAction", "primaryObjective")
        ]
    data: dict[str, Any] = course_data(manifest)
    assert data["edition"] == "2004-4"
    waiting, seen = [data["organization"]], []
    while waiting:
        node = waiting.pop()
        seen.append(from_json(node.get("sequencing", {})))
        waiting += node.get("items", node.get("children"))
    assert sorted(map(repr, seen)) == sorted(map(repr, definitions(manifest)))


def test_launch_urls(adl: Callable[[str], Manifest]) -> None:
    assert [unit.href for unit in adl("DDMa").units()] == [
        "resources/SequencingTest.htm?tc=DDM&act=1a",
        "resources/SequencingTest.htm?tc=DDM&act=2a",
    ]
    assert [unit.kind for unit in adl("API").units()] == ["asset", "sco", "sco"]


def test_identifiers_differ_by_case(adl: Callable[[str], Manifest]) -> None:
    """CM-07a has the resources Seq01 and SEQ01; OB-12a pads and encodes the ids of objectives."""
    pages = {item.id: item.href.partition("?")[0] for item in items(adl("CM-07a")).values()}
    assert pages["activity_4"] == "resources/SequencingTest.htm"
    assert pages["activity_5"] == "resources/SequencingTestFail.htm"
    [*_, rule] = items(adl("OB-12a"))["activity_2"].sequencing.post_rules
    assert {condition.objective for condition in rule.conditions} == {"ob j 1"}


def test_presentation_and_run_time(adl: Callable[[str], Manifest]) -> None:
    first = items(adl("DMI"))["activity_1"].to_json()
    assert first["hide_lms_ui"] == ["suspendAll"]
    assert (first["data_from_lms"], first["time_limit_action"]) == ("Launch Data Test", "continue,message")
    assert first["completion_threshold"] == 0.8
    assert first["shared_data"] == [
        {"target": "tarID1", "read": True, "write": True},
        {"target": "tarID2", "read": True, "write": False},
        {"target": "tarID3", "read": False, "write": True},
        {"target": "tarID4", "read": False, "write": False},
    ]
    limits = [item.properties.max_time_allowed for item in items(adl("CM-01")).values()]
    assert "P5Y6M4DT12H30M58.55S" in limits


def test_global_to_system(adl: Callable[[str], Manifest]) -> None:
    said = [name for name in NAMES if b"GlobalToSystem" in (MANIFESTS / f"{name}.xml").read_bytes()]
    found = {name: adl(name).organization for name in said}
    assert sum(not one.objectives_global_to_system for one in found.values()) == 3
    assert [name for name, one in found.items() if not one.shared_data_global_to_system] == ["DDMb"]


def test_own_sequencing_replaces_what_is_referred_to(adl: Callable[[str], Manifest]) -> None:
    """Element by element: an empty `rollupRules` of its own leaves none of the collection's."""
    own, referred = items(adl("CM-07d")), items(adl("RU-01ab"))
    wanted = [(one.constrain_choice, one.prevent_activation) for one in (item.sequencing for item in own.values())]
    assert {(True, True), (False, True), (True, False)} <= set(wanted)
    assert all(item.sequencing.rollup_rules == () for item in referred.values())
    twice = [item.sequencing.attempt_limit for item in items(adl("RU-07a")).values()]
    assert 1 in twice
    assert 2 not in twice


def test_maps_of_the_4th_edition(adl: Callable[[str], Manifest]) -> None:
    """OB-06 gives them in the collection, for an objective that the item has of its own."""
    [objective] = items(adl("OB-06"))["activity_1"].sequencing.objectives
    assert objective == Objective(
        "PRIMARYOBJ",
        primary=True,
        maps=(
            ObjectiveMap(
                "gObj-OB06",
                write_satisfied_status=True,
                write_normalized_measure=True,
                read_raw_score=True,
                read_min_score=True,
                read_max_score=True,
                read_completion_status=True,
                read_progress_measure=True,
                write_raw_score=True,
                write_min_score=True,
                write_max_score=True,
                write_completion_status=True,
                write_progress_measure=True,
            ),
        ),
    )


def test_maps_of_two_kinds_to_different_targets(adl: Callable[[str], Manifest]) -> None:
    """Neither reads what is the other's."""
    [objective] = items(adl("OB-10a"))["activity_2"].sequencing.objectives
    status, more = objective.maps
    assert (status.target, status.read_satisfied_status, status.read_raw_score) == ("gObj-OB10a-1", True, False)
    assert (more.target, more.read_satisfied_status, more.read_raw_score) == ("gObj-OB10a-2", False, True)


def test_rules(adl: Callable[[str], Manifest]) -> None:
    found = items(adl("T-01b"))["activity_4"].sequencing
    assert found.objectives[0].min_normalized_measure == 0.6
    assert found.objectives[0].satisfied_by_measure
    assert found.objectives[0].maps[0].target == "gObj-T01b-1"
    rules = [rule for one in items(adl("OB-02b")).values() for rule in one.sequencing.pre_rules]
    assert rules == [SequencingRule("skip", "all", (RuleCondition("objectiveMeasureLessThan", False, "obj1", 0.25),))]
    targets = {
        one.target for item in items(adl("OB-02b")).values() for own in item.sequencing.objectives for one in own.maps
    }
    assert targets == {"gObj - OB 02 b"}


def test_rollup_rules(adl: Callable[[str], Manifest]) -> None:
    rules = [rule for one in definitions(adl("RU-13a")) for rule in one.rollup_rules]
    assert RollupRule("satisfied", "atLeastPercent", 0, 0.4, "any", (RollupCondition("satisfied"),)) in rules
