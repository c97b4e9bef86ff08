"""Reads the rosters that are due, one after the other, in a thread of its own: neither launches nor grades wait."""

import threading
from collections.abc import Iterable
from datetime import timedelta
from typing import cast
from uuid import UUID

import structlog
from flask import Flask, current_app
from sqlalchemy import event, exists, or_, select

from passback.clock import utc_now
from passback.db import TenantSession, Unscoped, tenant_session, unscoped
from passback.delivery.room import room_of
from passback.errors import PassbackError
from passback.lti.models import Context, ResourceLink
from passback.lti.roster_models import Roster
from passback.lti.rosters import ensure_roster, next_night, sync_roster
from passback.plugin import Job, hookimpl
from passback.tracking.models import Registration

EVERY_SECONDS = 60.0
IDLE = timedelta(days=120)
"""A course in which nothing happens for so long is over: its roster is read no more until somebody teaches there."""
AT_ONCE = 100
_KEY = "passback_roster_reader"

log = structlog.get_logger(__name__)


class CoreRosters:
    """What the rosters bring through the hooks that plugins use."""

    @hookimpl
    def register_jobs(self) -> Iterable[Job]:
        """Return the look for rosters that are due."""
        return [Job("due", EVERY_SECONDS, start_reading)]


def start_reading() -> None:
    """Read what is due in this process's thread for rosters, where it is not at it already."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # werkzeug's proxy
    reader = cast("_Reader", app.extensions.setdefault(_KEY, _Reader()))
    reader.start(app)


def start_after_commit(session: TenantSession) -> None:
    """Read soon after the transaction, where an engine works in this process; else its own look will find it."""
    if room_of(current_app).engine is None:
        return
    event.listen(session, "after_commit", lambda _session: start_reading(), once=True)


class _Reader:
    """One thread at a time. `_again`: something became due while it was finishing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._again = False

    def start(self, app: Flask) -> None:
        """Begin, or have the thread that is at it look once more."""
        with self._lock:
            self._again = True
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, args=(app,), name="passback-rosters", daemon=True)
                self._thread.start()

    def _run(self, app: Flask) -> None:
        while True:
            with self._lock:
                if not self._again:
                    self._thread = None
                    return
                self._again = False
            try:
                with app.app_context():
                    read_due()
            except Exception:  # the database may be away for a while; the next look finds what is due
                log.exception("roster.fault")


def read_due() -> int:
    """Read every roster that is due, and return how many came to a good end."""
    _note_new_courses()
    done = 0
    seen = set[UUID]()
    while (found := _next_due(seen)) is not None:
        tenant_id, context_id, roster_id = found
        seen.add(roster_id)
        if _is_over(tenant_id, context_id, roster_id):
            continue
        try:
            sync_roster(tenant_id, context_id)
            done += 1
        except PassbackError:  # noted with the roster
            continue
        except Exception:
            log.exception("roster.fault", roster=str(roster_id))
    return done


def _next_due(seen: set[UUID]) -> tuple[UUID, UUID, UUID] | None:
    now = utc_now()
    free = or_(Roster.lease_until.is_(None), Roster.lease_until < now)
    query = select(Roster.tenant_id, Roster.context_id, Roster.id).where(Roster.due_at <= now, free)
    with unscoped(Unscoped.SCHEDULER) as session:
        row = session.execute(query.where(Roster.id.not_in(seen)).order_by(Roster.due_at).limit(1)).one_or_none()
    return None if row is None else (row[0], row[1], row[2])


def _is_over(tenant_id: UUID, context_id: UUID, roster_id: UUID) -> bool:
    """Stop reading the roster of a course in which nothing happens any more."""
    line = utc_now() - IDLE
    with tenant_session(tenant_id, write=True) as session:
        roster = session.scalars(select(Roster).where(Roster.id == roster_id).with_for_update()).one()
        links = select(ResourceLink.placement_id).where(ResourceLink.context_id == context_id)
        recent = or_(Registration.created_at > line, Registration.last_activity_at > line)
        alive = [
            select(ResourceLink.id).where(ResourceLink.context_id == context_id, ResourceLink.updated_at > line),
            select(Registration.id).where(Registration.placement_id.in_(links), recent),
        ]
        if roster.asked_at is not None and roster.asked_at > line:
            return False
        if any(session.scalars(query.limit(1)).first() for query in alive):
            return False
        roster.due_at = None
        return True


def _note_new_courses() -> None:
    """Give courses that no instructor has opened since their roster is known one that is read the next night."""
    has = exists().where(Roster.tenant_id == ResourceLink.tenant_id, Roster.context_id == ResourceLink.context_id)
    query = (
        select(ResourceLink.tenant_id, Context.id)
        .join(Context, Context.id == ResourceLink.context_id)
        .where(ResourceLink.memberships_url != "", Context.context_id != "", ~has)
    )
    with unscoped(Unscoped.SCHEDULER) as session:
        found = session.execute(query.distinct().limit(AT_ONCE)).all()
    for tenant_id, context_id in found:
        with tenant_session(tenant_id, write=True) as session:
            roster = ensure_roster(session, context_id)
            roster.due_at = roster.due_at or next_night(utc_now(), roster.id)
