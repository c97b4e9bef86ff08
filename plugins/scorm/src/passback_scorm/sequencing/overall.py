"""OP.1: a navigation request from beginning to end."""

from dataclasses import dataclass

from passback_scorm.sequencing.delivery import content_delivery_environment, delivery_request
from passback_scorm.sequencing.navigation import navigation_request
from passback_scorm.sequencing.outcome import Found
from passback_scorm.sequencing.requests import sequencing_request
from passback_scorm.sequencing.termination import termination_request
from passback_scorm.sequencing.tracking import Tracking
from passback_scorm.sequencing.tree import Activity
from passback_scorm.sequencing.utility import end_attempt, terminate_descendent_attempts


@dataclass(frozen=True, slots=True)
class Processed:
    """What was delivered, whether the sequencing session has ended, and the exception, "" for none."""

    delivered: Activity | None = None
    ended: bool = False
    exception: str = ""


def overall_sequencing(tracking: Tracking, request: str, target: Activity | None = None) -> Processed:
    """OP.1: process a navigation request."""
    navigation = navigation_request(tracking, request, target)
    if navigation.exception:
        return Processed(exception=navigation.exception)
    sequencing = navigation.sequencing
    if navigation.termination:
        terminated = termination_request(tracking, navigation.termination)
        if terminated.exception:
            return Processed(exception=terminated.exception)
        sequencing = terminated.sequencing or sequencing
    forget_shared(tracking, sequencing)
    found = sequencing_request(tracking, sequencing, target)
    _apply(tracking, found)
    if found.delivery is None:
        return Processed(None, found.ends_session, found.exception)
    exception = delivery_request(tracking, found.delivery) or content_delivery_environment(tracking, found.delivery)
    return Processed(exception=exception) if exception else Processed(found.delivery)


def forget_shared(tracking: Tracking, sequencing: str) -> None:
    """Forget what activities share before a new attempt on the root, unless it is global to the system (CAM 3.4.1)."""
    tree, root = tracking.tree, tracking.tree.root
    anew = tracking.current is None or (sequencing == "retry" and tracking.current is root)
    if not anew or tracking.of(root).suspended:
        return
    if not tree.objectives_global_to_system:
        tracking.globals.objectives.clear()
    if not tree.shared_data_global_to_system:
        tracking.globals.shared_data.clear()


def _apply(tracking: Tracking, found: Found) -> None:
    """Do what a sequencing request asks for beside a delivery."""
    if found.end_attempt is not None and tracking.current is not None:
        terminate_descendent_attempts(tracking, found.end_attempt)
        end_attempt(tracking, found.end_attempt)
        tracking.set_current(found.current)
    if found.ends_session:
        _end_session(tracking)


def _end_session(tracking: Tracking) -> None:
    """End what still runs (a walk off the end of the tree, SB.2.1-1, leaves the clusters above open)."""
    root = tracking.tree.root
    terminate_descendent_attempts(tracking, root)
    if tracking.of(root).active:
        end_attempt(tracking, root)
    tracking.set_current(None)
