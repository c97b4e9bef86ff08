"""One go at a course."""

from uuid import UUID

from pydantic import Field

from passback.api.schemas.base import Instant, Shape, Share
from passback.tracking.report import AttemptView


class Attempt(Shape):
    """An attempt of a registration, known by its number there; `version` is the course version's.

    `replaced`: it gave way to another version before it came to anything, and uses up none of those allowed.
    """

    registration: UUID
    number: int = Field(ge=1)
    version: int
    replaced: bool
    status: str
    started_at: Instant
    ended_at: Instant | None
    completion: str
    success: str
    score_scaled: float | None
    score_raw: float | None
    score_min: float | None
    score_max: float | None
    progress: Share | None
    duration_seconds: float = Field(ge=0)
    at: Instant | None
    ended: bool


def attempt_of(view: AttemptView, registration: UUID) -> Attempt:
    """Return an attempt's shape."""
    outcome = view.outcome
    return Attempt(
        registration=registration,
        number=view.number,
        version=view.version,
        replaced=view.replaced,
        status=view.status,
        started_at=view.started_at,
        ended_at=view.ended_at,
        completion=str(outcome.completion),
        success=str(outcome.success),
        score_scaled=outcome.score_scaled,
        score_raw=outcome.score_raw,
        score_min=outcome.score_min,
        score_max=outcome.score_max,
        progress=outcome.progress,
        duration_seconds=outcome.duration_seconds,
        at=outcome.at,
        ended=outcome.ended,
    )
