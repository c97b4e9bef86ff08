"""What people see of a registration."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import select

from passback.content.errors import ContentTypeMissingError
from passback.content.models import CourseVersion
from passback.db import JsonObject, TenantSession
from passback.plugin import AttemptReport, Outcome
from passback.tracking.courses import find_subject
from passback.tracking.legible import legible
from passback.tracking.models import Attempt, Grade, Learner
from passback.tracking.outcome import load, normalised_score
from passback.tracking.registrations import get_registration
from passback.tracking.rollup import attempts_of
from passback.tracking.state import state_for_report

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class AttemptView:
    """One attempt. `report` is in the terms of the course's standard, None where its plugin is not loaded or failed.

    Args:
        version: number of the course version that it is on.
        replaced: it gave way to another version before it came to anything; it uses up none of those allowed.
    """

    number: int
    version: int
    replaced: bool
    status: str
    outcome: Outcome
    started_at: datetime
    ended_at: datetime | None
    report: AttemptReport | None

    @property
    def score(self) -> float | None:
        """The score as 0..1, also where content said it as "25 of 100" only; None: there is none."""
        return normalised_score(self.outcome)


@dataclass(frozen=True)
class GradeView:
    """The grade: `scaled` 0..1 or None, and why. `learner_done_at`: when the learner did what it is for."""

    scaled: float | None
    final: bool
    reason: str
    overridden_by: str
    version: int
    learner_done_at: datetime | None
    changed_at: datetime


@dataclass(frozen=True)
class RegistrationReport:
    """A registration with its attempts. `duration_seconds` is over all attempts."""

    registration: UUID
    learner: UUID
    learner_name: str
    course: UUID
    placement: UUID
    completion: str
    success: str
    score_scaled: float | None
    progress: float | None
    duration_seconds: float
    attempts: tuple[AttemptView, ...]
    grade: GradeView | None
    started_at: datetime | None
    completed_at: datetime | None
    last_activity_at: datetime | None

    def details(self) -> list[JsonObject]:
        """Return what the content type tells of each attempt, with the learner's answers and comments."""
        return [
            {
                "number": one.number,
                "rows": [list(row) for row in one.report.rows] if one.report else [],
                "details": one.report.details if one.report else {},
            }
            for one in self.attempts
        ]


def registration_report(session: TenantSession, registration_id: UUID) -> RegistrationReport:
    """Return a registration's report.

    Raises:
        RegistrationUnknownError: there is none of that id.
    """
    registration = get_registration(session, registration_id)
    learner = session.scalars(select(Learner).where(Learner.id == registration.learner_id)).one()
    grade = session.scalars(select(Grade).where(Grade.registration_id == registration.id)).one_or_none()
    return RegistrationReport(
        registration=registration.id,
        learner=learner.id,
        learner_name=learner.name,
        course=registration.course_id,
        placement=registration.placement_id,
        completion=registration.completion,
        success=registration.success,
        score_scaled=registration.score_scaled,
        progress=registration.progress,
        duration_seconds=registration.duration_seconds,
        attempts=tuple(_view(session, attempt) for attempt in attempts_of(session, registration)),
        grade=None if grade is None else _grade(grade),
        started_at=registration.started_at,
        completed_at=registration.completed_at,
        last_activity_at=registration.last_activity_at,
    )


def _view(session: TenantSession, attempt: Attempt) -> AttemptView:
    outcome = load(attempt.outcome)
    version = session.scalars(select(CourseVersion.number).where(CourseVersion.id == attempt.course_version_id)).one()
    return AttemptView(
        attempt.number,
        version,
        attempt.replaced,
        attempt.status,
        outcome,
        attempt.started_at,
        attempt.ended_at,
        _told(session, attempt, outcome),
    )


def _told(session: TenantSession, attempt: Attempt, outcome: Outcome) -> AttemptReport | None:
    try:
        subject = find_subject(session, attempt)
    except ContentTypeMissingError:
        return None
    content_type = subject.content_type
    state = state_for_report(session, subject, attempt, outcome=outcome)
    try:
        told = content_type.report(state)
        return AttemptReport(legible(told.rows), legible(told.details))
    except Exception as error:  # noqa: BLE001 - a plugin's fault must not take results and grades off the page
        log.error("tracking.report_failed", content_type=content_type.key, error=type(error).__name__)
        return None


def _grade(grade: Grade) -> GradeView:
    return GradeView(
        grade.scaled,
        grade.final,
        grade.reason,
        grade.overridden_by,
        grade.version,
        grade.learner_done_at,
        grade.changed_at,
    )
