"""Ends of sessions: by the learner, by silence, and coming back from both (design §8, *Ends*)."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, and_, or_, select

from passback.clock import utc_now
from passback.db import TenantSession, Unscoped, tenant_session, unscoped
from passback.plugin import SESSION_ENDED, Job, hookimpl
from passback.runtime import runtime
from passback.tracking import journal
from passback.tracking.grading import is_done
from passback.tracking.models import PlaySession
from passback.tracking.work import Work, lock_session, work_on

log = structlog.get_logger(__name__)

EVERY_SECONDS = 60.0
AT_ONCE = 500


def end(work: Work, reason: str, now: datetime) -> None:
    """Apply what waits behind a gap, then the end of the session. The caller concludes the work."""
    play = work.play
    if play.mode == "normal":
        work.apply(journal.waiting(work.session, play))
    play.applied_seq = max(play.applied_seq, play.stored_seq)
    event = journal.add_own(work.session, play, SESSION_ENDED, {"reason": reason, "after": play.applied_seq}, now)
    play.status, play.closed_reason, play.closed_at, play.leaving_seq = "closed", reason, now, None
    if play.mode != "normal":
        return
    work.apply([event])
    if play.branch is None:
        work.parts.closed = True
        done = is_done(work.parts.total(), work.placement.pass_mark)
        work.attempt.status, work.attempt.ended_at = ("ended", now) if done else ("suspended", None)


def reopen(work: Work, now: datetime) -> None:
    """Let the newest session go on after its end: the learner was still there."""
    play = work.play
    play.status, play.closed_reason, play.closed_at, play.last_seen_at = "open", "", None, now
    work.parts.closed = False
    work.attempt.status, work.attempt.ended_at = "active", None


def close_session(session: TenantSession, play_session: PlaySession, reason: str) -> None:
    """Close a session from its last known state; one that is not open stays as it is.

    Args:
        reason: `left`, `idle` or `finished`.
    """
    session.flush()
    attempt, play, registration = lock_session(session, play_session.id)
    if play.status != "open":
        return
    now = utc_now()
    work = work_on(session, attempt, play, registration)
    end(work, reason, now)
    work.conclude(now)
    session.flush()


def close_idle() -> None:
    """Close, in every tenant, the sessions without a sign of life for `session_idle_minutes`.

    What waits behind a gap in a session that has ended is applied then, too: nobody is going to fill the gap.
    """
    before = utc_now() - timedelta(minutes=runtime().settings.session_idle_minutes)
    for tenant_id, session_id in _silent(before):
        try:
            _close_if_still_silent(tenant_id, session_id, before)
        except Exception:
            log.exception("tracking.close_idle_failed", tenant=str(tenant_id), session=str(session_id))


def _silent(before: datetime) -> Iterator[tuple[UUID, UUID]]:
    """Yield tenant and id of every silent session, each once: one that cannot be closed hides no other."""
    last = UUID(int=0)
    while True:
        query = select(PlaySession.tenant_id, PlaySession.id).where(_silent_since(before), PlaySession.id > last)
        with unscoped(Unscoped.SCHEDULER) as session:
            page = session.execute(query.order_by(PlaySession.id).limit(AT_ONCE)).all()
        if not page:
            return
        for tenant_id, last in page:
            yield tenant_id, last


def _silent_since(before: datetime) -> ColumnElement[bool]:
    gap = and_(PlaySession.status != "open", PlaySession.stored_seq > PlaySession.applied_seq)
    return and_(or_(PlaySession.status == "open", gap), PlaySession.last_seen_at < before)


def _close_if_still_silent(tenant_id: UUID, session_id: UUID, before: datetime) -> None:
    with tenant_session(tenant_id, write=True) as session:
        attempt, play, registration = lock_session(session, session_id)
        if play.last_seen_at >= before:
            return
        work = work_on(session, attempt, play, registration)
        if play.status == "open":
            end(work, "idle", utc_now())
        elif play.mode == "normal":
            work.apply(journal.waiting(session, play))
        else:
            play.applied_seq = play.stored_seq  # of a review nothing counts, complete or not
        work.conclude(utc_now())


class CoreTracking:
    """What tracking runs by itself, as a plugin."""

    @hookimpl
    def register_jobs(self) -> Iterable[Job]:
        """Close silent sessions."""
        return (Job("close-idle-sessions", EVERY_SECONDS, close_idle),)
