"""Time limits: what a launch says of them, what no longer counts, and when a new one begins."""

from typing import Any, cast

import pytest
from plugins.scorm.tests.courses_12 import three_scos
from plugins.scorm.tests.courses_2004 import two_scos
from plugins.scorm.tests.several.way import EXIT, RAW, STATUS, Way
from plugins.scorm.tests.test_runtime import Attempt

from passback_scorm.limits import time_limit

MINUTE = 60
EXITS = {"max_time_allowed": "00:10:00", "time_limit_action": "exit,message"}
PASSED_2004 = (("cmi.completion_status", "completed"), ("cmi.success_status", "passed"))


def limited_12(action: str = "exit,message") -> dict[str, str]:
    """Three SCOs, the first with ten minutes."""
    limit = (
        f"<adlcp:maxtimeallowed>00:10:00</adlcp:maxtimeallowed><adlcp:timelimitaction>{action}</adlcp:timelimitaction>"
    )
    return three_scos({}, limit)


def limited_2004(action: str = "exit,message", limit: str = "PT10M") -> dict[str, str]:
    """Two SCOs, the first with ten minutes, which would be completed by its mere end."""
    files = two_scos()
    conditions = f"<imsss:limitConditions attemptAbsoluteDurationLimit='{limit}'/>"
    manifest = files["imsmanifest.xml"]
    manifest = manifest.replace(
        "<imsss:objectives><imsss:primaryObjective obj", conditions + "<imsss:objectives><imsss:primaryObjective obj", 1
    )
    manifest = manifest.replace(
        "</title><imsss:sequencing>",
        f"</title><adlcp:timeLimitAction>{action}</adlcp:timeLimitAction><imsss:sequencing>",
        1,
    )
    return files | {
        "imsmanifest.xml": manifest.replace('completionSetByContent="true" objectiveSetByContent="true"', "", 1)
    }


def limit_of(way: Way) -> dict[str, Any] | None:
    return cast("dict[str, Any] | None", way.page().bootstrap.get("limit"))


@pytest.mark.parametrize(
    ("action", "found"),
    [
        ("exit,message", (True, "has been closed")),
        ("exit, no message", (True, "has been closed")),
        ("exit", (True, "has been closed")),
        ("continue,message", (False, "You may go on")),
    ],
)
def test_what_is_to_happen(action: str, found: tuple[bool, str]) -> None:
    limit = time_limit(600_00, action, used=540_00)
    assert limit is not None
    told = limit.to_json("Quiz")
    assert (told["exit"], found[1] in str(told["over"])) == (found[0], True)
    assert (told["left"], told["before"]) == (60, 30)


@pytest.mark.parametrize("action", ["", "continue", "continue,no message", "nonsense"])
def test_nothing_is_to_happen(action: str) -> None:
    assert time_limit(600_00, action) is None
    assert time_limit(None, "exit,message") is None
    assert time_limit(600_00, "exit,message", kept=False) is None


def test_the_launch_says_what_is_left_after_a_pause_and_a_new_limit_after_an_end() -> None:
    attempt = Attempt(EXITS).open()
    assert cast("Any", attempt.boot())["limit"]["left"] == 600
    attempt.finish((EXIT, "suspend"), after=4 * MINUTE).leave().open(after=3600)
    assert cast("Any", attempt.boot())["limit"]["left"] == 360
    attempt.finish((EXIT, ""), after=MINUTE).leave().open()
    assert cast("Any", attempt.boot())["limit"]["left"] == 600
    attempt.set((RAW, "1"), after=20 * MINUTE).leave().open()
    assert cast("Any", attempt.boot())["limit"]["left"] == 600  # it was reached: nobody is locked out
    assert "limit" not in Attempt(EXITS, {"time_limits": False}).open().boot()


def test_what_is_said_after_the_time_is_kept_and_does_not_count() -> None:
    late = Attempt(EXITS).open().set((STATUS, "passed"), (RAW, "90"), after=11 * MINUTE + 1)
    assert (late.verdict, late.outcome.score_raw) == (("incomplete", "unknown"), None)
    assert late.launch()[STATUS] == "passed"
    in_time = Attempt(EXITS).open().set((STATUS, "passed"), after=10 * MINUTE + 50)
    assert in_time.verdict == ("completed", "passed")
    free = Attempt({**EXITS, "time_limit_action": "continue,message"}).open()
    assert free.set((STATUS, "passed"), after=20 * MINUTE).verdict == ("completed", "passed")


def test_what_is_taken_away_completes_nothing() -> None:
    attempt = Attempt(EXITS).open().say("scorm.finish", {"closing": True}, after=10 * MINUTE)
    assert attempt.verdict == ("incomplete", "unknown")


def test_a_part_of_a_12_course() -> None:
    way = Way(limited_12()).open().begin()
    told = limit_of(way)
    assert told is not None
    assert (told["left"], told["before"], told["exit"], told["request"]) == (600, 60, True, "")
    assert told["over"] == "The time for “First steps” is over. It has been closed; what you did is saved."
    assert limit_of(way.set((STATUS, "passed"), after=12 * MINUTE).go("continue")) is None
    assert way.menu["first"].status == "incomplete"
    assert limit_of(Way(limited_12("continue,no message")).open()) is None


def test_an_activity_of_a_2004_course() -> None:
    way = Way(limited_2004()).open().begin()
    told = limit_of(way)
    assert told is not None
    assert (told["left"], told["exit"], told["request"]) == (600, True, "exit")
    way.set(("cmi.location", "7"), after=5 * MINUTE).set(*PASSED_2004, after=7 * MINUTE)
    assert way.verdict == ("incomplete", "unknown")
    way.say("scorm.navigate", {"request": "exit", "timeout": True}, unit="first")
    assert (way.page().activity, way.menu["first"].status, way.menu["second"].enabled) == ("", "incomplete", False)
    way.go("choice", "first")
    again = limit_of(way)
    assert again is not None
    assert again["left"] == 600


def test_an_ordinary_end_completes_what_says_nothing_of_itself() -> None:
    way = Way(limited_2004()).open().begin().say("scorm.navigate", {"request": "exit"}, unit="first")
    assert way.menu["first"].status == "passed"


def test_what_is_used_of_an_attempt_that_was_suspended() -> None:
    way = Way(limited_2004()).open().begin().set(("cmi.exit", "suspend"), after=4 * MINUTE).leave()
    told = limit_of(way.open(after=3600))
    assert told is not None
    assert told["left"] == 360
