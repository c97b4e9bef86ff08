"""Any permutation, duplication or cut of a player's sends gives the state of the serial fold."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from passback.tracking.journal import IncomingEvent
from tests.support.play import Desk, add_desk, event

KINDS = st.sampled_from(
    [
        ("diary.note", {}),
        ("diary.share", {}),
        ("diary.fault", {}),
        ("diary.done", {}),
        ("diary.score", {"scaled": 0.4}),
        ("diary.score", {"scaled": 0.9}),
        ("diary.score", {"scaled": "garbage"}),
    ]
)


@st.composite
def sends(draw: st.DrawFn) -> tuple[list[IncomingEvent], list[tuple[list[IncomingEvent], bool]]]:
    """Return a session's events, and sends that together carry all of them: cut, repeated and shuffled."""
    said = draw(st.lists(KINDS, min_size=1, max_size=8))
    events = [event(number, kind, **data) for number, (kind, data) in enumerate(said, start=1)]
    cuts = sorted(draw(st.sets(st.integers(1, len(events)), max_size=4)) | {len(events)})
    starts = [0, *cuts[:-1]]
    pieces = [
        (events[draw(st.integers(0, start)) : end], end == len(events)) for start, end in zip(starts, cuts, strict=True)
    ]
    repeated = pieces + draw(st.lists(st.sampled_from(pieces), max_size=3))
    return events, draw(st.permutations(repeated))


def come_to(desk: Desk, session: UUID) -> dict[str, Any]:
    """Everything that a session has left behind, without what the clock and chance gave it."""
    registration, attempt, grade = desk.registration(), desk.attempts()[-1], desk.grade()
    outcome = desk.outcome()
    return {
        "cells": desk.cells(),
        "outcome": outcome.with_(at=None),
        "status": attempt.status,
        "session": (desk.session(session).status, desk.session(session).applied_seq),
        "events": {(one.sequence, one.kind, str(one.data)) for one in desk.events(session) if one.sequence >= 0},
        "rollup": (registration.completion, registration.success, registration.score_scaled, registration.attempts),
        "grade": grade and (grade.scaled, grade.final, grade.completed),
    }


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sends())
def test_any_order_of_sends(
    sqlite_diary: Desk, given_: tuple[list[IncomingEvent], list[tuple[list[IncomingEvent], bool]]]
) -> None:
    events, sent = given_
    serial, shuffled = (
        add_desk(sqlite_diary.tenant_id, course_id=_course(sqlite_diary), learner=_next()) for _ in "12"
    )

    one = serial.open()
    for number, said in enumerate(events, start=1):
        serial.send(one, [said], leaving=number == len(events))
    other = shuffled.open()
    for batch, leaving in sent:
        receipt = shuffled.send(other, batch, leaving=leaving)
        assert receipt.applied <= len(events)

    assert come_to(shuffled, other) == come_to(serial, one)


_learners = iter(range(10**9))


def _next() -> str:
    return f"learner {next(_learners)}"


def _course(desk: Desk) -> UUID:
    return desk.course_id


@pytest.mark.parametrize("kind", ["diary.note", "diary.share"])
def test_backwards_one_by_one(diary: Desk, kind: str) -> None:
    session = diary.open()
    for number in range(9, 0, -1):
        assert diary.send(session, [event(number, kind)]).applied == (9 if number == 1 else 0)
    assert diary.cells()[("attempt", "notes")] == {"notes": list(range(10))}
