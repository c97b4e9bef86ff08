"""DB.1.1, DB.2 and UP.3: what a delivery begins, resumes and ends."""

from plugins.scorm.tests.sequencing.making import PASSED, Learner, cluster, course, leaf, when

from passback_scorm.sequencing.delivery import content_delivery_environment
from passback_scorm.sequencing.result import RteResult

SUSPEND = RteResult(exit="suspend", completion_status="incomplete")


def test_only_leaves_are_delivered() -> None:
    learner = Learner(course(cluster("m", leaf("a")), leaf("b")))
    learner.open()
    learner.ask("jump", "m")
    assert learner.why == "DB.1.1-1"


def test_what_is_closed_above_is_closed() -> None:
    learner = Learner(course(leaf("a"), cluster("m", leaf("b"), pre_rules=when("always", "disabled"))))
    learner.open()
    assert learner.step.validity.jump == {"a": True, "b": False}
    learner.ask("jump", "b")
    assert learner.why == "DB.1.1-3"
    assert learner.ask("choice", "a") == "a", "the learner goes on"


def test_nothing_is_delivered_over_what_runs() -> None:
    learner = Learner(course(leaf("a"), leaf("b")))
    learner.open()
    assert content_delivery_environment(learner.tracking, learner.tree.activities["b"]) == "DB.2-1"


def test_attempts_are_counted_along_the_path() -> None:
    learner = Learner(course(cluster("m", leaf("a"), leaf("b")), cluster("n", leaf("c"))))
    learner.open()
    learner.finish(PASSED, PASSED)
    learner.ask("choice", "a")
    assert [learner.attempts(name) for name in ("root", "m", "a", "b", "n", "c")] == [1, 2, 2, 1, 1, 1]
    assert not learner.tracking.of(learner.tree.activities["n"]).active, "UP.3 ended it on the way"


def test_a_suspended_activity_is_resumed_with_what_it_had() -> None:
    learner = Learner(course(leaf("a"), leaf("b")))
    learner.open()
    learner.ask("continue", result=SUSPEND)
    assert learner.ask("previous") == "a"
    state = learner.tracking.of(learner.tree.activities["a"])
    assert (state.resumed, state.attempts) == (True, 1)
    assert learner.status("a") == (False, None)


def test_a_new_attempt_begins_with_nothing() -> None:
    learner = Learner(course(leaf("a"), leaf("b")))
    learner.open()
    learner.finish(PASSED)
    learner.ask("previous")
    assert learner.status("a") == (None, None)
    assert learner.attempts("a") == 2


def test_a_delivery_elsewhere_forgets_the_suspended_one() -> None:
    """DB.2.1"""
    learner = Learner(course(cluster("m", leaf("a"), leaf("b")), leaf("c")))
    learner.open()
    learner.ask("suspendAll")
    assert learner.ask("choice", "c") == "c"
    assert learner.step.state.suspended == ""
    learner.ask("choice", "a")
    assert learner.attempts("a") == 2


def test_what_another_activity_suspended_itself_stays() -> None:
    """DB.2.1 clears a cluster only where no child is suspended."""
    learner = Learner(course(cluster("m", leaf("a"), leaf("b")), leaf("c")))
    learner.open()
    learner.ask("continue", result=SUSPEND)
    learner.ask("suspendAll")
    learner.ask("choice", "c")
    assert learner.tracking.of(learner.tree.activities["m"]).suspended
    learner.ask("choice", "a")
    assert (learner.attempts("a"), learner.attempts("m")) == (1, 1)


def test_untracked_activities_count_no_attempts() -> None:
    learner = Learner(course(leaf("a", tracked=False, attempt_limit=1), leaf("b")))
    learner.open()
    learner.finish(PASSED)
    assert learner.ask("previous") == "a"
    assert learner.attempts("a") == 0
