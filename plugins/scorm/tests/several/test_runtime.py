"""Courses of several SCOs, told as conversations through `apply`: places, prerequisites, rollup, lateness, garbage."""

import json
from dataclasses import replace
from typing import Any

import pytest
from plugins.scorm.tests.courses_12 import three_scos
from plugins.scorm.tests.several.way import AUDIO, EXIT, RAW, SCORM, STATUS, TIME, Way

from passback_scorm.several.plan import plan_of

# --- Where the learner is


def test_a_course_begins_with_its_first_sco() -> None:
    way = Way().open()
    assert (way.at, way.page().start, way.verdict) == ("first", "first.html", ("incomplete", "unknown"))
    assert way.values["cmi.core.entry"] == "ab-initio"


def test_next_and_previous() -> None:
    way = Way(three_scos({})).open()
    assert (way.navigation.can_previous, way.navigation.can_continue) == (False, True)
    assert [way.go("continue").at, way.go("continue").at] == ["second", "test"]
    assert (way.navigation.can_previous, way.navigation.can_continue) == (True, False)
    assert way.go("continue").at == "test"
    assert way.navigation.note
    assert way.go("previous").at == "second"
    assert not way.navigation.note


def test_next_passes_over_what_cannot_be_opened() -> None:
    way = Way(three_scos({"second": "test"})).open()
    assert way.go("continue").at == "test"
    assert way.go("previous").at == "first"


def test_a_choice() -> None:
    way = Way().open().go("choice", "second")
    assert (way.at, way.navigation.note) == ("second", "")


@pytest.mark.parametrize("target", ["nowhere", "", "steps", "o", "First", "test"])
def test_a_choice_of_what_is_not_there_or_not_open_leads_nowhere(target: str) -> None:
    way = Way().open()
    before = way.outcome
    assert way.go("choice", target).at == "first"
    assert way.navigation.note
    assert way.outcome == before


def test_the_end_of_the_course() -> None:
    way = Way().open().go("choice", "second").go("exitAll")
    assert (way.page().ended, way.page().start, way.outcome.ended) == (True, "", True)
    assert way.go("continue").page().ended
    way.open()
    assert (way.at, way.page().ended, way.outcome.ended) == ("second", False, False)


def test_a_new_session_goes_to_the_last_sco_and_resumes_it() -> None:
    way = Way().open().go("continue").begin()
    way.set(("cmi.core.lesson_location", "7"), ("cmi.suspend_data", "mine")).leave()
    assert way.outcome.ended
    way.open(after=3600)
    assert way.at == "second"
    assert (way.values["cmi.core.entry"], way.values["cmi.core.lesson_location"]) == ("resume", "7")
    way.begin()
    assert way.go("previous").values.get("cmi.suspend_data") is None


def test_a_sco_that_ended_begins_again_with_its_data() -> None:
    way = Way().open().begin().finish(("cmi.core.lesson_location", "7"))
    assert way.go("continue").go("previous").values["cmi.core.entry"] == ""
    assert way.values["cmi.core.lesson_location"] == "7"
    way = Way().open().begin().finish((EXIT, "suspend"))
    assert way.go("continue").go("previous").values["cmi.core.entry"] == "resume"


def test_pages_that_say_nothing_are_complete_once_they_are_opened() -> None:
    files = three_scos({"test": "second"})
    files["imsmanifest.xml"] = files["imsmanifest.xml"].replace(
        "<resource identifier='r-second' type='webcontent' adlcp:scormtype='sco'",
        "<resource identifier='r-second' type='webcontent' adlcp:scormtype='asset'",
    )
    way = Way(files).open()
    assert way.menu["second"].status == ""
    assert way.go("continue").menu["second"].status == "completed"
    assert way.menu["test"].enabled


# --- Prerequisites and the menu


def test_the_menu_tells_what_is_open_and_how_it_stands() -> None:
    way = Way().open()
    steps, last = way.navigation.menu
    assert (steps.title, steps.enabled, [one.id for one in steps.children]) == ("Steps", False, ["first", "second"])
    assert (last.enabled, way.menu["first"].current, way.menu["first"].status) == (False, True, "")
    way.begin()
    assert way.menu["first"].status == "incomplete"
    way.finish((STATUS, "failed")).go("continue").passes()
    assert [way.menu[one].status for one in ("first", "second", "test")] == ["failed", "passed", ""]
    assert not way.menu["test"].enabled
    way.go("previous").passes()
    assert way.menu["test"].enabled
    assert way.go("choice", "test").at == "test"


