"""UP.1, UP.2 and UP.5: limits, sequencing rules and whether an activity may be used at all."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from passback_scorm.sequencing.definition import RollupCondition, RuleCondition, SequencingRule
from passback_scorm.sequencing.tracking import Tracking
from passback_scorm.sequencing.tree import Activity, LocalObjective

Truth = bool | None
"""The specification's third value, unknown, is None."""


def combine(combination: str, values: Iterable[Truth]) -> Truth:
    """Return the conjunction (`all`) or disjunction of conditions in three values; unknown where there are none."""
    found = list(values)
    if not found:
        return None
    decided = combination != "all"
    if decided in found:
        return decided
    return None if None in found else not decided


def limit_conditions_check(tracking: Tracking, activity: Activity) -> bool:
    """UP.1: tell whether a limit forbids another attempt. Limits of time are outside of SCORM (SN 3.7)."""
    state = tracking.of(activity)
    if not activity.definition.tracked or state.active or state.suspended:
        return False
    return _attempt_limit_exceeded(tracking, activity)


def sequencing_rules_check(tracking: Tracking, activity: Activity, action: str) -> str:
    """UP.2: return the action of the first precondition rule with it that holds; "" for none."""
    rules = activity.pre.get(action)
    if not rules:
        return ""
    known = tracking.recall(activity, action, str)
    return tracking.keep(activity, action, first_that_holds(tracking, activity, rules)) if known is None else known


def first_that_holds(tracking: Tracking, activity: Activity, rules: Iterable[SequencingRule]) -> str:
    """UP.2: return the action of the first of the rules that holds; "" for none."""
    return next((rule.action for rule in rules if sequencing_rule_check(tracking, activity, rule)), "")


def sequencing_rule_check(tracking: Tracking, activity: Activity, rule: SequencingRule) -> Truth:
    """UP.2.1: return whether a rule holds."""
    return combine(rule.combination, (_asked(tracking, activity, one) for one in rule.conditions))


def check_activity(tracking: Tracking, activity: Activity) -> bool:
    """UP.5: tell whether an activity is disabled or beyond a limit."""
    return bool(sequencing_rules_check(tracking, activity, "disabled")) or limit_conditions_check(tracking, activity)


def evaluate_rollup_condition(tracking: Tracking, child: Activity, condition: RollupCondition) -> Truth:
    """RB.1.4.1: return whether a condition holds for a child."""
    asked = _Asked(tracking, child, child.primary, for_rollup=True)
    return _negated(asked.evaluate(condition.condition), condition.negated)


def _asked(tracking: Tracking, activity: Activity, condition: RuleCondition) -> Truth:
    objective = activity.objectives.get(condition.objective) if condition.objective else activity.primary
    if objective is None:
        return None
    asked = _Asked(tracking, activity, objective, condition.measure_threshold)
    return _negated(asked.evaluate(condition.condition), condition.negated)


def _negated(found: Truth, negated: bool) -> Truth:
    return found if found is None or not negated else not found


@dataclass(frozen=True, slots=True)
class _Asked:
    """The conditions of rules about an activity and an objective of it. Without tracking nothing is known (SM.8)."""

    tracking: Tracking
    activity: Activity
    objective: LocalObjective
    threshold: float = 0.0
    for_rollup: bool = False

    def evaluate(self, name: str) -> Truth:
        """Return whether the condition called `name` holds; unknown for one that does not exist."""
        condition = _CONDITIONS.get(name)
        return condition(self) if condition else None

    def satisfied(self) -> Truth:
        if not self.activity.definition.tracked:
            return None
        return self.tracking.satisfied(self.activity, self.objective, for_rollup=self.for_rollup)

    def completed(self) -> Truth:
        if not self.activity.definition.tracked:
            return None
        return self.tracking.completed(self.activity, self.objective, for_rollup=self.for_rollup)

    def measure(self) -> float | None:
        if not self.activity.definition.tracked:
            return None
        return self.tracking.value(self.activity, self.objective, "measure", for_rollup=self.for_rollup)

    def measure_greater(self) -> Truth:
        measure = self.measure()
        return None if measure is None else measure > self.threshold

    def measure_less(self) -> Truth:
        measure = self.measure()
        return None if measure is None else measure < self.threshold

    def attempted(self) -> Truth:
        return self.tracking.of(self.activity).attempts > 0


def _attempt_limit_exceeded(tracking: Tracking, activity: Activity) -> bool:
    limit, attempts = activity.definition.attempt_limit, tracking.of(activity).attempts
    return limit is not None and attempts >= limit


_CONDITIONS: dict[str, Callable[[_Asked], Truth]] = {
    "satisfied": _Asked.satisfied,
    "objectiveStatusKnown": lambda asked: asked.satisfied() is not None,
    "objectiveMeasureKnown": lambda asked: asked.measure() is not None,
    "objectiveMeasureGreaterThan": _Asked.measure_greater,
    "objectiveMeasureLessThan": _Asked.measure_less,
    "completed": _Asked.completed,
    "activityProgressKnown": lambda asked: asked.completed() is not None,
    "attempted": _Asked.attempted,
    "attemptLimitExceeded": lambda asked: _attempt_limit_exceeded(asked.tracking, asked.activity),
    "timeLimitExceeded": lambda _asked: False,
    "outsideAvailableTimeRange": lambda _asked: False,
    "always": lambda _asked: True,
}
