"""Compares courses with their gradebooks when due, in a thread of its own: neither launches nor grades wait."""

import threading
from collections.abc import Iterable
from typing import cast
from uuid import UUID

import structlog
from flask import Flask, current_app
from sqlalchemy import or_, select

from passback.clock import utc_now
from passback.db import Unscoped, tenant_session, unscoped
from passback.delivery.room import room_of
from passback.errors import PassbackError
from passback.lti.reconciliation_models import Reconciliation
from passback.lti.reconciling import ensure, recent_contexts, reconcile
from passback.lti.rosters import next_night
from passback.plugin import Job, hookimpl

EVERY_SECONDS = 60.0
DAILY_SECONDS = 86400.0
_KEY = "passback_reconciler"

log = structlog.get_logger(__name__)


class CoreReconciliation:
    """What reconciliation brings through the hooks that plugins use."""

    @hookimpl
    def register_jobs(self) -> Iterable[Job]:
        """Return the daily look for courses and the look for those that are due."""
        return [Job("courses", DAILY_SECONDS, note_courses), Job("due", EVERY_SECONDS, start_comparing)]


def note_courses() -> None:
    """Give every course in which something goes on a night, and let the others rest."""
    now = utc_now()
    with unscoped(Unscoped.SCHEDULER) as session:
        recent = recent_contexts(session, now)
        planned = select(Reconciliation.tenant_id, Reconciliation.context_id).where(Reconciliation.due_at > now)
        resting = {(one, other) for one, other in session.execute(planned)} - set(recent)
    for tenant_id, context_id in sorted({*recent, *resting}):
        with tenant_session(tenant_id, write=True) as session:
            report = ensure(session, context_id)
            rests = (tenant_id, context_id) in resting
            report.due_at = None if rests else report.due_at or next_night(now, report.id)


def start_comparing() -> None:
    """Compare what is due in this process's thread for it, where that is not at work already."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # werkzeug's proxy
    cast("_Reconciler", app.extensions.setdefault(_KEY, _Reconciler())).start(app)


def start_here() -> None:
    """Compare at once what somebody has asked for, where an engine works in this process; else its look finds it."""
    if room_of(current_app).engine is not None:
        start_comparing()


def compare_due() -> int:
    """Compare every course that is due, one after the other, and return how many came to a good end."""
    seen, done = set[UUID](), 0
    while (found := _next_due(seen)) is not None:
        tenant_id, context_id = found
        seen.add(context_id)
        try:
            reconcile(tenant_id, context_id)
            done += 1
        except PassbackError:  # noted in the report
            continue
        except Exception:
            log.exception("reconciliation.fault", context=str(context_id))
    return done


def _next_due(seen: set[UUID]) -> tuple[UUID, UUID] | None:
    now = utc_now()
    free = or_(Reconciliation.lease_until.is_(None), Reconciliation.lease_until < now)
    query = select(Reconciliation.tenant_id, Reconciliation.context_id).where(Reconciliation.due_at <= now, free)
    with unscoped(Unscoped.SCHEDULER) as session:
        due = session.execute(query.where(Reconciliation.context_id.not_in(seen)).order_by(Reconciliation.due_at))
        row = due.first()
    return None if row is None else (row[0], row[1])


class _Reconciler:
    """One thread at a time. A course that becomes due while it finishes is found by the next look, a minute later."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self, app: Flask) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._run, args=(app,), name="passback-reconciliation", daemon=True
                )
                self._thread.start()

    @staticmethod
    def _run(app: Flask) -> None:
        try:
            with app.app_context():
                compare_due()
        except Exception:  # the database may be away for a while; the next look finds what is due
            log.exception("reconciliation.fault")
