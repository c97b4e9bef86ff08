"""A registration's rollup: what reports read, what listeners hear, and the grade that follows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select

from passback.db import JsonObject, TenantSession, held
from passback.db.held import Prepared
from passback.delivery import owed
from passback.plugin import Completion, GradeDecision, Outcome, Success
from passback.tracking.activities import BY_ACTIVITY
from passback.tracking.activity_grading import regrade_activities
from passback.tracking.courses import Subject
from passback.tracking.fold import SaidFact
from passback.tracking.grading import goes
from passback.tracking.grading_service import find_rule, regrade
from passback.tracking.models import Attempt, Grade, Placement, Registration
from passback.tracking.outcome import best_of, load, normalised_score, raise_by

STARTED = "registration.started"
COMPLETED = "registration.completed"
PASSED = "registration.passed"
FAILED = "registration.failed"
FACT = "content."
"""What the names of facts are prefixed with: a content type's `answered` is heard as `content.answered`."""


_GRADE = Prepared((Grade,), Grade.__table__.c.registration_id == bindparam("registration"), lock=True)

_ATTEMPTS = Prepared(
    (Attempt,),
    Attempt.__table__.c.registration_id == bindparam("registration"),
    only={Attempt: ("id", "number", "course_version_id", "outcome", "started_at", "replaced")},
    order=(Attempt.__table__.c.number,),
)


@dataclass(frozen=True)
class Around:
    """What is around an attempt: its registration, locked, and what decides its grade."""

    registration: Registration
    placement: Placement
    subject: Subject


def roll_up(
    session: TenantSession, attempt: Attempt, around: Around, facts: Sequence[SaidFact], now: datetime
) -> GradeDecision:
    """Bring a registration up to date after one of its attempts, which is written, has changed.

    Events are told when something becomes so for the first time; since every change happens in exactly one
    transaction, each is owed exactly once.
    """
    registration, subject = around.registration, around.subject
    only = registration.attempts == attempt.number == 1
    attempts = [attempt] if only else _with_others(session, registration, attempt)
    before = (registration.started_at, registration.completion, registration.success)
    refresh(registration, attempts, around.placement.which_attempt, now)
    held.save(session, registration)
    versions = dict.fromkeys(one.course_version_id for one in attempts) | {subject.version_id: subject.reports_score}
    rule = find_rule(session, around.placement, subject.course_settings, versions)
    grades = _GRADE.rows(session, registration=registration.id)
    decision = regrade(session, registration, grades[0][0] if grades else None, attempts, rule)
    if around.placement.columns == BY_ACTIVITY:
        regrade_activities(session, registration.id, rule)
    for name in _became(before, registration):
        owed.publish(session, name, registration.id, _about(registration, attempt))
    for said in facts:
        owed.publish(session, FACT + said.fact.name, registration.id, _fact(attempt, said))
    return decision


def _with_others(session: TenantSession, registration: Registration, attempt: Attempt) -> Sequence[Attempt]:
    """Return a registration's attempts by number, `attempt` as it is at hand and the others for reading only."""
    rows = _ATTEMPTS.rows(session, registration=registration.id)
    return [attempt if one.id == attempt.id else one for (one,) in rows]


def attempts_of(session: TenantSession, registration: Registration) -> Sequence[Attempt]:
    """Return a registration's attempts by number."""
    statement = select(Attempt).where(Attempt.registration_id == registration.id).order_by(Attempt.number)
    return session.scalars(statement.execution_options(populate_existing=True)).all()


def refresh(registration: Registration, attempts: Sequence[Attempt], which: str, now: datetime) -> None:
    """Write the rollup columns: the best of all attempts, the score by the placement's rule, time over all.

    Args:
        which: the placement's `which_attempt`.
    """
    outcomes = [load(attempt.outcome) for attempt in attempts]
    best = raise_by(best_of(tuple(outcomes[:-1])), outcomes[-1]) if outcomes else Outcome()
    registration.completion, registration.success = str(best.completion), str(best.success)
    registration.score_scaled = _score(outcomes, [attempt.replaced for attempt in attempts], which)
    registration.progress = best.progress
    registration.duration_seconds = sum(outcome.duration_seconds for outcome in outcomes)
    registration.attempts = len(attempts)
    if attempts:
        registration.started_at = registration.started_at or min(attempt.started_at for attempt in attempts)
        registration.last_activity_at = now
    if best.completion is Completion.COMPLETED and registration.completed_at is None:
        registration.completed_at = best.at or now


def _score(outcomes: Sequence[Outcome], replaced: Sequence[bool], which: str) -> float | None:
    scores = [normalised_score(outcome) for outcome in outcomes]
    if which in {"average", "first"}:
        scores = [_highest(go) for go in goes(scores, replaced)]
        if which == "first":
            return scores[0] if scores else None
    known = [score for score in scores if score is not None]
    if not known:
        return None
    if which == "average":
        return sum(known) / len(known)
    return known[-1] if which == "last" else max(known)


def _highest(scores: Sequence[float | None]) -> float | None:
    return max((score for score in scores if score is not None), default=None)


def _became(before: tuple[datetime | None, str, str], registration: Registration) -> list[str]:
    started, completion, success = before
    names = [STARTED] if started is None and registration.started_at is not None else []
    if registration.completion == Completion.COMPLETED != completion:
        names.append(COMPLETED)
    if registration.success != success:
        names += {Success.PASSED: [PASSED], Success.FAILED: [FAILED]}.get(Success(registration.success), [])
    return names


def _about(registration: Registration, attempt: Attempt) -> JsonObject:
    return {
        "registration": str(registration.id),
        "course": str(registration.course_id),
        "placement": str(registration.placement_id),
        "attempt": attempt.number,
        "completion": registration.completion,
        "success": registration.success,
        "score_scaled": registration.score_scaled,
        "progress": registration.progress,
        "duration_seconds": registration.duration_seconds,
    }


def _fact(attempt: Attempt, said: SaidFact) -> JsonObject:
    return {
        "registration": str(attempt.registration_id),
        "attempt": attempt.number,
        "session": str(said.event.session),
        "sequence": said.event.sequence,
        "activity": said.event.activity,
        "at": said.event.at.isoformat(),
        "fact": said.fact.data,
    }
