"""What people see of deliveries: a list, one with its tries, the numbers, and "send again"."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from passback.clock import utc_now
from passback.db import TenantSession
from passback.delivery.errors import UnknownDeliveryError
from passback.delivery.models import DeliveryTry, EventDelivery, ScoreDelivery
from passback.delivery.owed import queue_again
from passback.delivery.wakeup import wake_after_commit
from passback.delivery.words import reason_in_words, state_in_words

Row = ScoreDelivery | EventDelivery


@dataclass(frozen=True)
class LedgerEntry:
    """One delivery in plain words.

    Args:
        kind: `score` or `event`.
        destination: where a score goes, or the plugin that an event is for.
        what: the event's name, or "score".
        state: the stable word; `state_text` says it to people.
        reason: why it waits or is parked, in plain words; `reason_class` is the stable word.
        scaled: 0..1, what is known to be in the gradebook.
        due_at: when it is sent or tried next, while it is queued.
        settled_at: when it was accepted or delivered.
        read_back_at: when the gradebook was last seen to hold it.
        activity: title of the one whose grade it is; "" for the course's.
    """

    id: UUID
    state: str
    state_text: str
    reason_class: str
    reason: str
    tries: int
    due_at: datetime | None
    kind: str = "score"
    what: str = "score"
    registration_id: UUID | None = None
    destination: str = ""
    settled_at: datetime | None = None
    scaled: float | None = None
    read_back_at: datetime | None = None
    activity: str = ""


@dataclass(frozen=True)
class LedgerNumbers:
    """How many deliveries are in each state, and since when the oldest queued one waits."""

    scores: dict[str, int]
    events: dict[str, int]
    oldest_queued_at: datetime | None


def list_deliveries(
    session: TenantSession,
    *,
    state: str | None = None,
    registration_id: UUID | None = None,
    kind: str | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[LedgerEntry]:
    """Return deliveries, newest first.

    Args:
        state: only those in this state.
        registration_id: only those of this registration.
        kind: only `score` or only `event`.
        before: the last id of the page before.
        limit: at most so many.
    """
    rows: list[Row] = []
    if kind != "event":
        rows += _scores(session, state, registration_id, before, limit)
    if kind != "score":
        rows += _events(session, state, registration_id, before, limit)
    rows.sort(key=lambda row: row.id, reverse=True)
    return [_entry(row) for row in rows[:limit]]


def find_delivery(session: TenantSession, delivery_id: UUID) -> LedgerEntry:
    """Return one delivery.

    Raises:
        UnknownDeliveryError: this tenant has none of that id.
    """
    return _entry(_find(session, delivery_id))


def tries_of(session: TenantSession, delivery_id: UUID) -> Sequence[DeliveryTry]:
    """Return every try of a delivery, the first one first."""
    query = select(DeliveryTry).where(or_(DeliveryTry.score_id == delivery_id, DeliveryTry.event_id == delivery_id))
    return session.scalars(query.order_by(DeliveryTry.at, DeliveryTry.id)).all()


def send_again(session: TenantSession, delivery_id: UUID) -> LedgerEntry:
    """Queue a delivery now, whatever its state; a score goes out with its newest value. The caller audits.

    Raises:
        UnknownDeliveryError: this tenant has none of that id.
    """
    row = _find(session, delivery_id, lock=True)
    _again(session, row)
    session.flush()
    return _entry(row)


def scores_of(
    session: TenantSession,
    registrations: Select[UUID],
    *,
    states: Collection[str] | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[LedgerEntry]:
    """Return the scores of some registrations, newest first.

    Args:
        registrations: selects their ids.
        states: only those in one of these states.
        before: the last id of the page before.
    """
    query = select(ScoreDelivery).where(
        ScoreDelivery.registration_id.in_(registrations), ScoreDelivery.state != "superseded"
    )
    if states is not None:
        query = query.where(ScoreDelivery.state.in_(states))
    if before is not None:
        query = query.where(ScoreDelivery.id < before)
    return [_entry(row) for row in session.scalars(query.order_by(ScoreDelivery.id.desc()).limit(limit))]


def send_parked_of(session: TenantSession, registrations: Select[UUID]) -> int:
    """Queue every parked score of some registrations and return how many there were. The caller audits."""
    query = select(ScoreDelivery).where(
        ScoreDelivery.state == "parked", ScoreDelivery.registration_id.in_(registrations)
    )
    rows = session.scalars(query.order_by(ScoreDelivery.id).with_for_update()).all()
    for row in rows:
        _again(session, row)
    session.flush()
    return len(rows)


def send_all_parked(session: TenantSession) -> int:
    """Queue every parked delivery of the tenant and return how many there were. The caller audits."""
    scores = select(ScoreDelivery).where(ScoreDelivery.state == "parked").order_by(ScoreDelivery.id)
    events = select(EventDelivery).where(EventDelivery.state == "parked").order_by(EventDelivery.id)
    rows: list[Row] = [*session.scalars(scores.with_for_update()), *session.scalars(events.with_for_update())]
    for row in rows:
        _again(session, row)
    session.flush()
    return len(rows)


def numbers(session: TenantSession) -> LedgerNumbers:
    """Count the tenant's deliveries."""
    scores = session.execute(select(ScoreDelivery.state, func.count()).group_by(ScoreDelivery.state))
    events = session.execute(select(EventDelivery.state, func.count()).group_by(EventDelivery.state))
    oldest = [
        session.scalars(select(func.min(column)).where(state == "queued")).one()
        for column, state in (
            (ScoreDelivery.first_queued_at, ScoreDelivery.state),
            (EventDelivery.created_at, EventDelivery.state),
        )
    ]
    return LedgerNumbers(
        dict(scores.all()),
        dict(events.all()),
        min((moment for moment in oldest if moment is not None), default=None),
    )


