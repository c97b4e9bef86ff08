"""Manifests as they come: right, wrong and hostile. Every repair is a warning, nothing playable is refused."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plugins.scorm.tests.courses_12 import three_scos

from passback.plugin import ImportContext, ImportedContent, PackageError, PackageReader
from passback.testing.packages import make_zip
from passback.testing.readers import open_package
from passback_scorm.content_type import ScormContentType
from passback_scorm.health.rules import RULES
from passback_scorm.manifest.reading import read_manifest
from passback_scorm.manifest.references import with_parameters
from passback_scorm.settings import ScormSettings

SCORM = ScormContentType()
HEAD_12 = (
    '<manifest identifier="m" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2" '
    'xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2"{more}>'
)
ITEM = '<item identifier="i" identifierref="r"><title>Lesson</title>{inside}</item>'
RESOURCE = '<resource identifier="r" type="webcontent" adlcp:scormtype="sco" href="{href}">{files}</resource>'
PAGES = {"index.html": "<h1>Hello</h1>"}


def manifest(
    *,
    items: str = "",
    inside: str = "",
    href: str = "index.html",
    files: str = "",
    resources: str = "",
    head: str = HEAD_12,
    more: str = "",
    default: str = ' default="o"',
    before: str = "",
) -> str:
    """Return a manifest of one organisation, one item, one resource, with parts of it replaced."""
    return (
        f"{head.format(more=more)}{before}<organizations{default}><organization identifier='o'><title>Course</title>"
        f"{items or ITEM.format(inside=inside)}</organization></organizations>"
        f"<resources>{resources or RESOURCE.format(href=href, files=files)}</resources></manifest>"
    )


def load(files: Mapping[str, bytes | str]) -> ImportedContent:
    return SCORM.import_package(open_package(make_zip(files)), ImportContext(ScormSettings()))


def course(xml: str | bytes, **files: str) -> ImportedContent:
    return load({"imsmanifest.xml": xml, **PAGES, **files})


def unit(content: ImportedContent) -> dict[str, Any]:
    [only] = content.data["units"]  # type: ignore[misc,union-attr]
    return dict(only)  # type: ignore[call-overload,no-any-return]


def codes(content: ImportedContent) -> set[str]:
    """Return what was found in the manifest; what its pages tell is `health`'s."""
    return {warning.code for warning in content.warnings if warning.code not in RULES}


def refused(xml: str, **files: str) -> PackageError:
    with pytest.raises(PackageError) as caught:
        course(xml, **files)
    return caught.value


# --- What is right


def test_a_clean_course() -> None:
    content = course(manifest())
    assert (content.title, codes(content), content.reports_score) == ("Course", set(), False)
    [activity] = content.activities
    assert (activity.id, activity.title, activity.href, activity.tracked) == ("i", "Lesson", "index.html", True)


def test_properties_of_the_item() -> None:
    inside = (
        "<adlcp:prerequisites type='aicc_script'>a&amp;b</adlcp:prerequisites>"
        "<adlcp:maxtimeallowed>00:30:00</adlcp:maxtimeallowed>"
        "<adlcp:timelimitaction>Exit,Message</adlcp:timelimitaction>"
        "<adlcp:datafromlms> one\n two </adlcp:datafromlms><adlcp:masteryscore>0</adlcp:masteryscore>"
    )
    found = unit(course(manifest(inside=inside)))
    assert found["prerequisites"] == "a&b"
    assert (found["max_time_allowed"], found["time_limit_action"]) == ("00:30:00", "exit,message")
    assert (found["data_from_lms"], found["mastery_score"]) == ("one\n two", 0)


def test_chapters_are_kept() -> None:
    inner = f'<item identifier="d"><title>D</title>{ITEM.format(inside="")}</item>'
    items = f'<item identifier="c"><title>Chapter</title>{inner}</item>'
    [chapter] = course(manifest(items=items)).activities
    assert (chapter.href, chapter.tracked, chapter.children[0].children[0].href) == ("", False, "index.html")


