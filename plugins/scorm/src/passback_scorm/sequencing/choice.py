"""SB.2.4 and SB.2.9: where a learner's choice leads. Nothing here changes the state."""

from collections.abc import Iterable
from itertools import takewhile

from passback_scorm.sequencing.flow import BACKWARD, FORWARD, flow_subprocess
from passback_scorm.sequencing.outcome import Found, nothing
from passback_scorm.sequencing.rules import sequencing_rules_check
from passback_scorm.sequencing.tracking import Tracking
from passback_scorm.sequencing.tree import Activity, common_ancestor


def choice_request(tracking: Tracking, target: Activity) -> Found:
    """SB.2.9: return the activity that choosing the target delivers."""
    exception = _hidden(tracking, target) or _unreachable(tracking, target)
    if exception:
        return nothing(exception)
    if not target.children:
        return Found(target)
    flow = flow_subprocess(tracking, target, FORWARD, consider_children=True)
    if flow.deliverable:
        return Found(flow.activity)
    ancestor = common_ancestor(tracking.current or tracking.tree.root, target)
    return Found(None, exception="SB.2.9-9", end_attempt=ancestor, current=target)


def _hidden(tracking: Tracking, target: Activity) -> str:
    for one in target.path():
        if not tracking.is_available(one):
            return "SB.2.9-2"
        if sequencing_rules_check(tracking, one, "hiddenFromChoice"):
            return "SB.2.9-3"
    return "SB.2.9-4" if target.parent and not target.parent.definition.control.choice else ""


def _unreachable(tracking: Tracking, target: Activity) -> str:
    current = tracking.current
    if current is target:
        return ""
    if current is None:
        return _down_from(tracking, tracking.tree.root, target)
    if current.parent is target.parent:
        return _along(tracking, current, target)
    ancestor = common_ancestor(current, target)
    if ancestor is current:
        return _down_from(tracking, current, target)
    if ancestor is target:
        return _may_exit(_below(current, target))
    return _across(tracking, current, target, ancestor)


def _below(activity: Activity, ancestor: Activity) -> list[Activity]:
    """Return the path from an activity up to an ancestor, without it."""
    return list(takewhile(lambda one: one is not ancestor, activity.path()))


def _down_from(tracking: Tracking, ancestor: Activity, target: Activity) -> str:
    """Follow the path from an ancestor to the target, without the target."""
    path = [*_below(target, ancestor)[1:], ancestor] if target is not ancestor else []
    return _all_reachable(tracking, path) or _activated(tracking, path, ancestor)


def _activated(tracking: Tracking, path: Iterable[Activity], ancestor: Activity) -> str:
    prevented = (
        one.definition.prevent_activation and one is not ancestor and not tracking.of(one).active for one in path
    )
    return "SB.2.9-6" if any(prevented) else ""


def _all_reachable(tracking: Tracking, path: Iterable[Activity]) -> str:
    return next((found for one in path if (found := choice_activity_traversal(tracking, one, FORWARD))), "")


def _along(tracking: Tracking, current: Activity, target: Activity) -> str:
    """Go from one sibling towards another."""
    parent, here, there = current.parent, tracking.place(current), tracking.place(target)
    if parent is None or here is None or there is None:
        return "SB.2.9-5"
    if there < here:
        return choice_activity_traversal(tracking, current, BACKWARD)
    return "SB.2.4-1" if _first_to_stop(tracking, parent, here) < there else ""


def _first_to_stop(tracking: Tracking, parent: Activity, here: int) -> int:
    """Return the place of the first child from `here` on that stops forward traversal; one beyond all for none."""
    way = f"stop from {here}"
    known = tracking.recall(parent, way, int)
    if known is not None:
        return known
    places = {tracking.place(one): one for one in parent.stoppers}
    stops = (
        place
        for place, one in places.items()
        if place is not None and place >= here and choice_activity_traversal(tracking, one, FORWARD)
    )
    return tracking.keep(parent, way, min(stops, default=len(parent.children)))


def choice_activity_traversal(tracking: Tracking, activity: Activity, direction: str) -> str:
    """SB.2.4: return why an activity cannot be passed in a direction; "" where it can."""
    if direction == FORWARD:
        return "SB.2.4-1" if sequencing_rules_check(tracking, activity, "stopForwardTraversal") else ""
    if activity.parent is None:
        return "SB.2.4-3"
    return "SB.2.4-2" if activity.parent.definition.control.forward_only else ""


def _may_exit(path: Iterable[Activity]) -> str:
    return "" if all(one.definition.control.choice_exit for one in path) else "SB.2.9-7"


def _across(tracking: Tracking, current: Activity, target: Activity, ancestor: Activity) -> str:
    """Leave one branch for another."""
    leaving, entering = _below(current, ancestor), [*_below(target, ancestor)[1:], ancestor]
    forward = target.index > current.index
    return (
        _may_exit(leaving)
        or _constrained(tracking, leaving, target)
        or (_all_reachable(tracking, entering) if forward else "")
        or _activated(tracking, entering, ancestor)
    )


def _constrained(tracking: Tracking, leaving: Iterable[Activity], target: Activity) -> str:
    """Only clusters constrain: what a leaf says of it counts for nothing (ADL's case CM-07d, Activity 13)."""
    constrained = next((one for one in leaving if one.children and one.definition.constrain_choice), None)
    if constrained is None or constrained is target:
        return ""
    direction = FORWARD if target.index > constrained.index else BACKWARD
    considered = choice_flow(tracking, constrained, direction)
    return "" if considered.contains(target) else "SB.2.9-8"


def choice_flow(tracking: Tracking, constrained: Activity, direction: str) -> Activity:
    """SB.2.9.1: return the activity next to a constrained one; itself where there is none."""
    return choice_flow_tree_traversal(tracking, constrained, direction) or constrained


def choice_flow_tree_traversal(tracking: Tracking, activity: Activity, direction: str) -> Activity | None:
    """SB.2.9.2: return the next available activity in a direction that is not below this one."""
    for one in activity.path():
        siblings, at = tracking.children(one.parent) if one.parent else (), tracking.place(one)
        if one.parent and at is not None:
            at += 1 if direction == FORWARD else -1
            if 0 <= at < len(siblings):
                return siblings[at]
    return None
