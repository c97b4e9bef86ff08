"""Engines: several at once, threads, wake-ups, forks, the end."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask

from passback.db import tenant_session
from passback.delivery import engine, owed
from passback.delivery.engine import drain
from passback.delivery.room import room_of
from passback.settings import Settings
from tests.conftest import make_settings, run_app
from tests.support.gradebook import Gradebook, enrol, use_gradebook
from tests.support.until import until
from tests.unit.delivery.conftest import without_jitter


@pytest.fixture
def running(app: Flask, gradebook: Gradebook) -> Iterator[Gradebook]:
    """A gradebook whose app has an engine at work."""
    engine.start(app, forced=True, threads=3)
    yield gradebook
    engine.stop(app)


@pytest.fixture
def other_app(app: Flask, gradebook: Gradebook, database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """Another app on the same database that sends to the same gradebook."""
    for other in run_app(make_settings(tmp_path, database_url=database_url)):
        room_of(other).senders["gradebook"] = gradebook
        without_jitter(other)
        yield other


def test_two_engines_never_send_one_learners_scores_at_once(
    app: Flask, other_app: Flask, gradebook: Gradebook, tenant_id: UUID
) -> None:
    pupils = [enrol(tenant_id, number) for number in range(3)]
    for one in (app, other_app):
        engine.start(one, forced=True, threads=2)
    for number in range(1, 11):
        for pupil in pupils:
            pupil.grade(number / 10, final=False)
    until(lambda: gradebook.values == {pupil.key: 1.0 for pupil in pupils})
    until(lambda: all(pupil.delivery().state == "accepted" for pupil in pupils))
    for one in (app, other_app):
        engine.stop(one)
    assert gradebook.overlaps == 0
    assert gradebook.refused_as_older == 0


def test_no_more_than_the_cap_are_sent_to_one_destination_at_once(
    app: Flask, gradebook: Gradebook, tenant_id: UUID
) -> None:
    without_jitter(app, destination_cap=2)
    pupils = [enrol(tenant_id, number) for number in range(6)]
    drain()
    for pupil in pupils:
        pupil.grade(0.5)
    let_go = threading.Event()
    gradebook.script.extend([let_go.wait] * 6)
    running = engine.start(app, forced=True, threads=5)
    assert running is not None
    until(lambda: gradebook.most_at_once == 2)
    elsewhere = enrol(tenant_id, 7, destination="other")
    elsewhere.grade(0.9)
    until(lambda: gradebook.most_at_once == 3)  # another destination has its own
    let_go.set()
    until(lambda: len(gradebook.values) == 7)
    engine.stop(app)
    assert gradebook.most_at_once == 3


def test_a_grade_is_sent_without_waiting_for_the_next_poll(
    monkeypatch: pytest.MonkeyPatch, app: Flask, gradebook: Gradebook, tenant_id: UUID
) -> None:
    monkeypatch.setattr(engine, "POLL_SECONDS", 3600.0)
    pupil = enrol(tenant_id)
    drain()
    engine.start(app, forced=True, threads=1)
    pupil.grade(0.8)
    until(lambda: gradebook.values == {pupil.key: 0.8})
    engine.stop(app)


def test_what_another_process_recorded_is_sent_by_polling(
    monkeypatch: pytest.MonkeyPatch, app: Flask, gradebook: Gradebook, tenant_id: UUID
) -> None:
    monkeypatch.setattr(engine, "POLL_SECONDS", 0.02)
    monkeypatch.setattr("passback.delivery.wakeup.room_of", lambda _app: type("Elsewhere", (), {"engine": None}))
    engine.start(app, forced=True, threads=1)
    pupil = enrol(tenant_id)
    pupil.grade(0.8)
    until(lambda: gradebook.values == {pupil.key: 0.8})
    engine.stop(app)


def test_what_was_rolled_back_is_not_owed(app: Flask, running: Gradebook, tenant_id: UUID) -> None:
    pupil = enrol(tenant_id)
    pupil.grade(0.5)
    until(lambda: running.values == {pupil.key: 0.5})
    with pytest.raises(RuntimeError, match="half-way"):
        _grade_and_fail(pupil.registration_id, tenant_id)
    engine.stop(app)
    drain()
    assert pupil.delivery().wanted == 1


def _grade_and_fail(registration_id: UUID, tenant_id: UUID) -> None:
    with tenant_session(tenant_id, write=True) as session:
        owed.score_changed(session, registration_id, 2, sendable=True)
        raise RuntimeError("half-way")


def test_starting_twice_gives_one_engine_and_stopping_ends_its_threads(sqlite_app: Flask) -> None:
    first = engine.start(sqlite_app, forced=True, threads=2)
    assert engine.start(sqlite_app, forced=True) is first
    assert sum(thread.name.startswith("passback-scores") for thread in threading.enumerate()) == 2
    engine.stop(sqlite_app)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("passback-")]
    engine.stop(sqlite_app)


def test_an_engine_that_is_off_starts_nothing(sqlite_app: Flask) -> None:
    assert engine.start(sqlite_app) is None
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("passback-")]


def test_stopping_waits_for_what_is_under_way(app: Flask, gradebook: Gradebook, tenant_id: UUID) -> None:
    pupil = enrol(tenant_id)
    drain()
    pupil.grade(0.8)
    entered, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        entered.set()
        let_go.wait()

    gradebook.script.append(hold)
    engine.start(app, forced=True, threads=1)
    assert entered.wait(60)
    stopping = threading.Thread(target=engine.stop, args=(app,))
    stopping.start()
    assert stopping.is_alive()
    let_go.set()
    stopping.join(60)
    assert pupil.delivery().state == "accepted"


def test_a_lease_is_renewed_as_long_as_its_worker_is_at_work(
    monkeypatch: pytest.MonkeyPatch, app: Flask, gradebook: Gradebook, tenant_id: UUID
) -> None:
    monkeypatch.setattr(engine, "RENEWAL_SECONDS", 0.02)
    pupil = enrol(tenant_id)
    drain()
    pupil.grade(0.8)
    leases: list[object] = []
    let_go = threading.Event()
    gradebook.script.append(let_go.wait)
    engine.start(app, forced=True, threads=1)
    until(lambda: gradebook.most_at_once == 1)
    leases.append(pupil.delivery().lease_until)
    until(lambda: pupil.delivery().lease_until != leases[0])
    let_go.set()
    engine.stop(app)
    assert pupil.delivery().lease_until is None


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_gets_an_engine_of_its_own(sqlite_url: str, tmp_path: Path) -> None:
    settings: Settings = make_settings(tmp_path, database_url=sqlite_url, engine="embedded")
    for app in run_app(settings):
        gradebook = use_gradebook(app)
        assert engine.start(app) is not None
        child = os.fork()
        if child == 0:
            mine = engine.start(app)
            alive = mine is not None and mine.is_alive()
            os._exit(0 if alive and mine is room_of(app).engine else 1)
        _pid, status = os.waitpid(child, 0)
        engine.stop(app)
        assert os.waitstatus_to_exitcode(status) == 0
        assert gradebook.posts == []


def test_a_database_that_is_away_for_a_while_does_not_end_the_engine(
    monkeypatch: pytest.MonkeyPatch, app: Flask, gradebook: Gradebook, tenant_id: UUID
) -> None:
    monkeypatch.setattr(engine, "POLL_SECONDS", 0.02)
    real, failures = engine.claim_score, []

    def away(policy: object) -> object:
        if len(failures) < 3:
            failures.append(1)
            raise OSError("the database is away")
        return real(policy)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "claim_score", away)
    pupil = enrol(tenant_id)
    pupil.grade(0.8)
    running = engine.start(app, forced=True, threads=1)
    until(lambda: gradebook.values == {pupil.key: 0.8})
    assert running is not None
    assert running.is_alive()
    engine.stop(app)
    assert len(failures) == 3
