"""What the player sends: checked, bounded, and stored once."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from passback.db import JsonObject, TenantSession, held
from passback.plugin import RuntimeEvent
from passback.tracking.errors import EventsRefusedError, SequenceConflictError
from passback.tracking.models import PlaySession, StoredEvent

MAX_EVENTS = 2000
MAX_EVENT_BYTES = 1024 * 1024
MAX_BATCH_BYTES = 8 * 1024 * 1024
MAX_AHEAD = 10_000
"""How far a sequence number may be ahead of what is applied: a hostile one would leave a gap that nobody fills."""
LONGEST_ACTIVITY = 2000
CLOCK_SLACK = timedelta(minutes=1)
KIND = re.compile(r"[a-z0-9_-]{1,40}(\.[a-z0-9_-]{1,40}){1,4}", re.ASCII)
CORES_OWN = "session."


@dataclass(frozen=True)
class IncomingEvent:
    """An event as the player sent it.

    Args:
        sequence: 1, 2, 3 … within its session.
        kind: `<content type>.<word>`; core's own `session.…` cannot be sent.
        activity: id of the activity it is about.
        at: when it was said, by the server's clock; brought within the session's life.
        data: the content type's own, plain JSON.
    """

    sequence: int
    kind: str
    activity: str
    at: datetime
    data: JsonObject


def checked(events: Sequence[IncomingEvent]) -> list[IncomingEvent]:
    """Return the events in order, each once.

    Raises:
        EventsRefusedError: one of them is not what a player sends; `detail` says which and why.
    """
    if len(events) > MAX_EVENTS:
        raise EventsRefusedError(f"{len(events)} events at once", advice=f"Send at most {MAX_EVENTS} at once.")
    total = 0
    found: dict[int, IncomingEvent] = {}
    for event in events:
        total += _size(event)
        if total > MAX_BATCH_BYTES:
            raise EventsRefusedError(f"more than {MAX_BATCH_BYTES} bytes", advice="Send fewer events at once.")
        _refuse_other(found.setdefault(event.sequence, event), event)
    return [found[sequence] for sequence in sorted(found)]


def _size(event: IncomingEvent) -> int:
    sequence = event.sequence
    if isinstance(sequence, bool) or not isinstance(sequence, int) or not 1 <= sequence < 2**31:
        raise EventsRefusedError("a sequence number that is none")
    if not isinstance(event.kind, str) or not KIND.fullmatch(event.kind) or event.kind.startswith(CORES_OWN):
        raise EventsRefusedError(f"event {sequence}: kind")
    if not isinstance(event.at, datetime) or event.at.tzinfo is None:
        raise EventsRefusedError(f"event {sequence}: time")
    if not isinstance(event.data, dict):
        raise EventsRefusedError(f"event {sequence}: data is no object")
    try:
        event.activity.encode()
        size = len(json.dumps(event.data, allow_nan=False))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise EventsRefusedError(f"event {sequence}: {type(error).__name__}") from error
    if "\0" in event.activity or len(event.activity) > LONGEST_ACTIVITY:
        raise EventsRefusedError(f"event {sequence}: activity")
    if size > MAX_EVENT_BYTES:
        raise EventsRefusedError(f"event {sequence}: {size} bytes", advice="The course sends more than can be kept.")
    return size


@dataclass(frozen=True)
class Stored:
    """What a send added: `next` follows on what is applied, `holes` come after their place was passed."""

    next: tuple[RuntimeEvent, ...] = ()
    holes: tuple[RuntimeEvent, ...] = ()

    @property
    def anything(self) -> bool:
        """True where the send brought something new, even if it has to wait for what lies between."""
        return bool(self.next or self.holes)


def store(session: TenantSession, play: PlaySession, events: Sequence[IncomingEvent], now: datetime) -> Stored:
    """Store what is not stored yet; the caller has locked the session's attempt.

    Raises:
        EventsRefusedError: a number too far ahead.
        SequenceConflictError: another event is stored under one of the numbers.
    """
    if events and events[-1].sequence > play.applied_seq + MAX_AHEAD:
        raise EventsRefusedError(f"event {events[-1].sequence} after {play.applied_seq}")
    known = _known(session, play, events)
    fresh = [event for event in events if not _is_known(known, event)]
    late = play.status != "open"
    found = [_insert(session, play, event, late=late, now=now) for event in fresh]
    if fresh:
        play.stored_seq = max(play.stored_seq, fresh[-1].sequence)
    return Stored(
        next=tuple(event for event in found if event.sequence > play.applied_seq),
        holes=tuple(event for event in found if event.sequence <= play.applied_seq),
    )


def _insert(
    session: TenantSession, play: PlaySession, event: IncomingEvent, *, late: bool, now: datetime
) -> RuntimeEvent:
    at = min(max(event.at, play.opened_at - CLOCK_SLACK), now + CLOCK_SLACK)
    held.add(
        session,
        StoredEvent,
        session_id=play.id,
        sequence=event.sequence,
        kind=event.kind,
        activity=event.activity,
        data=event.data,
        at=at,
        recorded_at=now,
        late=late or event.sequence <= play.applied_seq,
    )
    return RuntimeEvent(play.id, event.sequence, event.kind, event.activity, at, event.data)


def waiting(session: TenantSession, play: PlaySession) -> list[RuntimeEvent]:
    """Return, in order, the stored events that are not applied yet."""
    rows = session.scalars(
        select(StoredEvent)
        .where(StoredEvent.session_id == play.id, StoredEvent.sequence > play.applied_seq)
        .order_by(StoredEvent.sequence)
    )
    return [to_runtime(row) for row in rows]


def contiguous(applied: int, events: Sequence[RuntimeEvent]) -> list[RuntimeEvent]:
    """Return the events that follow on `applied` without a gap."""
    found = []
    for event in events:
        if event.sequence != applied + 1:
            break
        applied = event.sequence
        found.append(event)
    return found


def add_own(session: TenantSession, play: PlaySession, kind: str, data: JsonObject, now: datetime) -> RuntimeEvent:
    """Store one of core's own events: the start as number 0, ends as -1, -2, …"""
    lowest = session.scalars(select(func.min(StoredEvent.sequence)).where(StoredEvent.session_id == play.id)).one()
    sequence = 0 if lowest is None else lowest - 1
    values = {"session_id": play.id, "sequence": sequence, "kind": kind, "activity": "", "data": data, "at": now}
    held.add(session, StoredEvent, **values, recorded_at=now, late=False)
    return RuntimeEvent(play.id, sequence, kind, "", now, data)


