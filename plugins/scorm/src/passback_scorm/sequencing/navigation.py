"""NB.2.1: whether a navigation request may be made, and what it asks for."""

from dataclasses import dataclass

from passback_scorm.sequencing.tracking import Tracking
from passback_scorm.sequencing.tree import Activity, common_ancestor


@dataclass(frozen=True, slots=True)
class Navigation:
    """The termination and sequencing requests of a valid navigation request, "" for none; or why it is not valid."""

    termination: str = ""
    sequencing: str = ""
    exception: str = ""


_TERMINATIONS = ("exit", "exitAll", "abandon", "abandonAll", "suspendAll")


def navigation_request(tracking: Tracking, request: str, target: Activity | None) -> Navigation:
    """NB.2.1: process a navigation request."""
    current = tracking.current
    if request in {"start", "resumeAll"}:
        return _begin(tracking, request)
    if request == "choice":
        return _choice(tracking, target)
    if request == "jump":
        reachable = target is not None and tracking.is_available(target)
        return _leave(tracking, request) if reachable else Navigation(exception="NB.2.1-11")
    if request in {*_TERMINATIONS, "continue", "previous"}:
        return _go_on(tracking, current, request) if current else Navigation(exception="NB.2.1-2")
    return Navigation(exception="NB.2.1-13")


def _begin(tracking: Tracking, request: str) -> Navigation:
    if tracking.current is not None:
        return Navigation(exception="NB.2.1-1")
    if request == "resumeAll" and tracking.suspended is None:
        return Navigation(exception="NB.2.1-3")
    return Navigation(sequencing=request)


def _go_on(tracking: Tracking, current: Activity, request: str) -> Navigation:
    if request in _TERMINATIONS:
        ended = request in {"exit", "abandon"} and not tracking.of(current).active
        return Navigation(exception="NB.2.1-12") if ended else Navigation(request, "exit")
    return _flow(tracking, current, request)


def _flow(tracking: Tracking, current: Activity, request: str) -> Navigation:
    if current.parent is None:
        return Navigation(exception="NB.2.1-4" if request == "continue" else "NB.2.1-6")
    control = current.parent.definition.control
    if request == "continue" and not control.flow:
        return Navigation(exception="NB.2.1-4")
    if request == "previous" and (not control.flow or control.forward_only):
        return Navigation(exception="NB.2.1-5")
    return _leave(tracking, request)


def _choice(tracking: Tracking, target: Activity | None) -> Navigation:
    if target is None:
        return Navigation(exception="NB.2.1-11")
    if target.parent is not None and not target.parent.definition.control.choice:
        return Navigation(exception="NB.2.1-10")
    current = tracking.current
    if current is not None and not may_leave(tracking, current, target):
        return Navigation(exception="NB.2.1-8")
    return _leave(tracking, "choice")


def may_leave(tracking: Tracking, current: Activity, target: Activity) -> bool:
    """Tell whether choiceExit of everything active lets the learner go from here to a target."""
    ancestor = common_ancestor(current, target)
    for one in current.path():
        if one is ancestor and one is not current:
            return True
        if tracking.of(one).active and not one.definition.control.choice_exit:
            return False
        if one is ancestor:
            return True
    return True


def _leave(tracking: Tracking, request: str) -> Navigation:
    """End the attempt on the Current Activity first, if one runs."""
    current = tracking.current
    runs = current is not None and tracking.of(current).active
    return Navigation("exit" if runs else "", request)