def trouble_with(session: Session, destination: str) -> str:
    """Return, in plain words, why the score fails that has begun to fail last, whoever's it is; "" where none does."""
    failing = select(ScoreDelivery.reason_class, ScoreDelivery.reason).where(
        ScoreDelivery.destination == destination,
        ScoreDelivery.failing_since.is_not(None),
        ScoreDelivery.state.in_(["queued", "sending", "parked"]),
    )
    found = session.execute(failing.order_by(ScoreDelivery.failing_since.desc()).limit(1)).one_or_none()
    return reason_in_words(*found) if found else ""


def _scores(
    session: TenantSession, state: str | None, registration_id: UUID | None, before: UUID | None, limit: int
) -> list[ScoreDelivery]:
    query = select(ScoreDelivery).order_by(ScoreDelivery.id.desc()).limit(limit)
    if state is not None:
        query = query.where(ScoreDelivery.state == state)
    if registration_id is not None:
        query = query.where(ScoreDelivery.registration_id == registration_id)
    if before is not None:
        query = query.where(ScoreDelivery.id < before)
    return list(session.scalars(query))


def _events(
    session: TenantSession, state: str | None, registration_id: UUID | None, before: UUID | None, limit: int
) -> list[EventDelivery]:
    query = select(EventDelivery).order_by(EventDelivery.id.desc()).limit(limit)
    if state is not None:
        query = query.where(EventDelivery.state == state)
    if registration_id is not None:
        query = query.where(EventDelivery.lane == str(registration_id))
    if before is not None:
        query = query.where(EventDelivery.id < before)
    return list(session.scalars(query))


def _find(session: TenantSession, delivery_id: UUID, *, lock: bool = False) -> Row:
    scores = select(ScoreDelivery).where(ScoreDelivery.id == delivery_id)
    events = select(EventDelivery).where(EventDelivery.id == delivery_id)
    if lock:
        scores, events = scores.with_for_update(), events.with_for_update()
    row: Row | None = session.scalars(scores).one_or_none() or session.scalars(events).one_or_none()
    if row is None:
        raise UnknownDeliveryError(str(delivery_id))
    return row


def _again(session: TenantSession, row: Row) -> None:
    if isinstance(row, ScoreDelivery):
        queue_again(session, row)
        return
    if row.state != "sending":
        row.state, row.reason_class, row.reason = "queued", "", ""
        row.due_at, row.failing_since, row.settled_at = utc_now(), None, None
    wake_after_commit(session)


def _entry(row: Row) -> LedgerEntry:
    entry = LedgerEntry(
        id=row.id,
        state=row.state,
        state_text=state_in_words(row.state, tries=row.tries),
        reason_class=row.reason_class,
        reason=reason_in_words(row.reason_class, row.reason),
        tries=row.tries,
        due_at=row.due_at if row.state == "queued" else None,
    )
    if isinstance(row, ScoreDelivery):
        return replace(
            entry,
            registration_id=row.registration_id,
            destination=row.destination,
            scaled=row.sent_scaled,
            settled_at=row.accepted_at,
            read_back_at=row.read_back_at,
            activity=row.activity_title,
        )
    return replace(
        entry,
        kind="event",
        what=row.event,
        registration_id=UUID(row.lane) if row.lane else None,
        destination=row.listener,
        settled_at=row.settled_at,
    )
