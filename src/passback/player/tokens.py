"""The tokens in player URLs. Each is for one purpose; none is a cookie (design §8).

Those that carry the way back to the LMS cannot be read by others: packages see the address of the player page around
them, and Moodle's way back holds the session key of whoever launched, with which a package could act there.
"""

import time
from dataclasses import asdict, dataclass, replace
from uuid import UUID

from passback.player.errors import LinkExpiredError, SessionTokenError
from passback.runtime import runtime
from passback.sealing import TokenError

HOUR = 3600
ENTRY_SECONDS = 12 * HOUR
"""How long a launch may be opened and re-opened."""
LATE_SECONDS = 14 * 24 * HOUR
"""How long a session's events are taken after its token was made (design §8)."""
RENEW_SECONDS = HOUR
"""Age at which a session's token is renewed in an answer."""


@dataclass(frozen=True)
class Entry:
    """What a launch allows: one learner's registration, or a preview of a course version.

    Args:
        tenant: id of the tenant, in hexadecimal, like every id here.
        registration: "" for a preview.
        version: the course version to preview; "" otherwise.
        return_url: the way back to the LMS, or "".
        code: the launch's short code, for support.
        framed_by: origins that may frame the player page, separated by spaces; "" for any: an LMS may be framed by, or
            run on, hosts it never told us about, and the page acts on nothing but the token in its path.
        since: when the launch was made, seconds since 1970.
    """

    tenant: str
    registration: str = ""
    version: str = ""
    return_url: str = ""
    code: str = ""
    framed_by: str = ""
    since: int = 0

    @property
    def preview(self) -> bool:
        """True where staff look at a course and nothing is stored."""
        return not self.registration

    @property
    def fresh(self) -> bool:
        """True while this launch may still be opened."""
        return time.time() - self.since < ENTRY_SECONDS


@dataclass(frozen=True)
class Play:
    """An entry on its way into the player, after the choices that had to be made.

    Args:
        version: the course version, which fixes the content origin.
        review: look at a passed attempt without changing it.
        new_attempt_after: start a new attempt if that many exist, so that a reload does not start another; -1: no.
        go_on: go on in a passed attempt that was paused.
        change_version: the new attempt takes the place of one on another version of the course.
    """

    entry: Entry
    version: str
    review: bool = False
    new_attempt_after: int = -1
    change_version: bool = False
    go_on: bool = False


@dataclass(frozen=True)
class SessionClaims:
    """One session of one learner with one course version. `session` is "" in a preview, which stores nothing."""

    tenant: str
    session: str
    learner: str
    version: str


def sign_entry(entry: Entry) -> str:
    """Return the token of `/open/…` and `/result/…`."""
    return runtime().sealer.hide("player.entry", vars(entry))


def new_entry(entry: Entry) -> str:
    """Return the token of a launch made now."""
    return sign_entry(replace(entry, since=int(time.time())))


def read_entry(token: str, *, max_age: float = ENTRY_SECONDS) -> Entry:
    """Return what `/open/<token>` allows.

    Args:
        max_age: seconds since the launch; the result page is shown for longer than a course may be opened.

    Raises:
        LinkExpiredError: forged, damaged or too old.
    """
    try:
        entry = Entry(**runtime().sealer.reveal("player.entry", token, max_age=LATE_SECONDS))
    except TokenError as error:
        raise LinkExpiredError(error.detail) from error
    if time.time() - entry.since >= max_age:
        raise LinkExpiredError("the launch is too old")
    return entry


def sign_play(play: Play) -> str:
    """Return the token of the player page."""
    return runtime().sealer.hide("player.play", asdict(play))


def read_play(token: str) -> Play:
    """Return what the player page of `token` may open.

    Raises:
        LinkExpiredError: forged, damaged or too old.
    """
    try:
        value = runtime().sealer.reveal("player.play", token, max_age=ENTRY_SECONDS)
        return Play(**{**value, "entry": Entry(**value["entry"])})
    except TokenError as error:
        raise LinkExpiredError(error.detail) from error


def sign_session(claims: SessionClaims) -> str:
    """Return the token of a session's event URL."""
    return runtime().sealer.sign("player.session", {**asdict(claims), "at": int(time.time())})


def read_session(token: str) -> tuple[SessionClaims, str]:
    """Return what `token` stands for, and a renewed token once it is an hour old ("" before).

    Raises:
        SessionTokenError: forged, damaged, or older than 14 days.
    """
    try:
        value = runtime().sealer.verify("player.session", token, max_age=LATE_SECONDS)
    except TokenError as error:
        raise SessionTokenError(error.detail) from error
    at = value.pop("at")
    claims = SessionClaims(**value)
    return claims, sign_session(claims) if time.time() - at > RENEW_SECONDS else ""


def as_uuid(text: str) -> UUID:
    """Return the id that a token carries."""
    return UUID(hex=text)
