"""Claiming what is due: one worker owns a delivery until its lease ends, whatever becomes of the worker."""

import os
import socket
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from passback.clock import utc_now
from passback.db import Unscoped, unscoped
from passback.delivery.destinations import lock_destination
from passback.delivery.models import DeliveryTry, Destination, EventDelivery, ScoreDelivery
from passback.delivery.policy import Policy

Kind = type[ScoreDelivery] | type[EventDelivery]


@dataclass(frozen=True)
class Claim:
    """A delivery that is ours. `owner` is unique to this claim: an answer that comes after the lease was lost tells."""

    delivery_id: UUID
    tenant_id: UUID
    owner: str
    listener: str = ""


def claim_score(policy: Policy) -> Claim | None:
    """Claim the score that has been due longest and whose destination is free, or None."""
    with unscoped(Unscoped.DELIVERY_CLAIMS) as session:  # looking takes no lock; most looks find nothing
        if _first_due_score(session, policy, utc_now()) is None:
            return None
    with unscoped(Unscoped.DELIVERY_CLAIMS, write=True) as session:
        now = utc_now()
        row = _first_due_score(session, policy, now, lock=True)
        if row is None or not _has_room(session, row.destination, policy, now):
            return None
        if row.state == "sending":
            _note_interrupted(session, row, now)
        return _take(row, policy.lease, now)


def claim_event(policy: Policy, busy: Collection[str] = ()) -> Claim | None:
    """Claim the head of the lane that has been due longest, or None.

    Args:
        busy: listeners that this process calls just now; one that hangs must not hold every thread.
    """
    with unscoped(Unscoped.DELIVERY_CLAIMS) as session:
        if session.scalars(_due_events(utc_now(), busy).limit(1)).first() is None:
            return None
    with unscoped(Unscoped.DELIVERY_CLAIMS, write=True) as session:
        now = utc_now()
        query = _due_events(now, busy).limit(1).with_for_update(skip_locked=True, of=EventDelivery)
        row = session.scalars(query).first()
        if row is None:
            return None
        if row.state == "sending":
            _note_interrupted(session, row, now)
        return _take(row, policy.lease, now)


def renew(claims: Collection[Claim], policy: Policy) -> None:
    """Keep the leases of what this process is still at work on."""
    until = utc_now() + timedelta(seconds=policy.lease)
    with unscoped(Unscoped.DELIVERY_CLAIMS, write=True) as session:
        for claim in claims:
            kind = EventDelivery if claim.listener else ScoreDelivery
            ours = (kind.id == claim.delivery_id, kind.lease_owner == claim.owner, kind.state == "sending")
            session.execute(update(kind).where(*ours).values(lease_until=until))


def _first_due_score(session: Session, policy: Policy, now: datetime, *, lock: bool = False) -> ScoreDelivery | None:
    """Return what a dead worker has left behind, else what has been due longest.

    Asked apart, each follows an index to its first row: with an OR every look would sort the whole queue (9 ms of
    processor time with 10,000 queued, against 4).
    """
    for ready in (_left_behind(ScoreDelivery, now), _queued(ScoreDelivery, now)):
        query = _due_scores(policy, now, ready).limit(1)
        if lock:
            query = query.with_for_update(skip_locked=True, of=ScoreDelivery)
        row = session.scalars(query).first()
        if row is not None:
            return row
    return None


def _due_scores(policy: Policy, now: datetime, ready: ColumnElement[bool]) -> Select[ScoreDelivery]:
    paused = select(Destination.name).where(Destination.paused_until > now)
    troubled = select(Destination.name).where(Destination.failures >= policy.breaker_failures)
    under_way = select(ScoreDelivery.destination).where(_under_way(now))
    full = under_way.group_by(ScoreDelivery.destination).having(func.count() >= policy.destination_cap)
    return (
        select(ScoreDelivery)
        .where(
            ready,
            ScoreDelivery.destination.not_in(paused),
            ScoreDelivery.destination.not_in(full),
            or_(ScoreDelivery.destination.not_in(troubled), ScoreDelivery.destination.not_in(under_way)),
        )
        .order_by(ScoreDelivery.due_at, ScoreDelivery.id)
    )


def _due_events(now: datetime, busy: Collection[str]) -> Select[EventDelivery]:
    earlier = aliased(EventDelivery)
    held = (
        select(earlier.id)
        .where(
            earlier.tenant_id == EventDelivery.tenant_id,
            earlier.listener == EventDelivery.listener,
            earlier.lane == EventDelivery.lane,
            earlier.state.in_(["queued", "sending"]),
            or_(
                earlier.position < EventDelivery.position,
                and_(earlier.position == EventDelivery.position, earlier.id < EventDelivery.id),
            ),
        )
        .exists()
    )
    query = select(EventDelivery).where(or_(_queued(EventDelivery, now), _left_behind(EventDelivery, now)), ~held)
    if busy:
        query = query.where(EventDelivery.listener.not_in(list(busy)))
    return query.order_by(EventDelivery.due_at, EventDelivery.id)


def _queued(kind: Kind, now: datetime) -> ColumnElement[bool]:
    return and_(kind.state == "queued", kind.due_at <= now)


def _left_behind(kind: Kind, now: datetime) -> ColumnElement[bool]:
    """Say whether the worker that had it is gone."""
    return and_(kind.state == "sending", kind.lease_until < now)


def _under_way(now: datetime) -> ColumnElement[bool]:
    return and_(ScoreDelivery.state == "sending", ScoreDelivery.lease_until >= now)


def _has_room(session: Session, name: str, policy: Policy, now: datetime) -> bool:
    """Look once more, with the destination locked: two workers may have seen the same last place."""
    destination = lock_destination(session, name)
    if destination.paused_until is not None and destination.paused_until > now:
        return False
    count = select(func.count()).select_from(ScoreDelivery).where(ScoreDelivery.destination == name, _under_way(now))
    cap = 1 if destination.failures >= policy.breaker_failures else policy.destination_cap
    return session.scalars(count).one() < cap


def _note_interrupted(session: Session, row: ScoreDelivery | EventDelivery, now: datetime) -> None:
    what = {"score_id": row.id} if isinstance(row, ScoreDelivery) else {"event_id": row.id}
    session.add(DeliveryTry(tenant_id=row.tenant_id, **what, at=now, verdict="unknown", reason_class="interrupted"))


def _take(row: ScoreDelivery | EventDelivery, lease: float, now: datetime) -> Claim:
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex}"
    row.state, row.lease_owner, row.lease_until = "sending", owner, now + timedelta(seconds=lease)
    return Claim(row.id, row.tenant_id, owner, getattr(row, "listener", ""))
