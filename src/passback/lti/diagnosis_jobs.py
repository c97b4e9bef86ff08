"""Tests new platforms by themselves, and again when their first launch has named their services."""

from collections.abc import Iterable

import structlog

from passback.db import Unscoped, unscoped
from passback.lti.diagnosis import diagnose, due
from passback.plugin import Job, hookimpl

EVERY_SECONDS = 20.0
MOST = 3
"""Tests of one look: each may wait for an LMS that does not answer."""

log = structlog.get_logger(__name__)


class CoreDiagnosis:
    """What the self-test brings through the hooks that plugins use."""

    @hookimpl
    def register_jobs(self) -> Iterable[Job]:
        """Return the look for platforms that are to be tested."""
        return [Job("self-tests", EVERY_SECONDS, look_for_due)]


def look_for_due() -> None:
    """Test the platforms that are due, a few at a time."""
    with unscoped(Unscoped.SCHEDULER) as session:
        waiting = due(session)[:MOST]
    for platform_id in waiting:
        try:
            diagnose(platform_id)
        except Exception:  # it stays due; the others go on
            log.exception("platform.diagnosis", platform=str(platform_id))
