"""RB.1.1 to RB.1.5: what the children make of a cluster."""

from passback_scorm.sequencing.definition import RollupCondition, RollupRule
from passback_scorm.sequencing.rules import Truth, combine, evaluate_rollup_condition, sequencing_rules_check
from passback_scorm.sequencing.tracking import Tracking
from passback_scorm.sequencing.tree import Activity

SATISFACTION = ("notSatisfied", "satisfied")
COMPLETION = ("incomplete", "completed")
_DEFAULTS = {
    "satisfied": (RollupRule("satisfied", conditions=(RollupCondition("satisfied"),)),),
    "notSatisfied": (RollupRule("notSatisfied", conditions=(RollupCondition("objectiveStatusKnown"),)),),
    "completed": (RollupRule("completed", conditions=(RollupCondition("completed"),)),),
    "incomplete": (RollupRule("incomplete", conditions=(RollupCondition("activityProgressKnown"),)),),
}


def overall_rollup(tracking: Tracking, activity: Activity) -> None:
    """RB.1.5: roll up from an activity to the root, then what else hangs on it through shared objectives (SN 4.6.2)."""
    for one in activity.path():
        roll_up(tracking, one)
    for cluster in activity.affects:
        roll_up(tracking, cluster)


def roll_up(tracking: Tracking, activity: Activity) -> None:
    """Apply measure, objective and progress rollup to one activity."""
    if not activity.definition.tracked:
        return
    if activity.children:
        _put_measure(tracking, activity, measure_rollup(tracking, activity))
        tracking.put(activity, activity.primary, "progress", completion_measure_rollup(tracking, activity))
        if not activity.primary.definition.satisfied_by_measure:
            objective_rollup_using_rules(tracking, activity)
        if not activity.definition.completed_by_measure:
            activity_progress_rollup_using_rules(tracking, activity)
    objective_rollup_using_measure(tracking, activity)
    activity_progress_rollup_using_measure(tracking, activity)


def _put_measure(tracking: Tracking, activity: Activity, measure: float | None) -> None:
    tracking.put(activity, activity.primary, "measure", measure)


def measure_rollup(tracking: Tracking, activity: Activity) -> float | None:
    """RB.1.1a: return the weighted mean of the measures of the tracked children; None for unknown."""
    weighted = (
        (child.definition.objective_measure_weight, tracking.value(child, child.primary, "measure", for_rollup=True))
        for child in tracking.children(activity)
        if child.definition.tracked
    )
    return _mean(list(weighted))


def completion_measure_rollup(tracking: Tracking, activity: Activity) -> float | None:
    """RB.1.1b: return the weighted mean of the progress of the tracked children; None for unknown."""
    weighted = (
        (child.definition.progress_weight, tracking.value(child, child.primary, "progress", for_rollup=True))
        for child in tracking.children(activity)
        if child.definition.tracked
    )
    return _mean(list(weighted))


def _mean(weighted: list[tuple[float, float | None]]) -> float | None:
    known = [weight * value for weight, value in weighted if value is not None]
    counted = sum(weight for weight, _ in weighted)
    return sum(known) / counted if known and counted > 0 else None


def objective_rollup_using_measure(tracking: Tracking, activity: Activity) -> None:
    """RB.1.2a: set satisfaction by the measure, where the primary objective is satisfied by measure."""
    primary = activity.primary
    if primary.definition.satisfied_by_measure:
        measure = tracking.value(activity, primary, "measure")
        tracking.put(activity, primary, "satisfied", tracking.by_measure(activity, primary, measure))


def objective_rollup_using_rules(tracking: Tracking, activity: Activity) -> None:
    """RB.1.2b: set satisfaction by the rollup rules, or by the default ones."""
    for action in SATISFACTION:
        if rollup_rule_check(tracking, activity, _rules(activity, SATISFACTION, action), action):
            tracking.put(activity, activity.primary, "satisfied", action == "satisfied")


def activity_progress_rollup_using_measure(tracking: Tracking, activity: Activity) -> None:
    """RB.1.3a: set completion by progress, where the activity is completed by measure."""
    if activity.definition.completed_by_measure:
        progress = tracking.value(activity, activity.primary, "progress")
        completed = None if progress is None else progress >= activity.definition.min_progress_measure
        tracking.put(activity, activity.primary, "completion", completed)


def activity_progress_rollup_using_rules(tracking: Tracking, activity: Activity) -> None:
    """RB.1.3b: set completion by the rollup rules, or by the default ones."""
    for action in COMPLETION:
        if rollup_rule_check(tracking, activity, _rules(activity, COMPLETION, action), action):
            tracking.put(activity, activity.primary, "completion", action == "completed")


def _rules(activity: Activity, pair: tuple[str, str], action: str) -> tuple[RollupRule, ...]:
    """Return the rules with an action; the default one only where the activity has none for either of the pair."""
    own = [rule for rule in activity.definition.rollup_rules if rule.action in pair]
    return tuple(rule for rule in own if rule.action == action) if own else _DEFAULTS[action]


def rollup_rule_check(tracking: Tracking, activity: Activity, rules: tuple[RollupRule, ...], action: str) -> bool:
    """RB.1.4: tell whether one of the rules holds for the children that contribute."""
    if not rules:
        return False
    children = [child for child in tracking.children(activity) if check_child_for_rollup(tracking, child, action)]
    return any(_holds(tracking, children, rule) for rule in rules)


def _holds(tracking: Tracking, children: list[Activity], rule: RollupRule) -> bool:
    bag = [evaluate_rollup_conditions(tracking, child, rule) for child in children]
    true = bag.count(True)
    match rule.child_activity_set:
        case "all":
            return true == len(bag)
        case "any":
            return true > 0
        case "none":
            return bag.count(False) == len(bag)
        case "atLeastCount":
            return true >= rule.minimum_count
        case "atLeastPercent":
            return bool(bag) and true / len(bag) >= rule.minimum_percent
    return False


def evaluate_rollup_conditions(tracking: Tracking, child: Activity, rule: RollupRule) -> Truth:
    """RB.1.4.1: return what the conditions of a rule say of a child."""
    return combine(rule.combination, (evaluate_rollup_condition(tracking, child, one) for one in rule.conditions))


def check_child_for_rollup(tracking: Tracking, child: Activity, action: str) -> bool:
    """RB.1.4.2: tell whether a child contributes to an action."""
    definition = child.definition
    if action in SATISFACTION:
        takes_part = definition.rollup_objective_satisfied
        satisfied = action == "satisfied"
        required = definition.required_for_satisfied if satisfied else definition.required_for_not_satisfied
    else:
        takes_part = definition.rollup_progress_completion
        completed = action == "completed"
        required = definition.required_for_completed if completed else definition.required_for_incomplete
    if not definition.tracked or not takes_part:
        return False
    state = tracking.of(child)
    match required:
        case "ifNotSuspended":
            return state.attempts > 0 and not state.suspended
        case "ifAttempted":
            return state.attempts > 0
        case "ifNotSkipped":
            return not sequencing_rules_check(tracking, child, "skip")
    return True
