"""The one place that asks what time it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_ahead = timedelta(0)


def utc_now() -> datetime:
    """Return now, in UTC. Tests set it with time-machine."""
    return datetime.now(UTC) + _ahead


@contextmanager
def set_ahead(by: timedelta) -> Iterator[None]:
    """Let this process take it to be later by `by` (earlier, where negative) until the block ends.

    For `passback certify`, which cannot wait ten minutes for a login to expire; never for a process that serves.
    """
    global _ahead  # noqa: PLW0603 - the process has one clock
    before = _ahead
    _ahead = before + by
    try:
        yield
    finally:
        _ahead = before
