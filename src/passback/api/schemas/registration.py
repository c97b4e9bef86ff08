"""A learner on a course at a placement."""

from uuid import UUID

from pydantic import Field

from passback.api.schemas.attempt import Attempt, attempt_of
from passback.api.schemas.base import Instant, Shape, Share
from passback.api.schemas.grade import Grade, grade_of
from passback.tracking import models, report


class Registration(Shape):
    """A registration with its rollup over all attempts. `learner` is an id; no name comes with it."""

    id: UUID
    learner: UUID
    course: UUID
    placement: UUID
    completion: str
    success: str
    score_scaled: Share | None
    progress: Share | None
    duration_seconds: float = Field(ge=0)
    attempts: int = Field(ge=0)
    created_at: Instant
    started_at: Instant | None
    completed_at: Instant | None
    last_activity_at: Instant | None


class RegistrationReport(Shape):
    """A registration with its grade and attempts, as `passback registrations show`; the first six fields stay."""

    completion: str
    success: str
    score_scaled: Share | None
    progress: Share | None
    duration_seconds: float = Field(ge=0)
    attempts: int = Field(ge=0)
    registration: UUID
    learner: UUID
    course: UUID
    placement: UUID
    started_at: Instant | None
    completed_at: Instant | None
    last_activity_at: Instant | None
    grade: Grade | None
    attempt_list: tuple[Attempt, ...]


def registration_of(row: models.Registration) -> Registration:
    """Return a registration's shape."""
    return Registration(
        id=row.id,
        learner=row.learner_id,
        course=row.course_id,
        placement=row.placement_id,
        completion=row.completion,
        success=row.success,
        score_scaled=row.score_scaled,
        progress=row.progress,
        duration_seconds=row.duration_seconds,
        attempts=row.attempts,
        created_at=row.created_at,
        started_at=row.started_at,
        completed_at=row.completed_at,
        last_activity_at=row.last_activity_at,
    )


def report_of(found: report.RegistrationReport) -> RegistrationReport:
    """Return a report's shape."""
    return RegistrationReport(
        completion=found.completion,
        success=found.success,
        score_scaled=found.score_scaled,
        progress=found.progress,
        duration_seconds=found.duration_seconds,
        attempts=len(found.attempts),
        registration=found.registration,
        learner=found.learner,
        course=found.course,
        placement=found.placement,
        started_at=found.started_at,
        completed_at=found.completed_at,
        last_activity_at=found.last_activity_at,
        grade=grade_of(found.grade, found.registration) if found.grade else None,
        attempt_list=tuple(attempt_of(one, found.registration) for one in found.attempts),
    )
