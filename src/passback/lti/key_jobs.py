"""Rotates our own keys when their time has come, and forgets those that retired long ago."""

from collections.abc import Iterable

import structlog

from passback.db import Unscoped, unscoped
from passback.lti import keys
from passback.plugin import Job, hookimpl

DAILY_SECONDS = 86400.0

log = structlog.get_logger(__name__)


class CoreKeys:
    """What our keys bring through the hooks that plugins use."""

    @hookimpl
    def register_jobs(self) -> Iterable[Job]:
        """Return the daily look at our keys."""
        return [Job("rotation", DAILY_SECONDS, tend_keys)]


def tend_keys() -> None:
    """Rotate where it is due, and drop keys that retired more than 14 days ago."""
    with unscoped(Unscoped.SCHEDULER, write=True) as session:
        rotated = keys.rotate(session).kid if keys.is_rotation_due(session) else ""
        dropped = keys.drop_retired(session)
    if rotated or dropped:
        log.info("keys.tended", signing_with=rotated, dropped=dropped)
