"""Launches that a browser, or the page around it, cannot answer for."""

from passback.errors import PassbackError, Side
from passback.lti.errors import LaunchRefusedError

_AGAIN = "Open the course from your LMS again"


class OpenerSilentError(LaunchRefusedError):
    """Passback cannot see that this tab belongs to you: the page that opened it did not answer for it.

    Either that page is gone, or another site opened the tab; and the browser keeps no cookie for this site.
    """

    code = "opener_silent"
    status = 403
    side = Side.BROWSER
    advice = f"{_AGAIN} and leave the page open that offers the new tab, or allow cookies for this site."


class StorageSilentError(LaunchRefusedError):
    """Your LMS did not give back what it keeps for this browser, so Passback cannot see that this launch is yours.

    What platform storage was asked for at the launch was missing, or was another login's.
    """

    code = "storage_silent"
    status = 403
    side = Side.BROWSER
    advice = f"{_AGAIN} in this browser. If that does not help, open it in a window of its own, or allow cookies."


class ReportRefusedError(PassbackError):
    """What the browser reported is not in the form that Passback asks for."""

    code = "browser_report"
    status = 400
    advice = "Load the page again and repeat the test."
