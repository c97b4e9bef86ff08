"""Sending one claimed score: stamp and store, send without a transaction, record the answer."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from flask import Flask
from sqlalchemy import select

from passback.clock import utc_now
from passback.db import TenantSession, Unscoped, tenant_session, unscoped
from passback.delivery.claims import Claim
from passback.delivery.destinations import call_back, note_answer
from passback.delivery.models import DeliveryTry, ScoreDelivery
from passback.delivery.policy import Policy, next_stamp
from passback.delivery.room import room_of
from passback.delivery.senders import ScorePayload, ScoreSender
from passback.outbound import OutboundError, OutboundTimeoutError
from passback.plugin import SendResult, Verdict

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Shot:
    """What is about to be sent, as the database already knows it. `final_before`: a final one was out before this."""

    payload: ScorePayload
    timestamp: datetime
    first_try: bool
    final_before: bool


@dataclass(frozen=True)
class _Answer:
    """What came of it; `shot` None: nothing went out."""

    result: SendResult
    shot: _Shot | None
    destination: str
    milliseconds: float


def deliver_score(app: Flask, claim: Claim) -> None:
    """Deliver a claimed score and record what came of it. Raises nothing that the sender may have caused."""
    room = room_of(app)
    shot: _Shot | None = None
    destination, started = "", time.monotonic()
    try:
        with tenant_session(claim.tenant_id, write=True) as session:
            row = _lock(session, claim)
            if row is None or row.lease_owner != claim.owner:
                return
            destination = row.destination
            sender = room.senders.get(row.sender)
            if sender is not None:
                shot = _aim(session, row, sender, room.policy)
                if shot is None:
                    return
        started = time.monotonic()
        result = _no_sender() if sender is None or shot is None else _send(sender, shot, claim)
    except (Exception, SystemExit):  # a sender's fault must not stop the engine
        log.exception("delivery.fault", delivery=str(claim.delivery_id), tenant=str(claim.tenant_id))
        result = SendResult(Verdict.RETRY, "fault")
    _record(claim, _Answer(result, shot, destination, (time.monotonic() - started) * 1000), room.policy)


def _lock(session: TenantSession, claim: Claim) -> ScoreDelivery | None:
    """Return the locked row, None where it was deleted; the lease may be another claim's by now."""
    query = select(ScoreDelivery).where(ScoreDelivery.id == claim.delivery_id).with_for_update()
    return session.scalars(query).one_or_none()


def _aim(session: TenantSession, row: ScoreDelivery, sender: ScoreSender, policy: Policy) -> _Shot | None:
    """Read the newest grade and store the stamp before it is used; None: nothing goes out now."""
    payload = sender.prepare(session, row)
    if payload is None:
        row.wanted = 0
        stands = row.sent > 0 and row.tries == 0  # what was delivered before is all there is to deliver
        _settle(row, "accepted" if stands else "waiting")
        return None
    row.wanted = payload.version
    if row.sent_final and not payload.final:
        row.sent = payload.version
        _settle(row, "accepted", "final_stands")
        return None
    now = utc_now()
    moment, may_go = next_stamp(row.last_timestamp, interval=payload.minimum_interval, now=now)
    if not may_go:
        _settle(row, "queued")
        row.due_at = moment
        return None
    shot = _Shot(payload, moment, first_try=row.tries == 0, final_before=row.sent_final)
    row.last_timestamp = moment
    row.tries += 1
    row.sent_final = row.sent_final or payload.final  # it may arrive although we never hear of it
    row.lease_until = now + timedelta(seconds=policy.lease)
    return shot


def _send(sender: ScoreSender, shot: _Shot, claim: Claim) -> SendResult:
    try:
        return sender.send(shot.payload, timestamp=shot.timestamp, first_try=shot.first_try)
    except OutboundTimeoutError:
        return SendResult(Verdict.RETRY, "timeout")
    except OutboundError as error:
        log.warning("delivery.unreachable", delivery=str(claim.delivery_id), code=error.code, detail=error.detail)
        return SendResult(Verdict.RETRY, "unreachable")


def _no_sender() -> SendResult:
    return SendResult(Verdict.RETRY, "no_sender")


