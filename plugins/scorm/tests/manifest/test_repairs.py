"""Manifests as they should not be: each repair keeps the course playable and is told with its place."""

import pytest
from plugins.scorm.tests.manifest.making import (
    INNER,
    RESOURCE,
    SCO,
    STANDS_FOR,
    codes,
    items,
    leaf,
    manifest,
    read,
    sequencing,
    told,
)

from passback.testing.packages import make_zip
from passback.testing.readers import open_package
from passback_scorm.importing import course_data
from passback_scorm.manifest.reading import read_manifest
from passback_scorm.sequencing.tree import build_tree


def test_nothing_to_repair() -> None:
    assert read(manifest()).findings == ()


# --- Editions


@pytest.mark.parametrize(
    ("said", "more", "key"),
    [
        ("CAM 1.3", "", "2004-2"),
        ("2004 3rd Edition", "", "2004-3"),
        ("2004 4th Edition", "", "2004-4"),
        ("2004 2nd edition", "", "2004-2"),
        ("", "", "2004-3"),
        ("2004", '<adlcp:completionThreshold completedByMeasure="true"/>', "2004-4"),
        ("", '<adlcp:data><adlcp:map targetID="t" readSharedData="true"/></adlcp:data>', "2004-4"),
    ],
)
def test_editions(said: str, more: str, key: str) -> None:
    assert read(manifest(leaf("i", more), said=said)).version.key == key


def test_namespaces_speak_louder_than_words() -> None:
    found = read(manifest(said="1.2"))
    assert found.version.key == "2004-3"
    assert told(found, "other_version").evidence == "imsmanifest.xml:2: 1.2"


def test_a_manifest_without_namespaces_is_believed() -> None:
    xml = manifest(said="2004 3rd Edition").replace("xmlns:adl", "xmlns:not").replace("xmlns:imsss", "xmlns:ss")
    xml = xml.replace("adlnet", "mine").replace("imsglobal", "mine").replace("imsss", "mine").replace("_v1p", "")
    assert read(xml).version.key == "2004-3"


def test_sequencing_without_any_namespace_is_2004() -> None:
    xml = manifest(leaf("i", "<sequencing><controlMode flow='true'/></sequencing>"), said="")
    for name in ("imscp_v1p1", "adlcp_v1p3", "adlseq_v1p3", "adlnav_v1p3", "imsss"):
        xml = xml.replace(f"/{name}", "/mine")
    found = read(xml)
    assert found.version.is_2004
    assert items(found)["i"].sequencing.control.flow


# --- Organisations


def _organization(name: str, inside: str) -> str:
    return f"<organization identifier='{name}'><title>{name}</title>{inside}</organization>"


@pytest.mark.parametrize(
    ("default", "order", "chosen", "code"),
    [
        (" default='b'", ("a", "b"), "b", "several_organizations"),
        (" default='gone'", ("a", "b"), "a", "no_default_organization"),
        ("", ("a", "b"), "a", "no_default_organization"),
        (" default=' b '", ("a", "b"), "b", "several_organizations"),
        (" default='empty'", ("empty", "b"), "b", "other_organization"),
    ],
)
def test_one_organisation_is_chosen(default: str, order: tuple[str, ...], chosen: str, code: str) -> None:
    inside = {"a": leaf("i"), "b": leaf("j"), "empty": "<item identifier='x'><title>x</title></item>"}
    whole = "".join(_organization(name, inside[name]) for name in order)
    found = read(manifest(organizations=f"<organizations{default}>{whole}</organizations>"))
    assert found.organization.id == found.title == chosen
    assert code in codes(found)


def test_only_one_organisation_needs_no_default() -> None:
    found = read(manifest(organizations=f"<organizations>{_organization('o', leaf('i'))}</organizations>"))
    assert found.findings == ()


@pytest.mark.parametrize(
    "organizations", ["<organizations/>", "<nothing/>", "<organizations><organization/></organizations>"]
)
def test_resources_stand_in_for_an_organisation(organizations: str) -> None:
    resources = RESOURCE + SCO.format(id="s", href="second.html")
    found = read(manifest(organizations=organizations, resources=resources), {"second.html": ""})
    assert [unit.href for unit in found.units()] == ["index.html", "second.html"]
    assert "no_organization" in codes(found)


# --- Items and resources


