"""TB.2.1 to TB.2.3: ending the attempt on the Current Activity, and what its rules then ask for."""

from collections.abc import Callable
from dataclasses import dataclass

from passback_scorm.sequencing.rollup import overall_rollup
from passback_scorm.sequencing.rules import first_that_holds
from passback_scorm.sequencing.tracking import Tracking
from passback_scorm.sequencing.tree import Activity
from passback_scorm.sequencing.utility import end_attempt, terminate_descendent_attempts

_SEQUENCING = ("retry", "continue", "previous")


@dataclass(frozen=True, slots=True)
class Terminated:
    """The sequencing request that replaces the pending one, "" where it stays; or why nothing was ended."""

    sequencing: str = ""
    exception: str = ""


def sequencing_exit_action_rules(tracking: Tracking) -> None:
    """TB.2.1: end the highest ancestor whose exit rule holds."""
    current = tracking.current
    if current is None:
        return
    for one in reversed(list(current.path())[1:]):
        if first_that_holds(tracking, one, one.definition.exit_rules):
            terminate_descendent_attempts(tracking, one)
            end_attempt(tracking, one)
            tracking.set_current(one)
            return


def sequencing_post_condition_rules(tracking: Tracking, activity: Activity) -> str:
    """TB.2.2: return the action of the postcondition rule that holds; "" for none."""
    if tracking.of(activity).suspended:
        return ""
    return first_that_holds(tracking, activity, activity.definition.post_rules)


def termination_request(tracking: Tracking, request: str) -> Terminated:
    """TB.2.3: process a termination request."""
    current = tracking.current
    if current is None:
        return Terminated(exception="TB.2.3-1")
    if request in {"exit", "abandon"} and not tracking.of(current).active:
        return Terminated(exception="TB.2.3-2")
    process = _PROCESSES.get(request)
    return process(tracking, current) if process else Terminated(exception="TB.2.3-7")


def _exit(tracking: Tracking, current: Activity) -> Terminated:
    end_attempt(tracking, current)
    sequencing_exit_action_rules(tracking)
    while True:
        current = tracking.current or tracking.tree.root
        action = sequencing_post_condition_rules(tracking, current)
        if action in {"exitAll", "retryAll"}:
            _exit_all(tracking, current)
            return Terminated("retry" if action == "retryAll" else "exit")
        if action != "exitParent":
            break
        if current.parent is None:
            return Terminated(exception="TB.2.3-4")
        tracking.set_current(current.parent)
        end_attempt(tracking, current.parent)
    sequencing = action if action in _SEQUENCING else ""
    if current.parent is None and sequencing != "retry":  # the attempt on the root has ended: so does the session
        return Terminated("exit")
    return Terminated(sequencing)


def _exit_all(tracking: Tracking, current: Activity) -> Terminated:
    root = tracking.tree.root
    if tracking.of(current).active:
        end_attempt(tracking, current)
    terminate_descendent_attempts(tracking, root)
    end_attempt(tracking, root)
    tracking.set_current(root)
    return Terminated("exit")


def _suspend_all(tracking: Tracking, current: Activity) -> Terminated:
    state = tracking.of(current)
    if state.active or state.suspended:
        overall_rollup(tracking, current)
        suspended = current
    elif current.parent is not None:
        suspended = current.parent
    else:
        return Terminated(exception="TB.2.3-3")
    tracking.set_suspended(suspended)
    for one in suspended.path():
        state = tracking.touch(one)
        state.active, state.suspended = False, True
    tracking.set_current(tracking.tree.root)
    return Terminated("exit")


def _abandon(tracking: Tracking, current: Activity) -> Terminated:
    tracking.touch(current).active = False
    return Terminated()


def _abandon_all(tracking: Tracking, current: Activity) -> Terminated:
    for one in current.path():
        tracking.touch(one).active = False
    tracking.set_current(tracking.tree.root)
    return Terminated("exit")


_PROCESSES: dict[str, Callable[[Tracking, Activity], Terminated]] = {
    "exit": _exit,
    "exitAll": _exit_all,
    "suspendAll": _suspend_all,
    "abandon": _abandon,
    "abandonAll": _abandon_all,
}
