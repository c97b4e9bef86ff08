"""What is kept of a course: the form that run time and sequencing read."""

from collections.abc import Callable
from typing import Any

from plugins.scorm.tests.manifest.making import leaf, manifest, read, sequencing

from passback.plugin import PackageReader
from passback_scorm.importing import course_data
from passback_scorm.manifest.reading import read_manifest


def test_a_course_of_one_unit() -> None:
    inside = "<adlcp:dataFromLMS>d</adlcp:dataFromLMS>" + sequencing("<imsss:deliveryControls tracked='false'/>")
    data = course_data(read(manifest(leaf("i", inside))))
    assert (data["edition"], data["manifest"]) == ("2004-4", "imsmanifest.xml")
    assert data["organization"] == {
        "id": "o",
        "title": "C",
        "objectives_global_to_system": True,
        "shared_data_global_to_system": True,
        "items": [
            {
                "id": "i",
                "title": "i",
                "visible": True,
                "kind": "sco",
                "href": "index.html",
                "data_from_lms": "d",
                "sequencing": {"tracked": False},
                "children": [],
            }
        ],
    }


def test_course_data_of_a_real_course_with_chapters(real_course: Callable[[str], PackageReader]) -> None:
    data: dict[str, Any] = course_data(read_manifest(real_course("RuntimeMinimumCalls_SCORM12.zip")))
    assert data["edition"] == "1.2"
    chapters = data["organization"]["items"]
    assert [chapter["title"] for chapter in chapters[:2]] == ["Playing the Game", "Etiquette"]
    assert [(chapter["kind"], chapter["href"]) for chapter in chapters] == [("", "")] * len(chapters)
    assert chapters[0]["children"][0] == {
        "id": "playing_playing_item",
        "title": "How to Play",
        "visible": True,
        "kind": "sco",
        "href": "Playing/Playing.html",
        "children": [],
    }


def test_course_data_of_a_real_course_of_2004(real_course: Callable[[str], PackageReader]) -> None:
    manifest = read_manifest(real_course("RuntimeBasicCalls_SCORM20043rdEdition.zip"))
    assert manifest.findings == ()
    data: dict[str, Any] = course_data(manifest)
    organization = data["organization"]
    assert (data["edition"], organization["objectives_global_to_system"]) == ("2004-3", False)
    assert organization["sequencing"] == {"control": {"flow": True}}
    [item] = organization["items"]
    assert item["sequencing"] == {"completion_set_by_content": True, "objective_set_by_content": True}
