"""SB.2.5 to SB.2.8, SB.2.10 to SB.2.13: the other sequencing requests, called as such where no learner could."""

import pytest
from plugins.scorm.tests.sequencing.making import PASSED, Learner, cluster, course, leaf, when, without

from passback_scorm.sequencing.requests import sequencing_request

TREE = course(cluster("m", leaf("a"), leaf("b")), leaf("c"))


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        ("resumeAll", "SB.2.6-2"),
        ("continue", "SB.2.7-1"),
        ("previous", "SB.2.8-1"),
        ("choice", "SB.2.9-1"),
        ("retry", "SB.2.10-1"),
        ("exit", "SB.2.11-1"),
        ("jump", "SB.2.13-1"),
        ("dance", "SB.2.12-1"),
    ],
)
def test_without_a_current_activity(request_: str, why: str) -> None:
    assert sequencing_request(Learner(TREE).tracking, request_, None).exception == why


@pytest.mark.parametrize(
    ("request_", "why"),
    [("start", "SB.2.5-1"), ("resumeAll", "SB.2.6-1"), ("retry", "SB.2.10-2"), ("exit", "SB.2.11-2")],
)
def test_while_an_activity_runs(request_: str, why: str) -> None:
    learner = Learner(TREE)
    learner.open()
    assert sequencing_request(learner.tracking, request_, None).exception == why


def test_flow_asked_by_a_rule_where_flow_is_off() -> None:
    for action, why in (("continue", "SB.2.7-2"), ("previous", "SB.2.8-2")):
        leaves = (leaf(name, post_rules=when("always", action)) for name in "ab")
        learner = Learner(course(*leaves, control=without(flow=False)))
        learner.ask("choice", "a")
        learner.ask("choice", "b")
        assert learner.why == why


def test_a_retry_of_a_cluster_that_leads_nowhere() -> None:
    parts = leaf("a", pre_rules=when("attempted", "disabled")), leaf("b")
    module = cluster("m", *parts, exit_rules=when("always", "exit"), post_rules=when("always", "retry"))
    learner = Learner(course(module, leaf("c")))
    learner.open()
    learner.ask("continue", result=PASSED)
    assert learner.why == "SB.2.10-3"


def test_a_jump_goes_where_choice_may_not() -> None:
    learner = Learner(course(leaf("a"), cluster("m", leaf("b"), leaf("c")), control=without(choice=False, flow=False)))
    learner.step.state.current = ""
    assert not learner.open()
    learner.ask("jump", "c")
    assert learner.why == "SB.2.13-1"
    learner = Learner(course(leaf("a"), cluster("m", leaf("b"), leaf("c")), control=without(choice=False)))
    learner.open()
    assert learner.step.validity.jump == {"a": True, "b": True, "c": True}
    assert learner.ask("jump", "c", PASSED) == "c"
    assert learner.status("a") == (True, True)


def test_an_exit_stays_in_the_session() -> None:
    learner = Learner(TREE)
    learner.open()
    assert not learner.ask("exit", result=PASSED)
    assert (learner.why, learner.ended) == ("", False)
    assert learner.status("a") == (True, True)
    assert learner.ask("continue") == "b"
