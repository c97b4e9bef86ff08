"""SCORM 2004 courses, told as conversations through `apply`: what the learner is shown and told."""

from plugins.scorm.tests.courses_2004 import two_scos
from plugins.scorm.tests.several.way import Way

PASSED = (("cmi.completion_status", "completed"), ("cmi.success_status", "passed"))


def test_a_step_that_leads_nowhere_says_so_until_the_next() -> None:
    way = Way(two_scos()).open()
    assert (way.page().activity, way.navigation.note) == ("first", "")
    way.go("choice", "nowhere")
    assert (way.page().activity, way.page().start) == ("first", "first.html")
    assert way.navigation.note == "The course does not allow this step now."
    way.begin().set(*PASSED).go("choice", "second")
    assert (way.page().activity, way.navigation.note) == ("second", "")
