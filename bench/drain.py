"""10,000 queued scores for 20 platforms with one of them down, against the same drain without that platform.

Both run Passback's own engine, with its threads, on a database of its own (SQLite as it comes), each in a process of
its own and both at the same time, so that a busy machine slows both. What is measured is the time until every score of
the platforms that are up is accepted. They answer within a few milliseconds; the one that is down is silent until the
call times out, a hundred times as long, and its scores were queued among the others.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from flask import Flask
from tests.support.rows import make_row

from bench.measure import Measure
from passback.app import create_app
from passback.clock import utc_now
from passback.db import TenantSession, Unscoped, db, tenant_session, unscoped
from passback.db.migrate import upgrade
from passback.delivery import engine
from passback.delivery.models import ScoreDelivery
from passback.delivery.senders import ScorePayload, register_sender
from passback.outbound import OutboundTimeoutError
from passback.plugin import SendResult, Verdict
from passback.settings import Settings
from passback.tenants import ensure_tenant
from passback.tracking.models import Registration

PLATFORMS = 20
SCORES = 10_000
LIMIT = 1.1
ANSWER_SECONDS = 0.005
TIMEOUT_SECONDS = 0.5
DOWN = "lms-0"


@dataclass
class _Platforms:
    """Takes scores; says when the platforms that are up have all of theirs."""

    expected: int
    accepted: int = 0
    silent: int = 0
    finished: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def prepare(self, _session: TenantSession, delivery: ScoreDelivery) -> ScorePayload:
        return ScorePayload(1, 0.5, final=True, data=delivery.destination)

    def send(self, payload: ScorePayload, *, timestamp: datetime, first_try: bool) -> SendResult:  # noqa: ARG002
        if payload.data == DOWN:
            self.silent += 1
            time.sleep(TIMEOUT_SECONDS)
            raise OutboundTimeoutError
        time.sleep(ANSWER_SECONDS)
        with self._lock:
            self.accepted += 1
            if self.accepted == self.expected:
                self.finished.set()
        return SendResult(Verdict.DELIVERED, "accepted", http_status=200)


def measures() -> list[Measure]:
    """Return how much longer the platforms that are up take beside one that is down."""
    command = [sys.executable, "-m", "bench.drain", str(SCORES)]
    runs = [subprocess.Popen([*command, kind], stdout=subprocess.PIPE, text=True) for kind in ("all up", "one down")]
    without, beside = [float(run.communicate()[0].split()[-1]) for run in runs]
    return [Measure(f"{SCORES} scores for {PLATFORMS} platforms, one down : none down", beside / without, LIMIT)]


def _seconds(scores: int, *, with_down: bool) -> float:
    up = scores - scores // PLATFORMS
    with _app() as app:
        platforms = _Platforms(up)
        register_sender(app, "bench", platforms)
        _queue(scores, with_down=with_down)
        started = time.perf_counter()
        engine.start(app, forced=True)
        try:
            if not platforms.finished.wait(1800):
                raise RuntimeError(f"only {platforms.accepted} of {up} scores were accepted")
            return time.perf_counter() - started
        finally:
            engine.stop(app)
            if with_down and not platforms.silent:
                raise RuntimeError("nothing was tried at the platform that is down")


def _queue(scores: int, *, with_down: bool) -> None:
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        tenant_id = ensure_tenant(session).id
        registration_id = make_row(session, Registration, tenant_id).id
    now = utc_now()
    with tenant_session(tenant_id, write=True) as session:
        for number in range(scores):
            destination = f"lms-{number % PLATFORMS}"
            if destination == DOWN and not with_down:
                continue
            session.add(
                ScoreDelivery(
                    registration_id=registration_id,
                    sender="bench",
                    destination=destination,
                    line_item=f"https://{destination}.test/1",
                    user_id=str(number),
                    state="queued",
                    wanted=1,
                    due_at=now,
                )
            )


@contextmanager
def _app() -> Iterator[Flask]:
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w") as nowhere, redirect_stderr(nowhere):
        app = create_app(Settings(instance=Path(folder), secret_key="bench", engine="off", plugins="off"))
        with app.app_context():
            upgrade(db.engine)
            yield app
            db.engine.dispose()


if __name__ == "__main__":
    print(_seconds(int(sys.argv[1]), with_down=sys.argv[2] == "one down"))