def test_metadata_in_either_binding() -> None:
    title, about = (
        "<title><langstring>LOM</langstring></title>",
        "<description><string>About\n it</string></description>",
    )
    general = f"<general>{title}<language>de</language>{about}</general>"
    content = course(manifest(before=f"<metadata><lom>{general}</lom></metadata>"))
    assert (content.title, content.language, content.description) == ("Course", "de", "About it")


@pytest.mark.parametrize(
    ("page", "reports"),
    [
        ('API.LMSSetValue("cmi.core.score.raw", points)', True),
        ("set('cmi.core.score.raw' , 1)", True),
        ('API.LMSGetValue("cmi.core.score.raw")', False),
        ('set("cmi.core.score.raw", s); set("cmi.score.scaled", t); // a driver for every standard', False),
    ],
)
def test_a_course_whose_own_pages_set_a_score(page: str, reports: bool) -> None:
    assert course(manifest(), **{"quiz.js": page}).reports_score is reports


# --- Launch URLs


@pytest.mark.parametrize(
    ("suffix", "parameters", "whole"),
    [
        ("", "", ""),
        ("", "?a=1", "?a=1"),
        ("", "a=1", "?a=1"),
        ("", "&a=1", "?a=1"),
        ("", "?&?a=1", "?a=1"),
        ("?x=0", "?a=1", "?x=0&a=1"),
        ("?x=0", "a=1", "?x=0&a=1"),
        ("", "#part", "#part"),
        ("#here", "#part", "#here"),
        ("?x=0", "#part", "?x=0#part"),
        ("#here", "a=1", "?a=1#here"),
        ("?x=0#here", "?a=1", "?x=0&a=1#here"),
        ("", "a=1#part", "?a=1#part"),
        ("", " ? ", "? "[:0]),
    ],
)
def test_parameters(suffix: str, parameters: str, whole: str) -> None:
    assert with_parameters(suffix, parameters) == whole


@given(st.text(), st.text())
def test_parameters_of_any_kind(suffix: str, parameters: str) -> None:
    assert isinstance(with_parameters(suffix, parameters), str)


def test_parameters_reach_the_launch() -> None:
    items = '<item identifier="i" identifierref="r" parameters="?content=playing&amp;x=1"><title>L</title></item>'
    assert unit(course(manifest(items=items, href="index.html?a=b")))["href"] == "index.html?a=b&content=playing&x=1"


@pytest.mark.parametrize(
    ("href", "there", "launched"),
    [
        ("Start Page.html", "Start Page.html", "Start%20Page.html"),
        ("Start%20Page.html", "Start Page.html", "Start%20Page.html"),
        ("100%.html", "100%.html", "100%25.html"),
        ("CONTENT\\INDEX.HTML", "content/index.html", "content/index.html"),
        ("./a/../content/index.html", "content/index.html", "content/index.html"),
        ("../../content/index.html", "content/index.html", "content/index.html"),
        ("/content/index.html", "content/index.html", "content/index.html"),
        ("größe.html#top", "größe.html", "gr%C3%B6%C3%9Fe.html#top"),
    ],
)
def test_files_are_found_as_meant(href: str, there: str, launched: str) -> None:
    content = load({"imsmanifest.xml": manifest(href=href), there: "x"})
    assert unit(content)["href"] == launched


def test_a_repaired_path_is_told() -> None:
    assert "repaired_path" in codes(load({"imsmanifest.xml": manifest(href="INDEX.HTML"), **PAGES}))


@pytest.mark.parametrize("folder", ["course/", "a/b c/"])
def test_a_manifest_in_a_folder(folder: str) -> None:
    files = {
        f"{folder}x/deeper/imsmanifest.xml": "<broken",
        f"{folder}IMSManifest.XML": manifest(),
        f"{folder}index.html": "x",
    }
    content = load(files)
    assert unit(content)["href"] == f"{folder}index.html".replace(" ", "%20")
    assert codes(content) == {"manifest_in_folder"}


