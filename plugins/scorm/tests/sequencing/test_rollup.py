"""RB.1.1 to RB.1.5: measures, satisfaction and completion of clusters."""

from typing import Any

import pytest
from plugins.scorm.tests.sequencing.making import (
    FAILED,
    PASSED,
    Learner,
    cluster,
    course,
    leaf,
    primary,
    rollup,
    scored,
    when,
)

from passback_scorm.sequencing.definition import ControlMode, RollupRule
from passback_scorm.sequencing.result import RteResult

INCOMPLETE = RteResult(completion_status="incomplete", success_status="failed")
SUSPENDED = RteResult(completion_status="incomplete", success_status="failed", exit="suspend")


def played(*results: RteResult | None, of: list[dict[str, Any]] | None = None, **said: Any) -> Learner:
    """Play a cluster `m` of four with the results, in their order."""
    leaves = of or [leaf(name) for name in "abcd"]
    learner = Learner(course(cluster("m", *leaves, **said), leaf("z")))
    learner.open()
    learner.finish(*results)
    return learner


def test_measures_are_a_weighted_mean_over_all_tracked_children() -> None:
    """RB.1.1a: a child without a measure counts as 0."""
    heavy = leaf("a", objective_measure_weight=3.0)
    learner = played(
        scored(1.0), scored(0.5), None, scored(0.7), of=[heavy, leaf("b"), leaf("c"), leaf("d", tracked=False)]
    )
    assert learner.measure("m") == pytest.approx((3 * 1.0 + 0.5) / 5)


def test_without_a_measure_or_weight_there_is_none() -> None:
    assert played(PASSED).measure("m") is None
    weightless = [leaf(name, objective_measure_weight=0.0) for name in "ab"]
    assert played(scored(1.0), of=weightless).measure("m") is None


def test_progress_is_a_weighted_mean() -> None:
    """RB.1.1b, RB.1.3a"""
    parts = [leaf("a", progress_weight=3.0), leaf("b")]
    learner = played(RteResult(progress_measure=1.0), of=parts, completed_by_measure=True, min_progress_measure=0.75)
    assert learner.status("m")[0] is True
    learner = played(RteResult(progress_measure=0.9), of=parts, completed_by_measure=True, min_progress_measure=0.75)
    assert learner.status("m")[0] is False
    assert played(PASSED, of=parts, completed_by_measure=True).status("m")[0] is None


def test_satisfied_by_measure() -> None:
    """RB.1.2a"""
    half = primary(satisfied_by_measure=True, min_normalized_measure=0.5)
    assert played(scored(1.0), scored(0.9), scored(0.2), objectives=half).status("m")[1] is True
    assert played(scored(1.0), objectives=half).status("m")[1] is False
    assert played(PASSED, objectives=half).status("m")[1] is None


def test_a_measure_can_wait_for_the_end_of_the_attempt() -> None:
    """RB.1.2a with measureSatisfactionIfActive false"""
    half = primary(satisfied_by_measure=True, min_normalized_measure=0.1)
    learner = played(scored(1.0), objectives=half, measure_satisfaction_if_active=False)
    assert learner.status("m")[1] is None
    assert learner.ask("choice", "z") == "z"
    assert learner.status("m")[1] is True


def test_default_rules() -> None:
    """RB.1.2b, RB.1.3b"""
    assert played(PASSED, PASSED, PASSED).status("m") == (None, None), "one is not known yet"
    assert played(PASSED, PASSED, PASSED, PASSED).status("m") == (True, True)
    assert played(PASSED, FAILED, PASSED, INCOMPLETE).status("m") == (False, False)


