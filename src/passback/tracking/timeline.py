"""What content said in an attempt, for support: its stored events in the words of its content type."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import Text, cast, func, select

from passback.content.errors import ContentTypeMissingError
from passback.db import MAX_INTEGER, JsonObject, TenantSession
from passback.plugin import RuntimeEvent, TellsTimeline, Timeline
from passback.tracking.courses import find_subject
from passback.tracking.journal import to_runtime
from passback.tracking.legible import legible
from passback.tracking.models import Attempt, PlaySession, StoredEvent

log = structlog.get_logger(__name__)

MOST_EVENTS = 2000
MOST_BYTES = 4 * 1024 * 1024
"""What is looked at, the newest first: an attempt may have any number of events of a megabyte each."""
MOST_ENTRIES = 1000
_AT_ONCE = 20


@dataclass(frozen=True)
class AttemptTimeline:
    """The timeline of one attempt; `cut`: only the newest part of it."""

    number: int
    told: Timeline
    cut: bool = False

    def to_json(self) -> JsonObject:
        """Return it as `passback registrations show --timeline --json` prints it."""
        return {
            "attempt": self.number,
            "findings": list(self.told.findings),
            "entries": [
                {"at": one.at.isoformat(), "activity": one.activity, "text": one.text, "trouble": one.trouble}
                for one in self.told.entries
            ],
            "cut": self.cut,
        }


def attempt_timeline(session: TenantSession, registration_id: UUID, number: int) -> AttemptTimeline | None:
    """Return the timeline of an attempt; None where there is no such attempt or its content type tells none."""
    wanted = select(Attempt).where(Attempt.registration_id == registration_id, Attempt.number == number)
    attempt = session.scalars(wanted).one_or_none() if 0 < number <= MAX_INTEGER else None
    if attempt is None:
        return None
    try:
        subject = find_subject(session, attempt)
    except ContentTypeMissingError:
        return None
    content_type = subject.content_type
    if not isinstance(content_type, TellsTimeline):
        return None
    events, cut = _events(session, attempt)
    try:
        told = content_type.timeline(events, subject.content)
    except Exception as error:  # noqa: BLE001 - a plugin's fault must not take the whole report away
        log.error(
            "tracking.timeline_failed", content_type=content_type.key, error=f"{type(error).__name__}: {error}"[:200]
        )
        return None
    kept = tuple(
        replace(one, text=legible(one.text), activity=legible(one.activity)) for one in told.entries[-MOST_ENTRIES:]
    )
    return AttemptTimeline(number, Timeline(kept, legible(told.findings)), cut or len(kept) < len(told.entries))


def _events(session: TenantSession, attempt: Attempt) -> tuple[Sequence[RuntimeEvent], bool]:
    """Return the newest events of an attempt, session by session, and whether there are more."""
    size = func.length(cast(StoredEvent.data, Text))
    rows = session.execute(
        select(StoredEvent, PlaySession.opened_at, size)
        .join(PlaySession, PlaySession.id == StoredEvent.session_id)
        .where(PlaySession.attempt_id == attempt.id, PlaySession.mode == "normal")
        .order_by(StoredEvent.recorded_at.desc(), StoredEvent.sequence.desc())
        .limit(MOST_EVENTS + 1)
        .execution_options(yield_per=_AT_ONCE)
    )
    found: list[tuple[datetime, UUID, datetime, bool, int, RuntimeEvent]] = []
    total, cut = 0, False
    for event, opened_at, length in rows:
        total += length
        cut = len(found) == MOST_EVENTS or (total > MOST_BYTES and bool(found))
        if cut:
            rows.close()
            break
        found.append((opened_at, event.session_id, event.at, event.sequence < 0, event.sequence, to_runtime(event)))
    return [event for *_order, event in sorted(found, key=lambda one: one[:-1])], cut
