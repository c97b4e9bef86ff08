"""The pages of login and launch. They may be framed by the LMS, need no cookie and say what happened."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask import Response, make_response, render_template

from passback.errors import PassbackError
from passback.lti import browser_reports, framing
from passback.lti.attempt import Attempt
from passback.lti.message import Launch
from passback.lti.message_launch import Login
from passback.lti.models import Platform
from passback.lti.states import STATE_SECONDS
from passback.runtime import runtime
from passback.sealing import TokenError, hash_token

MAX_TARGET = 200
FRAMED_BY = "lti-framed-by"
"""Purpose of the token by which the second request of a launch knows who framed the first."""


def go(url: str, status: int) -> Response:
    """Send the browser on: 302 to the LMS, 303 after a POST, 307 to ask the same again."""
    headers = {"Location": url, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Response(status=status, headers=headers)


def refusal(error: PassbackError, under_way: Attempt) -> Response:
    """Say what happened, on whose side, what to do next, and the code that the record is found by."""
    ticket = browser_reports.ticket(under_way.code)
    page = render_template("lti/refused.html", error=error, code=under_way.code, ticket=ticket, **_check())
    return _with_check(make_response(page, error.status), under_way.ancestors())


@dataclass(frozen=True)
class InStorage:
    """What the LMS's page shall keep for this browser, or give back.

    Args:
        origin: of the platform's authentication endpoint; nothing is said to any other (1EdTech lti-cs-oidc).
        target: name of the frame that keeps it, as the LMS says it (`lti_storage_target`), "" where it does not.
        state: of the login.
        nonce: the secret that the login's nonce is made of; "" where it is to be given back.
    """

    origin: str
    target: str
    state: str
    nonce: str = ""

    @property
    def key(self) -> str:
        """What tells the entries of two tabs apart."""
        return hash_token(self.state)[:16]


def in_storage(platform: Platform, parameters: Mapping[str, str], state: str, nonce: str = "") -> InStorage:
    """Return what platform storage is asked, by what the LMS sent."""
    target = parameters.get("lti_storage_target", "")[:MAX_TARGET]
    return InStorage(framing.origin_of(platform.auth_login_url), target, state, nonce)


def climb(token: str, opener: str, stored: InStorage, under_way: Attempt) -> Response:
    """Have the LMS's page keep the proof, or else offer a new tab: the browser keeps no cookie here.

    Args:
        token: carries the login on; useless without a browser to bind.
        opener: secret of this very page, told to nobody but the tab that it opens.
    """
    page = render_template("lti/new_tab.html", token=token, opener=opener, stored=stored, **_check())
    return _with_check(make_response(page), under_way.ancestors())


def ask(parameters: Mapping[str, str], login: Login, under_way: Attempt) -> Response:
    """Have platform storage, or the page that opened this tab, answer for the browser; then post the launch again."""
    asked_by = framing.asking_origin()
    page = render_template(
        "lti/ask_storage.html" if login.state.in_storage else "lti/ask_opener.html",
        id_token=parameters["id_token"],
        state=parameters["state"],
        framed_by=runtime().sealer.sign(FRAMED_BY, asked_by) if asked_by else "",
        stored=in_storage(login.platform, parameters, parameters["state"]),
    )
    answer = framing.frame(make_response(page), under_way.ancestors())
    answer.headers["Referrer-Policy"] = "same-origin"  # else its form says `Origin: null` (Fetch, Origin header)
    return answer


def framed_before(parameters: Mapping[str, str]) -> tuple[str, ...]:
    """Return who framed the page that posts a launch again; the browser names only that page as where it comes from."""
    if "framed_by" not in parameters:
        return ()
    try:
        return (str(runtime().sealer.verify(FRAMED_BY, parameters["framed_by"], max_age=STATE_SECONDS)),)
    except TokenError:
        return ()


def self_check(ticket: str = "", code: str = "") -> Response:
    """Test the browser. The page holds nothing, so anybody may frame it: an LMS's own help page, for one."""
    page = render_template("lti/check.html", ticket=ticket, code=code, **_check())
    return _with_check(make_response(page), framing.ANYONE)


def _check() -> dict[str, object]:
    return {"checks": browser_reports.CHECKS, "content_probe": content_probe()}


def _with_check(response: Response, sources: Iterable[str]) -> Response:
    """Frame a page that can test its browser, which includes whether courses' own address can be reached."""
    return framing.frame(response, sources, reaches=content_probe())


def content_probe() -> str:
    """Return an origin of the content host that answers."""
    return runtime().settings.content_url.replace("*", "check")


def open_again() -> Response:
    """Say where a launch that is over leads: nowhere. What "back" and "reload" show of the steps of a launch."""
    return framing.frame(make_response(render_template("lti/open_again.html")), framing.ANYONE)


def not_set_up(launch: Launch) -> Response:
    """Tell a learner that the link leads nowhere yet."""
    page = render_template("lti/not_set_up.html", code=launch.code, return_url=launch.return_url)
    return framing.frame(make_response(page), launch.ancestors)


def open_as(token: str, preview: str, ancestors: Iterable[str]) -> Response:
    """Let someone who teaches and learns in one course choose."""
    page = render_template("lti/open_as.html", token=token, preview=preview)
    return framing.frame(make_response(page), ancestors)
