"""When a placement is available and when work is to be handed in; shown always, enforced only where staff say so."""

from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy.orm import Mapped, mapped_column

ZONE = "UTC"
"""What times are shown in where nobody has said a zone."""
NAMES = ("available_from", "available_until", "submission_from", "submission_until")
YEARS = range(2000, 2201)
"""What a date may lie in. Some systems write "never" as the year 9999, which no other time zone has."""


class Windows(Protocol):
    """The dates of a placement, whoever keeps them.

    Args:
        zone: IANA name of the time zone that they were entered in and are shown in.
        keeps_out: learners may begin and go on only while it is available.
    """

    available_from: datetime | None
    available_until: datetime | None
    submission_from: datetime | None
    submission_until: datetime | None
    zone: str
    keeps_out: bool


class WindowColumns:
    """The columns of `Windows`, for the tables that keep them."""

    available_from: Mapped[datetime | None]
    available_until: Mapped[datetime | None]
    submission_from: Mapped[datetime | None]
    submission_until: Mapped[datetime | None]
    zone: Mapped[str] = mapped_column(default="")
    keeps_out: Mapped[bool] = mapped_column(default=False)


def copy_windows(source: Windows, target: Windows) -> None:
    """Give `target` the dates of `source`."""
    for name in (*NAMES, "zone", "keeps_out"):
        setattr(target, name, getattr(source, name))


def is_early(windows: Windows, now: datetime) -> bool:
    """Say whether it is not available yet."""
    return windows.available_from is not None and now < windows.available_from


def is_over(windows: Windows, now: datetime) -> bool:
    """Say whether it is no longer available."""
    return windows.available_until is not None and now >= windows.available_until


def is_shut(windows: Windows, now: datetime) -> bool:
    """Say whether a learner is kept out just now. What was begun before is recorded all the same."""
    return windows.keeps_out and (is_early(windows, now) or is_over(windows, now))


def zone_names() -> list[str]:
    """Return the time zones that people may choose; EST and the like, which know no summer time, are left out."""
    return [ZONE, *sorted(name for name in available_timezones() if "/" in name)]


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone, UTC where this machine does not know the name."""
    try:
        return ZoneInfo(name or ZONE)
    except (KeyError, ValueError, OSError):  # OSError: the name of a folder such as "Europe"
        return ZoneInfo(ZONE)
