"""From what content reported to the tracking model, and from there to what the run time gives content at its start."""

from dataclasses import dataclass

from passback_scorm.sequencing.result import ObjectiveResult, RteResult
from passback_scorm.sequencing.rollup import overall_rollup
from passback_scorm.sequencing.tracking import Tracking
from passback_scorm.sequencing.tree import Activity, LocalObjective, SharedData

_SUCCESS = {"passed": True, "failed": False, "unknown": None}
_COMPLETION = {"completed": True, "incomplete": False, "not attempted": False, "unknown": None}


@dataclass(frozen=True)
class ObjectiveView:
    """What is known of an objective, own or shared; None for unknown."""

    id: str
    satisfied: bool | None = None
    measure: float | None = None
    raw: float | None = None
    min: float | None = None
    max: float | None = None
    completed: bool | None = None
    progress: float | None = None


@dataclass(frozen=True)
class Store:
    """A store of `adl.data` as an activity finds it; None where nobody has written yet."""

    definition: SharedData
    text: str | None


@dataclass(frozen=True)
class ActivityView:
    """What the run time needs of the tracking to furnish a delivery.

    Args:
        resumed: the attempt was suspended and goes on.
        objectives: those with an id, in the manifest's order: what `cmi.objectives` starts with.
        scaled_passing_score: None where the activity is not satisfied by measure.
        completion_threshold: None where it is not completed by measure.
    """

    resumed: bool
    attempts: int
    objectives: tuple[ObjectiveView, ...]
    primary: ObjectiveView
    stores: tuple[Store, ...]
    scaled_passing_score: float | None
    completion_threshold: float | None


def view(tracking: Tracking, activity: Activity) -> ActivityView:
    """Return what the run time needs to know of an activity that is delivered."""
    state, definition, primary = tracking.of(activity), activity.definition, activity.primary.definition
    return ActivityView(
        resumed=state.resumed,
        attempts=state.attempts,
        objectives=tuple(_view(tracking, activity, one) for one in activity.objectives.values() if one.id),
        primary=_view(tracking, activity, activity.primary),
        stores=tuple(Store(one, tracking.globals.shared_data.get(one.target)) for one in activity.shared_data),
        scaled_passing_score=primary.min_normalized_measure if primary.satisfied_by_measure else None,
        completion_threshold=definition.min_progress_measure if definition.completed_by_measure else None,
    )


def _view(tracking: Tracking, activity: Activity, objective: LocalObjective) -> ObjectiveView:
    values = {name: tracking.value(activity, objective, name) for name in ("measure", "raw", "min", "max", "progress")}
    satisfied, completed = tracking.satisfied(activity, objective), tracking.value(activity, objective, "completion")
    completed = None if completed is None else bool(completed)
    return ObjectiveView(objective.id, satisfied=satisfied, completed=completed, **values)


def record(tracking: Tracking, activity: Activity, result: RteResult) -> None:
    """Take in what content set, in `cmi.objectives` first and then in `cmi` itself, which is about the primary one."""
    _record_stores(tracking, activity, result)
    state = tracking.touch(activity)
    if result.exit or state.active:
        state.suspended = result.exit == "suspend"
    if not activity.definition.tracked:
        return
    for name, reported in result.objectives.items():
        objective = activity.objectives.get(name) if name else None
        if objective is not None:
            _record_objective(tracking, activity, objective, reported)
    _record_objective(tracking, activity, activity.primary, result)
    if not state.active:  # a report that comes after the attempt has ended still counts
        overall_rollup(tracking, activity)


def _record_stores(tracking: Tracking, activity: Activity, result: RteResult) -> None:
    allowed = {one.target for one in activity.shared_data if one.write}
    tracking.globals.shared_data.update(
        {target: text for target, text in result.shared_data.items() if target in allowed}
    )


def _record_objective(
    tracking: Tracking, activity: Activity, objective: LocalObjective, reported: ObjectiveResult
) -> None:
    scores = {"raw": reported.score_raw, "min": reported.score_min, "max": reported.score_max}
    numbers = {**scores, "measure": reported.score_scaled, "progress": reported.progress_measure}
    for name, number in numbers.items():
        if number is not None:
            tracking.put(activity, objective, name, number)
    _record_success(tracking, activity, objective, reported)
    _record_completion(tracking, activity, objective, reported)


def _record_success(
    tracking: Tracking, activity: Activity, objective: LocalObjective, reported: ObjectiveResult
) -> None:
    if objective is activity.primary and reported.success_status:
        tracking.touch(activity).success_set = True
    if objective.definition.satisfied_by_measure:
        if reported.score_scaled is not None:
            satisfied = tracking.by_measure(activity, objective, reported.score_scaled)
            tracking.put(activity, objective, "satisfied", satisfied)
    elif reported.success_status in _SUCCESS:
        tracking.put(activity, objective, "satisfied", _SUCCESS[reported.success_status], explicit=True)


def _record_completion(
    tracking: Tracking, activity: Activity, objective: LocalObjective, reported: ObjectiveResult
) -> None:
    own = objective is activity.primary
    if own and reported.completion_status:
        tracking.touch(activity).completion_set = True
    if own and activity.definition.completed_by_measure:
        if reported.progress_measure is not None:
            completed = reported.progress_measure >= activity.definition.min_progress_measure
            tracking.put(activity, objective, "completion", completed)
    elif reported.completion_status in _COMPLETION:
        tracking.put(activity, objective, "completion", _COMPLETION[reported.completion_status], explicit=True)
