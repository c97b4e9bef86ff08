"""What can go wrong while results are recorded."""

from passback.errors import NotFoundError, PassbackError, Side


class SessionBusyError(PassbackError):
    """This course is open in another window just now."""

    code = "session_busy"
    status = 409
    side = Side.BROWSER
    advice = "Go on in the other window, or choose to go on here; what the other one has saved is kept."


class SessionUnknownError(NotFoundError):
    """This session does not exist (any more)."""

    code = "session_unknown"
    advice = "Open the course again from your LMS."


class SessionTooOldError(PassbackError):
    """This session ended more than 14 days ago; nothing can be added to it any more."""

    code = "session_too_old"
    status = 410
    advice = "Open the course again from your LMS."


class EventsRefusedError(PassbackError):
    """What the player sent cannot be understood; none of it was stored, and nothing that was saved before is lost."""

    code = "events_refused"
    side = Side.REQUEST
    advice = "Reload the page; if it happens again, tell the administrator the code and the time."


class SequenceConflictError(EventsRefusedError):
    """Another window is using this very session: it has sent something else under the same number."""

    code = "sequence_conflict"
    status = 409
    side = Side.BROWSER
    advice = "Reload the page: it then goes on in a session of its own, and sends what it had not saved yet."


class AttemptRefusedError(PassbackError):
    """No new attempt can be started here."""

    code = "attempt_refused"
    status = 409
    advice = "Finish the attempt there is, or ask your instructor to allow another one."


class NothingToReviewError(PassbackError):
    """There is nothing to review yet: this course has not been started."""

    code = "nothing_to_review"
    status = 409
    advice = "Open the course from your LMS."


class RegistrationUnknownError(NotFoundError):
    """There is no registration of this id."""

    code = "registration_unknown"
    advice = "`passback registrations list` shows the registrations there are."


class PlacementUnknownError(NotFoundError):
    """There is no placement of this id."""

    code = "placement_unknown"
    advice = "`passback registrations placements` shows the placements there are."


class PlacementMoveError(PassbackError):
    """Registrations can only be moved between two different placements of the same course."""

    code = "placement_move"
    advice = "Choose another placement of this course."


class OverrideRefusedError(PassbackError):
    """A grade can only be set by hand to a value from 0 to 1, with a reason."""

    code = "override_refused"
    advice = "Give a number between 0 and 1 and say why."


class ErasureWaitsError(PassbackError):
    """Something of this person is being sent at this very moment, so nothing was erased yet."""

    code = "erasure_waits"
    status = 409
    side = Side.TOOL
    advice = "Try again in a minute: what has been sent by then is erased with the rest."