def _record(claim: Claim, answer: _Answer, policy: Policy) -> None:
    """Keep the evidence and decide what is next; a lease that was lost meanwhile leaves the row to its new owner."""
    result, shot = answer.result, answer.shot
    with tenant_session(claim.tenant_id, write=True) as session:
        row = _lock(session, claim)
        if row is not None:  # else it was deleted meanwhile, and its tries with it
            session.add(_evidence(row, answer))
            if row.lease_owner == claim.owner:
                _judge(row, shot, result, policy)
                _tell(row)
                if result.whole_line_item and row.state == "parked":
                    _park_others(session, row)
        heard = shot is not None and result.reason_class != "fault"  # our own faults say nothing of the destination
        is_back = heard and note_answer(session, answer.destination, result, policy)
    if is_back:
        log.info("delivery.destination_back", destination=answer.destination)
        with unscoped(Unscoped.DELIVERY_CLAIMS, write=True) as everyone:
            call_back(everyone, answer.destination)


def _park_others(session: TenantSession, row: ScoreDelivery) -> None:
    """Park what is queued for the same line item: the answer would be the same, as where the course has ended."""
    query = select(ScoreDelivery).where(
        ScoreDelivery.line_item == row.line_item,
        ScoreDelivery.state == "queued",
        ScoreDelivery.sent < ScoreDelivery.wanted,
    )
    for other in session.scalars(query.order_by(ScoreDelivery.id).with_for_update(skip_locked=True)):
        _settle(other, "parked", row.reason_class, row.reason)
        _tell(other)


def _tell(row: ScoreDelivery) -> None:
    """Say aloud that nothing more is tried; pages that count what is parked say it too."""
    if row.state == "parked":
        log.warning("delivery.parked", delivery=str(row.id), destination=row.destination, reason=row.reason_class)


def _evidence(row: ScoreDelivery, answer: _Answer) -> DeliveryTry:
    result, shot = answer.result, answer.shot
    return DeliveryTry(
        score_id=row.id,
        at=utc_now(),
        version=shot.payload.version if shot else 0,
        scaled=shot.payload.scaled if shot else None,
        verdict=str(result.verdict),
        reason_class=result.reason_class,
        http_status=result.http_status,
        body_sha256=result.body_sha256,
        duration_ms=int(answer.milliseconds),
    )


def _judge(row: ScoreDelivery, shot: _Shot | None, result: SendResult, policy: Policy) -> None:
    now = utc_now()
    if result.verdict is Verdict.RETRY or shot is None:
        _try_later(row, shot, result, policy, now)
        return
    payload = shot.payload
    row.tries, row.failing_since = 0, None
    if result.verdict is Verdict.DELIVERED:
        row.sent, row.accepted_at = payload.version, now
        row.sent_attempt = max(row.sent_attempt, payload.attempt)
        row.sent_scaled = payload.scaled if result.sent_scaled is None else result.sent_scaled
        row.read_back_at = now if result.read_back else row.read_back_at
        row.repairs = 0 if result.read_back else row.repairs
        _settle(row, "read_back" if result.read_back else "accepted", result.reason_class, result.reason)
    else:
        row.sent_final = shot.final_before  # refused: it is not there
        _settle(row, "parked", result.reason_class, result.reason)
    if row.wanted > payload.version:  # something newer came while this was under way
        row.state, row.due_at, row.first_queued_at = "queued", now, now


def _try_later(row: ScoreDelivery, shot: _Shot | None, result: SendResult, policy: Policy, now: datetime) -> None:
    if shot is None:  # nothing went out, yet it counts as a try that failed
        row.tries += 1
    row.failing_since = row.failing_since or now
    if policy.gives_up(tries=row.tries, failing_since=row.failing_since, now=now):
        _settle(row, "parked", "gave_up", result.reason)
        return
    wait = max(policy.delay(row.tries), min(result.retry_after or 0.0, policy.longest_retry_after))
    _settle(row, "queued", result.reason_class, result.reason)
    row.due_at = now + timedelta(seconds=wait)


def _settle(row: ScoreDelivery, state: str, reason_class: str = "", reason: str = "") -> None:
    row.state, row.reason_class, row.reason = state, reason_class, reason
    row.lease_owner, row.lease_until = "", None
