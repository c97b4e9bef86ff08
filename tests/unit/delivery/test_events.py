"""Events: in order per lane and listener, isolated from one another and from grades."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from passback.db import Unscoped, tenant_session, unscoped
from passback.delivery import engine, owed
from passback.delivery.claims import claim_event
from passback.delivery.engine import drain
from passback.delivery.models import DeliveryTry, EventDelivery
from passback.delivery.room import room_of
from passback.plugin import Event, hookimpl
from passback.plugins.models import PluginActivation
from passback.runtime import runtime
from tests.conftest import make_settings, run_app
from tests.support.gradebook import enrol, use_gradebook
from tests.support.until import until
from tests.unit.delivery.conftest import DAY, without_jitter

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass(eq=False)
class Listener:
    """A plugin that listens; `trouble` raises for the events that it names."""

    heard: list[Event] = field(default_factory=list)
    trouble: dict[str, BaseException] = field(default_factory=dict)

    @hookimpl
    def on_event(self, event: Event) -> None:
        if event.name in self.trouble:
            raise type(self.trouble[event.name])
        self.heard.append(event)

    @property
    def names(self) -> list[str]:
        return [event.name for event in self.heard]


GOOD, BAD = Listener(), Listener()


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The application with two listeners, `good` and `bad`."""
    for listener in (GOOD, BAD):
        listener.heard.clear()
        listener.trouble.clear()
    settings = make_settings(tmp_path, database_url=database_url)
    for application in run_app(settings, [("bad", BAD), ("good", GOOD)]):
        without_jitter(application)
        yield application


def publish(tenant_id: UUID, name: str, registration_id: UUID | None = None) -> None:
    with tenant_session(tenant_id, write=True) as session:
        owed.publish(session, name, registration_id, {"name": name})


def deliveries(tenant_id: UUID) -> list[EventDelivery]:
    with tenant_session(tenant_id) as session:
        return list(session.scalars(select(EventDelivery).order_by(EventDelivery.id)))


def test_every_listener_hears_an_event_once_and_as_the_same(tenant_id: UUID) -> None:
    registration_id = enrol(tenant_id).registration_id
    with tenant_session(tenant_id, write=True) as session:
        owed.publish(session, "registration.completed", registration_id, {"score": 0.8, "text": "\u0000ü"})
    drain()
    assert drain() == 0
    (heard,) = GOOD.heard
    assert BAD.heard == [heard]
    assert (heard.name, heard.tenant, heard.registration) == ("registration.completed", tenant_id, registration_id)
    assert heard.data == {"score": 0.8, "text": "\u0000ü"}


def test_a_lane_is_delivered_in_order_and_a_failing_event_holds_it_for_that_plugin_alone(tenant_id: UUID) -> None:
    one, two = enrol(tenant_id, 1).registration_id, enrol(tenant_id, 2).registration_id
    with time_machine.travel(NOON, tick=False) as clock:
        BAD.trouble["first"] = ValueError("no")
        for name in ("first", "second", "third"):
            publish(tenant_id, name, one)
        publish(tenant_id, "elsewhere", two)
        drain()
        assert len(GOOD.names) == 4
        assert [name for name in GOOD.names if name != "elsewhere"] == ["first", "second", "third"]
        assert BAD.names == ["elsewhere"]
        clock.shift(5)
        drain()
        assert BAD.names == ["elsewhere"]
        BAD.trouble.clear()
        clock.shift(5)
        drain()
    assert BAD.names == ["elsewhere", "first", "second", "third"]


def test_order_is_kept_although_a_later_event_is_due_earlier(tenant_id: UUID) -> None:
    registration_id = enrol(tenant_id).registration_id
    with time_machine.travel(NOON + timedelta(minutes=5), tick=False) as clock:
        publish(tenant_id, "first", registration_id)
        clock.move_to(NOON)  # the clock of another machine is behind
        publish(tenant_id, "second", registration_id)
        drain()
        assert GOOD.names == []
        clock.shift(301)
        drain()
    assert GOOD.names == ["first", "second"]


def test_positions_of_a_lane_are_its_own_and_each_listeners(tenant_id: UUID) -> None:
    one, two = enrol(tenant_id, 1).registration_id, enrol(tenant_id, 2).registration_id
    for registration_id in (one, two, one):
        publish(tenant_id, "x", registration_id)
    seen = sorted((row.listener, row.position) for row in deliveries(tenant_id) if row.lane == str(one))
    assert seen == [("bad", 1), ("bad", 2), ("good", 1), ("good", 2)]