def test_identifiers() -> None:
    found = read(manifest(leaf("o") + leaf("i") + leaf("I") + leaf("i") + "<item identifierref='r'/>" + leaf(" a  b ")))
    names = [item.id for item in found.organization.items]
    assert len({*names, "o"}) == 7
    assert names[1:3] == ["i", "I"]
    assert names[5] == "a b"
    assert codes(found) == ["double_item", "double_item"]
    assert [finding.line for finding in found.findings] == [3, 6]
    build_tree(course_data(found)["organization"])  # type: ignore[arg-type]


def test_a_resource_in_another_spelling() -> None:
    found = read(manifest(resources=SCO.format(id="R", href="index.html")))
    assert [unit.id for unit in found.units()] == ["i"]
    assert told(found, "repaired_reference").evidence == "imsmanifest.xml:3: r"


@pytest.mark.parametrize(
    ("resource", "code"),
    [
        (SCO.format(id="s", href="gone.html"), "missing_launch_file"),
        ('<resource identifier="s" adlcp:scormType="asset"/>', "no_launch_file"),
        ("", "missing_resource"),
    ],
)
def test_one_unit_that_cannot_be_opened_leaves_the_others(resource: str, code: str) -> None:
    broken = '<item identifier="b" identifierref="s"><title>b</title></item>'
    found = read(manifest(leaf("i") + broken, resources=RESOURCE + resource))
    assert [unit.id for unit in found.units()] == ["i"]
    assert (items(found)["b"].kind, items(found)["b"].href) == ("", "")
    finding = told(found, code)
    assert (finding.severity, finding.file, finding.line) == ("problem", "imsmanifest.xml", 4)
    assert finding.advice


def test_a_unit_elsewhere_is_an_asset() -> None:
    resources = RESOURCE + SCO.format(id="s", href="https://example.org/x?a=1#top")
    elsewhere = '<item identifier="e" identifierref="s" parameters="?b=2"><title>e</title></item>'
    found = read(manifest(leaf("i") + elsewhere, resources=resources))
    assert items(found)["e"].kind == "asset"
    assert items(found)["e"].href == "https://example.org/x?a=1&b=2#top"
    assert told(found, "starts_elsewhere").severity == "problem"


def test_a_start_page_is_found_among_the_files() -> None:
    resources = (
        '<resource identifier="r" adlcp:scormType="sco"><file href="a.css"/><file href="index.html"/></resource>'
    )
    found = read(manifest(resources=resources), {"a.css": ""})
    assert [unit.href for unit in found.units()] == ["index.html"]
    assert told(found, "no_start_file").evidence.endswith("index.html")


def test_a_missing_dependency_is_a_note() -> None:
    resources = RESOURCE.replace("/>", '><dependency identifierref="gone"/><dependency identifierref="r"/></resource>')
    assert told(read(manifest(resources=resources)), "missing_dependency").severity == "note"


def test_a_chapter_with_a_page_of_its_own() -> None:
    inside = "<adlcp:dataFromLMS>d</adlcp:dataFromLMS>" + leaf("j") + sequencing("<imsss:controlMode flow='true'/>")
    found = read(manifest(leaf("c", inside)))
    [chapter] = found.organization.items
    page, other = chapter.children
    assert (chapter.kind, chapter.href, chapter.properties.data_from_lms) == ("", "", "")
    assert (page.kind, page.href, page.title, page.properties.data_from_lms) == ("sco", "index.html", "c", "d")
    assert (chapter.sequencing.control.flow, page.sequencing.control.flow, other.id) == (True, False, "j")
    assert "chapter_with_page" in codes(found)


def test_a_heading_is_a_note() -> None:
    found = read(manifest("<item identifier='h'><title>Part one</title></item>" + leaf("i")))
    assert told(found, "heading").severity == "note"
    assert [item.title for item in found.organization.items] == ["Part one", "i"]


def test_hidden_items() -> None:
    found = read(manifest(leaf("i").replace("<item", "<item isvisible='False'")))
    assert not items(found)["i"].visible
    assert found.units()[0].kind == "sco"


# --- Where files are (RFC 3986 first, then what was meant)


