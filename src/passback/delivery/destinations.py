"""Destinations that several deliveries share: pauses that they asked for, and a circuit breaker for the ones down."""

from contextlib import suppress
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from passback.clock import utc_now
from passback.delivery.models import Destination, ScoreDelivery
from passback.delivery.policy import Policy
from passback.plugin import SendResult, Verdict


def lock_destination(session: Session, name: str) -> Destination:
    """Return the destination's row, locked; made on first use."""
    query = select(Destination).where(Destination.name == name).with_for_update()
    found = session.scalars(query).one_or_none()
    if found is not None:
        return found
    with suppress(IntegrityError), session.begin_nested():  # another worker may be first; its row is read below
        session.add(Destination(name=name))
    return session.scalars(query).one()


def note_answer(session: Session, name: str, result: SendResult, policy: Policy) -> bool:
    """Take an answer into account; True: the destination is back after an open breaker (see `call_back`)."""
    if not _is_trouble(result):
        # Without a status the sender put it off by itself: that says nothing of the destination.
        put_off = result.verdict is Verdict.RETRY and result.http_status is None
        return not put_off and _note_life(session, name, policy)
    destination = lock_destination(session, name)
    destination.last_error = result.reason_class
    if result.retry_after is not None:
        pause = min(max(result.retry_after, 0.0), policy.longest_retry_after)
    else:
        destination.failures += 1
        pause = policy.pause(destination.failures)
    if pause:
        until = utc_now() + timedelta(seconds=pause)
        destination.paused_until = max(until, destination.paused_until or until)
    return False


def _is_trouble(result: SendResult) -> bool:
    """Say whether a try failed because of the destination as a whole rather than of this one score."""
    if result.verdict is not Verdict.RETRY or result.answers_otherwise:
        return False
    status = result.http_status
    if status is None:
        return result.retry_after is None
    return status >= 500 or status in {401, 403, 408, 429}


def call_back(session: Session, name: str) -> None:
    """Make everything that waits for the destination due: it answers again, and long waits have lost their reason."""
    now = utc_now()
    session.execute(
        update(ScoreDelivery)
        .where(ScoreDelivery.destination == name, ScoreDelivery.state == "queued", ScoreDelivery.due_at > now)
        .values(due_at=now)
    )


def _note_life(session: Session, name: str, policy: Policy) -> bool:
    """Close the breaker: somebody answered. The healthy case costs one look and no lock."""
    seen = session.scalars(select(Destination).where(Destination.name == name)).one_or_none()
    if seen is None or seen.failures == 0:
        return False
    destination = lock_destination(session, name)
    was_open = destination.failures >= policy.breaker_failures
    destination.failures, destination.last_error = 0, ""
    if was_open:
        destination.paused_until = None
    return was_open
