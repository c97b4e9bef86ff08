"""Names and Role Provisioning Services 2.0: the whole roster of an LMS course, or an error.

What differs between LMSs (seen, or read in their sources): Moodle sends everybody at once unless `limit` is asked for,
and lists nobody who is suspended; Canvas hands out 50 at a time, Schoology 100 at most; older Open edX refuses large
courses with 403 `above_response_limit`. `role` and `rlid` are never sent: Moodle's next link loses the one, Sakai's the
other, and the pages after the first would be of another list.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from passback.lti.claims import MAX_ID, strings, text
from passback.lti.message import View
from passback.lti.paging import PagingError, pages
from passback.lti.roles import view_of
from passback.lti.roster_errors import (
    RosterAnswerError,
    RosterError,
    RosterGoneError,
    RosterLaterError,
    RosterRefusedError,
    RosterTooLargeError,
)
from passback.lti.services import ServiceClient, with_query
from passback.lti.tokens import TokenRefusedError, retry_after
from passback.outbound import HttpAnswer, OutboundAnswerError, OutboundError, OutboundRefusedError

MEMBERS_TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
MAX_MEMBERS = 100_000
MAX_NAME = 400
PATIENCE = 5
"""How often a reading waits for an LMS that asks for it."""
LONGEST_WAIT = 60.0
STALE_PAGES = 2
"""Pages in a row that may bring nobody new: somebody with two roles may be listed twice."""
SMALL_PAGE = 100


@dataclass(frozen=True, slots=True)
class Member:
    """A person in a course. `user_id` is the `sub` of their launches; every name may be empty.

    Args:
        role: learner, staff, both, mentor, test or unknown.
        status: active, inactive or deleted.
    """

    user_id: str
    role: str
    status: str = "active"
    name: str = ""
    given_name: str = ""
    family_name: str = ""
    email: str = ""


@dataclass
class Reading:
    """What has been read so far. `left_out` counts entries that name nobody, `stale` the last pages without news."""

    members: dict[str, Member] = field(default_factory=dict)
    pages: int = 0
    left_out: int = 0
    stale: int = 0


def read_roster(
    client: ServiceClient,
    url: str,
    *,
    page_size: int,
    on_page: Callable[[Reading], None],
    wait: Callable[[float], None] = time.sleep,
) -> Reading:
    """Return the whole roster.

    Args:
        url: `context_memberships_url` of a launch.
        page_size: what to ask for as `limit`; 0: do not ask.
        on_page: told after each page.
        wait: lets seconds pass, for an LMS that asks to wait.

    Raises:
        RosterError: the platform refused, failed or answered with no roster.
        PagingError: the pages do not fit together.
    """
    try:
        return _read(client, url, page_size, on_page, wait)
    except RosterTooLargeError:
        if page_size:
            raise
        return _read(client, url, SMALL_PAGE, on_page, wait)


def _read(
    client: ServiceClient,
    url: str,
    page_size: int,
    on_page: Callable[[Reading], None],
    wait: Callable[[float], None],
) -> Reading:
    reading, caller = Reading(), _Caller(client, wait)
    first = with_query(url, limit=str(page_size)) if page_size else url
    for answer in pages(caller.get, first, client):
        _take(reading, _entries(answer))
        if len(reading.members) > MAX_MEMBERS:
            raise RosterTooLargeError(f"more than {MAX_MEMBERS} members")
        on_page(reading)
    return reading


def _take(reading: Reading, entries: Sequence[JsonValue]) -> None:
    """Add one page to what was read.

    Raises:
        PagingError: once more everybody on it has been read before: a circle under ever new addresses.
        RosterAnswerError: nobody on it can be made out.
    """
    found = [member for member in map(read_member, entries) if member is not None]
    if entries and not found:
        raise RosterAnswerError("members without ids", http_status=200)
    before = len(reading.members)
    for member in found:
        known = reading.members.get(member.user_id)
        if known is None or known.status != "active" or member.status == "active":
            reading.members[member.user_id] = member
    reading.pages += 1
    reading.stale = 0 if len(reading.members) > before else reading.stale + 1
    if reading.stale > STALE_PAGES:
        raise PagingError("pages that bring nobody new")
    reading.left_out += len(entries) - len(found)


class _Caller:
    """Gets pages, with some patience for an LMS that is busy."""

    def __init__(self, client: ServiceClient, wait: Callable[[float], None]) -> None:
        self._client = client
        self._wait = wait
        self._left = PATIENCE

    def get(self, url: str) -> HttpAnswer:
        while True:
            try:
                answer = self._client.call("GET", url, accept=MEMBERS_TYPE)
            except TokenRefusedError as error:
                kind = RosterLaterError if _is_busy(error.http_status) else RosterRefusedError
                raise kind("token", http_status=error.http_status, retry_after=error.retry_after) from error
            except OutboundRefusedError as error:
                raise RosterRefusedError(f"address refused: {error.detail}") from error
            except OutboundAnswerError as error:
                raise RosterAnswerError(error.detail) from error
            except OutboundError as error:
                raise RosterLaterError(error.code) from error
            seconds = retry_after(answer)
            if not _is_busy(answer.status) or self._left == 0 or (seconds or 0.0) > LONGEST_WAIT:
                return answer
            self._left -= 1
            self._wait(10.0 if seconds is None else seconds)


def _is_busy(status: int) -> bool:
    return status in {429, 502, 503, 504}


def _entries(answer: HttpAnswer) -> Sequence[JsonValue]:
    """Return the members of one page."""
    _check(answer)
    try:
        body = answer.json()
    except OutboundError as error:
        raise RosterAnswerError("no JSON", http_status=answer.status) from error
    members = body.get("members") if isinstance(body, dict) else None
    if not isinstance(members, list):
        raise RosterAnswerError("no list of members", http_status=answer.status)
    return members


def _check(answer: HttpAnswer) -> None:
    status = answer.status
    if status == 200:
        return
    kind: type[RosterError] = RosterAnswerError
    if b"above_response_limit" in answer.body[:2000]:  # Open edX
        kind = RosterTooLargeError
    elif status in {401, 403}:  # Moodle answers 401 to a token without the scope
        kind = RosterRefusedError
    elif status in {404, 410}:
        kind = RosterGoneError
    elif status == 429 or status >= 500:
        kind = RosterLaterError
    raise kind(f"status {status}", http_status=status, retry_after=retry_after(answer))


def read_member(entry: JsonValue) -> Member | None:
    """Return one entry of `members` (NRPS 2.0 §2.2), None where it names nobody."""
    if not isinstance(entry, dict):
        return None
    user_id = entry.get("user_id")
    if isinstance(user_id, int) and not isinstance(user_id, bool):
        user_id = str(user_id)
    if not isinstance(user_id, str) or not user_id.strip() or len(user_id) > MAX_ID or text(user_id) != user_id.strip():
        return None
    return Member(
        user_id=user_id,
        role=role_of(strings(entry.get("roles"))),
        status=_status(entry.get("status")),
        name=text(entry.get("name"), MAX_NAME),
        given_name=text(entry.get("given_name"), MAX_NAME),
        family_name=text(entry.get("family_name"), MAX_NAME),
        email=text(entry.get("email"), MAX_NAME),
    )


def role_of(roles: Sequence[str]) -> str:
    """Return what somebody is in the course: learner, staff, both, mentor, test or unknown; see `view_of`."""
    if any(role.endswith("#TestUser") for role in roles):  # LTI Core §A.2.4: in a vocabulary of its own
        return "test"
    view, may_learn, is_known = view_of(roles)
    if view is View.LEARNER and not is_known:
        return "unknown"
    return "both" if may_learn else str(view)


def _status(value: JsonValue) -> str:
    """Return a member's status; absent means active (NRPS 2.0 §2.2), and so does a word nobody knows."""
    word = value.strip().lower() if isinstance(value, str) else ""
    return word if word in {"inactive", "deleted"} else "active"
