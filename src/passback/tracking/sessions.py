"""Sessions: opening, taking over, closing and coming back to (design §8, *Ends*)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from passback.clock import utc_now
from passback.content.errors import ContentTypeMissingError
from passback.db import TenantSession
from passback.plugin import SESSION_STARTED, Resumes
from passback.tracking import journal
from passback.tracking.courses import find_subject
from passback.tracking.ending import close_idle, close_session, end
from passback.tracking.errors import AttemptRefusedError, NothingToReviewError, SessionBusyError
from passback.tracking.grading import is_done
from passback.tracking.models import Attempt, Placement, PlaySession, Registration
from passback.tracking.outcome import load
from passback.tracking.rollup import attempts_of
from passback.tracking.state import load_state
from passback.tracking.versions import (
    VersionChange,
    find_current,
    gives_way,
    is_undecided,
    next_version,
    version_change,
)
from passback.tracking.work import begin_work, lock_attempt

log = structlog.get_logger(__name__)

QUIET = timedelta(seconds=90)
"""A session without a sign of life for this long is taken over silently."""

__all__ = ["QUIET", "Standing", "close_idle", "close_session", "find_session", "open_session", "standing"]

Mode = Literal["normal", "review", "browse"]


@dataclass(frozen=True)
class Standing:
    """What somebody who opens a registration meets.

    Args:
        kind: `start`: no attempt yet; `resume`: the attempt goes on; `passed`: review, or a new attempt if allowed;
            `used_up`: passed and no attempt left, so that review is all there is.
        busy: it is open in another window, seen within 90 seconds.
        new_attempt_allowed: `open_session(new_attempt=True)` would be accepted.
        attempts: how many there are.
        paused: with `passed` and `used_up`: content was left with the wish to be resumed, so that
            `open_session(go_on=True)` would be accepted.
        version_change: with `resume`: the attempt is on another version of the course than the current one, and the
            learner may choose that (`ask`) or is led to it (`at_once`).
        uses_attempt: the change would use up one of the allowed attempts.
    """

    kind: Literal["start", "resume", "passed", "used_up"]
    busy: bool = False
    new_attempt_allowed: bool = False
    attempts: int = 0
    paused: bool = False
    version_change: VersionChange = "none"
    uses_attempt: bool = False


def standing(session: TenantSession, registration: Registration, *, tab: str = "") -> Standing:
    """Return what an opener of `registration` would meet now. Reads only.

    Args:
        tab: the browser tab that asks; a session in the same tab is no other window.
    """
    attempts = attempts_of(session, registration)
    if not attempts:
        return Standing("start")
    placement = _placement(session, registration)
    current = _current(session, attempts[-1])
    busy = current is not None and _is_busy(current, tab, utc_now())
    latest = attempts[-1]
    left = _attempts_left(placement, sum(not attempt.replaced for attempt in attempts))
    allowed = left and _may_be_left_behind(latest, placement)
    if is_done(load(latest.outcome), placement.pass_mark):
        kind: Literal["passed", "used_up"] = "passed" if left else "used_up"
        return Standing(kind, busy, allowed, len(attempts), _is_paused(session, latest))
    current_version = find_current(session, registration.course_id)
    change = version_change(current_version, latest, another_allowed=allowed)
    uses = change != "none" and placement.max_attempts > 0 and not is_undecided(latest)
    return Standing("resume", busy, allowed, len(attempts), version_change=change, uses_attempt=uses)


def open_session(
    session: TenantSession,
    registration: Registration,
    *,
    mode: Mode = "normal",
    new_attempt: bool = False,
    go_on: bool = False,
    change_version: bool = False,
    tab: str = "",
    take_over: bool = False,
) -> PlaySession:
    """Open a session and record its start.

    Not passed: the same attempt goes on. Passed: the session is a review, unless a new attempt is asked for, or to go
    on in an attempt that was paused, which can only raise what it came to. A review changes nothing and takes nothing
    over.

    Args:
        mode: `review` and `browse` never change an outcome.
        new_attempt: begin another attempt, on the course's current version.
        go_on: go on in an attempt that is passed, if its content was paused.
        change_version: with `new_attempt`: leave an attempt on another version, also one that has come to nothing yet;
            such a one does not count among those that are allowed (docs/decisions/0017-course-versions.md).
        tab: names the browser tab, "" where it is not known.
        take_over: go on here although the course is open elsewhere.

    Raises:
        SessionBusyError: open in another window, and `take_over` is off.
        AttemptRefusedError: no new attempt is allowed.
        NothingToReviewError: `review` or `browse` before the first attempt.
    """
    now = utc_now()
    placement = _placement(session, registration)
    latest = _lock_latest(session, registration)
    if mode != "normal":
        return _open_review(session, latest, mode=mode, tab=tab, now=now)
    if latest is None:
        first = _begin_attempt(session, registration, 1, now)
        if first is None:  # another window has just begun it
            return open_session(session, registration, mode=mode, tab=tab, take_over=take_over)
        return _open_on(session, first, tab, now)
    stays_over = not (new_attempt or (go_on and _is_paused(session, latest)))
    if stays_over and is_done(load(latest.outcome), placement.pass_mark):
        return _open_review(session, latest, mode="review", tab=tab, now=now)
    replaced = new_attempt and change_version and gives_way(session, registration, latest)
    if new_attempt and not replaced and not _may_begin_another(session, registration, latest, placement):
        raise AttemptRefusedError(f"attempt {latest.number} of {placement.max_attempts}")
    _take_over(session, latest, tab, now, take_over=take_over)
    latest.replaced = latest.replaced or replaced
    return _open_on(session, _next_attempt(session, registration, latest, now) if new_attempt else latest, tab, now)


def _is_paused(session: TenantSession, attempt: Attempt) -> bool:
    try:
        subject = find_subject(session, attempt)
    except ContentTypeMissingError:
        return False
    content_type = subject.content_type
    if not isinstance(content_type, Resumes):
        return False
    state = load_state(session, subject, attempt, outcome=load(attempt.outcome))
    try:
        return content_type.is_paused(state)
    except Exception as error:  # noqa: BLE001 - a plugin's fault must not keep a passed course shut
        log.error("tracking.is_paused_failed", content_type=content_type.key, error=type(error).__name__)
        return False


def _next_attempt(session: TenantSession, registration: Registration, latest: Attempt, now: datetime) -> Attempt:
    latest.status, latest.ended_at = "ended", latest.ended_at or now
    attempt = None
    while attempt is None:  # the version may be deleted in between; nobody else can begin one, the latest is locked
        attempt = _begin_attempt(session, registration, latest.number + 1, now, latest)
    return attempt


def _open_on(session: TenantSession, attempt: Attempt, tab: str, now: datetime) -> PlaySession:
    play = _add_session(session, attempt, mode="normal", tab=tab, now=now)
    work = begin_work(session, play.id)
    work.parts.start_session()
    work.attempt.status = "active"
    work.apply([journal.add_own(session, play, SESSION_STARTED, {"mode": "normal"}, now)])
    work.conclude(now)
    session.flush()
    return play


def _open_review(
    session: TenantSession, attempt: Attempt | None, *, mode: Mode, tab: str, now: datetime
) -> PlaySession:
    if attempt is None:
        raise NothingToReviewError
    play = _add_session(session, attempt, mode=mode, tab=tab, now=now)
    journal.add_own(session, play, SESSION_STARTED, {"mode": mode}, now)
    session.flush()
    return play


def _add_session(session: TenantSession, attempt: Attempt, *, mode: Mode, tab: str, now: datetime) -> PlaySession:
    play = PlaySession(attempt_id=attempt.id, mode=mode, tab=tab, opened_at=now, last_seen_at=now)
    session.add(play)
    session.flush()
    return play


def _take_over(session: TenantSession, attempt: Attempt, tab: str, now: datetime, *, take_over: bool) -> None:
    """End the newest session of the attempt and give it a branch for what may still arrive from it."""
    current = _current(session, attempt)
    if current is None:
        return
    if not take_over and _is_busy(current, tab, now):
        raise SessionBusyError(str(current.id))
    work = begin_work(session, current.id)
    if work.play.status == "open":
        end(work, "superseded", now)
        work.play.status = "superseded"
    work.take_branch()
    work.conclude(now)
    session.flush()


def _lock_latest(session: TenantSession, registration: Registration) -> Attempt | None:
    """Lock the registration's newest attempt; look again where another began one while this waited for the lock."""
    newest = select(func.max(Attempt.number)).where(Attempt.registration_id == registration.id)
    while True:
        number = session.scalars(newest).one()
        if number is None:
            return None
        found = select(Attempt.id).where(Attempt.registration_id == registration.id, Attempt.number == number)
        attempt = lock_attempt(session, session.scalars(found).one())
        if attempt is not None and session.scalars(newest).one() == attempt.number:
            return attempt


