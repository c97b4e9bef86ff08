"""How far a platform's clock is from ours: by the `iat` of its launches, and by the `Date` of its answers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from statistics import median
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from passback.lti.claims import LEEWAY
from passback.lti.models import LaunchRecord

AHEAD = "clock_ahead"
"""The launch record's fact: seconds by which `iat` was ahead of our clock when the launch arrived."""
LAUNCHES = 20
"""So many of the newest launches are looked at: their median forgets one slow browser."""
NOTABLE = LEEWAY / 2


@dataclass(frozen=True)
class Skew:
    """What `measured` launches say: the LMS's clock is `seconds` ahead of ours (below 0: behind); `at`: the newest."""

    seconds: float
    measured: int
    at: datetime

    @property
    def state(self) -> str:
        """Return ok, warning (half of the leeway is used up) or failed (launches are refused)."""
        return judge(self.seconds)


def judge(seconds: float) -> str:
    """Return what a distance means: ok, warning (half of the leeway is used up) or failed (launches are refused)."""
    if abs(seconds) > LEEWAY:
        return "failed"
    return "warning" if abs(seconds) > NOTABLE else "ok"


def ahead_by_date(date: str, now: datetime) -> float | None:
    """Return by how many seconds the sender of an HTTP `Date` is ahead; None where there is none, or it is no date.

    It has whole seconds (RFC 9110 §5.6.7), so half a second is added.
    """
    try:
        return (parsedate_to_datetime(date) - now).total_seconds() + 0.5
    except (ValueError, TypeError, OverflowError):
        return None


def of_launches(session: Session, platform_id: UUID) -> Skew | None:
    """Return what the newest launches say, those among them that were refused for their times; None without any.

    Only launches whose signature held count: anybody can post another.
    """
    query = select(LaunchRecord).where(LaunchRecord.platform_id == platform_id, LaunchRecord.verdict != "lost")
    newest = session.scalars(query.order_by(LaunchRecord.at.desc()).limit(5 * LAUNCHES)).all()
    measured = [(record.at, ahead) for record in newest if (ahead := _ahead(record)) is not None][:LAUNCHES]
    if not measured:
        return None
    return Skew(round(median(ahead for _at, ahead in measured), 1), len(measured), measured[0][0])


def _ahead(record: LaunchRecord) -> float | None:
    ahead = record.facts.get(AHEAD)
    if isinstance(ahead, bool) or not isinstance(ahead, (int, float)) or "signature" not in _passed(record.checks):
        return None
    return float(ahead)


def _passed(checks: Iterable[object]) -> set[object]:
    return {check.get("name") for check in checks if isinstance(check, dict) and check.get("verdict") == "passed"}
