"""What can go wrong between a learner's browser and us."""

from passback.errors import PassbackError, Side
from passback.sealing import TokenError


class ShutError(PassbackError):
    """This course is not open just now: your teacher has set when it can be worked on."""

    code = "shut"
    status = 403
    side = Side.REQUEST
    advice = "Open it from your LMS within its dates; what you have done before is kept."


class LinkExpiredError(TokenError):
    """This link to the course is not valid, or no longer."""

    code = "link_expired"
    advice = "Open the course again from where you found it. Everything that was saved is still there."


class TicketUsedError(PassbackError):
    """This launch link has been used already; it opens a course once."""

    code = "ticket_used"
    status = 410
    advice = "Ask for a new launch link. If you opened it a moment ago, the course is open in that window."


class SessionTokenError(TokenError):
    """This page's link to the course is not valid, or no longer."""

    code = "session_token"
    advice = "Open the course again from where you found it."


class BadEventsError(PassbackError):
    """The course's page sent something that Passback cannot read."""

    code = "bad_events"
    status = 422
    side = Side.BROWSER
    advice = "Reload the page. If it happens again, tell the administrator which course it is."


class TooLargeError(BadEventsError):
    """The course's page sent more at once than Passback takes."""

    code = "too_large"
    status = 413
