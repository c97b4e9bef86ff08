"""SB.2.1 to SB.2.3: walking the tree to the next activity that can be delivered. Nothing here changes the state."""

from dataclasses import dataclass

from passback_scorm.sequencing.rules import check_activity, sequencing_rules_check
from passback_scorm.sequencing.tracking import Tracking
from passback_scorm.sequencing.tree import Activity

FORWARD, BACKWARD = "forward", "backward"


@dataclass(frozen=True, slots=True)
class Traversal:
    """The next activity in a direction; or why there is none, and whether that ends the sequencing session."""

    activity: Activity | None
    direction: str = ""
    ends_session: bool = False
    exception: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """The activity that flow came to, and whether it can be delivered."""

    activity: Activity
    deliverable: bool
    ends_session: bool = False
    exception: str = ""


def flow_tree_traversal(
    tracking: Tracking, activity: Activity, direction: str, *, consider_children: bool, previous: str = ""
) -> Traversal:
    """SB.2.1: return the activity next to this one.

    Args:
        consider_children: go into a cluster rather than past it.
        previous: the direction before; backward inside a forward-only cluster that was entered from its end.
    """
    one, reversed_direction = activity, False
    if previous == BACKWARD and one.parent and _is_last(tracking, one):
        direction, reversed_direction = BACKWARD, True
        one = tracking.children(one.parent)[0]
    while True:
        if one.children and consider_children:
            return _enter(tracking, one, direction)
        if one.parent is None:
            ends = direction == FORWARD
            return Traversal(None, direction, ends, "SB.2.1-1" if ends else "SB.2.1-3")
        if direction == BACKWARD and one.parent.definition.control.forward_only and not reversed_direction:
            return Traversal(None, direction, False, "SB.2.1-4")
        sibling = _sibling(tracking, one, direction)
        if sibling:
            return Traversal(sibling, direction)
        one, consider_children, reversed_direction = one.parent, False, False


def _enter(tracking: Tracking, cluster: Activity, direction: str) -> Traversal:
    children = tracking.children(cluster)
    if not children:
        return Traversal(None, direction, False, "SB.2.1-2")
    if direction == FORWARD or cluster.definition.control.forward_only:
        return Traversal(children[0], FORWARD)
    return Traversal(children[-1], BACKWARD)


def _is_last(tracking: Tracking, activity: Activity) -> bool:
    siblings = tracking.children(activity.parent) if activity.parent else ()
    return bool(siblings) and siblings[-1] is activity


def _sibling(tracking: Tracking, activity: Activity, direction: str) -> Activity | None:
    """Return the available neighbour; None at the end and for an activity that is no longer available itself."""
    siblings = tracking.children(activity.parent) if activity.parent else ()
    at = tracking.place(activity)
    if at is None:
        return None
    at += 1 if direction == FORWARD else -1
    return siblings[at] if 0 <= at < len(siblings) else None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where flow has come to, in which direction, and the direction before where that matters."""

    activity: Activity
    direction: str
    previous: str = ""

    @property
    def way(self) -> str:
        return f"flow {self.previous} {self.direction}"


def flow_activity_traversal(tracking: Tracking, activity: Activity, direction: str) -> Flow:
    """SB.2.2: go on from an activity that flow came to until one can be delivered.

    While nothing changes, where the way led is kept with each activity on it: or looking ahead at every cluster of a
    course would walk the same ways over and over.
    """
    passed: list[_Place] = []
    place: Flow | _Place = _Place(activity, direction)
    while isinstance(place, _Place):
        passed.append(place)
        place = tracking.recall(place.activity, place.way, Flow) or _flow_step(tracking, place)
    for one in passed:
        tracking.keep(one.activity, one.way, place)
    return place


def _flow_step(tracking: Tracking, place: _Place) -> Flow | _Place:
    """Deal with one activity that flow came to."""
    activity, direction, previous = place.activity, place.direction, place.previous
    if activity.parent and not activity.parent.definition.control.flow:
        return Flow(activity, False, False, "SB.2.2-1")
    if sequencing_rules_check(tracking, activity, "skip"):
        step = flow_tree_traversal(tracking, activity, direction, consider_children=False, previous=previous)
        turned = previous == BACKWARD and step.direction == BACKWARD
        return _on(activity, step, "" if turned else previous)
    if check_activity(tracking, activity):
        return Flow(activity, False, False, "SB.2.2-2")
    if not activity.children:
        return Flow(activity, True)
    step = flow_tree_traversal(tracking, activity, direction, consider_children=True)
    return _on(activity, step, BACKWARD if direction == BACKWARD and step.direction == FORWARD else "")


def _on(activity: Activity, step: Traversal, previous: str) -> Flow | _Place:
    if step.activity is None:
        return Flow(activity, False, step.ends_session, step.exception)
    return _Place(step.activity, step.direction, previous)


def flow_subprocess(tracking: Tracking, activity: Activity, direction: str, *, consider_children: bool) -> Flow:
    """SB.2.3: leave an activity in a direction and return what flow comes to."""
    step = flow_tree_traversal(tracking, activity, direction, consider_children=consider_children)
    if step.activity is None:
        return Flow(activity, False, step.ends_session, step.exception)
    return flow_activity_traversal(tracking, step.activity, step.direction)
