"""Which browser a login belongs to, so that nobody can finish in one browser what was begun in another (login CSRF).

A ladder, chosen at `/lti/login` before the LMS's single-use hint is spent:

1. a Partitioned cookie. It is one per browser and LMS, random, HttpOnly, and made here only, never from input;
2. (room for platform storage by postMessage, issue 3);
3. a new tab, where the tool is a first party and its cookie is kept; where even that is refused, the page that opened
   the tab answers for it (`opener`): it holds a secret that was made for this login alone and tells it to nobody but
   the window it opened itself, on our own origin.
"""

import hmac
import re

from flask import Request, Response

from passback.lti.errors import OtherBrowserError
from passback.lti.message_launch import State
from passback.runtime import runtime
from passback.sealing import hash_token

COOKIE = "cookie"
TAB = "tab"

SECONDS = 30 * 24 * 3600
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def cookie_name() -> str:
    """Return the cookie's name; the prefix needs https, browsers refuse it on http://localhost too."""
    return "__Host-passback-lti" if runtime().settings.secure else "passback-lti"


def cookie_of(request: Request) -> str:
    """Return the browser's binding, "" without one."""
    value = request.cookies.get(cookie_name(), "")
    return value if _TOKEN.fullmatch(value) else ""


def opener_of(request: Request, said: str) -> str:
    """Return what the page said that opened the tab.

    Whoever begins a login knows the secret of the page they get: posted from a site of theirs, in somebody else's
    browser, it would finish there what was begun elsewhere. Browsers say where a form comes from (Fetch Metadata;
    Safari since 16.4); one that does not is believed.

    Raises:
        OtherBrowserError: another site says it.
    """
    if said and request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise OtherBrowserError("a secret that another site posts")
    return said


def set_cookie(response: Response, value: str) -> None:
    """Give the browser its binding. Partitioned: allowed in frames where third-party cookies are blocked."""
    response.set_cookie(
        cookie_name(),
        value,
        max_age=SECONDS,
        path="/",
        secure=True,  # browsers take SameSite=None only so; on http://localhost Chromium and Firefox keep it
        httponly=True,
        samesite="None",
        partitioned=True,
    )


def is_bound(state: State, cookie: str, opener: str = "") -> bool:
    """Say whether the browser is the one that began the login.

    Args:
        cookie: what the browser's cookie says, or "".
        opener: what the page said that opened the tab, or "".

    Raises:
        OtherBrowserError: it is not, and nothing it could still show would change that.
    """
    if _matches(cookie, state.binding_hash) or _matches(opener, state.opener_hash):
        return True
    if not state.opener_hash or opener:
        raise OtherBrowserError("another cookie" if cookie else "no cookie")
    return False


def _matches(secret: str, expected: str) -> bool:
    return bool(secret and expected) and hmac.compare_digest(hash_token(secret), expected)
