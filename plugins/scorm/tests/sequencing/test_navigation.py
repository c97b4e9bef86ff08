"""NB.2.1: which requests are valid when, and the code of each refusal."""

import pytest
from plugins.scorm.tests.sequencing.making import PASSED, Learner, cluster, course, leaf, without

SIMPLE = course(cluster("m", leaf("a"), leaf("b")), leaf("c"))


@pytest.mark.parametrize("request_", ["continue", "previous", "exit", "exitAll", "abandon", "abandonAll", "suspendAll"])
def test_without_a_session_there_is_nothing_to_leave(request_: str) -> None:
    learner = Learner(SIMPLE)
    learner.ask(request_)
    assert learner.why == "NB.2.1-2"


def test_a_session_begins_once() -> None:
    learner = Learner(SIMPLE)
    assert learner.ask("start") == "a"
    learner.ask("start")
    assert learner.why == "NB.2.1-1"
    learner.ask("resumeAll")
    assert learner.why == "NB.2.1-1"


def test_nothing_was_suspended() -> None:
    learner = Learner(SIMPLE)
    learner.ask("resumeAll")
    assert learner.why == "NB.2.1-3"


def test_flow_must_be_enabled() -> None:
    learner = Learner(course(cluster("m", leaf("a"), leaf("b"), control=without(flow=False)), leaf("c")))
    learner.ask("choice", "a")
    assert not learner.ask("continue")
    assert learner.why == "NB.2.1-4"
    assert not learner.ask("previous")
    assert learner.why == "NB.2.1-5"


def test_forward_only_forbids_to_go_back() -> None:
    learner = Learner(course(cluster("m", leaf("a"), leaf("b"), control=without(forward_only=True))))
    learner.open()
    learner.finish(PASSED)
    assert not learner.ask("previous")
    assert learner.why == "NB.2.1-5"


def test_a_root_has_neither_next_nor_previous() -> None:
    learner = Learner(course(leaf("a"), leaf("b"), control=without(flow=False, choice=False)))
    learner.step.state.current = "root"
    learner.ask("continue")
    assert learner.why == "NB.2.1-4"
    learner.ask("previous")
    assert learner.why == "NB.2.1-6"


def test_choice_exit_holds_the_learner() -> None:
    tree = course(cluster("m", leaf("a"), leaf("b"), control=without(choice_exit=False)), leaf("c"))
    learner = Learner(tree)
    learner.open()
    assert learner.choices() == {"m", "a", "b"}
    assert not learner.ask("choice", "c")
    assert learner.why == "NB.2.1-8"
    assert learner.step.state.current == "a", "a refused request leaves the learner where they are"


def test_choice_must_be_enabled_and_the_target_exist() -> None:
    learner = Learner(course(leaf("a"), leaf("b"), control=without(choice=False)))
    learner.open()
    learner.ask("choice", "b")
    assert learner.why == "NB.2.1-10"
    learner.ask("choice", "nowhere")
    assert learner.why == "NB.2.1-11"


def test_jump_needs_an_available_target() -> None:
    tree = course(leaf("a"), leaf("b"), leaf("c"), selection_timing="once", select_count=1)
    learner = Learner(tree)
    shown = learner.open()
    for gone in {"a", "b", "c"} - {shown}:
        learner.ask("jump", gone)
        assert learner.why == "NB.2.1-11"
    assert learner.ask("jump", shown) == shown


def test_what_has_ended_cannot_be_exited_again() -> None:
    learner = Learner(SIMPLE)
    learner.open()
    learner.ask("exit")
    assert learner.why == ""
    for request in ("exit", "abandon"):
        learner.ask(request)
        assert learner.why == "NB.2.1-12"
    assert learner.ask("continue") == "b"


def test_an_unknown_request() -> None:
    learner = Learner(SIMPLE)
    learner.open()
    learner.ask("dance")
    assert learner.why == "NB.2.1-13"
