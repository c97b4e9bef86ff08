"""The door: opening and leaving courses, outcomes, stored states, trees."""

import json

import pytest
from plugins.scorm.tests.sequencing.making import PASSED, Learner, cluster, course, leaf, scored, when

from passback_scorm.sequencing import engine
from passback_scorm.sequencing.result import RteResult
from passback_scorm.sequencing.state import SequencingState, UnknownStateError
from passback_scorm.sequencing.tree import DuplicateActivityError, build_tree


def test_a_closed_tab_loses_no_place() -> None:
    learner = Learner(course(cluster("m", leaf("a"), leaf("b")), leaf("c")))
    learner.open()
    learner.finish(PASSED)
    assert learner.open(result=scored(0.5)) == "b"
    assert learner.measure("b") == 0.5
    assert learner.attempts("b") == 1
    assert learner.tracking.of(learner.tree.activities["b"]).resumed


def test_content_that_was_done_begins_anew_at_the_same_place() -> None:
    learner = Learner(course(leaf("a"), leaf("b"), leaf("c")))
    learner.open()
    learner.finish(PASSED)
    learner.leave(result=scored(0.5), finished=True)
    assert learner.ended
    assert learner.status("b") == (True, True)
    assert learner.open() == "b"
    assert learner.attempts("b") == 2
    assert learner.attempts("root") == 1


def test_what_can_no_longer_be_resumed_does_not_lock_the_learner_out() -> None:
    learner = Learner(course(leaf("a"), leaf("b", pre_rules=when("satisfied", "disabled")), leaf("c")))
    learner.open()
    learner.finish(PASSED)
    learner.leave(result=PASSED, finished=True)
    assert learner.open() == "a"


def test_a_course_that_has_ended_begins_anew() -> None:
    learner = Learner(course(leaf("a"), leaf("b")))
    learner.open()
    learner.finish(PASSED, PASSED)
    assert learner.ended
    assert learner.open() == "a"
    assert learner.attempts("root") == 2


def test_the_outcome_takes_in_what_runs() -> None:
    learner = Learner(course(leaf("a"), leaf("b")))
    learner.open()
    learner.finish(scored(1.0))

    def outcome(result: RteResult | None) -> engine.Outcome:
        return engine.outcome(learner.tree, learner.step.state, learner.step.globals, result=result)

    assert outcome(None) == engine.Outcome(None, None, 0.5, None)
    done = RteResult("passed", "completed", 0.5, progress_measure=1.0)
    assert outcome(done) == engine.Outcome(True, True, 0.75, 0.5)
    assert outcome(None).completed is None, "asking changes nothing"


def test_looking_ahead_takes_in_what_runs() -> None:
    learner = Learner(course(leaf("a"), leaf("b", pre_rules=when("always", "disabled", negated=True)), leaf("c")))
    learner.open()
    assert learner.step.validity.continue_
    learner = Learner(course(leaf("a", post_rules=when("satisfied", "retry", negated=True)), leaf("b")))
    learner.open()
    looked = engine.navigate(learner.tree, learner.step.state, learner.step.globals, "", result=PASSED)
    assert (looked.delivered, looked.validity.choice["b"]) == ("", True)


def test_validity_for_content() -> None:
    learner = Learner(course(leaf("a"), leaf("b")))
    learner.open()
    answers = {"root": True, "a": True, "b": True}
    jumps = {"a": True, "b": True}
    assert learner.step.validity.requests() == {"continue": True, "previous": False, "choice": answers, "jump": jumps}


def test_a_state_of_a_later_version_is_refused() -> None:
    stored = engine.begin(course(leaf("a"), leaf("b")), 1).to_json()
    with pytest.raises(UnknownStateError):
        SequencingState.from_json(stored | {"version": 99})


def test_an_untouched_course_weighs_nothing() -> None:
    stored = engine.begin(course(*(leaf(f"a{n}") for n in range(1000))), 1).to_json()
    assert len(json.dumps(stored)) < 200


def test_a_single_sco_is_reached_by_flow_and_has_no_menu() -> None:
    """CM-11, SX-08: whatever the manifest says."""
    tree = build_tree({"id": "root", "items": [{"id": "a", "href": "a.html"}]})
    learner = Learner(tree)
    assert learner.open() == "a"
    assert learner.choices() == {"root"}


def test_headings_without_anything_below_are_left_out() -> None:
    items = [{"id": "h", "children": [{"id": "i"}]}, {"id": "a", "href": "a.html"}, {"id": "b", "href": "b.html"}]
    assert set(build_tree({"id": "root", "items": items}).activities) == {"root", "a", "b"}


def test_ids_differ_by_case_but_do_differ() -> None:
    assert len(course(leaf("A"), leaf("a")).activities) == 3
    with pytest.raises(DuplicateActivityError):
        course(leaf("a"), leaf("a"))


def test_a_state_survives_a_course_that_lost_the_activity() -> None:
    learner = Learner(course(leaf("a"), leaf("b"), leaf("gone")))
    learner.ask("choice", "gone")
    learner.ask("suspendAll")
    smaller = Learner(course(leaf("a"), leaf("b")))
    smaller.step = learner.step
    assert smaller.open() == "a"
