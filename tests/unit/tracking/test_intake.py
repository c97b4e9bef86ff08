"""Garbage is refused with a reason, and loses nothing."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from passback.plugin import Success
from passback.tracking.errors import EventsRefusedError
from passback.tracking.journal import MAX_AHEAD, MAX_EVENT_BYTES, MAX_EVENTS, IncomingEvent
from tests.support.play import Desk, page, score

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def incoming(**changes: Any) -> IncomingEvent:
    fields = {"sequence": 2, "kind": "toy.page", "activity": "toy", "at": NOW, "data": {"page": 2, "of": 4}}
    return IncomingEvent(**{**fields, **changes})


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"x": value}
    return value


@pytest.mark.parametrize(
    "events",
    [
        [incoming(sequence=0)],
        [incoming(sequence=-1)],
        [incoming(sequence=2.0)],
        [incoming(sequence="2")],
        [incoming(sequence=True)],
        [incoming(sequence=None)],
        [incoming(sequence=10**400)],
        [incoming(sequence=2**31)],
        [incoming(sequence=MAX_AHEAD + 2)],
        [incoming(kind="session.started")],
        [incoming(kind="session.ended")],
        [incoming(kind="page")],
        [incoming(kind="toy.pa\0ge")],
        [incoming(kind="toy." + "x" * 1000)],
        [incoming(kind=7)],
        [incoming(at="yesterday")],
        [incoming(at=datetime(2026, 3, 2))],  # noqa: DTZ001 - that is the garbage
        [incoming(activity="a\0b")],
        [incoming(activity="\ud83d")],
        [incoming(activity="x" * 5000)],
        [incoming(activity=None)],
        [incoming(data=[1])],
        [incoming(data=None)],
        [incoming(data={"x": float("nan")})],
        [incoming(data={"x": float("inf")})],
        [incoming(data={"x": {1, 2}})],
        [incoming(data={"x": 10**5000})],
        [incoming(data=nested(100_000))],
        [incoming(data={"x": "x" * MAX_EVENT_BYTES})],
        [incoming(sequence=number, data={"x": "x" * (MAX_EVENT_BYTES - 100)}) for number in range(2, 12)],
        [incoming(sequence=number) for number in range(2, MAX_EVENTS + 3)],
    ],
)
def test_what_no_player_sends_is_refused_whole(sqlite_desk: Desk, events: Sequence[IncomingEvent]) -> None:
    session = sqlite_desk.open()
    sqlite_desk.send(session, [page(1, 1, of=4)])
    with pytest.raises(EventsRefusedError) as refused:
        sqlite_desk.send(session, [incoming(sequence=MAX_EVENTS + 50), *events])
    assert refused.value.message.endswith("nothing that was saved before is lost.")
    assert [one.sequence for one in sqlite_desk.events(session)] == [0, 1]
    assert sqlite_desk.send(session, [incoming()]).applied == 2


@pytest.mark.parametrize("garbage", [float(10**300), -5, "1", None, True, [], {}])
def test_a_score_that_is_none_is_no_fault(sqlite_desk: Desk, garbage: object) -> None:
    session = sqlite_desk.open()
    receipt = sqlite_desk.send(session, [score(1, garbage), page(2, 1)])
    assert receipt.applied == 2
    assert receipt.outcome.completion == "incomplete"
    assert receipt.outcome.success in set(Success)
