"""A delivery worker dies by SIGKILL between any two steps: nothing is lost, the gradebook ends on the right value.

The worker is a real process, the gradebook a real HTTP server that answers as Moodle 4.1 does.
"""

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NoReturn
from uuid import UUID

import pytest
import time_machine
from flask import Flask

from passback.db import TenantSession, db
from passback.delivery import engine, scores
from passback.delivery.engine import drain
from passback.delivery.models import ScoreDelivery
from passback.delivery.senders import ScorePayload, register_sender
from passback.outbound import HttpAnswer
from passback.plugin import SendResult, Verdict
from passback.runtime import runtime
from tests.support.gradebook import Gradebook, enrol

KEY = "https://lms.test/items/1 user-1"


class Platform(ThreadingHTTPServer):
    """Keeps one value per key; refuses a stamp that is not in a later second than the last one."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.values: dict[str, float] = {}
        self.stamps: list[datetime] = []
        self.kill = 0

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """`POST /` takes a score, `GET /` returns every value."""

    server: Platform

    def do_POST(self) -> None:
        score = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        stamp = datetime.fromisoformat(score["timestamp"])
        if self.server.stamps and int(stamp.timestamp()) <= int(self.server.stamps[-1].timestamp()):
            self._answer(409, {})
            return
        self.server.stamps.append(stamp)
        self.server.values[score["key"]] = score["scaled"]
        if self.server.kill:
            os.kill(self.server.kill, signal.SIGKILL)
            return
        self._answer(200, {})

    def do_GET(self) -> None:
        self._answer(200, self.server.values)

    def _answer(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


class HttpSender:
    """Sends to the platform; dies where it is told to."""

    def __init__(self, authority: str, dies: str = "") -> None:
        self.authority = authority
        self.dies = dies

    def prepare(self, session: TenantSession, delivery: ScoreDelivery) -> ScorePayload | None:
        if self.dies == "while preparing":
            die()
        return Gradebook().prepare(session, delivery)

    def send(self, payload: ScorePayload, *, timestamp: datetime, first_try: bool) -> SendResult:
        if self.dies == "before sending":
            die()
        if not first_try and json.loads(self._call("GET").body).get(KEY) == payload.scaled:
            return SendResult(Verdict.DELIVERED, "read_back", read_back=True)
        score = {"key": KEY, "scaled": payload.scaled, "timestamp": timestamp.isoformat()}
        answer = self._call("POST", json.dumps(score).encode())
        if self.dies == "before recording":
            die()
        return SendResult(Verdict.DELIVERED if answer.status == 200 else Verdict.RETRY, http_status=answer.status)

    def _call(self, method: str, body: bytes | None = None) -> HttpAnswer:
        url = f"http://{self.authority}/"
        return runtime().http.request(method, url, body=body, approved_hosts=[self.authority])


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    os._exit(1)


@pytest.fixture
def platform() -> Iterator[Platform]:
    """The platform. It listens already and answers once `serve` is called: a fork must not meet a running thread."""
    server = Platform()
    yield server
    server.server_close()


def run_and_kill(app: Flask, platform: Platform, dies: str) -> int:
    """Run a worker in a process of its own until it dies, and return how it ended."""
    child = os.fork()
    if child == 0:
        try:
            db.engine.dispose(close=False)  # connections are the parent's
            register_sender(app, "gradebook", HttpSender(platform.authority, dies))
            if dies == "after claiming":
                engine.deliver_score = lambda *_: die()
            if dies == "after recording":
                deliver = scores.deliver_score
                engine.deliver_score = lambda *arguments: (deliver(*arguments), die())
            drain(app)
        finally:
            os._exit(1)
    platform.kill = child if dies == "while the LMS answers" else 0
    server = threading.Thread(target=platform.serve_forever, args=(0.01,))
    server.start()
    _pid, status = os.waitpid(child, 0)
    platform.kill = 0
    return os.waitstatus_to_exitcode(status)


STEPS = [
    "after claiming",
    "while preparing",
    "before sending",
    "while the LMS answers",
    "before recording",
    "after recording",
]


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("newer", [None, 0.9], ids=["same value", "newer value"])
@pytest.mark.parametrize("step", STEPS)
def test_a_killed_worker_loses_nothing(
    app: Flask, platform: Platform, tenant_id: UUID, step: str, newer: float | None
) -> None:
    pupil = enrol(tenant_id)
    pupil.grade(0.4, final=False)
    assert run_and_kill(app, platform, step) == -signal.SIGKILL
    try:
        _restart(app, platform, lambda: pupil.grade(newer) if newer else None)
    finally:
        platform.shutdown()
    assert platform.values == {KEY: newer or 0.4}
    assert platform.stamps == sorted(platform.stamps)
    arrived_before = STEPS.index(step) >= STEPS.index("while the LMS answers")
    assert len(platform.stamps) == (2 if newer and arrived_before else 1)
    assert pupil.delivery().state in {"accepted", "read_back"}


def _restart(app: Flask, platform: Platform, meanwhile: Callable[[], object]) -> None:
    """Start over as a new process would: the dead one's lease has to run out first."""
    register_sender(app, "gradebook", HttpSender(platform.authority))
    meanwhile()
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=61), tick=True):
        drain(app)
