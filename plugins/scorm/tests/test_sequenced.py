"""SCORM 2004 courses, told as conversations through `apply`: what the learner is shown and told."""

from collections.abc import Callable

import pytest
from plugins.scorm.tests.courses_12 import three_scos
from plugins.scorm.tests.courses_2004 import two_scos
from plugins.scorm.tests.several.way import SCORM, Way

PASSED = (("cmi.completion_status", "completed"), ("cmi.success_status", "passed"))


def test_a_step_that_leads_nowhere_says_so_until_the_next() -> None:
    way = Way(two_scos()).open()
    assert (way.page().activity, way.navigation.note) == ("first", "")
    way.go("choice", "nowhere")
    assert (way.page().activity, way.page().start) == ("first", "first.html")
    assert way.navigation.note == "The course does not allow this step now."
    way.begin().set(*PASSED).go("choice", "second")
    assert (way.page().activity, way.navigation.note) == ("second", "")


def all_passed() -> Way:
    way = Way(two_scos()).open().begin().set(*PASSED).go("continue").begin().set(*PASSED)
    assert way.verdict == ("completed", "passed")
    return way


@pytest.mark.parametrize(
    ("end", "paused"),
    [
        (lambda way: way.go("suspendAll"), True),
        (lambda way: way.set(("cmi.exit", "suspend")).leave(), True),
        (lambda way: way.finish(("cmi.exit", "suspend")).leave(), True),
        (lambda way: way.leave(), False),
        (lambda way: way.finish().leave(), False),
        (lambda way: way.go("exitAll"), False),
        (lambda way: way.go("suspendAll").open(), True),
        (lambda way: way.go("suspendAll").open().begin().leave(), True),
        (lambda way: way.go("suspendAll").open().begin().finish().leave(), False),
        (lambda way: way.go("suspendAll").open().go("exitAll"), False),
    ],
)
def test_a_passed_course_is_paused_where_it_was_suspended(end: Callable[[Way], Way], *, paused: bool) -> None:
    assert SCORM.is_paused(end(all_passed()).state) is paused


def test_what_is_gone_on_with_resumes() -> None:
    way = all_passed().set(("cmi.location", "7")).go("suspendAll").open(after=3600)
    assert (way.at, way.values["cmi.entry"], way.values["cmi.location"]) == ("second", "resume", "7")


def test_the_time_measured_here_can_be_all_that_counts() -> None:
    said = ("cmi.session_time", "PT10H")
    for settings, seconds in (({}, 36_000), ({"measured_time": True}, 60)):
        way = Way(two_scos(), settings).open().begin().finish(said, after=60)
        assert way.outcome.duration_seconds == seconds


@pytest.mark.parametrize("files", [two_scos, lambda: three_scos({})])
@pytest.mark.parametrize("auto_progress", [True, False])
def test_a_course_may_go_on_by_itself(files: Callable[[], dict[str, str]], *, auto_progress: bool) -> None:
    way = Way(files(), {"auto_progress": auto_progress}).open().begin().set(*PASSED)
    assert (way.page().bootstrap["onward"], way.navigation.can_continue) == (auto_progress, True)


def test_a_course_does_not_go_on_to_what_is_closed() -> None:
    way = Way(three_scos(), {"auto_progress": True}).open().go("choice", "second")
    assert (way.page().bootstrap["onward"], way.navigation.can_continue) == (False, False)
