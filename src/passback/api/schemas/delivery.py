"""What is owed to a gradebook or a plugin, and its way there."""

from uuid import UUID

from pydantic import Field

from passback.api.schemas.base import Instant, Shape
from passback.delivery.ledger import LedgerEntry


class Delivery(Shape):
    """`state` and `reason_class` are stable words; `state_text` and `reason` say them to people.

    `kind` is score or event; `what` the event's name; `activity` the one whose grade it is, "" for the course's;
    `scaled` what is known to be in the gradebook.
    """

    id: UUID
    state: str
    state_text: str
    reason_class: str
    reason: str
    tries: int = Field(ge=0)
    due_at: Instant | None
    kind: str
    what: str
    activity: str
    registration: UUID | None
    destination: str
    settled_at: Instant | None
    scaled: float | None
    read_back_at: Instant | None


def delivery_of(entry: LedgerEntry) -> Delivery:
    """Return a delivery's shape."""
    return Delivery(
        id=entry.id,
        state=entry.state,
        state_text=entry.state_text,
        reason_class=entry.reason_class,
        reason=entry.reason,
        tries=entry.tries,
        due_at=entry.due_at,
        kind=entry.kind,
        what=entry.what,
        activity=entry.activity,
        registration=entry.registration_id,
        destination=entry.destination,
        settled_at=entry.settled_at,
        scaled=entry.scaled,
        read_back_at=entry.read_back_at,
    )
