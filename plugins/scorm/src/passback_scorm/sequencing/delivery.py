"""DB.1.1 and DB.2: whether an activity may be delivered, and what its delivery changes."""

from passback_scorm.sequencing.rules import check_activity
from passback_scorm.sequencing.tracking import Tracking
from passback_scorm.sequencing.tree import Activity, common_ancestor
from passback_scorm.sequencing.utility import terminate_descendent_attempts


def delivery_request(tracking: Tracking, activity: Activity) -> str:
    """DB.1.1: return why an activity may not be delivered; "" where it may."""
    if activity.children or activity.parent is None:
        return "DB.1.1-1"
    return "DB.1.1-3" if any(check_activity(tracking, one) for one in activity.path()) else ""


def content_delivery_environment(tracking: Tracking, activity: Activity) -> str:
    """DB.2: begin or resume the attempt on an activity and on all above it; return the exception, if any."""
    current = tracking.current
    if current is not None and tracking.of(current).active:
        return "DB.2-1"
    if tracking.suspended is not None and tracking.suspended is not activity:
        clear_suspended_activity(tracking, tracking.suspended, activity)
    terminate_descendent_attempts(tracking, activity)
    for one in reversed(list(activity.path())):
        _activate(tracking, one)
    tracking.set_current(activity)
    tracking.set_suspended(None)
    return ""


def clear_suspended_activity(tracking: Tracking, suspended: Activity, activity: Activity) -> None:
    """DB.2.1: forget that an activity was suspended, since another one is delivered."""
    ancestor = common_ancestor(suspended, activity)
    for one in suspended.path():
        state = tracking.touch(one)
        state.suspended = any(tracking.of(child).suspended for child in one.children)
        if one is ancestor:
            break
    tracking.set_suspended(None)


def _activate(tracking: Tracking, activity: Activity) -> None:
    state = tracking.touch(activity)
    if not state.active:
        state.resumed, state.suspended = state.suspended, False
        if not state.resumed and activity.definition.tracked:
            state.attempts += 1
            _begin_attempt(tracking, activity)
    state.active = True


def _begin_attempt(tracking: Tracking, activity: Activity) -> None:
    """Make unknown what a former attempt reached. What it shared stays shared."""
    state = tracking.of(activity)
    state.completion_set = state.success_set = state.old_objectives = state.old_progress = False
    state.objectives.clear()
    _age_below(tracking, activity)


def _age_below(tracking: Tracking, cluster: Activity) -> None:
    """Mark what is known below a cluster as old, where it asks for what is reached within one attempt (SM.1)."""
    control = cluster.definition.control
    for child in cluster.children:
        if any(tracking.of(child).objectives.values()):
            state = tracking.touch(child)
            state.old_objectives |= control.use_current_attempt_objective_info
            state.old_progress |= control.use_current_attempt_progress_info
        _age_below(tracking, child)
