"""Where a course is offered and how it counts there."""

from uuid import UUID

from pydantic import Field

from passback.api.schemas.base import Instant, Shape, Share
from passback.tracking import models


class Placement(Shape):
    """A link in an LMS (`kind` lti), or `direct` without one; `course` null: nothing was chosen yet.

    `pass_mark` null: the content's own verdict counts; `max_attempts` 0: any number; `points`: the column's maximum.
    `columns`: course (one grade for all of it) or activity (one for each).
    """

    id: UUID
    course: UUID | None
    title: str
    kind: str
    counts: str
    pass_mark: Share | None
    which_attempt: str
    max_attempts: int = Field(ge=0)
    points: float
    columns: str
    available_from: Instant | None
    available_until: Instant | None
    submission_from: Instant | None
    submission_until: Instant | None
    created_at: Instant


def placement_of(row: models.Placement) -> Placement:
    """Return a placement's shape."""
    return Placement(
        id=row.id,
        course=row.course_id,
        title=row.title,
        kind=row.kind,
        counts=row.counts,
        pass_mark=row.pass_mark,
        which_attempt=row.which_attempt,
        max_attempts=row.max_attempts,
        points=row.points,
        columns=row.columns,
        available_from=row.available_from,
        available_until=row.available_until,
        submission_from=row.submission_from,
        submission_until=row.submission_until,
        created_at=row.created_at,
    )