@pytest.mark.parametrize(
    ("rule", "results", "satisfied"),
    [
        (rollup("satisfied", "satisfied", "any"), (FAILED, PASSED), True),
        (rollup("satisfied", "satisfied", "any"), (FAILED, FAILED), None),
        (rollup("satisfied", "satisfied", "none"), (FAILED, FAILED, FAILED, FAILED), True),
        (rollup("satisfied", "satisfied", "none"), (FAILED, FAILED, FAILED), None),
        (rollup("satisfied", "satisfied", "atLeastCount", minimum_count=2), (PASSED, FAILED, PASSED), True),
        (rollup("satisfied", "satisfied", "atLeastCount", minimum_count=2), (PASSED,), None),
        (rollup("satisfied", "satisfied", "atLeastPercent", minimum_percent=0.5), (PASSED, PASSED), True),
        (rollup("satisfied", "satisfied", "atLeastPercent", minimum_percent=0.5), (PASSED, FAILED), None),
        (rollup("attempted", "notSatisfied", "all"), (PASSED, PASSED, PASSED, PASSED), False),
        (rollup("objectiveMeasureKnown", "satisfied", "any"), (scored(-1.0),), True),
        (RollupRule("satisfied", "any"), (PASSED,), None),
    ],
)
def test_rules(rule: RollupRule, results: tuple[RteResult, ...], satisfied: bool | None) -> None:
    """RB.1.4; unknown children do not count as "none" (ADL's RU-05), a rule without conditions says nothing."""
    assert played(*results, rollup_rules=(rule,)).status("m")[1] is satisfied


def test_a_rule_for_one_side_leaves_no_default_for_the_other() -> None:
    learner = played(PASSED, PASSED, PASSED, PASSED, rollup_rules=(rollup("satisfied", "notSatisfied", "none"),))
    assert learner.status("m") == (True, None)


@pytest.mark.parametrize(
    ("required", "skipped", "result", "counts"),
    [
        ("always", False, SUSPENDED, True),
        ("ifNotSuspended", False, SUSPENDED, False),
        ("ifNotSuspended", False, INCOMPLETE, True),
        ("ifAttempted", False, INCOMPLETE, True),
        ("ifAttempted", True, None, False),
        ("ifNotSkipped", True, None, False),
        ("always", True, None, True),
    ],
)
def test_whether_a_child_counts(required: str, skipped: bool, result: RteResult | None, counts: bool) -> None:
    """RB.1.4.2"""
    pre = when("always", "skip") if skipped else ()
    considered = {"required_for_satisfied": required, "required_for_completed": required}
    first = leaf("a", pre_rules=pre, **considered)
    learner = played(*([result] if result else []), PASSED, of=[first, leaf("b")])
    assert (learner.status("m") == (True, True)) is not counts


def test_children_that_take_no_part() -> None:
    """RB.1.4.2: rollupObjectiveSatisfied, rollupProgressCompletion, tracked."""
    quiet = leaf("a", rollup_objective_satisfied=False)
    assert played(INCOMPLETE, PASSED, of=[quiet, leaf("b")]).status("m") == (False, True)
    quiet = leaf("a", rollup_progress_completion=False)
    assert played(INCOMPLETE, PASSED, of=[quiet, leaf("b")]).status("m") == (True, False)
    assert played(INCOMPLETE, PASSED, of=[leaf("a", tracked=False), leaf("b")]).status("m") == (True, True)


def test_what_all_children_keep_out_of_holds_for_all() -> None:
    """RB.1.4: "all" of none is true (ADL's RU-11, RU-15c)."""
    learner = played(None, of=[leaf("a", tracked=False), leaf("b", tracked=False)])
    assert learner.status("m") == (True, True)


def test_an_untracked_cluster_knows_nothing() -> None:
    assert played(PASSED, PASSED, PASSED, PASSED, tracked=False).status("m") == (None, None)


def test_a_new_attempt_on_a_cluster_does_not_count_what_was_before() -> None:
    """SM.1: useCurrentAttempt…"""
    for current, status in ((True, (None, None)), (False, (True, True))):
        control = ControlMode(
            flow=True, use_current_attempt_objective_info=current, use_current_attempt_progress_info=current
        )
        learner = played(PASSED, PASSED, PASSED, PASSED, control=control)
        assert learner.status("m") == (True, True)
        learner.ask("choice", "a")
        learner.ask("choice", "z", PASSED)
        assert learner.status("m") == status


def test_rollup_reaches_clusters_that_read_what_others_write() -> None:
    """RB.1.5 with shared objectives (SN 4.6.2)"""
    reader = cluster("r", leaf("x", objectives=primary("shared")))
    learner = Learner(course(leaf("a", objectives=primary("shared")), reader, leaf("z")))
    learner.open()
    learner.ask("choice", "z", PASSED)
    assert learner.status("r")[1] is True