@pytest.mark.parametrize(
    ("manifest_base", "resources_base", "resource_base", "href", "there"),
    [
        ("", "", "c/", "p.html", "c/p.html"),
        ("a/", "b/", "c/", "p.html", "a/b/c/p.html"),
        ("a/", "../b/", "", "p.html", "b/p.html"),
        ("a/x", "", "", "p.html", "a/p.html"),
        ("a", "", "", "p.html", "a/p.html"),  # meant as a folder
        ("", "c", "d", "p.html", "c/d/p.html"),
        ("a/", "", "", "/p.html", "p.html"),
        ("", "", "c/", "c/p.html", "c/p.html"),  # the base twice
        ("", "", "c\\", "d\\p.html", "c/d/p.html"),
        ("", "", "a%20b/", "p.html", "a b/p.html"),
        ("", "", "", "what?.html", "what?.html"),
        ("", "", "C/", "P.HTML", "c/p.html"),
    ],
)
def test_bases(manifest_base: str, resources_base: str, resource_base: str, href: str, there: str) -> None:
    resource = SCO.format(id="r", href=href).replace("/>", f' xml:base="{resource_base}"/>')
    xml = manifest(resources=resource).replace("<resources>", f'<resources xml:base="{resources_base}">')
    xml = xml.replace("<manifest ", f'<manifest xml:base="{manifest_base}" ')
    found = read(xml, {there: "x"})
    assert [unit.href for unit in found.units()] == [there.replace(" ", "%20").replace("?", "%3F")]


def test_a_base_elsewhere() -> None:
    xml = manifest(
        leaf("i") + '<item identifier="j" identifierref="s"/>', resources=RESOURCE + SCO.format(id="s", href="x")
    )
    found = read(xml.replace('href="x"', 'xml:base="https://example.org/a/b" href="x.html"'))
    assert items(found)["j"].href == "https://example.org/a/x.html"


def test_a_folder_around_everything() -> None:
    package = make_zip({"Course/imsmanifest.xml": manifest(), "Course/index.html": ""})
    found = read_manifest(open_package(package))
    assert [unit.href for unit in found.units()] == ["Course/index.html"]
    assert codes(found) == ["manifest_in_folder"]


# --- Manifests inside the manifest


def test_an_inner_manifest_is_taken_apart() -> None:
    inner = INNER.format(items=leaf("j"), resources=RESOURCE)
    found = read(manifest(leaf("i") + STANDS_FOR, after=inner), {"part/index.html": ""})
    assert [(unit.id, unit.href) for unit in found.units()] == [("i", "index.html"), ("j", "part/index.html")]
    assert items(found)["part"].children[0].id == "j"
    assert codes(found) == ["inner_manifest"]


def test_resources_of_the_manifest_around_serve_the_inner_one() -> None:
    found = read(manifest(STANDS_FOR, after=INNER.format(items=leaf("j"), resources="")))
    assert [unit.href for unit in found.units()] == ["index.html"]


def test_resources_of_an_inner_manifest_serve_the_one_around() -> None:
    inner = INNER.format(items="", resources=SCO.format(id="deep", href="index.html"))
    found = read(manifest(leaf("i").replace('"r"', '"deep"'), after=inner), {"part/index.html": ""})
    assert [unit.href for unit in found.units()] == ["part/index.html"]


@pytest.mark.parametrize("again", [STANDS_FOR, STANDS_FOR * 3, f"<item identifier='x'>{STANDS_FOR}</item>"])
def test_inner_manifests_that_stand_for_each_other_end(again: str) -> None:
    inner = INNER.format(items=leaf("j") + again, resources=RESOURCE)
    found = read(manifest(leaf("i") + STANDS_FOR * 2, after=inner), {"part/index.html": ""})
    assert [unit.id for unit in found.units()] == ["i", "j"]
    assert "inner_manifest_twice" in codes(found)


# --- Metadata


def test_titles_in_several_languages() -> None:
    title = "<title><string language='en'>Maps</string><string language='de-AT'>Karten</string></title>"
    about = f"<metadata><lom><general>{title}<language>de</language></general></lom></metadata>"
    xml = manifest(before=about, said="").replace("<title>C</title>", "")
    assert (read(xml).title, read(xml).language) == ("Karten", "de")


def test_metadata_in_a_file_of_its_own() -> None:
    about = "<metadata><adlcp:location>About/LOM.xml</adlcp:location></metadata>"
    about_it = "<description><langstring>All of it</langstring></description><language>x-none</language>"
    lom = f"<lom><general>{about_it}</general></lom>"
    found = read(manifest(before=about, said=""), {"about/lom.xml": lom})
    assert (found.description, found.language) == ("All of it", "")
    assert told(read(manifest(before=about, said="")), "missing_metadata")
    assert told(read(manifest(before=about, said=""), {"about/lom.xml": "nothing"}), "odd_metadata")