def test_a_chapter_is_complete_with_its_units() -> None:
    way = Way(three_scos({"test": "steps"})).open().passes().go("continue")
    assert not way.menu["test"].enabled
    assert way.passes().menu["test"].enabled


def test_a_chapter_that_waits_lets_none_of_its_units_be_opened() -> None:
    files = three_scos({})
    needs = "<title>Steps</title><adlcp:prerequisites type='aicc_script'>test</adlcp:prerequisites>"
    files["imsmanifest.xml"] = files["imsmanifest.xml"].replace("<title>Steps</title>", needs)
    way = Way(files).open()
    assert way.at == "test"
    assert not way.menu["first"].enabled
    assert way.passes().menu["first"].enabled


@pytest.mark.parametrize("script", ["first&&", "nobody", "(" * 60 + "first" + ")" * 60])
def test_prerequisites_that_cannot_be_kept_are_none(script: str) -> None:
    assert Way(three_scos({"test": script})).open().menu["test"].enabled


def test_a_circle_of_prerequisites_can_be_begun() -> None:
    way = Way(three_scos({"first": "test", "second": "first", "test": "second"})).open()
    assert way.at == "first"
    assert way.passes().menu["second"].enabled


def test_what_was_open_stays_open() -> None:
    """A unit that is passed and then done again badly keeps what it has opened."""
    way = Way().open().passes().go("continue").passes().go("previous").begin().finish((STATUS, "failed"))
    assert way.menu["first"].status == "passed"
    assert way.menu["test"].enabled


def test_hidden_items_are_not_in_the_menu() -> None:
    files = three_scos({})
    files["imsmanifest.xml"] = files["imsmanifest.xml"].replace(
        "identifier='steps'", "identifier='steps' isvisible='0'"
    )
    assert [one.id for one in Way(files).open().navigation.menu] == ["first", "second", "test"]


# --- What it comes to


def test_a_course_is_complete_with_all_its_units() -> None:
    way = Way().open().passes("60").go("continue")
    assert (way.verdict, way.outcome.progress, way.outcome.score_scaled) == (("incomplete", "unknown"), 1 / 3, 0.6)
    way.passes("80").go("continue").passes("100")
    assert (way.verdict, way.outcome.progress) == (("completed", "passed"), 1.0)
    assert way.outcome.score_scaled == pytest.approx(0.8)
    assert not way.outcome.ended  # the learner is still there


@pytest.mark.parametrize(
    ("settings", "verdict", "score"),
    [
        ({"rollup_score": "weighted", "rollup_weights": {"second": 3}}, ("incomplete", "unknown"), 0.75),
        ({"rollup_score": "highest", "rollup_completion": "any"}, ("completed", "passed"), 0.8),
        ({"rollup_score": "lowest", "rollup_completion": "percentage"}, ("incomplete", "unknown"), 0.6),
        (
            {"rollup_score": "sum", "rollup_completion": "percentage", "rollup_threshold": 60},
            ("completed", "passed"),
            1,
        ),
        ({"rollup_score": "last", "rollup_status": "any_passed"}, ("incomplete", "passed"), 0.8),
        ({"rollup_completion": "any", "rollup_status": "score_threshold"}, ("completed", "failed"), 0.7),
        (
            {"rollup_completion": "any", "rollup_status": "score_threshold", "rollup_passing_score": 70},
            ("completed", "passed"),
            0.7,
        ),
        ({"rollup_completion": "any", "rollup_done": ["failed"]}, ("incomplete", "unknown"), 0.7),
    ],
)
def test_rollup_by_the_settings(settings: dict[str, Any], verdict: tuple[str, str], score: float) -> None:
    way = Way(settings=settings).open().passes("60").go("continue").passes("80")
    assert (way.verdict, way.outcome.score_scaled) == (verdict, pytest.approx(score))


def test_failed_need_not_count_as_complete() -> None:
    way = Way(settings={"failed_is_completed": False}).open().begin().finish((STATUS, "failed"))
    assert way.outcome.progress == 0


def test_the_range_of_a_score_counts() -> None:
    way = Way().open().begin().set((RAW, "15"), ("cmi.core.score.min", "10"), ("cmi.core.score.max", "20"))
    assert way.outcome.score_scaled == 0.5


