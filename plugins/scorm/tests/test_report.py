"""What people are told of an attempt: the standing of each activity, and its answers, objectives and comments."""

from typing import Any, cast

from plugins.scorm.tests.courses_12 import three_scos
from plugins.scorm.tests.courses_2004 import two_scos
from plugins.scorm.tests.several.way import RAW, STATUS, TIME, Way

from passback_scorm import report

ANSWER = {"id": "q1", "type": "choice", "student_response": "b", "result": "wrong"}


def answered(number: int = 0, response: str = "student_response") -> list[tuple[str, str]]:
    names = {"student_response": response}
    return [(f"cmi.interactions.{number}.{names.get(part, part)}", text) for part, text in ANSWER.items()]


def activities(way: Way) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", way.report().details["activities"])


def test_every_sco_of_12_with_its_records() -> None:
    goal = [
        ("cmi.objectives.0.id", "goal"),
        ("cmi.objectives.0.score.raw", "70"),
        ("cmi.objectives.0.status", "passed"),
    ]
    way = Way(three_scos({})).open().begin()
    way.set((STATUS, "passed"), (RAW, "80"), (TIME, "00:01:30"), *answered(), *goal, ("cmi.comments", "Nice \0!"))
    way.go("continue").begin().set(*answered())
    rows = way.report().rows
    assert rows[:3] == (
        ("First steps", "passed, 80 of 100, 1m 30s"),
        ("Second steps", "incomplete"),
        ("The test", "not attempted"),
    )
    assert set(rows[3:]) == {
        ("First steps: Comments", "Nice \N{REPLACEMENT CHARACTER}!"),
        ("First steps: Objective goal", "passed, 70"),
        ("First steps: Question q1", "wrong: b"),
        ("Second steps: Question q1", "wrong: b"),
    }
    first, second, third = activities(way)
    assert (first["id"], first["status"], first["score"], first["seconds"]) == ("first", "passed", 80, 90)
    assert first["interactions"] == [{"index": 0, **ANSWER}]
    assert first["objectives"] == [{"index": 0, "id": "goal", "status": "passed", "score.raw": "70"}]
    assert first["comments"] == [{"index": 0, "comment": "Nice \N{REPLACEMENT CHARACTER}!"}]
    assert (second["status"], second["interactions"]) == ("incomplete", [{"index": 0, **ANSWER}])
    assert (third["status"], "interactions" in third) == ("not attempted", False)


def test_every_activity_of_2004_with_its_records() -> None:
    comment = [("cmi.comments_from_learner.0.comment", "Hard"), ("cmi.comments_from_learner.0.location", "p2")]
    way = Way(two_scos()).open().begin()
    way.set(("cmi.completion_status", "completed"), ("cmi.success_status", "passed"), ("cmi.score.scaled", "0.9"))
    way.set(*answered(response="learner_response"), *comment).go("continue")
    assert way.at == "second"
    rows = way.report().rows
    assert rows[0] == ("First steps", "passed, 90 of 100")
    assert ("First steps: Question q1", "wrong: b") in rows
    assert ("First steps: Comments", "Hard") in rows
    first, second = activities(way)
    assert (first["status"], first["score_scaled"]) == ("passed", 0.9)
    assert first["interactions"][0]["learner_response"] == "b"
    assert first["comments"] == [{"index": 0, "comment": "Hard", "location": "p2"}]
    assert (second["id"], second["status"]) == ("second", "incomplete")
    assert [fact.data["learner_response"] for fact in way.facts] == ["b"]


def test_a_page_gets_so_many_lines_and_the_details_all() -> None:
    way = Way(three_scos({})).open().begin()
    pairs = [(f"cmi.interactions.{n}.id", f"q{n}") for n in range(report.MOST_ROWS)]
    way.set(*pairs)
    rows = way.report().rows
    assert (len(rows), rows[-1]) == (report.MOST_ROWS + 1, ("More", "3 further lines"))
    assert len(activities(way)[0]["interactions"]) == report.MOST_ROWS
