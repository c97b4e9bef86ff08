"""The pages of login and launch. They may be framed by the LMS, need no cookie and say what happened."""

from collections.abc import Iterable

from flask import Response, make_response, render_template

from passback.errors import PassbackError
from passback.lti import framing
from passback.lti.attempt import Attempt
from passback.lti.message import Launch


def go(url: str, status: int) -> Response:
    """Send the browser on: 302 to the LMS, 303 after a POST, 307 to ask the same again."""
    headers = {"Location": url, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Response(status=status, headers=headers)


def refusal(error: PassbackError, under_way: Attempt) -> Response:
    """Say what happened, on whose side, what to do next, and the code that the record is found by."""
    page = render_template("lti/refused.html", error=error, code=under_way.code)
    return framing.frame(make_response(page, error.status), under_way.ancestors())


def new_tab(token: str, opener: str, under_way: Attempt) -> Response:
    """Offer to go on in a new tab, because the browser keeps no cookie here.

    Args:
        token: carries the login on; useless without a browser to bind.
        opener: secret of this very page, told to nobody but the tab that it opens.
    """
    page = render_template("lti/new_tab.html", token=token, opener=opener)
    return framing.frame(make_response(page), under_way.ancestors())


def ask_opener(id_token: str, state: str, under_way: Attempt) -> Response:
    """Have the page that opened this tab answer for it, then post the launch again with its answer."""
    page = render_template("lti/ask_opener.html", id_token=id_token, state=state, code=under_way.code)
    return framing.frame(make_response(page), under_way.ancestors())


def not_set_up(launch: Launch) -> Response:
    """Tell a learner that the link leads nowhere yet."""
    page = render_template("lti/not_set_up.html", code=launch.code, return_url=launch.return_url)
    return framing.frame(make_response(page), launch.ancestors)


def open_as(token: str, preview: str, ancestors: Iterable[str]) -> Response:
    """Let someone who teaches and learns in one course choose."""
    page = render_template("lti/open_as.html", token=token, preview=preview)
    return framing.frame(make_response(page), ancestors)