def test_the_mastery_score_of_a_unit_decides_about_it() -> None:
    files = three_scos(more="<adlcp:masteryscore>70</adlcp:masteryscore>")
    way = Way(files).open().begin().finish((RAW, "60"), (STATUS, "completed"))
    assert (way.menu["first"].status, way.values[STATUS]) == ("failed", "failed")


def test_time_is_the_sum_of_all_units() -> None:
    way = Way().open().begin().finish((TIME, "00:10:00")).go("continue").begin().finish((TIME, "00:05:00"))
    assert way.outcome.duration_seconds == 900
    way.go("previous").begin().finish((TIME, "00:01:00"))
    assert way.outcome.duration_seconds == 960
    assert way.values["cmi.core.total_time"] == "0000:11:00.00"


def test_a_sco_that_never_finishes_is_measured_until_it_is_left() -> None:
    way = Way().open().begin().go("continue", after=90)
    assert (way.outcome.duration_seconds, way.menu["first"].status) == (90, "incomplete")


def test_a_sco_that_says_nothing_is_measured_until_the_session_ends() -> None:
    way = Way().open().begin().leave(after=60)
    assert way.outcome.duration_seconds == 60
    way.open(after=3600)
    assert way.values["cmi.core.total_time"] == "0000:01:00.00"
    way.begin().finish(after=30)
    assert way.outcome.duration_seconds == 90
    way.go("choice", "nowhere", after=600)
    assert way.values["cmi.core.total_time"] == "0000:01:30.00"


def test_time_counts_once_when_a_request_leads_nowhere() -> None:
    way = Way().open().begin().go("choice", "nowhere", after=60).begin().set(after=30).go("choice", "nowhere", after=5)
    assert way.outcome.duration_seconds == 95
    way.begin().finish((TIME, "00:00:10"))
    assert way.outcome.duration_seconds == 105


def test_a_silent_tab_is_not_measured() -> None:
    way = Way().open().begin().set((STATUS, "incomplete"), after=20)
    assert way.say("session.ended", {"reason": "idle"}, after=1200).outcome.duration_seconds == 20


def test_answers_are_told_once() -> None:
    answer = "cmi.interactions.0"
    way = Way().open().begin().set((f"{answer}.id", "q"), (f"{answer}.result", "correct"))
    assert [fact.data["id"] for fact in way.facts] == ["q"]


# --- The end of a SCO


@pytest.mark.parametrize(
    ("how", "suggestion"), [("", "next"), ("suspend", "stay"), ("logout", "end"), ("time-out", "end")]
)
def test_what_the_end_of_a_sco_suggests(how: str, suggestion: str) -> None:
    way = Way().open().begin()
    assert way.suggestion == ""
    assert way.finish((EXIT, how)).suggestion == suggestion
    assert way.go("continue").suggestion == ""


@pytest.mark.parametrize(("action", "suggestion"), [("exit,message", "end"), ("continue,no message", "next")])
def test_time_limits(action: str, suggestion: str) -> None:
    limits = (
        f"<adlcp:maxtimeallowed>00:30:00</adlcp:maxtimeallowed><adlcp:timelimitaction>{action}</adlcp:timelimitaction>"
    )
    way = Way(three_scos(more=limits)).open()
    assert way.values["cmi.student_data.max_time_allowed"] == "00:30:00"
    assert way.values["cmi.student_data.time_limit_action"] == action
    assert way.begin().finish((TIME, "00:30:00")).suggestion == "next"
    assert way.go("choice", "first").begin().finish((TIME, "00:00:01")).suggestion == suggestion


def test_an_end_without_a_status_completes_unless_the_page_closed() -> None:
    """Rustici's RuntimeMinimumCalls_SCORM12 finishes in `onbeforeunload`."""
    way = Way().open().begin().say("scorm.finish", {"closing": True}, unit="first")
    assert (way.menu["first"].status, way.outcome.progress) == ("incomplete", 0)
    way.leave().open().begin().finish()
    assert (way.menu["first"].status, way.values[STATUS]) == ("completed", "completed")


def test_what_was_said_counts_when_the_page_closes() -> None:
    data = {"closing": True, "values": [[STATUS, "passed"]]}
    assert Way().open().begin().say("scorm.finish", data, unit="first").menu["first"].status == "passed"


# --- Preferences


