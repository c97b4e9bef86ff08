"""What can stop a roster from being read. The roster that was read before stays as it is, each time."""

from passback.errors import PassbackError, Side


class RosterError(PassbackError):
    """The roster could not be read."""

    code = "roster_failed"
    status = 502
    side = Side.LMS

    def __init__(self, detail: str = "", *, http_status: int = 0, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.http_status = http_status
        self.retry_after = retry_after


class RosterMissingError(RosterError):
    """The LMS has offered no roster of this course."""

    code = "roster_missing"
    status = 409
    advice = (
        "The administrator of the LMS allows the tool to use Names and Roles (in Moodle: “IMS LTI Names and Role "
        "Provisioning” in the tool's services); then an instructor opens the course once."
    )


class RosterRefusedError(RosterError):
    """The LMS does not let Passback read this course's roster."""

    code = "roster_refused"
    advice = "The administrator of the LMS allows the tool to use Names and Roles, for this course too."


class RosterTooLargeError(RosterError):
    """The LMS does not give out the roster of a course as large as this."""

    code = "roster_too_large"
    advice = (
        "The administrator of the LMS raises its limit, or updates it: Open edX hands out rosters in pages since "
        "lti-consumer-xblock 11.4. Learners appear here as soon as they open the course."
    )


class RosterGoneError(RosterError):
    """The LMS knows this course's roster no longer."""

    code = "roster_gone"
    advice = "If the course was not deleted, an instructor opens it from the LMS once: that brings the new address."


class RosterAnswerError(RosterError):
    """The LMS answered with something that is no roster."""

    code = "roster_answer"
    advice = (
        "Try again; if it stays, tell the administrator of the LMS. Often a proxy or a sign-in page answers instead."
    )


class RosterLaterError(RosterError):
    """The LMS could not answer just now."""

    code = "roster_later"
    advice = "It is tried again by itself."


class RosterUnderWayError(PassbackError):
    """This roster is being read already."""

    code = "roster_under_way"
    status = 409
    side = Side.TOOL
    advice = "Wait until that is done; the course's page shows how far it is."


class RosterTooSoonError(PassbackError):
    """This roster was read a moment ago."""

    code = "roster_too_soon"
    status = 429
    side = Side.REQUEST
    advice = "Wait a minute, then try again."
