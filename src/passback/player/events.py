"""What the player page sends: read strictly, handed to the pipeline, answered in JSON."""

import json
from datetime import UTC, datetime
from itertools import pairwise
from typing import NoReturn

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from passback.clock import utc_now
from passback.db import JsonObject
from passback.player.errors import BadEventsError, TooLargeError
from passback.player.preview import MODE
from passback.player.tokens import SessionClaims, as_uuid
from passback.plugin import Completion, Outcome
from passback.tracking import pipeline
from passback.tracking.journal import IncomingEvent

MAX_BODY = 4 * 1024 * 1024
"""Bytes of one request; the page's own limit is a quarter of it."""


class SentEvent(BaseModel):
    """One event as the page sends it. `at`: milliseconds since 1970, corrected to the server's clock by the page."""

    model_config = ConfigDict(strict=True, extra="ignore")

    seq: int = Field(ge=1, lt=2**31)
    kind: str = Field(max_length=200)
    activity: str = Field(default="", max_length=2000)
    at: float = Field(ge=0, lt=4102444800000, allow_inf_nan=False)
    data: JsonObject


class SentEvents(BaseModel):
    """A request's body."""

    model_config = ConfigDict(strict=True, extra="ignore")

    events: list[SentEvent] = Field(max_length=2000)
    leaving: bool = False


def read_events(body: bytes) -> SentEvents:
    """Return what the page sent; sendBeacon and fetch differ in their content type only, so it is not looked at.

    Raises:
        TooLargeError: above `MAX_BODY`.
        BadEventsError: not JSON, not of this shape, or numbers that do not rise.
    """
    if len(body) > MAX_BODY:
        raise TooLargeError(f"{len(body)} bytes")
    try:
        sent = SentEvents.model_validate(json.loads(body, parse_constant=_no_number))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise BadEventsError(f"{'.'.join(map(str, first['loc']))}: {first['type']}") from error
    except (ValueError, RecursionError) as error:
        raise BadEventsError(type(error).__name__) from error
    numbers = [event.seq for event in sent.events]
    if any(later <= earlier for earlier, later in pairwise(numbers)):
        raise BadEventsError("sequence numbers must rise within a request")
    return sent


def record(claims: SessionClaims, sent: SentEvents) -> JsonObject:
    """Store and apply the events and return the answer; it is given only after the commit.

    A preview's events are acknowledged and forgotten.
    """
    if not claims.session:
        applied = sent.events[-1].seq if sent.events else 0
        return {"applied": applied, "status": "open", "mode": MODE, "outcome": _outcome(Outcome())}
    receipt = pipeline.record(
        as_uuid(claims.tenant),
        as_uuid(claims.session),
        [_incoming(event) for event in sent.events],
        leaving=sent.leaving,
    )
    answer: JsonObject = {
        "applied": receipt.applied,
        "status": receipt.status,
        "mode": receipt.mode,
        "outcome": _outcome(receipt.outcome),
    }
    if receipt.grade is not None:
        answer["grade"] = {"scaled": receipt.grade.scaled, "final": receipt.grade.final, "reason": receipt.grade.reason}
    return answer


def _incoming(event: SentEvent) -> IncomingEvent:
    at = min(datetime.fromtimestamp(event.at / 1000, UTC), utc_now())
    return IncomingEvent(event.seq, event.kind, event.activity, at, event.data)


def _outcome(outcome: Outcome) -> JsonObject:
    return {
        "completion": str(outcome.completion),
        "success": str(outcome.success),
        "score_scaled": outcome.score_scaled,
        "progress": outcome.progress,
        "duration_seconds": outcome.duration_seconds,
        "finished": outcome.completion is Completion.COMPLETED,
    }


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