def test_preferences_are_the_same_for_all_units() -> None:
    way = Way().open().begin().set((AUDIO, "90"))
    assert way.go("continue").values[AUDIO] == "90"
    way.begin().set((AUDIO, "20"), ("cmi.student_preference.language", "x" * 300))
    assert way.go("previous").values[AUDIO] == "20"
    assert way.begin().set((STATUS, "incomplete")).values[AUDIO] == "20"  # its own 90 is of an earlier visit
    assert "cmi.student_preference.language" not in way.values


# --- Lateness and garbage


def test_what_a_unit_says_after_it_was_left_counts() -> None:
    way = Way().open().begin().go("continue").begin()
    way.set((STATUS, "passed"), (RAW, "70"), unit="first")
    assert (way.at, way.menu["first"].status, way.outcome.score_scaled) == ("second", "passed", 0.7)


def test_a_unit_that_is_not_shown_does_not_begin() -> None:
    way = Way().open()
    way.say("scorm.initialize", unit="second").set((STATUS, "passed"), unit="second")
    assert way.menu["second"].status == ""


def test_an_older_session_can_raise_but_not_move() -> None:
    way = Way().open().begin().open().begin()
    way.go("continue", session=1)
    assert way.at == "first"
    way.set((STATUS, "passed"), (RAW, "70"), ("cmi.suspend_data", "old"), session=1)
    assert (way.menu["first"].status, way.outcome.score_scaled) == ("passed", 0.7)
    assert "cmi.suspend_data" not in way.values
    way.set((RAW, "40"), session=1)
    assert way.outcome.score_scaled == 0.7


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"request": "jump"},
        {"request": ["choice"], "target": "second"},
        {"request": "choice", "target": ["second"]},
        {"request": {}, "target": None},
    ],
)
def test_garbage_leads_nowhere(data: dict[str, Any]) -> None:
    way = Way().open().begin()
    before = way.state
    assert way.say("scorm.navigate", data, unit="first").state == before


@pytest.mark.parametrize("unit", ["", "nowhere", "steps"])
def test_what_is_said_of_no_unit_counts_for_nothing(unit: str) -> None:
    way = Way().open().begin()
    before = way.state
    assert way.say("scorm.set", {"values": [[STATUS, "passed"]]}, unit=unit).state == before


def test_events_before_a_session_count_for_nothing() -> None:
    way = Way()
    assert way.say("scorm.set", {"values": [[STATUS, "passed"]]}, unit="first").state.cells == {}


def test_damaged_cells_are_a_beginning() -> None:
    way = Way().open().passes().go("continue").begin()
    way.state = replace(way.state, cells={key: {"delivery": "x", "at": 7} for key in way.state.cells})
    assert way.open().begin().at == "first"


# --- Preview and review


def test_a_preview_goes_where_it_is_asked_to() -> None:
    way = Way(mode="browse").open()
    assert (way.page().activity, way.page("test").activity, way.page("nowhere").activity) == ("first", "test", "first")
    assert way.page("test").bootstrap["order"] == ["first", "second", "test"]
    assert way.menu["test"].enabled
    assert way.go("continue").begin().finish((STATUS, "passed")).state.cells == {}


def test_a_review_shows_what_was_done() -> None:
    way = Way().open().passes("60").go("continue").begin().leave()
    way.state = replace(way.state, mode="review")
    assert (way.at, way.menu["first"].status, way.values["cmi.core.lesson_mode"]) == ("second", "passed", "review")


# --- The report


def test_the_report_has_every_unit() -> None:
    way = Way().open().begin().finish((STATUS, "passed"), (RAW, "60"), (TIME, "01:02:03"))
    assert SCORM.report(way.state).rows == (
        ("First steps", "passed, 60 of 100, 1h 2m 3s"),
        ("Second steps", "not attempted"),
        ("The test", "not attempted"),
    )


# --- What is worked out once


def test_a_course_is_read_once_however_often_something_is_said() -> None:
    content = Way().state.content
    again = {**content, "organization": json.loads(json.dumps(content["organization"]))}
    assert plan_of(again) is plan_of(content)
    old = {name: value for name, value in content.items() if name != "digest"}
    assert plan_of(old) is plan_of(old)
    assert plan_of(dict(old)) is not plan_of(old)
    assert plan_of(Way(three_scos({})).state.content) is not plan_of(content)
