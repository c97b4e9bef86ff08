"""The one way from what content says to what is kept and owed: one transaction, once and in order (design §4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, cast
from uuid import UUID

from sqlalchemy import select

from passback.clock import utc_now
from passback.content import service as content
from passback.content.models import CourseVersion
from passback.db import TenantSession, held, tenant_session
from passback.plugin import (
    SESSION_STARTED,
    GradeDecision,
    LaunchContext,
    LearnerView,
    Outcome,
    RuntimeEvent,
    State,
)
from passback.tracking import journal
from passback.tracking.courses import Subject, find_subject
from passback.tracking.ending import end, reopen
from passback.tracking.errors import SessionTooOldError
from passback.tracking.fold import Fold
from passback.tracking.journal import IncomingEvent, Stored, checked
from passback.tracking.models import Attempt, Learner, PlaySession
from passback.tracking.outcome import load
from passback.tracking.state import ScratchCells, StoredCells, load_state, seen_by_launch
from passback.tracking.work import Work, lock_session, work_on

__all__ = ["IncomingEvent", "Receipt", "launch_context", "record"]

LATE = timedelta(days=14)
"""How long events of a session that has ended are taken."""

Status = Literal["open", "closed", "superseded"]


@dataclass(frozen=True)
class Receipt:
    """The answer to a send, true once it is returned: everything is committed.

    Args:
        applied: highest number that is part of the state with all before it; what is above must be sent again.
        status: `superseded`: another session has taken over, tell the learner.
        mode: normal, review or browse (nothing counts).
        outcome: what the attempt has come to.
        grade: what the placement makes of it, where this send has changed it; else None.
    """

    applied: int
    status: Status
    mode: str
    outcome: Outcome
    grade: GradeDecision | None = None


def record(tenant_id: UUID, session_id: UUID, events: Sequence[IncomingEvent], *, leaving: bool = False) -> Receipt:
    """Store events once, apply them in order, and note what follows from them, all in one transaction.

    A send may repeat, overtake or miss others: stored is what is new, applied what follows on without a gap. No events
    at all is a heartbeat. Events of a session that has ended are taken for 14 days: the newest session goes on with
    them, a superseded one can still raise the outcome and never lower it.

    Args:
        leaving: the learner leaves with the last of these events; the session closes once everything before is there.

    Raises:
        EventsRefusedError: something that no player sends; nothing of this send is stored.
        SequenceConflictError: two windows use the session; nothing of this send is stored.
        SessionUnknownError: there is no such session.
        SessionTooOldError: it ended more than 14 days ago.
        ContentTypeMissingError: the course's plugin is not loaded.
    """
    batch = checked(events)
    with tenant_session(tenant_id, write=True) as session:
        now = utc_now()
        attempt, play, registration = lock_session(session, session_id)
        if play.closed_at is not None and now - play.closed_at > LATE:
            raise SessionTooOldError(str(session_id))
        stored = journal.store(session, play, batch, now)
        if play.mode != "normal":
            return _record_uncounted(session, play, attempt, stored, now, leaving=leaving)
        work = work_on(session, attempt, play, registration)
        if leaving:
            play.leaving_seq = max(play.leaving_seq or 0, batch[-1].sequence if batch else play.stored_seq)
        _come_back(work, stored, now, heartbeat=not (batch or leaving))
        work.apply(_next(session, play, stored))
        work.apply_holes(stored.holes)
        play.last_seen_at = max(now, play.last_seen_at)
        if play.status == "open" and play.leaving_seq is not None and play.applied_seq == play.stored_seq:
            _leave(work, now)
        outcome, grade = work.conclude(now)
        return Receipt(play.applied_seq, _status(play), play.mode, outcome, grade)


def _next(session: TenantSession, play: PlaySession, stored: Stored) -> list[RuntimeEvent]:
    """Return what can be applied now; a send that fills a gap sets free what waits behind it."""
    if not stored.next:
        return []
    waits_behind = play.stored_seq > stored.next[-1].sequence or len(stored.next) < play.stored_seq - play.applied_seq
    return journal.contiguous(play.applied_seq, journal.waiting(session, play) if waits_behind else stored.next)


def _come_back(work: Work, stored: Stored, now: datetime, *, heartbeat: bool) -> None:
    """Reopen the newest session when something new comes from it, or a sign of life after it fell silent."""
    play = work.play
    if play.status != "closed" or play.branch is not None:
        return
    if stored.anything or (heartbeat and play.closed_reason == "idle"):
        reopen(work, now)


def _leave(work: Work, now: datetime) -> None:
    """Close the session, unless the learner has said more since: sends overtake one another when a page ends."""
    if work.play.leaving_seq == work.play.applied_seq:
        end(work, "left", now)
    else:
        work.play.leaving_seq = None


def _record_uncounted(
    session: TenantSession, play: PlaySession, attempt: Attempt, stored: Stored, now: datetime, *, leaving: bool
) -> Receipt:
    """A review's events are on the timeline and nowhere else."""
    play.applied_seq = max([play.applied_seq, *(event.sequence for event in _next(session, play, stored))])
    play.last_seen_at = max(now, play.last_seen_at)
    if leaving and play.status == "open":
        play.status, play.closed_reason, play.closed_at = "closed", "left", now
    elif stored.next and play.status == "closed":
        play.status, play.closed_reason, play.closed_at = "open", "", None
    held.save(session, play)
    return Receipt(play.applied_seq, _status(play), play.mode, load(attempt.outcome))


def _status(play: PlaySession) -> Status:
    return "superseded" if play.branch is not None else cast("Status", play.status)


def launch_context(session: TenantSession, play_session: PlaySession) -> LaunchContext:
    """Return what a content type needs to furnish the player for a session; the way back is the player's to add.

    Reads only. In a review the start of the session is part of the state handed out and of nothing that is kept.
    """
    attempt = session.scalars(select(Attempt).where(Attempt.id == play_session.attempt_id)).one()
    subject = find_subject(session, attempt)
    learner = session.scalars(select(Learner).where(Learner.id == subject.learner_id)).one()
    version = session.scalars(select(CourseVersion).where(CourseVersion.id == subject.version_id)).one()
    return LaunchContext(
        registration=attempt.registration_id,
        attempt_number=attempt.number,
        session=play_session.id,
        learner=LearnerView(
            id=str(learner.id),
            name=learner.name,
            given_name=learner.given_name,
            family_name=learner.family_name,
            locale=learner.locale,
        ),
        title=str(version.content.get("title") or ""),
        activities=content.activities(version),
        state=_launch_state(session, subject, attempt, play_session),
    )


def _launch_state(session: TenantSession, subject: Subject, attempt: Attempt, play: PlaySession) -> State:
    outcome = load(attempt.outcome)
    if play.mode == "normal":
        return load_state(session, subject, attempt, outcome=outcome)
    cells = ScratchCells(StoredCells(session, subject, attempt, lock=False))
    fold = Fold(subject, cells, outcome, play.mode)
    fold.run([RuntimeEvent(play.id, 0, SESSION_STARTED, "", play.opened_at, {"mode": play.mode})])
    return seen_by_launch(subject, cells, mode=play.mode, outcome=fold.live)