def test_bases_are_composed() -> None:
    resources = '<resource identifier="r" adlcp:scormtype="sco" href="p.html" xml:base="c/"/>'
    xml = manifest(resources=resources, more=' xml:base="a/"').replace("<resources>", '<resources xml:base="b/">')
    assert unit(course(xml, **{"a/b/c/p.html": "x"}))["href"] == "a/b/c/p.html"


# --- What is wrong and put right


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8", "cp1252"])
def test_encodings(encoding: str) -> None:
    xml = manifest().replace("Course", "Größe")
    assert course(xml.encode(encoding)).title == "Größe"


def test_a_declared_encoding_that_is_not_true() -> None:
    xml = f'<?xml version="1.0" encoding="UTF-8"?>{manifest()}'.replace("Course", "Größe")
    content = course(xml.encode("cp1252"))
    assert content.title == "Größe"
    assert "xml_encoding" in codes(content)


def test_not_well_formed() -> None:
    content = course(manifest().replace("<title>Course</title>", "<title>Q&A &nbsp;</title>"))
    assert "Q&A" in content.title
    assert "xml_not_well_formed" in codes(content)


@pytest.mark.parametrize(
    "damage",
    [
        lambda xml: xml.replace("adlcp:scormtype", "adlcp:scormType"),
        lambda xml: xml.replace("adlcp:", "wrong:").replace("xmlns:adlcp", "xmlns:wrong"),
        lambda xml: xml.replace("adlcp:scormtype", "undeclared:scormtype"),
        lambda xml: xml.replace("imscp_rootv1p1p2", "somebody_elses"),
        lambda xml: xml.replace(' xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"', ""),
        lambda xml: xml.replace("<item ", "<imscp:item ").replace("</item>", "</imscp:item>").replace(
            " xmlns:adlcp", ' xmlns:imscp="http://www.imsproject.org/xsd/imscp_rootv1p1p2" xmlns:adlcp'),
        lambda xml: xml.replace(' default="o"', ""),
        lambda xml: xml.replace('identifierref="r"', 'identifierref=" R "'),
    ],
)  # fmt: skip
def test_sloppy_names(damage: Callable[[str], str]) -> None:
    content = course(damage(manifest()))
    assert (unit(content)["href"], unit(content)["scorm_type"], content.title) == ("index.html", "sco", "Course")


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        (manifest(default=' default="gone"'), "no_default_organization"),
        (manifest(resources='<resource identifier="r" href="index.html"/>'), "no_scorm_type"),
        (manifest(files='<file href="gone.png"/><file href="index.html"/>'), "missing_files"),
        (manifest(inside="<adlcp:masteryscore>much</adlcp:masteryscore>"), "odd_mastery_score"),
        (manifest(inside="<adlcp:masteryscore>800</adlcp:masteryscore>"), "odd_mastery_score"),
        (manifest(inside="<adlcp:masteryscore>nan</adlcp:masteryscore>"), "odd_mastery_score"),
        (manifest(inside="<adlcp:maxtimeallowed>soon</adlcp:maxtimeallowed>"), "odd_time_limit"),
        (manifest(items=ITEM.format(inside="") + '<item identifier="j" identifierref="gone"/>'), "missing_resource"),
        (manifest(items='<item identifier="i"><title>C</title></item>' + ITEM.format(inside="")), "double_item"),
        (manifest(resources=RESOURCE.format(href="index.html", files="") * 2), "double_resource"),
        (manifest().replace("organization", "wrong"), "no_organization"),
        (manifest().replace("manifest ", "manifesto ").replace("</manifest>", "</manifesto>"), "odd_root"),
    ],
)
def test_repairs_are_told_in_words(xml: str, code: str) -> None:
    content = course(xml)
    assert unit(content)["href"] == "index.html"
    [warning] = [warning for warning in content.warnings if warning.code == code]
    assert warning.message.endswith(".")


def test_ids_stay_apart() -> None:
    content = course(manifest(items='<item identifier="i"><title>C</title></item>' + ITEM.format(inside="")))
    assert len({activity.id for activity in content.activities}) == 2


