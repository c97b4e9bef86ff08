"""What two versions ask differently of learners is said once, in plain words."""

import copy
from typing import Any

import pytest
from hypothesis import given
from plugins.scorm.tests.courses_12 import three_scos

from passback.plugin import ComparesVersions, ContentChange, ImportContext, ImportedContent
from passback.testing.contract import json_objects
from passback.testing.packages import make_zip
from passback.testing.readers import open_package
from passback_scorm.content_type import ScormContentType
from passback_scorm.settings import ScormSettings

SCORM = ScormContentType()
HEAD_2004 = (
    '<manifest identifier="{id}" xmlns="http://www.imsglobal.org/xsd/imscp_v1p1" '
    'xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_v1p3" xmlns:imsss="http://www.imsglobal.org/xsd/imsss">'
    "<metadata><schemaversion>2004 4th Edition</schemaversion></metadata>"
)


def load(files: dict[str, str]) -> ImportedContent:
    return SCORM.import_package(open_package(make_zip(files)), ImportContext(ScormSettings()))


def in_2004(sequencing: str = "", *, inside: str = "", name: str = "m") -> ImportedContent:
    rules = f"<imsss:sequencing>{sequencing}</imsss:sequencing>" if sequencing else ""
    manifest = (
        f"{HEAD_2004.format(id=name)}<organizations default='o'><organization identifier='o'><title>Course</title>"
        f"<item identifier='i' identifierref='r'><title>Lesson</title>{inside}{rules}</item></organization>"
        "</organizations><resources><resource identifier='r' type='webcontent' adlcp:scormType='sco' href='a.html'>"
        "<file href='a.html'/></resource></resources></manifest>"
    )
    return load({"imsmanifest.xml": manifest, "a.html": "x"})


def said(before: ImportedContent, after: ImportedContent) -> list[tuple[str, str, str, str]]:
    return [(one.activity, one.what, one.before, one.after) for one in SCORM.compare(before.data, after.data)]


def test_core_asks_it() -> None:
    assert isinstance(SCORM, ComparesVersions)


def test_a_course_differs_from_itself_in_nothing() -> None:
    assert said(load(three_scos()), load(three_scos())) == []
    assert said(in_2004(), in_2004()) == []


def test_what_a_course_of_12_asks() -> None:
    before = load(three_scos(more="<adlcp:masteryscore>50</adlcp:masteryscore>"))
    more = "<adlcp:masteryscore>80</adlcp:masteryscore><adlcp:maxtimeallowed>00:30:00</adlcp:maxtimeallowed>"
    after = load(three_scos({"test": "first"}, more))
    assert said(before, after) == [
        ("first", "Pass mark", "50", "80"),
        ("first", "Time allowed", "", "00:30:00"),
        ("test", "Prerequisites", "first&second", "first"),
    ]


def measured(share: str, more: str = "") -> str:
    return (
        f"{more}<imsss:objectives><imsss:primaryObjective objectiveID='p' satisfiedByMeasure='true'>"
        f"<imsss:minNormalizedMeasure>{share}</imsss:minNormalizedMeasure></imsss:primaryObjective></imsss:objectives>"
    )


def test_what_a_course_of_2004_asks() -> None:
    limit = "<imsss:limitConditions attemptLimit='2'/>"
    assert said(in_2004(measured("0.5")), in_2004(measured("0.8", limit))) == [
        ("i", "Attempts that sequencing allows", "", "2"),
        ("i", "Passed from a measure of", "0.5", "0.8"),
    ]
    threshold = "<adlcp:completionThreshold completedByMeasure='true' minProgressMeasure='{}'/>"
    before, after = (in_2004(inside=threshold.format(share)) for share in ("0.5", "0.9"))
    assert said(before, after) == [("i", "Complete from", "0.5", "0.9")]
    assert said(in_2004(), in_2004("<imsss:deliveryControls tracked='false'/>")) == [("i", "Sequencing", "", "")]


def test_another_edition_is_said_once() -> None:
    changes = said(load(three_scos()), in_2004())
    assert ("", "Edition", "SCORM 1.2", "SCORM 2004 4th Edition") in changes


def test_the_packages_own_name_is_kept() -> None:
    assert in_2004(name=" COURSE-7 ").identifier == "COURSE-7"


def test_long_launch_data_is_cut() -> None:
    [(_, what, _, text)] = said(
        load(three_scos()), load(three_scos(more=f"<adlcp:datafromlms>{'x' * 4000}</adlcp:datafromlms>"))
    )
    assert what == "Launch data"
    assert len(text) == 80


DAMAGE: list[Any] = [None, 7, "x", [], [1], {"items": 3}, {"items": [None, {"id": 4, "sequencing": []}]}]


@pytest.mark.parametrize("damage", DAMAGE)
def test_data_that_another_plugin_has_written(damage: Any) -> None:
    data = copy.deepcopy(in_2004(measured("0.5")).data)
    broken = {**data, "organization": damage}
    for one, other in ((data, broken), (broken, data)):
        assert all(isinstance(change, ContentChange) for change in SCORM.compare(one, other))


@given(json_objects, json_objects)
def test_whatever_was_kept(before: Any, after: Any) -> None:
    data = {"edition": "1.2", "organization": {"items": [before, {"id": "a", "sequencing": after}]}}
    assert SCORM.compare(data, copy.deepcopy(data)) == ()
    SCORM.compare(before, after)