def _begin_attempt(
    session: TenantSession, registration: Registration, number: int, now: datetime, latest: Attempt | None = None
) -> Attempt | None:
    version = next_version(session, registration, latest)
    attempt = Attempt(registration_id=registration.id, course_version_id=version, number=number, started_at=now)
    try:
        with session.begin_nested():
            session.add(attempt)
    except IntegrityError:
        return None
    return attempt


def _current(session: TenantSession, attempt: Attempt) -> PlaySession | None:
    """Return the newest session that counts: the only one without a branch."""
    statement = (
        select(PlaySession)
        .where(PlaySession.attempt_id == attempt.id, PlaySession.mode == "normal", PlaySession.branch.is_(None))
        .order_by(PlaySession.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    return session.scalars(statement).one_or_none()


def _is_busy(current: PlaySession, tab: str, now: datetime) -> bool:
    same_tab = bool(tab) and tab == current.tab
    return current.status == "open" and not same_tab and now - current.last_seen_at < QUIET


def _may_begin_another(
    session: TenantSession, registration: Registration, latest: Attempt, placement: Placement
) -> bool:
    count = session.scalars(
        select(func.count()).where(Attempt.registration_id == registration.id, Attempt.replaced.is_(False))
    ).one()
    return _attempts_left(placement, count) and _may_be_left_behind(latest, placement)


def _attempts_left(placement: Placement, attempts: int) -> bool:
    return placement.max_attempts == 0 or attempts < placement.max_attempts


def _may_be_left_behind(attempt: Attempt, placement: Placement) -> bool:
    """An attempt that came to something: passed, or ended with a verdict or a completion. Others go on."""
    outcome = load(attempt.outcome)
    over = attempt.status != "active" and (outcome.success != "unknown" or outcome.completion == "completed")
    return over or is_done(outcome, placement.pass_mark)


def _placement(session: TenantSession, registration: Registration) -> Placement:
    return session.scalars(select(Placement).where(Placement.id == registration.placement_id)).one()


def find_session(session: TenantSession, session_id: UUID) -> PlaySession | None:
    """Return a session, or None."""
    return session.scalars(select(PlaySession).where(PlaySession.id == session_id)).one_or_none()
