"""TB.2.1 to TB.2.3: exit rules, postconditions, and each way to leave."""

import pytest
from plugins.scorm.tests.sequencing.making import (
    FAILED,
    PASSED,
    Learner,
    cluster,
    course,
    leaf,
    primary,
    scored,
    when,
)

from passback_scorm.sequencing.result import RteResult


def test_the_highest_exit_rule_that_holds_ends_its_activity() -> None:
    """TB.2.1"""
    inner = cluster("inner", leaf("a"), leaf("b"), exit_rules=when("always", "exit"))
    learner = Learner(course(cluster("outer", inner, leaf("c"), exit_rules=when("always", "exit")), leaf("d")))
    learner.open()
    assert learner.ask("continue") == "d"


def test_an_exit_rule_looks_at_the_rollup_of_what_has_just_ended() -> None:
    module = cluster("m", leaf("a"), leaf("b"), leaf("c"), exit_rules=when("objectiveMeasureGreaterThan", "exit"))
    learner = Learner(course(module, leaf("d")))
    learner.open()
    assert learner.finish(scored(0.0), scored(1.0)) == ["b", "d"]


@pytest.mark.parametrize(("action", "delivered"), [("retry", "b"), ("continue", "c"), ("previous", "a")])
def test_a_postcondition_replaces_the_request(action: str, delivered: str) -> None:
    """TB.2.2"""
    learner = Learner(course(leaf("a"), leaf("b", post_rules=when("satisfied", action)), leaf("c"), leaf("d")))
    learner.open()
    learner.finish(PASSED)
    assert learner.ask("choice", "d", PASSED) == delivered


def test_a_suspended_activity_has_no_postcondition() -> None:
    learner = Learner(course(leaf("a", post_rules=when("always", "retry")), leaf("b")))
    learner.open()
    assert learner.ask("continue", result=RteResult(exit="suspend")) == "b"


def test_exit_parent_goes_on_from_there() -> None:
    inner = cluster("inner", leaf("a", post_rules=when("always", "exitParent")), leaf("b"))
    learner = Learner(course(cluster("outer", inner, leaf("c")), leaf("d")))
    learner.open()
    assert learner.ask("continue") == "c"


def test_exit_parent_of_a_parent_whose_own_rule_exits_again() -> None:
    rules = when("always", "exitParent")
    inner = cluster("inner", leaf("a", post_rules=rules), leaf("b"), post_rules=rules)
    learner = Learner(course(cluster("outer", inner, leaf("c")), leaf("d")))
    learner.open()
    assert learner.ask("continue") == "d"


def test_there_is_no_parent_of_the_root_to_exit() -> None:
    rules = when("always", "exitParent")
    learner = Learner(course(leaf("a", post_rules=rules), leaf("b"), post_rules=rules))
    learner.open()
    learner.ask("continue")
    assert learner.why == "TB.2.3-4"
    assert learner.open() == "a"


def test_exit_all_ends_the_session() -> None:
    learner = Learner(course(cluster("m", leaf("a", post_rules=when("satisfied", "exitAll")), leaf("b")), leaf("c")))
    learner.open()
    learner.ask("continue", result=PASSED)
    assert learner.ended
    assert learner.attempts("m") == learner.attempts("root") == 1
    assert not any(one.active for one in learner.step.state.activities.values())


def test_retry_all_begins_the_course_anew() -> None:
    learner = Learner(course(leaf("a"), leaf("b", post_rules=when("satisfied", "retryAll", negated=True))))
    learner.open()
    learner.finish(PASSED)
    assert learner.ask("continue", result=FAILED) == "a"
    assert learner.attempts("root") == 2


def test_an_exit_at_the_root_ends_the_session_unless_it_is_tried_again() -> None:
    exits = when("always", "exit")
    learner = Learner(course(leaf("a"), leaf("b"), exit_rules=exits))
    learner.open()
    learner.ask("continue")
    assert learner.ended
    learner = Learner(course(leaf("a"), leaf("b"), exit_rules=exits, post_rules=when("attempted", "retry")))
    learner.open()
    assert learner.ask("continue") == "a"


def test_suspend_all_and_resume_all() -> None:
    learner = Learner(course(cluster("m", leaf("a"), leaf("b")), leaf("c")))
    learner.open()
    learner.finish(PASSED)
    learner.ask("suspendAll")
    assert learner.ended
    assert learner.step.state.suspended == "b"
    assert learner.ask("resumeAll") == "b"
    assert learner.attempts("b") == learner.attempts("m") == learner.attempts("root") == 1
    assert learner.tracking.of(learner.tree.activities["b"]).resumed


def test_suspending_where_nothing_runs_suspends_the_cluster_above() -> None:
    learner = Learner(course(cluster("m", leaf("a"), leaf("b"))))
    learner.open()
    learner.ask("exit")
    learner.ask("suspendAll")
    assert learner.step.state.suspended == "m"
    assert learner.open() == "a", "a cluster cannot be delivered: the course starts"


@pytest.mark.parametrize("request_", ["abandon", "abandonAll"])
def test_what_is_abandoned_leaves_no_trace(request_: str) -> None:
    learner = Learner(course(leaf("a", objectives=primary("shared")), leaf("b")))
    learner.open()
    learner.ask(request_, result=PASSED)
    assert learner.status("a") == (None, None)
    assert learner.step.globals.objectives == {}
    assert learner.ended is (request_ == "abandonAll")
    assert learner.open()
