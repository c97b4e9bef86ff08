"""Logins that left for their LMS and were not answered: kept in memory for a minute, written down only then.

Most come back within seconds, and a row for each would double what a launch writes. What a stopped process forgets is
a line in a list for support, nothing of anybody's work.
"""

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, cast
from uuid import UUID

import structlog
from flask import current_app
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from passback.clock import utc_now
from passback.db import Unscoped, UnscopedSession, unscoped
from passback.lti import records
from passback.lti.models import LaunchRecord

LOST_AFTER = timedelta(minutes=1)
MOST = 1000
"""Logins that are kept in mind at once. Anybody can begin one: beyond this they pass unseen."""
_EXTENSION = "passback.lti.lost_logins"

log = structlog.get_logger(__name__)


class _Begun(NamedTuple):
    at: datetime
    platform_id: UUID
    binding: str


@dataclass
class LostLogins:
    """Those of one app in this process."""

    _begun: dict[str, _Begun] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def began(self, state_hash: str, platform_id: UUID, binding: str) -> None:
        """Keep a login in mind, and write down those before it that have been away for too long."""
        now = utc_now()
        with self._lock:
            if len(self._begun) < MOST:
                self._begun[state_hash] = _Begun(now, platform_id, binding)
            oldest = next(iter(self._begun.values()), None)
        if oldest is not None and now - oldest.at > LOST_AFTER:
            self.write_down()

    def answered(self, state_hash: str) -> None:
        """Forget a login: a launch or an error arrived for it."""
        with self._lock:
            self._begun.pop(state_hash, None)

    def write_down(self) -> None:
        """Make records of those that began more than a minute ago."""
        before = utc_now() - LOST_AFTER
        with self._lock:
            lost = {state_hash: begun for state_hash, begun in self._begun.items() if begun.at < before}
            for state_hash in lost:
                del self._begun[state_hash]
        if not lost:
            return
        try:
            with unscoped(Unscoped.LOGIN, write=True) as session:
                for state_hash, begun in lost.items():
                    _write(session, state_hash, begun)
        except SQLAlchemyError as error:  # the login that happens to write them down has nothing to do with it
            log.warning("lti.lost_logins", error=type(error).__name__, logins=len(lost))


def _write(session: UnscopedSession, state_hash: str, begun: _Begun) -> None:
    """Add a record, unless its answer came to another process meanwhile, or its platform is gone."""
    record = LaunchRecord(
        code=records.new_code(),
        at=begun.at,
        platform_id=begun.platform_id,
        verdict=records.LOST,
        state_hash=state_hash,
        facts={"binding": begun.binding},
    )
    with suppress(IntegrityError), session.begin_nested():
        session.add(record)


def lost_logins() -> LostLogins:
    """Return the current app's."""
    return cast("LostLogins", current_app.extensions.setdefault(_EXTENSION, LostLogins()))
