"""The clock of a platform by the `Date` of its services' answers: it tells of a wrong clock before launches fail."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

import structlog
from flask import current_app
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from passback.clock import utc_now
from passback.db import Unscoped, in_write_transaction, unscoped
from passback.lti.clocks import ahead_by_date
from passback.lti.diagnosis_models import PlatformClock
from passback.lti.models import Platform
from passback.outbound import HttpAnswer

EVERY = timedelta(minutes=10)
"""Between two notes of one process on one platform: a class's grades make thousands of calls."""
SLOW = timedelta(seconds=10)
"""An answer that took longer says too little of when it was written."""
_KEY = "passback.lti.service_clock"

log = structlog.get_logger(__name__)


def timed(platform: Platform, call: Callable[[], HttpAnswer]) -> HttpAnswer:
    """Make a call and note how far the platform's clock is off, by the middle of the time that it took."""
    began = utc_now()
    answer = call()
    took = utc_now() - began
    ahead = ahead_by_date(answer.headers.get("date", ""), began + took / 2) if took <= SLOW else None
    if ahead is not None and not in_write_transaction() and _noted().is_due(platform.id, utc_now()):
        _keep(platform.id, ahead)
    return answer


def by_services(session: Session, platform_id: UUID) -> PlatformClock | None:
    """Return what the platform's services said last of its clock, None where they have never been called."""
    return session.scalars(select(PlatformClock).where(PlatformClock.platform_id == platform_id)).one_or_none()


def _keep(platform_id: UUID, ahead: float) -> None:
    query = select(PlatformClock).where(PlatformClock.platform_id == platform_id).with_for_update()
    try:
        with unscoped(Unscoped.INSTALLATION, write=True) as session:
            row = session.scalars(query).one_or_none()
            if row is None:
                session.add(PlatformClock(platform_id=platform_id, seconds=round(ahead, 1)))
            else:
                row.seconds, row.at = round(ahead, 1), utc_now()
    except SQLAlchemyError as error:  # two at once, or the platform was deleted: no reason to lose the call
        log.info("lti.clock_not_noted", error=type(error).__name__)


class _Noted:
    """When this app last noted each platform's clock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at: dict[UUID, datetime] = {}

    def is_due(self, platform_id: UUID, now: datetime) -> bool:
        """Say whether it is time again, and take it as done."""
        with self._lock:
            last = self._at.get(platform_id)
            if last is not None and last <= now < last + EVERY:
                return False
            self._at[platform_id] = now
            return True


def _noted() -> _Noted:
    return cast("_Noted", current_app.extensions.setdefault(_KEY, _Noted()))
