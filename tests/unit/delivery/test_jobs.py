"""Jobs: at their interval, in one process at a time, isolated."""

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from passback.db import Unscoped, new_id, tenant_session, unscoped
from passback.delivery import jobs
from passback.delivery.jobs import run_due_jobs
from passback.delivery.models import DeliveryTry, EventDelivery, JobLease
from passback.delivery.purge import purge
from passback.lti.models import LaunchRecord
from passback.plugin import Job, hookimpl
from tests.conftest import make_settings, run_app
from tests.support.until import until

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Worker:
    """A plugin with a job every minute and one that fails."""

    def __init__(self) -> None:
        self.runs = 0
        self.at_once = 0
        self.most_at_once = 0
        self.let_go = threading.Event()
        self.let_go.set()

    @hookimpl
    def register_jobs(self) -> Iterable[Job]:
        return [Job("broken", 60, self.fail), Job("tidy", 60, self.tidy)]

    def tidy(self) -> None:
        self.runs += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.let_go.wait()
        self.at_once -= 1

    def fail(self) -> None:
        raise SystemExit("no")


@pytest.fixture
def worker() -> Worker:
    """The plugin."""
    return Worker()


@pytest.fixture
def app(database_url: str, tmp_path: Path, worker: Worker) -> Iterator[Flask]:
    """The application with the plugin."""
    settings = make_settings(tmp_path, database_url=database_url)
    yield from run_app(settings, [("worker", worker)])


def lease(name: str) -> JobLease:
    with unscoped(Unscoped.SCHEDULER) as session:
        return session.get_one(JobLease, name)


def test_a_job_runs_at_its_interval(app: Flask, worker: Worker) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        assert {"worker:tidy", "worker:broken", "delivery:purge"} <= set(run_due_jobs(app))
        assert run_due_jobs(app) == []
        clock.shift(59)
        assert "worker:tidy" not in run_due_jobs(app)
        clock.shift(1)
        assert set(run_due_jobs(app)) >= {"worker:tidy"}
        assert worker.runs == 2


def test_a_job_that_fails_is_noted_and_runs_again_next_time(app: Flask) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        run_due_jobs(app)
        assert (lease("worker:broken").last_error, lease("worker:tidy").last_error) == ("SystemExit", "")
        clock.shift(60)
        assert "worker:broken" in run_due_jobs(app)


def test_two_engines_run_a_job_once(monkeypatch: pytest.MonkeyPatch, app: Flask, worker: Worker) -> None:
    monkeypatch.setattr(jobs, "_is_due", lambda *_: True)  # all have looked before the first one claims
    worker.let_go.clear()
    start = threading.Barrier(4)

    def look() -> list[str]:
        start.wait()
        with app.app_context():
            return run_due_jobs(app)

    with ThreadPoolExecutor(4) as pool:
        results = [pool.submit(look) for _ in range(4)]
        until(lambda: worker.at_once == 1)
        until(lambda: sum(result.done() for result in results) == 3)
        worker.let_go.set()
        ran = [name for result in results for name in result.result()]
    assert (worker.runs, worker.most_at_once) == (1, 1)
    assert ran.count("worker:tidy") == 1


def test_a_job_whose_process_was_killed_runs_again_when_its_lease_is_over(app: Flask, worker: Worker) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        with unscoped(Unscoped.SCHEDULER, write=True) as session:
            session.add(
                JobLease(name="worker:tidy", owner="gone", until=NOON + jobs.LEASE, last_run_at=NOON - timedelta(1))
            )
        assert "worker:tidy" not in run_due_jobs(app)
        clock.shift(jobs.LEASE)
        run_due_jobs(app)
    assert worker.runs == 1
    assert (lease("worker:tidy").owner, lease("worker:tidy").until) == ("", None)


def test_a_long_job_keeps_its_lease(monkeypatch: pytest.MonkeyPatch, app: Flask, worker: Worker) -> None:
    monkeypatch.setattr(jobs, "RENEWAL_SECONDS", 0.02)
    worker.let_go.clear()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(_run_in_context, app)
        until(lambda: worker.at_once == 1)
        before = lease("worker:tidy").until
        until(lambda: lease("worker:tidy").until != before)
        worker.let_go.set()
        running.result()


def _run_in_context(app: Flask) -> None:
    with app.app_context():
        run_due_jobs(app)


def test_events_go_thirty_days_after_delivery_with_their_tries(app: Flask, tenant_id: UUID) -> None:
    ages = {"old": NOON - timedelta(days=31), "young": NOON - timedelta(days=29), "open": None}
    with tenant_session(tenant_id, write=True) as session:
        for position, (name, settled_at) in enumerate(ages.items()):
            row_id = new_id()
            row = EventDelivery(id=row_id, listener="x", lane="", position=position, event=name, payload={})
            row.settled_at = settled_at
            session.add(row)
            session.flush()
            session.add(DeliveryTry(event_id=row_id, verdict="delivered"))
    with unscoped(Unscoped.LOGIN, write=True) as session:
        session.add_all(
            [
                LaunchRecord(code=code, verdict="ok", at=NOON - timedelta(days=age))
                for code, age in (("a", 91), ("b", 89))
            ]
        )
    with time_machine.travel(NOON, tick=False):
        assert purge() == 2
    with tenant_session(tenant_id) as session:
        assert set(session.scalars(select(EventDelivery.event))) == {"young", "open"}
        assert session.scalars(select(func.count()).select_from(DeliveryTry)).one() == 2
    with unscoped(Unscoped.LOGIN) as session:
        assert list(session.scalars(select(LaunchRecord.code))) == ["b"]
