"""Which browser a login belongs to, so that nobody can finish in one browser what was begun in another (login CSRF).

A ladder, chosen at `/lti/login` before the LMS's single-use hint is spent:

1. a Partitioned cookie. It is one per browser and LMS, random, HttpOnly, and made here only, never from input;
2. platform storage (1EdTech lti-cs-oidc, lti-pm-s): the LMS's page keeps the state and a secret for our origin, in
   this browser. The nonce that travels is the secret's hash (OpenID Connect Core §15.5.2), so that only a page of
   ours that was given the secret back can show it;
3. a new tab, where the tool is a first party and its cookie is kept; where even that is refused, the page that opened
   the tab answers for it (`opener`): it holds a secret that was made for this login alone and tells it to nobody but
   the window it opened itself, on our own origin.

Whoever begins a login knows all of its secrets. So what 2 and 3 show counts only from a page of ours (`from_own_page`):
posted by another site, in somebody else's browser, it would finish there what was begun elsewhere.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass

from flask import Request, Response

from passback.lti.browser_errors import OpenerSilentError, StorageSilentError
from passback.lti.errors import OtherBrowserError
from passback.lti.framing import origin_of
from passback.lti.message_launch import State
from passback.runtime import runtime
from passback.sealing import hash_token

COOKIE, STORAGE, TAB = "cookie", "storage", "tab"

OPENER_FIELD, STATE_FIELD, NONCE_FIELD = "opener", "stored_state", "stored_nonce"
"""Fields in which our own page posts a launch again, with what it was told by its opener or by platform storage."""
NOTHING = "none"
"""What they hold where nobody told the page anything."""
SECONDS = 30 * 24 * 3600
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Shown:
    """What a browser shows of itself at a launch. All but the cookie counts from a page of ours only."""

    cookie: str = ""
    opener: str = ""
    stored_state: str = ""
    stored_nonce: str = ""

    @property
    def is_told(self) -> bool:
        """Whether a page of ours has asked already."""
        return bool(self.opener or self.stored_state or self.stored_nonce)


def cookie_name() -> str:
    """Return the cookie's name; the prefix needs https, browsers refuse it on http://localhost too."""
    return "__Host-passback-lti" if runtime().settings.secure else "passback-lti"


def cookie_of(request: Request) -> str:
    """Return the browser's binding, "" without one."""
    value = request.cookies.get(cookie_name(), "")
    return value if _TOKEN.fullmatch(value) else ""


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


def from_own_page(request: Request) -> bool:
    """Say whether a page of ours sent this form.

    Fetch Metadata says it; a browser that knows none of it (Safari before 16.4, any on plain http) sends `Origin` with
    every form. One that says neither is not believed.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    return request.headers.get("Origin", "") == origin_of(runtime().settings.url)


def shown_by(request: Request, parameters: Mapping[str, str]) -> Shown:
    """Return what the browser shows.

    Raises:
        OtherBrowserError: another site posts what only a page of ours may say.
    """
    told = (parameters.get(name, "") for name in (OPENER_FIELD, STATE_FIELD, NONCE_FIELD))
    shown = Shown(cookie_of(request), *told)
    if shown.is_told and not from_own_page(request):
        raise OtherBrowserError("a secret that another site posts")
    return shown


def travelling_nonce(stored: str) -> str:
    """Return the nonce of a login whose secret the LMS's page keeps; the secret itself never travels to the LMS."""
    return hash_token(f"lti-nonce:{stored}")


def bound_by(state: State, posted_state: str, shown: Shown) -> str:
    """Say by what the browser is the one that began the login: `cookie`, `storage` or `tab`.

    Args:
        posted_state: the launch's state, as it came.

    Returns:
        "" where a page of ours has to ask: the LMS's page if `state.in_storage`, else the page that opened the tab.

    Raises:
        OtherBrowserError: it is not, and nothing that it could still show would change that.
    """
    if _matches(shown.cookie, state.binding_hash):
        return COOKIE
    if state.in_storage:
        if _is_stored(state, posted_state, shown):
            return STORAGE
    elif _matches(shown.opener, state.opener_hash):
        return TAB
    if (state.in_storage or state.opener_hash) and not shown.is_told:
        return ""
    if state.in_storage:
        raise StorageSilentError("nothing" if shown.stored_nonce == NOTHING else "another value")
    if shown.opener == NOTHING:
        raise OpenerSilentError
    raise OtherBrowserError("another cookie" if shown.cookie else "no cookie")


def _is_stored(state: State, posted_state: str, shown: Shown) -> bool:
    if not shown.stored_nonce or not hmac.compare_digest(shown.stored_state.encode(), posted_state.encode()):
        return False
    return _matches(travelling_nonce(shown.stored_nonce), state.nonce_hash)


def _matches(secret: str, expected: str) -> bool:
    return bool(secret and expected) and hmac.compare_digest(hash_token(secret), expected)