def test_an_event_that_fails_for_three_days_is_parked_and_its_lane_goes_on(app: Flask, tenant_id: UUID) -> None:
    without_jitter(app, last_delay=DAY)
    registration_id = enrol(tenant_id).registration_id
    with time_machine.travel(NOON, tick=False) as clock:
        BAD.trouble["first"] = SystemExit()
        publish(tenant_id, "first", registration_id)
        publish(tenant_id, "second", registration_id)
        while not BAD.heard:
            clock.move_to(next(row.due_at for row in deliveries(tenant_id) if row.listener == "bad"))
            drain()
        elapsed = datetime.now(UTC) - NOON
    assert BAD.names == ["second"]
    assert timedelta(days=3) <= elapsed <= timedelta(days=4)
    parked = [row for row in deliveries(tenant_id) if row.state == "parked"]
    assert [(row.listener, row.event, row.reason_class) for row in parked] == [("bad", "first", "gave_up")]


@pytest.mark.parametrize("trouble", [ValueError("no"), SystemExit(1), RecursionError()])
def test_a_broken_listener_cannot_touch_a_grade(app: Flask, tenant_id: UUID, trouble: BaseException) -> None:
    gradebook = use_gradebook(app)
    pupil = enrol(tenant_id)
    BAD.trouble["graded"] = trouble
    publish(tenant_id, "graded", pupil.registration_id)
    pupil.grade(0.8)
    drain()
    assert gradebook.values == {pupil.key: 0.8}
    assert GOOD.names == ["graded"]


def test_a_listener_that_hangs_holds_up_neither_grades_nor_other_listeners(
    monkeypatch: pytest.MonkeyPatch, app: Flask, tenant_id: UUID
) -> None:
    gradebook = use_gradebook(app)
    pupils = [enrol(tenant_id, number) for number in range(3)]
    let_go = threading.Event()
    hook = next(h for h in runtime().plugins.manager.hook.on_event.get_hookimpls() if h.plugin_name == "bad")
    monkeypatch.setattr(hook, "function", lambda event: let_go.wait())
    engine.start(app, forced=True, threads=2)
    for pupil in pupils:
        publish(tenant_id, "graded", pupil.registration_id)
        pupil.grade(0.8)
    until(lambda: len(gradebook.values) == 3)
    until(lambda: len(GOOD.heard) == 3)
    let_go.set()
    engine.stop(app)


def test_a_listener_that_is_off_gets_nothing_and_what_it_was_owed_is_let_go(tenant_id: UUID) -> None:
    registration_id = enrol(tenant_id).registration_id
    publish(tenant_id, "before", registration_id)
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        session.add(PluginActivation(plugin="bad", tenant_id=tenant_id, enabled=False))
    publish(tenant_id, "after", registration_id)
    drain()
    assert BAD.names == []
    assert GOOD.names == ["before", "after"]
    left = [(row.event, row.state, row.reason_class) for row in deliveries(tenant_id) if row.listener == "bad"]
    assert left == [("before", "superseded", "listener_off")]


def test_a_plugin_that_is_gone_keeps_its_events_until_it_is_back(app: Flask, tenant_id: UUID) -> None:
    registration_id = enrol(tenant_id).registration_id
    with time_machine.travel(NOON, tick=False) as clock:
        publish(tenant_id, "first", registration_id)
        plugin = runtime().plugins.manager.unregister(name="bad")
        drain()
        waiting = [row for row in deliveries(tenant_id) if row.listener == "bad"]
        assert [(row.state, row.reason_class) for row in waiting] == [("queued", "listener_missing")]
        runtime().plugins.manager.register(plugin, "bad")
        clock.shift(10)
        drain()
    assert BAD.names == ["first"]
    assert GOOD.names == ["first"]


def test_a_worker_that_died_while_telling_a_listener_is_followed_by_another(app: Flask, tenant_id: UUID) -> None:
    registration_id = enrol(tenant_id).registration_id
    with time_machine.travel(NOON, tick=False) as clock:
        publish(tenant_id, "first", registration_id)
        publish(tenant_id, "second", registration_id)
        claim = claim_event(room_of(app).policy, busy=["good"])
        assert claim is not None
        assert claim.listener == "bad"
        drain()
        assert (BAD.names, GOOD.names) == ([], ["first", "second"])
        clock.shift(61)
        drain()
    assert BAD.names == ["first", "second"]
    with tenant_session(tenant_id) as session:
        query = select(DeliveryTry.reason_class).where(DeliveryTry.event_id == claim.delivery_id)
        assert list(session.scalars(query.order_by(DeliveryTry.id))) == ["interrupted", ""]
