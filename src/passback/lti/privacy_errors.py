"""What can be wrong with a data privacy launch and its pages."""

from passback.errors import Side
from passback.lti.errors import LaunchRefusedError


class PrivacyRefusedError(LaunchRefusedError):
    """Only administrators of the LMS or of the institution may see what is kept of people."""

    code = "privacy_refused"
    status = 403
    side = Side.REQUEST
    advice = "Ask an administrator of your LMS. What is kept of you yourself they can show, export and erase."


class NotConfirmedError(LaunchRefusedError):
    """Nothing was erased: the box that confirms it was not ticked."""

    code = "erasure_not_confirmed"
    side = Side.REQUEST
    advice = "Go back, read what will be erased, tick the box and send it again."
