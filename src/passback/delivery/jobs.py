"""Jobs at intervals, each in one process of the installation at a time: its lease is a row."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from uuid import uuid4

import structlog
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from passback.clock import utc_now
from passback.db import Unscoped, unscoped
from passback.delivery.models import JobLease
from passback.plugin import Job
from passback.plugins.activation import switched_off
from passback.runtime import runtime

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
RENEWAL_SECONDS = 20.0
HEARTBEAT = "engine"
HEARTBEAT_EVERY = timedelta(seconds=20)


def all_jobs() -> dict[str, Job]:
    """Return every job by `<plugin>:<name>`, core's among them; none of a plugin that is off for the deployment."""
    with unscoped(Unscoped.SCHEDULER) as session:
        off = switched_off(session, None)
    collected = runtime().plugins.collect("register_jobs", only=lambda plugin: plugin not in off)
    return {f"{plugin}:{job.name}": job for plugin, jobs in collected for job in jobs}


def run_due_jobs(app: Flask, *, is_stopping: Callable[[], bool] = lambda: False) -> list[str]:
    """Run the jobs whose time has come and that no other process runs; return the names of those that ran."""
    ran = []
    for name, job in all_jobs().items():
        if is_stopping():
            break
        if _is_due(name, job) and (owner := _claim(name, job)):
            _run(app, name, job, owner)
            ran.append(name)
    return ran


def beat() -> None:
    """Note that an engine is alive, for the health check of every process."""
    now = utc_now()
    last = last_beat()
    if last is not None and now - last < HEARTBEAT_EVERY:
        return
    with unscoped(Unscoped.SCHEDULER, write=True) as session:
        lease = _lock(session, HEARTBEAT)
        lease.last_run_at, lease.owner = now, _process()


def last_beat() -> datetime | None:
    """Return when an engine of this installation was last seen alive."""
    with unscoped(Unscoped.SCHEDULER) as session:
        lease = session.get(JobLease, HEARTBEAT)
        return lease.last_run_at if lease else None


def _is_due(name: str, job: Job) -> bool:
    """Look without a lock: most looks find nothing."""
    with unscoped(Unscoped.SCHEDULER) as session:
        lease = session.get(JobLease, name)
        return lease is None or _may_run(lease, job, utc_now())


def _may_run(lease: JobLease, job: Job, now: datetime) -> bool:
    if lease.until is not None and lease.until > now:
        return False
    return lease.last_run_at is None or now - lease.last_run_at >= timedelta(seconds=job.every_seconds)


def _claim(name: str, job: Job) -> str:
    """Take the job's lease and return its owner's name, or "" where another was first."""
    now = utc_now()
    with unscoped(Unscoped.SCHEDULER, write=True) as session:
        lease = _lock(session, name)
        if not _may_run(lease, job, now):
            return ""
        lease.owner, lease.until, lease.last_run_at = f"{_process()}:{uuid4().hex}", now + LEASE, now
        return lease.owner


def _run(app: Flask, name: str, job: Job, owner: str) -> None:
    error = ""
    with _renewing(app, name, owner):
        try:
            with app.app_context():
                job.run()
        except (Exception, SystemExit) as fault:  # a plugin's job must not stop the others
            log.exception("job.failed", job=name)
            error = type(fault).__name__
    with unscoped(Unscoped.SCHEDULER, write=True) as session:
        lease = _lock(session, name)
        if lease.owner == owner:
            lease.owner, lease.until, lease.last_error = "", None, error


@contextmanager
def _renewing(app: Flask, name: str, owner: str) -> Iterator[None]:
    """Keep the lease while the job runs: it is short, so that a killed process does not hold a job for long."""
    done = threading.Event()

    def renew() -> None:
        while not done.wait(RENEWAL_SECONDS):
            with suppress(Exception), app.app_context(), unscoped(Unscoped.SCHEDULER, write=True) as session:
                lease = _lock(session, name)
                if lease.owner == owner:
                    lease.until = utc_now() + LEASE

    thread = threading.Thread(target=renew, name=f"passback-lease-{name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _lock(session: Session, name: str) -> JobLease:
    query = select(JobLease).where(JobLease.name == name).with_for_update()
    lease = session.scalars(query).one_or_none()
    if lease is None:
        with suppress(IntegrityError), session.begin_nested():  # another process may be first; its row is read below
            session.add(JobLease(name=name))
        lease = session.scalars(query).one()
    return lease


def _process() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"
