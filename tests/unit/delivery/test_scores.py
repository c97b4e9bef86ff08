"""Scores: the newest value arrives, an older one never overtakes it, whatever times out or dies."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import time_machine
from flask import Flask

from passback.db import tenant_session
from passback.delivery import ledger, owed
from passback.delivery.engine import drain
from passback.delivery.room import room_of
from tests.support.gradebook import Gradebook, enrol
from tests.unit.delivery.conftest import DAY, without_jitter

NOON = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def app(sqlite_app: Flask) -> Flask:
    """The application on SQLite: what differs between databases is in `test_claims.py`."""
    return sqlite_app


def test_a_grade_reaches_the_gradebook_once(gradebook: Gradebook, tenant_id: UUID) -> None:
    pupil = enrol(tenant_id)
    pupil.grade(0.8)
    drain()
    assert gradebook.values == {pupil.key: 0.8}
    assert drain() == 0
    assert len(gradebook.posts) == 1
    row = pupil.delivery()
    assert (row.state, row.sent_scaled, row.tries) == ("accepted", 0.8, 0)
    assert row.accepted_at is not None


def test_without_a_grade_nothing_is_sent_and_the_row_waits(gradebook: Gradebook, tenant_id: UUID) -> None:
    pupil = enrol(tenant_id)
    pupil.grade(None)
    drain()
    assert gradebook.posts == []
    assert pupil.delivery().state == "waiting"
    assert drain() == 0


def test_a_grade_from_before_the_launch_is_sent_at_once(gradebook: Gradebook, tenant_id: UUID) -> None:
    pupil = enrol(tenant_id, launched=False)
    pupil.grade(0.6)
    assert drain() == 0
    pupil.launch()
    drain()
    assert gradebook.values == {pupil.key: 0.6}


def test_a_burst_goes_out_as_one_score_with_the_newest_value(gradebook: Gradebook, tenant_id: UUID) -> None:
    pupil = enrol(tenant_id)
    for scaled in (0.1, 0.2, 0.3, 0.9):
        pupil.grade(scaled, final=False)
    drain()
    assert [post.scaled for post in gradebook.posts] == [0.9]


def test_scores_of_one_learner_are_a_second_apart_and_never_in_the_future(
    gradebook: Gradebook, tenant_id: UUID
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        pupil = enrol(tenant_id)
        for number in range(1, 6):
            pupil.grade(number / 10, final=False)
            drain()
            clock.shift(0.25)
        drain()
        clock.shift(1)
        drain()
    stamps = [post.timestamp for post in gradebook.posts]
    assert [post.scaled for post in gradebook.posts] == [0.1, 0.5]
    assert stamps[0] == NOON.replace(microsecond=123000)
    assert stamps[1] - stamps[0] >= timedelta(seconds=1)
    assert gradebook.refused_as_older == 0


def test_after_a_timeout_the_gradebook_is_read_before_anything_is_sent(gradebook: Gradebook, tenant_id: UUID) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        pupil = enrol(tenant_id)
        pupil.grade(0.7)
        gradebook.script.append("late")
        drain()
        clock.shift(10)
        drain()
    row = pupil.delivery()
    assert (row.state, row.read_back_at is not None) == ("read_back", True)
    assert len(gradebook.posts) == 1
    assert [(one.verdict, one.reason_class) for one in pupil.tries()] == [
        ("retry", "timeout"),
        ("delivered", "read_back"),
    ]


def test_a_settled_answer_makes_the_next_send_a_first_try_again(gradebook: Gradebook, tenant_id: UUID) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        pupil = enrol(tenant_id)
        pupil.grade(0.5, final=False)
        gradebook.script.append("lost")
        drain()
        clock.shift(10)
        drain()
        pupil.grade(0.6)
        clock.shift(1)
        drain()
    assert [post.first_try for post in gradebook.posts] == [False, True]


def test_a_score_that_is_not_final_never_follows_a_final_one(gradebook: Gradebook, tenant_id: UUID) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        pupil = enrol(tenant_id)
        pupil.grade(0.8, final=True)
        drain()
        pupil.grade(0.2, final=False)
        clock.shift(5)
        drain()
        assert gradebook.values == {pupil.key: 0.8}
        row = pupil.delivery()
        assert (row.state, row.reason_class) == ("accepted", "final_stands")
        pupil.grade(0.9, final=True)
        clock.shift(5)
        drain()
    assert gradebook.values == {pupil.key: 0.9}


def test_a_final_score_that_may_have_arrived_holds_back_one_that_is_not(gradebook: Gradebook, tenant_id: UUID) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        pupil = enrol(tenant_id)
        pupil.grade(0.8, final=True)
        gradebook.script.append("late")
        drain()
        pupil.grade(0.2, final=False)
        clock.shift(60)
        drain()
    assert gradebook.values == {pupil.key: 0.8}


def test_a_final_score_that_was_refused_holds_nothing_back(gradebook: Gradebook, tenant_id: UUID) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        pupil = enrol(tenant_id)
        pupil.grade(0.8, final=True)
        gradebook.script.append(422)
        drain()
        clock.shift(5)
        pupil.grade(0.2, final=False)
        drain()
    assert gradebook.values == {pupil.key: 0.2}


def test_a_refused_score_is_parked_with_its_reason_and_left_alone(gradebook: Gradebook, tenant_id: UUID) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        pupil = enrol(tenant_id)
        pupil.grade(0.8)
        gradebook.script.append(422)
        drain()
        clock.shift(timedelta(days=30))
        assert drain() == 0
    row = pupil.delivery()
    assert (row.state, row.reason_class) == ("parked", "status_422")
    assert [one.http_status for one in pupil.tries()] == [422]


def test_a_launch_tries_a_parked_score_again(gradebook: Gradebook, tenant_id: UUID) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        pupil = enrol(tenant_id)
        pupil.grade(0.8)
        gradebook.script.append(422)
        drain()
        clock.shift(60)
        pupil.launch()
        drain()
    assert gradebook.values == {pupil.key: 0.8}


def test_a_score_that_always_fails_is_parked_after_three_days(
    app: Flask, gradebook: Gradebook, tenant_id: UUID
) -> None:
    without_jitter(app, last_delay=DAY)
    with time_machine.travel(NOON, tick=False) as clock:
        pupil = enrol(tenant_id)
        pupil.grade(0.8)
        gradebook.script.extend([503] * 1000)
        while pupil.delivery().state == "queued":
            drain()
            clock.move_to(pupil.delivery().due_at + timedelta(minutes=1))
        row = pupil.delivery()
        elapsed = pupil.tries()[-1].at - NOON
        assert (row.state, row.reason_class) == ("parked", "gave_up")
        assert timedelta(days=3) <= elapsed <= timedelta(days=4)
        gradebook.script.clear()
        with tenant_session(tenant_id, write=True) as session:
            ledger.send_again(session, row.id)
        clock.shift(3600)
        drain()
    assert gradebook.values == {pupil.key: 0.8}


def test_one_score_that_is_refused_for_itself_opens_no_breaker(gradebook: Gradebook, tenant_id: UUID) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        unlucky, other = enrol(tenant_id, 1), enrol(tenant_id, 2)
        unlucky.grade(0.5)
        for _ in range(8):
            gradebook.script.append(409)
            drain()
            clock.shift(3600)
        gradebook.script.append(409)
        drain()
        other.grade(0.7)
        drain()
    assert gradebook.values == {other.key: 0.7}


def test_a_senders_fault_is_a_try_that_failed_and_is_tried_again(gradebook: Gradebook, tenant_id: UUID) -> None:
    def explode() -> None:
        raise SystemExit(3)

    with time_machine.travel(NOON, tick=False) as clock:
        pupil = enrol(tenant_id)
        pupil.grade(0.8)
        gradebook.script.append(explode)
        drain()
        assert (pupil.delivery().state, pupil.delivery().reason_class) == ("queued", "fault")
        clock.shift(10)
        drain()
    assert gradebook.values == {pupil.key: 0.8}


def test_a_missing_sender_is_a_try_that_failed(app: Flask, gradebook: Gradebook, tenant_id: UUID) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        pupil = enrol(tenant_id)
        pupil.grade(0.8)
        del room_of(app).senders["gradebook"]
        drain()
        assert (pupil.delivery().state, pupil.delivery().reason_class) == ("queued", "no_sender")
        room_of(app).senders["gradebook"] = gradebook
        clock.shift(10)
        drain()
    assert gradebook.values == {pupil.key: 0.8}


def test_a_score_that_its_sender_puts_off_waits_for_itself_alone(gradebook: Gradebook, tenant_id: UUID) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        one, other = enrol(tenant_id, 1), enrol(tenant_id, 2)
        gradebook.retry_after = 300.0
        gradebook.script.append("put off")
        one.grade(0.5)
        drain()
        other.grade(0.6)
        clock.shift(299)
        drain()
        assert gradebook.values == {other.key: 0.6}
        clock.shift(2)
        drain()
    assert gradebook.values == {one.key: 0.5, other.key: 0.6}


def test_what_is_no_news_sends_nothing(gradebook: Gradebook, tenant_id: UUID) -> None:
    pupil = enrol(tenant_id)
    pupil.grade(0.5)
    drain()
    with tenant_session(tenant_id, write=True) as session:
        owed.score_changed(session, pupil.registration_id, 1, sendable=True)
    assert drain() == 0
    pupil.grade(None)
    assert (drain(), pupil.delivery().state) == (0, "accepted")
    pupil.launch()
    assert drain() == 0
    assert len(gradebook.posts) == 1
