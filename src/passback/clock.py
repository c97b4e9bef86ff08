"""The one place that asks what time it is."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return now, in UTC. Tests set it with time-machine."""
    return datetime.now(UTC)
