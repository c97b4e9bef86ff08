"""Handing one claimed event to the plugin it is for, and to nobody else."""

import time
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from flask import Flask
from pluggy import HookImpl
from sqlalchemy import select

from passback.clock import utc_now
from passback.db import JsonObject, TenantSession, tenant_session
from passback.delivery.claims import Claim
from passback.delivery.listeners import listeners
from passback.delivery.models import DeliveryTry, EventDelivery
from passback.delivery.policy import Policy
from passback.delivery.room import room_of
from passback.plugin import Event, SendResult, Verdict
from passback.plugins.activation import is_on

log = structlog.get_logger(__name__)


def deliver_event(app: Flask, claim: Claim) -> None:
    """Deliver a claimed event and record what came of it. Raises nothing that the listener may have caused."""
    policy = room_of(app).policy
    with tenant_session(claim.tenant_id, write=True) as session:
        row = _lock(session, claim)
        if row is None or row.lease_owner != claim.owner:
            return
        if not is_on(session, row.listener, claim.tenant_id):
            _settle(row, "superseded", "listener_off")
            return
        row.tries += 1
        row.lease_until = utc_now() + timedelta(seconds=policy.lease)
        event = _event(row)
    listener = listeners().get(claim.listener)
    started = time.monotonic()
    result = SendResult(Verdict.RETRY, "listener_missing") if listener is None else _tell(app, listener, event)
    _record(claim, result, policy, (time.monotonic() - started) * 1000)


def _lock(session: TenantSession, claim: Claim) -> EventDelivery | None:
    """Return the locked row, None where it was deleted; the lease may be another claim's by now."""
    query = select(EventDelivery).where(EventDelivery.id == claim.delivery_id).with_for_update()
    return session.scalars(query).one_or_none()


def _event(row: EventDelivery) -> Event:
    payload = row.payload
    data = payload["data"]
    assert isinstance(data, dict)  # noqa: S101 - written by `owed.publish`
    registration = payload["registration"]
    return Event(
        id=UUID(str(payload["id"])),
        tenant=row.tenant_id,
        name=row.event,
        registration=UUID(str(registration)) if registration else None,
        at=datetime.fromisoformat(str(payload["at"])),
        data=JsonObject(data),
    )


def _tell(app: Flask, listener: HookImpl, event: Event) -> SendResult:
    """Call this plugin's `on_event`, in an app context of its own: what it leaves open is closed with that."""
    try:
        with app.app_context():
            listener.function(*[{"event": event}[name] for name in listener.argnames])
    except (Exception, SystemExit):
        log.exception("plugin.hook_failed", plugin=listener.plugin_name, hook="on_event", event_id=str(event.id))
        return SendResult(Verdict.RETRY, "listener_failed")
    return SendResult(Verdict.DELIVERED)


def _record(claim: Claim, result: SendResult, policy: Policy, milliseconds: float) -> None:
    with tenant_session(claim.tenant_id, write=True) as session:
        row = _lock(session, claim)
        if row is None:  # deleted meanwhile, and its tries with it
            return
        session.add(
            DeliveryTry(
                event_id=row.id,
                at=utc_now(),
                verdict=str(result.verdict),
                reason_class=result.reason_class,
                duration_ms=int(milliseconds),
            )
        )
        if row.lease_owner != claim.owner:
            return
        if result.verdict is Verdict.DELIVERED:
            _settle(row, "delivered")
            return
        _try_later(row, result, policy, utc_now())


def _try_later(row: EventDelivery, result: SendResult, policy: Policy, now: datetime) -> None:
    row.failing_since = row.failing_since or now
    if policy.gives_up(tries=row.tries, failing_since=row.failing_since, now=now):
        _settle(row, "parked", "gave_up")
        return
    row.state, row.reason_class = "queued", result.reason_class
    row.lease_owner, row.lease_until = "", None
    row.due_at = now + timedelta(seconds=policy.delay(row.tries))


def _settle(row: EventDelivery, state: str, reason_class: str = "") -> None:
    row.state, row.reason_class = state, reason_class
    row.lease_owner, row.lease_until = "", None
    row.settled_at = None if state == "parked" else utc_now()
