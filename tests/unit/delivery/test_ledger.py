"""The ledger: what people see and may do, by service and by command; health; another tenant's rows stay unseen."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from passback.db import Unscoped, tenant_session, unscoped
from passback.delivery import engine, ledger, owed
from passback.delivery.builtin import backlog_trouble, engine_trouble
from passback.delivery.engine import drain
from passback.delivery.errors import UnknownDeliveryError
from passback.delivery.jobs import beat
from passback.delivery.models import EventDelivery
from passback.runtime import runtime
from passback.tenants import ensure_tenant
from tests.support.gradebook import Gradebook, Pupil, enrol

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_the_list_is_newest_first_page_by_page(pupils: list[Pupil], tenant_id: UUID) -> None:
    expected = [pupil.delivery().id for pupil in reversed(pupils)]
    seen: list[UUID] = []
    with tenant_session(tenant_id) as session:
        while page := ledger.list_deliveries(session, before=seen[-1] if seen else None, limit=2):
            seen += [entry.id for entry in page]
    assert seen == expected


def test_the_list_can_be_narrowed(pupils: list[Pupil], tenant_id: UUID) -> None:
    with tenant_session(tenant_id, write=True) as session:
        session.add(EventDelivery(listener="x", lane=str(pupils[0].registration_id), position=1, event="e", payload={}))
    with tenant_session(tenant_id) as session:
        parked = ledger.list_deliveries(session, state="parked")
        assert [entry.registration_id for entry in parked] == [pupils[1].registration_id]
        of_one = ledger.list_deliveries(session, registration_id=pupils[0].registration_id)
        assert [(entry.kind, entry.what, entry.destination) for entry in of_one] == [
            ("event", "e", "x"),
            ("score", "score", "lms"),
        ]
        assert [entry.kind for entry in ledger.list_deliveries(session, kind="event")] == ["event"]
        assert len(ledger.list_deliveries(session, kind="score")) == 5


def test_numbers_for_health(pupils: list[Pupil], tenant_id: UUID) -> None:
    with tenant_session(tenant_id) as session:
        numbers = ledger.numbers(session)
    assert numbers.scores == {"accepted": 2, "parked": 1, "queued": 1, "waiting": 1}
    assert numbers.oldest_queued_at == pupils[2].delivery().first_queued_at


def test_another_tenants_deliveries_are_unknown(pupils: list[Pupil]) -> None:
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        other = ensure_tenant(session, "other").id
    delivery_id = pupils[1].delivery().id
    with tenant_session(other, write=True) as session:
        assert ledger.list_deliveries(session) == []
        assert ledger.send_all_parked(session) == 0
        assert list(ledger.tries_of(session, delivery_id)) == []
        with pytest.raises(UnknownDeliveryError):
            ledger.send_again(session, delivery_id)


def test_send_again_of_a_delivered_score_sends_it_once_more(
    gradebook: Gradebook, pupils: list[Pupil], tenant_id: UUID
) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=5), tick=False):
        with tenant_session(tenant_id, write=True) as session:
            entry = ledger.send_again(session, pupils[0].delivery().id)
        assert entry.state == "queued"
        drain()
    assert [post.key for post in gradebook.posts].count(pupils[0].key) == 2


def test_send_again_while_it_is_being_sent_sends_it_twice_and_no_more(gradebook: Gradebook, tenant_id: UUID) -> None:
    pupil = enrol(tenant_id)
    drain()

    def again() -> None:
        with tenant_session(tenant_id, write=True) as session:
            ledger.send_again(session, pupil.delivery().id)

    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        pupil.grade(0.5)
        gradebook.script.append(again)
        for _ in range(5):
            drain()
            clock.shift(2)
    assert len(gradebook.posts) == 2
    assert gradebook.overlaps == 0
    assert pupil.delivery().state == "accepted"


def test_a_parked_event_can_be_sent_again(app: Flask, tenant_id: UUID) -> None:
    with tenant_session(tenant_id, write=True) as session:
        session.add(EventDelivery(listener="x", lane="", position=1, event="e", payload={}, state="parked", tries=99))
    with tenant_session(tenant_id, write=True) as session:
        assert ledger.send_all_parked(session) == 1
        assert session.scalars(select(EventDelivery.state)).one() == "queued"


def test_health_tells_a_backlog_from_a_destination_that_is_down(
    gradebook: Gradebook, tenant_id: UUID, app: Flask
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        pupil = enrol(tenant_id)
        drain()
        gradebook.script.append(503)
        pupil.grade(0.5)
        drain()
        clock.shift(timedelta(days=1))
        assert backlog_trouble() == ""  # the LMS is down: no reason to take this server out of service
        drain()
        pupil.grade(0.6)
        clock.shift(timedelta(minutes=9))
        assert backlog_trouble() == ""
        clock.shift(timedelta(minutes=2))
        assert "2026-11-22 12:00" in backlog_trouble()
        drain()
        assert backlog_trouble() == ""


def test_health_asks_for_an_engine_where_one_is_meant_to_run(monkeypatch: pytest.MonkeyPatch, app: Flask) -> None:
    assert engine_trouble() == ""  # off: another process delivers
    monkeypatch.setattr(runtime().settings, "engine", "embedded")
    assert "No delivery engine" in engine_trouble()
    with time_machine.travel(NOON, tick=False) as clock:
        beat()
        assert engine_trouble() == ""
        clock.shift(timedelta(minutes=3))
        assert "No delivery engine" in engine_trouble()
    engine.start(app)
    assert engine_trouble() == ""
    engine.stop(app)


def test_an_event_without_a_listener_is_owed_to_nobody(app: Flask, tenant_id: UUID) -> None:
    with tenant_session(tenant_id, write=True) as session:
        owed.publish(session, "x", None, {})
        assert ledger.list_deliveries(session) == []