def test_identifiers_that_are_missing() -> None:
    content = course(manifest(items='<item identifierref="r"/>'))
    assert content.activities[0].id == content.activities[0].title == "item-1"


def test_mastery_as_people_write_it() -> None:
    assert unit(course(manifest(inside="<adlcp:masteryscore> 66,5 % </adlcp:masteryscore>")))["mastery_score"] == 66.5


def test_without_an_organisation_the_resources_count() -> None:
    resources = '<resource identifier="a" adlcp:scormtype="asset" href="x.png"/>' + RESOURCE.format(
        href="index.html", files=""
    )
    xml = HEAD_12.format(more="") + f"<organizations/><resources>{resources}</resources></manifest>"
    content = course(xml, **{"x.png": "x"})
    assert unit(content)["id"] == "r"
    assert "no_organization" in codes(content)


def test_an_asset_is_no_sco() -> None:
    content = course(manifest(resources='<resource identifier="r" adlcp:scormtype="asset" href="index.html"/>'))
    assert not content.activities[0].tracked


# --- What is refused, and why


def test_refusals() -> None:
    assert refused(manifest(href="gone.html")).code == "launch_file_missing"
    assert refused(manifest(href="https://example.org/course/")).code == "starts_elsewhere"
    assert refused(manifest(href="//example.org/course/")).code == "starts_elsewhere"
    assert (
        refused(manifest(items='<item identifier="i"><title>C</title></item>', resources="<x/>")).code
        == "nothing_to_launch"
    )
    assert refused("<html></html>").code == "nothing_to_launch"
    assert refused('<!DOCTYPE m [<!ENTITY e "x">]>' + manifest()).code == "xml_entities"


def test_no_manifest() -> None:
    with pytest.raises(PackageError, match=r"imsmanifest\.xml"):
        load(PAGES)
    assert SCORM.detect(open_package(make_zip(PAGES))) is None


# --- Which standard


HEAD_2004 = '<manifest xmlns="http://www.imsglobal.org/xsd/imscp_v1p1" xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_v1p3"{more}>'


def _said(version: str) -> str:
    return f"<metadata><schema>ADL SCORM</schema><schemaversion>{version}</schemaversion></metadata>"


@pytest.mark.parametrize(
    ("xml", "label"),
    [
        (manifest(), "SCORM 1.2 course, 1 SCO"),
        (manifest(before=_said("1.2")), "SCORM 1.2 course, 1 SCO"),
        (manifest(before=_said("2004 4th Edition")), "SCORM 1.2 course, 1 SCO"),  # namespaces first
        (manifest(head=HEAD_2004, before=_said("1.2")), "SCORM 2004 course, 1 SCO"),
        (manifest(head=HEAD_2004, before=_said("CAM 1.3")), "SCORM 2004 2nd Edition course, 1 SCO"),
        (manifest(head=HEAD_2004, before=_said("2004 3rd Edition")), "SCORM 2004 3rd Edition course, 1 SCO"),
        (manifest(head=HEAD_2004, before=_said("2004 4th  edition")), "SCORM 2004 4th Edition course, 1 SCO"),
        (manifest(head="<manifest{more}>", before=_said("1.2")), "SCORM 1.2 course, 1 SCO"),
        (manifest(head="<manifest{more}>"), "IMS content package, 1 SCO"),
        (manifest(items=ITEM.format(inside="") * 3), "SCORM 1.2 course, 3 SCOs"),
        (
            manifest(resources='<resource identifier="r" adlcp:scormtype="asset" href="index.html"/>'),
            "SCORM 1.2 course, 1 page",
        ),
        ('<!DOCTYPE m [<!ENTITY e "x">]><manifest/>', "SCORM course with an unreadable manifest"),
    ],
)
def test_detection(xml: str, label: str) -> None:
    found = SCORM.detect(open_package(make_zip({"imsmanifest.xml": xml, **PAGES})))
    assert found is not None
    assert found.label == label


