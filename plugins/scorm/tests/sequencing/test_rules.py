"""UP.1, UP.2 and UP.5: conditions in three values, limits, and who is asked."""

import pytest
from plugins.scorm.tests.sequencing.making import FAILED, PASSED, Learner, course, leaf, primary, scored

from passback_scorm.sequencing.definition import RuleCondition, SequencingRule
from passback_scorm.sequencing.result import RteResult
from passback_scorm.sequencing.rules import Truth, check_activity, combine, sequencing_rule_check

T, F, U = True, False, None


@pytest.mark.parametrize(
    ("values", "all_", "any_"),
    [
        ([T, T], T, T),
        ([T, F], F, T),
        ([F, F], F, F),
        ([T, U], U, T),
        ([F, U], F, U),
        ([U, U], U, U),
        ([], U, U),
    ],
)
def test_three_values(values: list[Truth], all_: Truth, any_: Truth) -> None:
    assert combine("all", values) is all_
    assert combine("any", values) is any_


def asked(condition: str, result: RteResult | None, threshold: float = 0.0, objective: str = "") -> tuple[Truth, Truth]:
    """Return what a condition and its negation say of an activity after a report."""
    learner = Learner(
        course(leaf("a", objectives=primary(), attempt_limit=2, objective_set_by_content=True), leaf("b"))
    )
    if result is not None:
        learner.open()
        learner.ask("continue", result=result)
    said = (RuleCondition(condition, negated, objective, threshold) for negated in (False, True))
    rules = (SequencingRule("skip", "all", (one,)) for one in said)
    first, second = (sequencing_rule_check(learner.tracking, learner.tree.activities["a"], rule) for rule in rules)
    return first, second


@pytest.mark.parametrize(
    ("condition", "result", "expected"),
    [
        ("satisfied", PASSED, (T, F)),
        ("satisfied", FAILED, (F, T)),
        ("satisfied", None, (U, U)),
        ("objectiveStatusKnown", FAILED, (T, F)),
        ("objectiveStatusKnown", None, (F, T)),
        ("completed", PASSED, (T, F)),
        ("completed", RteResult(completion_status="incomplete"), (F, T)),
        ("completed", None, (U, U)),
        ("activityProgressKnown", PASSED, (T, F)),
        ("activityProgressKnown", RteResult(completion_status="unknown"), (F, T)),
        ("attempted", PASSED, (T, F)),
        ("attempted", None, (F, T)),
        ("attemptLimitExceeded", PASSED, (F, T)),
        ("always", None, (T, F)),
        ("timeLimitExceeded", PASSED, (F, T)),
        ("outsideAvailableTimeRange", PASSED, (F, T)),
        ("the moon is full", PASSED, (U, U)),
    ],
)
def test_conditions(condition: str, result: RteResult | None, expected: tuple[Truth, Truth]) -> None:
    assert asked(condition, result) == expected


def test_measures() -> None:
    assert asked("objectiveMeasureKnown", scored(0.5)) == (T, F)
    assert asked("objectiveMeasureKnown", PASSED) == (F, T)
    assert asked("objectiveMeasureGreaterThan", scored(0.5), 0.4) == (T, F)
    assert asked("objectiveMeasureGreaterThan", scored(0.5), 0.5) == (F, T)
    assert asked("objectiveMeasureLessThan", scored(0.5), 0.6) == (T, F)
    assert asked("objectiveMeasureLessThan", PASSED, 0.6) == (U, U)


def test_an_objective_by_its_id() -> None:
    assert asked("satisfied", PASSED, objective="main") == (T, F)
    assert asked("objectiveStatusKnown", PASSED, objective="missing") == (U, U)


def test_the_attempt_limit() -> None:
    learner = Learner(course(leaf("a", attempt_limit=1), leaf("b")))
    learner.open()
    a = learner.tree.activities["a"]
    assert not check_activity(learner.tracking, a), "the attempt that runs is not another one"
    learner.finish(PASSED)
    assert check_activity(learner.tracking, a)
    assert learner.choices() == {"b"}
    assert not learner.step.validity.previous


def test_a_suspended_attempt_is_within_the_limit() -> None:
    learner = Learner(course(leaf("a", attempt_limit=1), leaf("b")))
    learner.open()
    learner.ask("continue", result=RteResult(exit="suspend"))
    assert learner.ask("previous") == "a"
