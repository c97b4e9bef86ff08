"""SCORM holds to the contract of content types."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from plugins.scorm.tests.courses_12 import three_scos
from plugins.scorm.tests.courses_2004 import two_scos

from passback.plugin import JsonObject, Outcome
from passback.testing.contract import ContentTypeContract
from passback.testing.packages import make_zip
from passback_scorm.content_type import ScormContentType
from passback_scorm.sample import build_sample


class TestScorm(ContentTypeContract):
    """SCORM 1.2, with its own sample course."""

    content_type = ScormContentType()

    def package(self) -> bytes:
        with TemporaryDirectory() as folder:
            build_sample(Path(folder) / "sample.zip")
            return (Path(folder) / "sample.zip").read_bytes()

    def conversation(self) -> Sequence[tuple[str, JsonObject]]:
        answer = "cmi.interactions.0"
        return [
            ("scorm.initialize", {}),
            ("scorm.set", {"values": [["cmi.core.lesson_status", "incomplete"], ["cmi.core.lesson_location", "2"]]}),
            (
                "scorm.set",
                {"values": [[f"{answer}.id", "q1"], [f"{answer}.type", "choice"], [f"{answer}.result", "correct"]]},
            ),
            ("scorm.commit", {"values": [["cmi.suspend_data", {"utf16": "AAA="}], ["cmi.core.score.raw", "80"]]}),
            ("scorm.finish", {"values": [["cmi.core.session_time", "0000:10:00.00"], ["cmi.core.exit", ""]]}),
        ]


class TestSequenced(ContentTypeContract):
    """SCORM 2004 of two SCOs, the second of which needs the first."""

    content_type = ScormContentType()

    def package(self) -> bytes:
        return make_zip(two_scos())

    def conversation(self) -> Sequence[tuple[str, JsonObject]]:
        answer = "cmi.interactions.0"
        return [
            ("scorm.initialize", {}),
            ("scorm.set", {"values": [["cmi.location", "2"], [f"{answer}.id", "q1"], [f"{answer}.type", "choice"]]}),
            ("scorm.commit", {"values": [["cmi.score.scaled", "0.8"], ["cmi.success_status", "passed"]]}),
            ("scorm.finish", {"values": [["cmi.session_time", "PT10M"], ["cmi.completion_status", "completed"]]}),
            ("scorm.navigate", {"request": "continue", "target": ""}),
        ]

    def activity(self, number: int) -> str:
        return "first" if 0 < number < 6 else ""


class TestSeveral(ContentTypeContract):
    """SCORM 1.2 of three SCOs, the last of which needs the others."""

    content_type = ScormContentType()

    def package(self) -> bytes:
        return make_zip(three_scos())

    def conversation(self) -> Sequence[tuple[str, JsonObject]]:
        return [
            ("scorm.initialize", {}),
            ("scorm.set", {"values": [["cmi.core.lesson_location", "2"], ["cmi.student_preference.audio", "50"]]}),
            ("scorm.commit", {"values": [["cmi.core.score.raw", "80"], ["cmi.core.lesson_status", "passed"]]}),
            ("scorm.finish", {"values": [["cmi.core.session_time", "0000:10:00.00"], ["cmi.core.exit", ""]]}),
            ("scorm.navigate", {"request": "choice", "target": "second"}),
            ("scorm.initialize", {}),
            ("scorm.finish", {"closing": True}),
        ]

    def activity(self, number: int) -> str:
        return "first" if 0 < number < 6 else "second" if 5 < number < 8 else ""


def outcomes_of(course: ContentTypeContract) -> dict[str, Outcome]:
    """Return what each activity has come to at the end of a contract's conversation."""
    state, _ = course._play()
    return dict(ScormContentType().activity_outcomes(state))


def test_a_2004_course_tells_what_each_sco_has_come_to() -> None:
    told = outcomes_of(TestSequenced())
    first, second = told["first"], told["second"]
    assert (first.completion, first.success, first.score_scaled, first.ended) == ("completed", "passed", 0.8, True)
    assert (second.completion, second.success, second.score_scaled) == ("incomplete", "unknown", None)


def test_a_12_course_tells_what_each_sco_has_come_to() -> None:
    told = outcomes_of(TestSeveral())
    first, second = told["first"], told["second"]
    assert (first.completion, first.success, first.score_raw, first.ended) == ("completed", "passed", 80.0, True)
    assert (second.completion, second.success, second.score_raw) == ("incomplete", "unknown", None)
    assert "third" not in told, "nobody has opened it"


def test_a_course_of_one_sco_tells_of_no_activities() -> None:
    assert outcomes_of(TestScorm()) == {}