def test_a_common_cartridge_is_somebody_elses() -> None:
    xml = '<manifest xmlns="http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1"><resources/></manifest>'
    assert SCORM.detect(open_package(make_zip({"imsmanifest.xml": xml}))) is None


# --- Real and hostile


def test_the_golf_course(real_course: Callable[[str], PackageReader]) -> None:
    package = real_course("singlescobasic.zip")
    found = SCORM.detect(package)
    assert found is not None
    assert found.label == "SCORM 1.2 course, 1 SCO"
    content = SCORM.import_package(package, ImportContext(ScormSettings()))
    assert content.title == "Golf Explained - Run-time Basic Calls"
    assert unit(content)["href"] == "shared/launchpage.html"
    assert [warning.code for warning in content.warnings] == ["named_hosts"]  # links to where its pictures come from
    assert content.reports_score  # so that "completed" on arriving at its quiz is not taken for a full grade


def test_a_real_course_of_many_scos(real_course: Callable[[str], PackageReader]) -> None:
    package = real_course("RuntimeMinimumCalls_SCORM12.zip")
    found = SCORM.detect(package)
    assert found is not None
    assert found.label == "SCORM 1.2 course, 18 SCOs"
    content = SCORM.import_package(package, ImportContext(ScormSettings()))
    assert len(content.data["units"]) == 18  # type: ignore[arg-type]
    assert [len(chapter.children) for chapter in content.activities] == [6, 4, 5, 3]


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("first&&second", "an item is missing before “&”"),
        ("(first", "“)” is missing"),
        ("frist", "the course has no item “frist”"),
    ],
)
def test_prerequisites_that_cannot_be_kept_are_told(script: str, why: str) -> None:
    content = load(three_scos({"second": "first", "test": script}))
    [warning] = [one for one in content.warnings if one.code == "odd_prerequisites"]
    assert warning.message == f"“The test” has prerequisites that cannot be read ({why}); it can be opened at any time."
    assert warning.evidence == script


def test_prerequisites_that_can_be_kept_are_nothing_to_tell() -> None:
    assert codes(load(three_scos())) == set()
    assert codes(course(manifest(inside="<adlcp:prerequisites>nobody</adlcp:prerequisites>"))) == set()


def test_a_real_course_of_scorm_2004(real_course: Callable[[str], PackageReader]) -> None:
    package = real_course("RuntimeBasicCalls_SCORM20043rdEdition.zip")
    found = SCORM.detect(package)
    assert found is not None
    assert found.label == "SCORM 2004 3rd Edition course, 1 SCO"
    content = SCORM.import_package(package, ImportContext(ScormSettings()))
    assert content.data["edition"] == "2004-3"
    assert content.data["shared"] is False


def test_every_sco_of_a_real_course_is_found(real_course: Callable[[str], PackageReader]) -> None:
    units = read_manifest(real_course("RuntimeMinimumCalls_SCORM12.zip")).units()
    assert len(units) == 18
    assert "shared/assessmenttemplate.html?questions=Playing" in {one.href for one in units}


@given(st.data())
def test_damaged_manifests_are_refused_or_read(data: st.DataObject) -> None:
    """A manifest with a piece cut out, doubled or replaced is imported or refused with a reason, never a crash."""
    xml = manifest(before=_said("1.2"), inside="<adlcp:masteryscore>80</adlcp:masteryscore>")
    start = data.draw(st.integers(0, len(xml)))
    end = data.draw(st.integers(start, min(len(xml), start + 60)))
    piece = data.draw(st.sampled_from(["", xml[start:end] * 2, "<", "&", "\x00", "]]>", "<item/>", "é", "<!--"]))
    damaged = xml[:start] + piece + xml[end:]
    package = open_package(make_zip({"imsmanifest.xml": damaged, **PAGES}))
    SCORM.detect(package)
    try:
        content = SCORM.import_package(package, ImportContext(ScormSettings()))
    except PackageError:
        return
    assert unit(content)["href"]
