"""What the gradebook shows against what it was sent, and what follows for a delivery (design §10, reconciliation)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from passback.clock import utc_now
from passback.db import TenantSession
from passback.delivery.models import DeliveryTry, ScoreDelivery
from passback.delivery.owed import queue_again

TOLERANCE = 1e-4
"""Moodle keeps five decimals and rescales."""
CLOCKS_APART = timedelta(seconds=60)
MOST_REPAIRS = 3
"""How often in a row an accepted score that is not there is sent again before somebody has to look."""


@dataclass(frozen=True)
class Held:
    """A grade in the gradebook: 0..1, and when the LMS says that it was entered, where it says so."""

    scaled: float
    at: datetime | None = None


class Shown(StrEnum):
    """What the gradebook shows of a score that it has accepted."""

    SAME = "read_back"
    LOST = "lost"
    TAKEN_OUT = "taken_out"
    OLDER = "older_shown"
    OTHER = "other_shown"


class Action(StrEnum):
    """What was done about it."""

    SENT_AGAIN = "sent_again"
    STAYS = "stays"
    PARKED = "parked"


def same(one: float, other: float) -> bool:
    """Say whether two grades are the same after an LMS's rescaling and clipping."""
    return abs(min(1.0, max(0.0, one)) - min(1.0, max(0.0, other))) <= TOLERANCE


def shown(row: ScoreDelivery, held: Held | None, *, earlier: Collection[float], new_column: bool = False) -> Shown:
    """Say what the gradebook shows of an accepted score.

    A grade that was seen there and is gone was taken out by somebody; one that was never seen was never stored,
    whatever the LMS had answered. A grade of ours from before is a newer one that was not stored, unless somebody
    entered it after our newest was answered.

    Args:
        earlier: values that were sent for it before.
        new_column: the column is another one than the score was sent to.
    """
    ours = row.sent_scaled
    if held is None:
        return Shown.LOST if new_column or row.read_back_at is None else Shown.TAKEN_OUT
    if ours is None or same(held.scaled, ours):
        return Shown.SAME
    entered_since = held.at is not None and row.accepted_at is not None and held.at > row.accepted_at + CLOCKS_APART
    if not entered_since and any(same(held.scaled, value) for value in earlier):
        return Shown.OLDER
    return Shown.OTHER


def follow(session: TenantSession, row: ScoreDelivery, found: Shown) -> Action | None:
    """Bring a locked, accepted score to the state that follows from what the gradebook shows; None: it is in order."""
    if found is Shown.SAME:
        row.read_back_at, row.repairs = utc_now(), 0
        if row.state != "read_back":
            row.state, row.reason_class, row.reason = "read_back", str(found), ""
        return None
    if found in {Shown.TAKEN_OUT, Shown.OTHER}:
        if row.state != "different" or row.reason_class != found:
            _note(session, row, found)
        if row.state != "different":
            row.state = "different"
        row.reason_class, row.reason = str(found), ""
        return Action.STAYS
    _note(session, row, found)
    row.repairs += 1
    if row.repairs > MOST_REPAIRS:
        row.state, row.reason_class, row.reason = "parked", "not_kept", ""
        return Action.PARKED
    row.sent_final = False  # what was final is not there
    if found is Shown.LOST:
        row.sent_attempt = 0
    queue_again(session, row)
    return Action.SENT_AGAIN


def turned_up(row: ScoreDelivery, *, version: int, scaled: float) -> None:
    """Note that the gradebook holds a score which was parked."""
    now = utc_now()
    row.state, row.reason_class, row.reason = "read_back", str(Shown.SAME), ""
    row.sent, row.sent_scaled, row.tries, row.repairs, row.failing_since = version, scaled, 0, 0, None
    row.accepted_at, row.read_back_at = row.accepted_at or now, now


def _note(session: TenantSession, row: ScoreDelivery, found: Shown) -> None:
    session.add(DeliveryTry(score_id=row.id, at=utc_now(), version=row.sent, verdict="looked", reason_class=str(found)))
