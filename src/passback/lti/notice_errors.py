"""What can be wrong with a notice that a platform sends outside of any launch."""

from passback.errors import Side
from passback.lti.errors import LaunchRefusedError


class NoticesMalformedError(LaunchRefusedError):
    """What arrived is not a list of notices from an LMS.

    `{"notices": [{"jwt": "…"}, …]}` as JSON (LTI Platform Notification Service 1.0).
    """

    code = "notices_malformed"
    side = Side.REQUEST
    advice = "This address is for LMSs alone."


class NoticeUnknownSenderError(LaunchRefusedError):
    """The notice is not from an LMS that is registered here and switched on, or not from a deployment that is known."""

    code = "notice_sender"
    status = 403


class NoticeShapeError(LaunchRefusedError):
    """The notice does not say what it is about."""

    code = "notice_shape"


class NoticeHandlersError(LaunchRefusedError):
    """The LMS did not take the address to which it is to send its notices."""

    code = "notice_handlers"
    status = 502
    advice = "Passback tries again by itself; copied courses work without, as far as links carry their content's id."
