"""SB.2.5 to SB.2.13: the sequencing requests. Nothing here changes the state: `overall` does what comes of them."""

from collections.abc import Callable

from passback_scorm.sequencing.choice import choice_request
from passback_scorm.sequencing.flow import BACKWARD, FORWARD, Flow, flow_subprocess
from passback_scorm.sequencing.outcome import Found, nothing
from passback_scorm.sequencing.tracking import Tracking
from passback_scorm.sequencing.tree import Activity


def sequencing_request(tracking: Tracking, request: str, target: Activity | None) -> Found:
    """SB.2.12: process a sequencing request."""
    if request == "choice":
        return choice_request(tracking, target) if target else nothing("SB.2.9-1")
    if request == "jump":
        return jump_request(tracking, target)
    process = _WITHOUT_TARGET.get(request)
    return process(tracking) if process else nothing("SB.2.12-1")


def _delivered(flow: Flow, exception: str = "") -> Found:
    if flow.deliverable:
        return Found(flow.activity)
    return Found(None, flow.ends_session, exception or flow.exception)


def start_request(tracking: Tracking) -> Found:
    """SB.2.5: begin at the root."""
    if tracking.current:
        return nothing("SB.2.5-1")
    root = tracking.tree.root
    if not root.children:
        return Found(root)
    return _delivered(flow_subprocess(tracking, root, FORWARD, consider_children=True))


def resume_all_request(tracking: Tracking) -> Found:
    """SB.2.6: go back to the Suspended Activity."""
    if tracking.current:
        return nothing("SB.2.6-1")
    return Found(tracking.suspended) if tracking.suspended else nothing("SB.2.6-2")


def continue_request(tracking: Tracking) -> Found:
    """SB.2.7: go forward."""
    current = tracking.current
    if current is None:
        return nothing("SB.2.7-1")
    if current.parent and not current.parent.definition.control.flow:
        return nothing("SB.2.7-2")
    return _delivered(flow_subprocess(tracking, current, FORWARD, consider_children=False))


def previous_request(tracking: Tracking) -> Found:
    """SB.2.8: go back."""
    current = tracking.current
    if current is None:
        return nothing("SB.2.8-1")
    if current.parent and not current.parent.definition.control.flow:
        return nothing("SB.2.8-2")
    return _delivered(flow_subprocess(tracking, current, BACKWARD, consider_children=False))


def retry_request(tracking: Tracking) -> Found:
    """SB.2.10: begin the Current Activity anew."""
    current = tracking.current
    if current is None:
        return nothing("SB.2.10-1")
    if tracking.of(current).active or tracking.of(current).suspended:
        return nothing("SB.2.10-2")
    if not current.children:
        return Found(current)
    return _delivered(flow_subprocess(tracking, current, FORWARD, consider_children=True), "SB.2.10-3")


def exit_request(tracking: Tracking) -> Found:
    """SB.2.11: end the sequencing session where the attempt on the root has ended."""
    current = tracking.current
    if current is None:
        return nothing("SB.2.11-1")
    if tracking.of(current).active:
        return nothing("SB.2.11-2")
    return Found(None, ends_session=current.parent is None)


def jump_request(tracking: Tracking, target: Activity | None) -> Found:
    """SB.2.13: go to an activity, whatever choice and flow say (4th edition)."""
    return Found(target) if tracking.current and target else nothing("SB.2.13-1")


_WITHOUT_TARGET: dict[str, Callable[[Tracking], Found]] = {
    "start": start_request,
    "resumeAll": resume_all_request,
    "continue": continue_request,
    "previous": previous_request,
    "retry": retry_request,
    "exit": exit_request,
}
