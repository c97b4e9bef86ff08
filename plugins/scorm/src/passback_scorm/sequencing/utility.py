"""UP.3 and UP.4: ending attempts."""

from passback_scorm.sequencing.rollup import overall_rollup
from passback_scorm.sequencing.selection import select_and_randomize
from passback_scorm.sequencing.tracking import Tracking
from passback_scorm.sequencing.tree import Activity, common_ancestor


def terminate_descendent_attempts(tracking: Tracking, activity: Activity) -> None:
    """UP.3: end the attempts between the Current Activity and its common ancestor with an activity, without either."""
    current = tracking.current
    if current is None:
        return
    ancestor = common_ancestor(current, activity)
    for one in current.path():
        if one is ancestor:
            return
        if one is not current:
            end_attempt(tracking, one)


def end_attempt(tracking: Tracking, activity: Activity) -> None:
    """UP.4: end the attempt on an activity and roll up."""
    state = tracking.touch(activity)
    if activity.children:
        state.suspended = any(tracking.of(child).suspended for child in activity.children)
    elif activity.definition.tracked and not state.suspended:
        _complete(tracking, activity)
    state.active = False
    overall_rollup(tracking, activity)
    if not state.suspended:
        select_and_randomize(tracking, activity, first=False)


def _complete(tracking: Tracking, activity: Activity) -> None:
    """Complete and satisfy what the content was to leave to the LMS, and left."""
    state, definition, primary = tracking.of(activity), activity.definition, activity.primary
    waits = state.completion_set or definition.completion_set_by_content or definition.completed_by_measure
    if not waits and tracking.completed(activity, primary) is None:
        tracking.put(activity, primary, "completion", True)
    waits = state.success_set or definition.objective_set_by_content or primary.definition.satisfied_by_measure
    if not waits and tracking.satisfied(activity, primary) is None:
        tracking.put(activity, primary, "satisfied", True)