def to_runtime(row: StoredEvent) -> RuntimeEvent:
    """Return a stored event as content types see it."""
    return RuntimeEvent(row.session_id, row.sequence, row.kind, row.activity, row.at, row.data)


def _known(
    session: TenantSession, play: PlaySession, events: Sequence[IncomingEvent]
) -> dict[int, tuple[str, str, JsonObject]]:
    if not events or (events[0].sequence > play.stored_seq):
        return {}
    rows = session.execute(
        select(StoredEvent.sequence, StoredEvent.kind, StoredEvent.activity, StoredEvent.data).where(
            StoredEvent.session_id == play.id,
            StoredEvent.sequence >= events[0].sequence,
            StoredEvent.sequence <= events[-1].sequence,
        )
    )
    return {sequence: (kind, activity, data) for sequence, kind, activity, data in rows}


def _is_known(known: dict[int, tuple[str, str, JsonObject]], event: IncomingEvent) -> bool:
    if event.sequence not in known:
        return False
    if known[event.sequence] != (event.kind, event.activity, event.data):
        raise SequenceConflictError(f"event {event.sequence}")
    return True


def _refuse_other(first: IncomingEvent, second: IncomingEvent) -> None:
    if (first.kind, first.activity, first.data) != (second.kind, second.activity, second.data):
        raise SequenceConflictError(f"event {second.sequence}")
