"""SR.1 and SR.2: which children of a cluster are available, and in what order. What was drawn is stored."""

from random import Random

from passback_scorm.sequencing.tracking import Tracking
from passback_scorm.sequencing.tree import Activity

ONCE, EACH = "once", "onEachNewAttempt"


def select_and_randomize(tracking: Tracking, activity: Activity, *, first: bool) -> None:
    """Apply SR.1 and SR.2 to a cluster before its first attempt, or before each later one."""
    timings = (ONCE, EACH) if first else (EACH,)
    if activity.children:
        if activity.definition.selection_timing in timings:
            select_children(tracking, activity)
        if activity.definition.randomization_timing in timings:
            randomize_children(tracking, activity)


def select_children(tracking: Tracking, activity: Activity) -> None:
    """SR.1: draw as many children as the manifest says, in their order."""
    count = activity.definition.select_count
    if count is None or count >= len(activity.children):
        return
    chosen = set(_draw(tracking, activity).sample(range(len(activity.children)), max(count, 0)))
    _keep(tracking, activity, [child for at, child in enumerate(activity.children) if at in chosen])


def randomize_children(tracking: Tracking, activity: Activity) -> None:
    """SR.2: put the available children in another order."""
    if activity.definition.reorder_children:
        order = list(tracking.children(activity))
        _draw(tracking, activity).shuffle(order)
        _keep(tracking, activity, order)


def _draw(tracking: Tracking, activity: Activity) -> Random:
    tracking.state.draws += 1
    return Random(f"{tracking.state.seed}/{activity.id}/{tracking.state.draws}")  # noqa: S311 - an order, no secret


def _keep(tracking: Tracking, activity: Activity, children: list[Activity]) -> None:
    tracking.touch(activity).children = tuple(child.id for child in children)
