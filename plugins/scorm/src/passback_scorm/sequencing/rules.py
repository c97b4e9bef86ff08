"""UP.1, UP.2 and UP.5: limits, sequencing rules and whether an activity may be used at all."""

from collections.abc import Callable, Iterable

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
    if tracking.memo is None:
        return first_that_holds(tracking, activity, rules)
    key = activity, action
    if key not in tracking.memo:
        tracking.memo[key] = first_that_holds(tracking, activity, rules)
    return tracking.memo[key]


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
    return _evaluate(tracking, child, child.primary, condition)


def _asked(tracking: Tracking, activity: Activity, condition: RuleCondition) -> Truth:
    objective = activity.objectives.get(condition.objective) if condition.objective else activity.primary
    if objective is None:
        return None
    return _evaluate(tracking, activity, objective, condition)


def _evaluate(
    tracking: Tracking, activity: Activity, objective: LocalObjective, asked: RuleCondition | RollupCondition
) -> Truth:
    condition = _CONDITIONS.get(asked.condition)
    threshold = asked.measure_threshold if isinstance(asked, RuleCondition) else 0.0
    found = condition(tracking, activity, objective, threshold) if condition else None
    return found if found is None or not asked.negated else not found


def _satisfied(tracking: Tracking, activity: Activity, objective: LocalObjective, _threshold: float) -> Truth:
    return tracking.satisfied(activity, objective) if activity.definition.tracked else None


def _completed(tracking: Tracking, activity: Activity, objective: LocalObjective, _threshold: float) -> Truth:
    return tracking.completed(activity, objective) if activity.definition.tracked else None


def _measure(tracking: Tracking, activity: Activity, objective: LocalObjective) -> float | None:
    return tracking.value(activity, objective, "measure") if activity.definition.tracked else None


def _measure_known(tracking: Tracking, activity: Activity, objective: LocalObjective, _threshold: float) -> Truth:
    return _measure(tracking, activity, objective) is not None


def _measure_greater(tracking: Tracking, activity: Activity, objective: LocalObjective, threshold: float) -> Truth:
    measure = _measure(tracking, activity, objective)
    return None if measure is None else measure > threshold


def _measure_less(tracking: Tracking, activity: Activity, objective: LocalObjective, threshold: float) -> Truth:
    measure = _measure(tracking, activity, objective)
    return None if measure is None else measure < threshold


def _status_known(tracking: Tracking, activity: Activity, objective: LocalObjective, threshold: float) -> Truth:
    return _satisfied(tracking, activity, objective, threshold) is not None


def _progress_known(tracking: Tracking, activity: Activity, objective: LocalObjective, threshold: float) -> Truth:
    return _completed(tracking, activity, objective, threshold) is not None


def _attempted(tracking: Tracking, activity: Activity, _objective: LocalObjective, _threshold: float) -> Truth:
    return tracking.of(activity).attempts > 0


def _limit_exceeded(tracking: Tracking, activity: Activity, _objective: LocalObjective, _threshold: float) -> Truth:
    return _attempt_limit_exceeded(tracking, activity)


def _attempt_limit_exceeded(tracking: Tracking, activity: Activity) -> bool:
    limit, attempts = activity.definition.attempt_limit, tracking.of(activity).attempts
    return limit is not None and attempts >= limit


def _always(_tracking: Tracking, _activity: Activity, _objective: LocalObjective, _threshold: float) -> Truth:
    return True


def _out_of_time(_tracking: Tracking, _activity: Activity, _objective: LocalObjective, _threshold: float) -> Truth:
    return False


_CONDITIONS: dict[str, Callable[[Tracking, Activity, LocalObjective, float], Truth]] = {
    "satisfied": _satisfied,
    "objectiveStatusKnown": _status_known,
    "objectiveMeasureKnown": _measure_known,
    "objectiveMeasureGreaterThan": _measure_greater,
    "objectiveMeasureLessThan": _measure_less,
    "completed": _completed,
    "activityProgressKnown": _progress_known,
    "attempted": _attempted,
    "attemptLimitExceeded": _limit_exceeded,
    "timeLimitExceeded": _out_of_time,
    "outsideAvailableTimeRange": _out_of_time,
    "always": _always,
}
