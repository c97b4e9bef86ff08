"""From reports to tracking (UP.4, RTE 4.2) and through objective maps (SM.7)."""

from plugins.scorm.tests.sequencing.making import (
    FAILED,
    PASSED,
    Learner,
    about,
    cluster,
    course,
    leaf,
    primary,
    scored,
    when,
)

from passback_scorm.sequencing import engine
from passback_scorm.sequencing.definition import Objective, ObjectiveMap
from passback_scorm.sequencing.result import RteResult

UNKNOWN = RteResult(success_status="unknown", completion_status="unknown")


def ended(result: RteResult | None, **said: object) -> tuple[bool | None, bool | None]:
    """Return completion and satisfaction of an activity whose attempt ended with a report."""
    learner = Learner(course(leaf("a", **said), leaf("b")))
    learner.open()
    learner.ask("continue", result=result)
    return learner.status("a")


def test_the_lms_completes_what_content_says_nothing_about() -> None:
    """UP.4"""
    assert ended(None) == (True, True)
    assert ended(RteResult(completion_status="incomplete")) == (False, True)
    assert ended(FAILED) == (True, False)
    assert ended(UNKNOWN) == (None, None), "CM-06: saying unknown is saying something"
    assert ended(None, completion_set_by_content=True) == (None, True)
    assert ended(None, objective_set_by_content=True) == (True, None)
    assert ended(RteResult(exit="suspend")) == (None, None)


def test_measures_decide_where_the_manifest_says_so() -> None:
    half = primary(satisfied_by_measure=True, min_normalized_measure=0.5)
    assert ended(scored(0.5, success_status="failed"), objectives=half) == (True, True)
    assert ended(PASSED, objectives=half) == (True, None), "no measure, no satisfaction"
    threshold = {"completed_by_measure": True, "min_progress_measure": 0.5}
    assert ended(RteResult(progress_measure=0.5, completion_status="incomplete"), **threshold) == (True, True)
    assert ended(PASSED, **threshold) == (None, True)


def test_the_primary_objective_by_its_id_and_then_cmi_itself() -> None:
    assert ended(about("main", success_status="failed"), objectives=primary())[1] is False
    both = RteResult(success_status="passed", objectives=about("main", success_status="failed").objectives)
    assert ended(both, objectives=primary())[1] is True


def test_objectives_sequencing_does_not_know_are_passed_over() -> None:
    learner = Learner(course(leaf("a"), leaf("b")))
    learner.open()
    learner.ask("continue", result=about("made up", success_status="failed"))
    assert learner.status("a") == (True, True)


def test_untracked_activities_report_to_nobody() -> None:
    assert ended(PASSED, tracked=False, objectives=primary("shared")) == (None, None)


def writer(**said: bool) -> Objective:
    return Objective("o", maps=(ObjectiveMap("g", write_satisfied_status=True, write_normalized_measure=True, **said),))


def test_a_shared_objective_is_read_at_once() -> None:
    skips = when("satisfied", "skip", objective="o")
    reader = leaf("b", objectives=(Objective("o", maps=(ObjectiveMap("g"),)),), pre_rules=skips)
    learner = Learner(course(leaf("a", objectives=(writer(),)), reader, leaf("c")))
    learner.open()
    assert learner.ask("continue", result=about("o", success_status="passed")) == "c"


def test_a_map_that_reads_hides_what_is_local() -> None:
    """CM-13"""
    reads = primary()[0].__class__("main", primary=True, maps=(ObjectiveMap("nobody writes it"),))
    assert ended(None, objectives=(reads,)) == (True, None)


def test_unknown_is_written_too() -> None:
    """OB-17b"""
    learner = Learner(course(leaf("a", objectives=primary("g")), leaf("b", objectives=primary("g")), leaf("c")))
    learner.open()
    learner.finish(PASSED)
    assert learner.step.globals.objectives["g"]["satisfied"]
    learner.finish(UNKNOWN)
    assert "satisfied" not in learner.step.globals.objectives["g"]


def test_what_is_shared_outlives_the_attempt_where_it_is_global_to_the_system() -> None:
    for system in (True, False):
        learner = Learner(course(leaf("a", objectives=primary("g")), leaf("b"), system=system))
        learner.open()
        learner.ask("exitAll", result=PASSED)
        learner.open()
        assert bool(learner.step.globals.objectives) is system


def test_a_view_for_the_run_time() -> None:
    data = [{"target": "s", "read": True, "write": True}, {"target": "t", "read": True, "write": False}]
    objectives = (*primary(satisfied_by_measure=True, min_normalized_measure=0.5), Objective("o"))
    first = leaf("a", objectives=objectives, completed_by_measure=True, min_progress_measure=0.7) | {
        "shared_data": data
    }
    learner = Learner(course(first, leaf("b")))
    learner.open()
    report = scored(0.6, exit="suspend", shared_data={"s": "text", "t": "not allowed", "u": "not known"})
    learner.ask("continue", result=report)
    found = engine.view(learner.tree, learner.step.state, learner.step.globals, "a")
    assert (found.scaled_passing_score, found.completion_threshold, found.attempts) == (0.5, 0.7, 1)
    assert [(one.id, one.satisfied, one.measure) for one in found.objectives] == [
        ("main", True, 0.6),
        ("o", None, None),
    ]
    assert [(one.definition.target, one.text) for one in found.stores] == [("s", "text"), ("t", None)]
    assert learner.step.globals.shared_data == {"s": "text"}


def test_a_report_that_comes_late_still_counts_once() -> None:
    learner = Learner(course(cluster("m", leaf("a")), leaf("b")))
    learner.open()
    learner.finish(RteResult(success_status="failed", completion_status="incomplete"))
    assert learner.status("m") == (False, False)
    states = []
    for _ in range(2):
        learner.step = engine.record(learner.tree, learner.step.state, learner.step.globals, "a", PASSED)
        states.append(learner.step.state.to_json())
    assert learner.status("m") == (True, True)
    assert states[0] == states[1]
    assert (
        engine.record(learner.tree, learner.step.state, learner.step.globals, "gone", PASSED).state.to_json()
        == states[0]
    )
