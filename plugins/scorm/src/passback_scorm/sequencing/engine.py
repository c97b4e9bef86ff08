"""The door to sequencing: pure functions of a tree, a state and what is shared. What is handed in is never changed."""

from dataclasses import dataclass, field

from passback_scorm.sequencing import recording
from passback_scorm.sequencing.lookahead import Validity, look_ahead
from passback_scorm.sequencing.overall import Processed, overall_sequencing
from passback_scorm.sequencing.recording import ActivityView, ObjectiveView
from passback_scorm.sequencing.result import RteResult
from passback_scorm.sequencing.rollup import overall_rollup
from passback_scorm.sequencing.selection import select_and_randomize
from passback_scorm.sequencing.state import Globals, SequencingState
from passback_scorm.sequencing.tracking import Tracking
from passback_scorm.sequencing.tree import Activity, Tree, build_tree
from passback_scorm.sequencing.utility import end_attempt

__all__ = [
    "Outcome",
    "Step",
    "begin",
    "build_tree",
    "navigate",
    "open_session",
    "outcome",
    "record",
    "set_aside",
    "view",
]


@dataclass(frozen=True)
class Step:
    """What a request came to.

    Args:
        delivered: id of the activity to show; "" for none.
        ended: the sequencing session is over.
        exception: the specification's code of why nothing was delivered, e.g. NB.2.1-8; "" for none.
    """

    state: SequencingState
    globals: Globals
    delivered: str = ""
    ended: bool = False
    exception: str = ""
    validity: Validity = field(default_factory=Validity)


@dataclass(frozen=True)
class Outcome:
    """What the attempt on the course has come to: the root's rollup. None stands for unknown."""

    completed: bool | None
    satisfied: bool | None
    measure: float | None
    progress: float | None


def begin(tree: Tree, seed: int) -> SequencingState:
    """Return the state of a new attempt on a course; the seed decides on selection and randomisation."""
    tracking = Tracking(tree, SequencingState(seed), Globals())
    for activity in tree.in_order:
        select_and_randomize(tracking, activity, first=True)
    return tracking.state


def navigate(
    tree: Tree,
    state: SequencingState,
    shared: Globals,
    request: str,
    target: str = "",
    *,
    result: RteResult | None = None,
) -> Step:
    """Process a navigation request (OP.1) and look ahead.

    Args:
        request: start, resumeAll, continue, previous, choice, jump, exit, exitAll, suspendAll, abandon, abandonAll; ""
            only takes in the result and looks ahead.
        target: id of the activity that choice or jump names.
        result: what the Current Activity has reported since it was delivered. It is taken in with the request that ends
            the session of the content, not before: what is abandoned must leave no trace (ADL's cases SX-04a and b).
    """
    tracking = _taken_in(tree, state, shared, None if request.startswith("abandon") else result)
    processed = overall_sequencing(tracking, request, tree.get(target)) if request else Processed()
    return _step(tracking, processed)


def open_session(
    tree: Tree, state: SequencingState, shared: Globals, *, result: RteResult | None = None, finished: bool = False
) -> Step:
    """Begin or go on: what a learner finds who opens the course.

    A session that was left open (its browser is gone) is set aside first. What was suspended is resumed; where that can
    no longer be delivered, the course starts on the tracking that there is. So nobody is locked out by a closed tab.

    Args:
        result: what the activity of a session left open had reported; `finished` as for `set_aside`.
    """
    aside = set_aside(tree, state, shared, result=result, finished=finished)
    for request in ("resumeAll", "start"):
        tracking = Tracking(tree, aside.state.copy(), aside.globals.copy())
        processed = overall_sequencing(tracking, request)
        if processed.delivered is not None:
            break
    return _step(tracking, processed)


def set_aside(
    tree: Tree, state: SequencingState, shared: Globals, *, result: RteResult | None = None, finished: bool = False
) -> Step:
    """End the sequencing session without a request of the learner, such that Resume All comes back to this place.

    Args:
        result: what the Current Activity has reported since it was delivered.
        finished: the Current Activity is done (Terminate, `cmi.exit` not suspend): its attempt ends.
    """
    tracking = _taken_in(tree, state, shared, result)
    if tracking.current is not None:
        _set_aside(tracking, tracking.current, finished=finished)
    return Step(tracking.state, tracking.globals, ended=True)


def _set_aside(tracking: Tracking, current: Activity, *, finished: bool) -> None:
    interrupted = tracking.of(current).active and not finished
    if tracking.of(current).active:
        if finished:
            end_attempt(tracking, current)
        else:
            overall_rollup(tracking, current)
    for one in current.path():
        mine = tracking.touch(one)
        mine.active = False
        mine.suspended = mine.suspended or interrupted or bool(one.children)
    tracking.set_suspended(current)
    tracking.set_current(None)


def record(tree: Tree, state: SequencingState, shared: Globals, activity: str, result: RteResult) -> Step:
    """Take in a report that came when its session was already over. Twice the same changes nothing."""
    tracking = Tracking(tree, state.copy(), shared.copy())
    found = tree.get(activity)
    if found is not None:
        recording.record(tracking, found, result)
    return _step(tracking, Processed())


def view(tree: Tree, state: SequencingState, shared: Globals, activity: str) -> ActivityView:
    """Return what the run time needs of the tracking to furnish the delivery of an activity.

    Raises:
        KeyError: no such activity.
    """
    return recording.view(Tracking(tree, state, shared), tree.activities[activity])


def outcome(tree: Tree, state: SequencingState, shared: Globals, *, result: RteResult | None = None) -> Outcome:
    """Return what the course has come to, with what the running activity has reported so far."""
    tracking = _taken_in(tree, state, shared, result)
    if tracking.current is not None:
        overall_rollup(tracking, tracking.current)
    root, primary = tree.root, tree.root.primary
    return Outcome(
        tracking.completed(root, primary),
        tracking.satisfied(root, primary),
        tracking.value(root, primary, "measure"),
        tracking.value(root, primary, "progress"),
    )


def outcomes(
    tree: Tree, state: SequencingState, shared: Globals, *, result: RteResult | None = None
) -> dict[str, ObjectiveView]:
    """Return what is known of each leaf that was tried, by its id, with what the running activity has reported."""
    tracking = _taken_in(tree, state, shared, result)
    leaves = (one for one in tree.in_order if not one.children and one.id in tracking.state.activities)
    return {one.id: recording.view(tracking, one).primary for one in leaves}


def _taken_in(tree: Tree, state: SequencingState, shared: Globals, result: RteResult | None) -> Tracking:
    """Return copies to work on, with what the Current Activity has reported."""
    tracking = Tracking(tree, state.copy(), shared.copy())
    if tracking.current is not None and result is not None:
        recording.record(tracking, tracking.current, result)
    return tracking


def _step(tracking: Tracking, processed: Processed) -> Step:
    delivered = processed.delivered.id if processed.delivered else ""
    validity = look_ahead(tracking)
    return Step(tracking.state, tracking.globals, delivered, processed.ended, processed.exception, validity)
