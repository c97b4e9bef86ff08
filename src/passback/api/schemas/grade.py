"""What a placement makes of a registration's attempts."""

from uuid import UUID

from pydantic import Field

from passback.api.schemas.base import Instant, Shape, Share
from passback.tracking.report import GradeView


class Grade(Shape):
    """`scaled` null: nothing to send yet, and `reason` says why; `overridden_by`: who set it by hand, "" nobody."""

    registration: UUID
    scaled: Share | None
    final: bool
    reason: str
    overridden_by: str
    version: int = Field(ge=0)
    learner_done_at: Instant | None
    changed_at: Instant


def grade_of(view: GradeView, registration: UUID) -> Grade:
    """Return a grade's shape."""
    return Grade(
        registration=registration,
        scaled=view.scaled,
        final=view.final,
        reason=view.reason,
        overridden_by=view.overridden_by,
        version=view.version,
        learner_done_at=view.learner_done_at,
        changed_at=view.changed_at,
    )
