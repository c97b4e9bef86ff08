"""A score as it comes over the wire, and how a service refuses."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pydantic import JsonValue

from passback.sandbox.model import JsonObject
from passback.sandbox.vocabulary import CANVAS_SUBMISSION

ACTIVITY_PROGRESS = ("Initialized", "Started", "InProgress", "Submitted", "Completed")
GRADING_PROGRESS = ("FullyGraded", "Pending", "PendingManual", "Failed", "NotReady")
FINAL = "FullyGraded"
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?", re.ASCII)


class ServiceRefusedError(Exception):
    """A service call is refused; Moodle puts the reason into the reason phrase of the status line."""

    def __init__(self, status: int, reason: str, *, html: bool = False) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.html = html


@dataclass(frozen=True)
class Score:
    """A score that was posted. `extension` is Canvas's, empty where it was not sent."""

    user_id: str
    timestamp: datetime
    activity_progress: str
    grading_progress: str
    given: float | None = None
    maximum: float | None = None
    comment: str = ""
    submitted_at: datetime | None = None
    extension: Mapping[str, JsonValue] = field(default_factory=dict)

    @property
    def is_final(self) -> bool:
        """Whether it is a grade to keep."""
        return self.grading_progress == FINAL


def read_score(body: JsonObject, *, zone_required: bool = False) -> Score:
    """Return the score that a body describes.

    Args:
        zone_required: refuse a timestamp without a zone.

    Raises:
        ServiceRefusedError: 400; something required is missing or has no meaning.
    """
    for name in ("userId", "timestamp", "activityProgress", "gradingProgress"):
        if not isinstance(body.get(name), str) or not body[name]:
            raise ServiceRefusedError(400, "Incorrect score received")
    if body["activityProgress"] not in ACTIVITY_PROGRESS or body["gradingProgress"] not in GRADING_PROGRESS:
        raise ServiceRefusedError(400, "Incorrect score received: progress")
    given, maximum = _number(body.get("scoreGiven")), _number(body.get("scoreMaximum"))
    if given is not None and maximum is None:
        raise ServiceRefusedError(400, "Incorrect score received: scoreMaximum is required with scoreGiven")
    if maximum is not None and maximum < 0:
        raise ServiceRefusedError(400, "Incorrect score received: scoreMaximum")
    submission, extension = body.get("submission"), body.get(CANVAS_SUBMISSION)
    submitted = submission.get("submittedAt") if isinstance(submission, dict) else None
    return Score(
        user_id=str(body["userId"]),
        timestamp=read_timestamp(str(body["timestamp"]), zone_required=zone_required),
        activity_progress=str(body["activityProgress"]),
        grading_progress=str(body["gradingProgress"]),
        given=given,
        maximum=maximum,
        comment=str(body.get("comment") or ""),
        submitted_at=read_timestamp(submitted, zone_required=zone_required) if isinstance(submitted, str) else None,
        extension=extension if isinstance(extension, dict) else {},
    )


def read_timestamp(text: str, *, zone_required: bool = False) -> datetime:
    """Return an ISO 8601 time; without a zone it is read as UTC, unless a zone is required.

    Raises:
        ServiceRefusedError: 400; an epoch, an RFC 1123 date, no date at all.
    """
    if not _ISO.fullmatch(text):
        raise ServiceRefusedError(400, "Incorrect score received: timestamp")
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ServiceRefusedError(400, "Incorrect score received: timestamp") from error
    if found.tzinfo is None:
        if zone_required:
            raise ServiceRefusedError(400, "timestamp has no zone")
        found = found.replace(tzinfo=UTC)
    return found.astimezone(UTC)


def _number(value: JsonValue) -> float | None:
    """Return a number; numeric text passes, as in Moodle."""
    if value is None:
        return None
    try:
        number = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ServiceRefusedError(400, "Incorrect score received: not a number")
    return number
