"""Who carries deliveries out: the engine's protocol, the embedded one, and `drain` for tests."""

import os
import threading
import time
from collections.abc import Callable
from typing import Protocol

import structlog
from flask import Flask, current_app

from passback.db import db
from passback.delivery.claims import Claim, claim_event, claim_score, renew
from passback.delivery.events import deliver_event
from passback.delivery.jobs import beat, run_due_jobs
from passback.delivery.room import room_of
from passback.delivery.scores import deliver_score
from passback.delivery.wakeup import wake
from passback.runtime import runtime

__all__ = ["EmbeddedEngine", "Engine", "drain", "start", "stop", "wake"]

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
SCHEDULE_SECONDS = 5.0
RENEWAL_SECONDS = 15.0


class Engine(Protocol):
    """Something that delivers what is due and runs the jobs. The tables are the truth; an engine only reads them."""

    def start(self) -> None:
        """Begin, once."""
        ...

    def stop(self, timeout: float = 30.0) -> None:
        """Take nothing new and wait, at most `timeout` seconds, for what is under way."""
        ...

    def wake(self) -> None:
        """Look now rather than at the next poll. A hint."""
        ...

    def is_alive(self) -> bool:
        """Say whether it works in this process."""
        ...


class EmbeddedEngine:
    """Threads of this process: some for scores, some for events, one for jobs, one that renews leases.

    Scores and events never share a thread: a listener that hangs cannot hold up a grade.

    Args:
        threads: for scores, and again for events.
    """

    def __init__(self, app: Flask, threads: int) -> None:
        self._app = app
        self._stopping = False
        self._signal = threading.Condition()
        self._claiming = threading.Lock()
        self._calls = 0
        self._at_work: dict[Claim, float] = {}
        self._threads = [self._thread("jobs", self._at_intervals, self._jobs, SCHEDULE_SECONDS)]
        self._threads.append(self._thread("leases", self._at_intervals, self._renew, RENEWAL_SECONDS))
        for number in range(threads):
            self._threads.append(self._thread(f"scores-{number}", self._until_idle, self._score, POLL_SECONDS))
            self._threads.append(self._thread(f"events-{number}", self._until_idle, self._event, POLL_SECONDS))

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float = 30.0) -> None:
        """Let every thread finish the delivery it is at. What is cut off after `timeout` seconds is read back later."""
        with self._signal:
            self._stopping = True
            self._signal.notify_all()
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def wake(self) -> None:
        """Make idle threads look at once."""
        with self._signal:
            self._calls += 1
            self._signal.notify_all()

    def is_alive(self) -> bool:
        """Say whether every thread runs."""
        return all(thread.is_alive() for thread in self._threads)

    @staticmethod
    def _thread(name: str, loop: Callable[..., None], work: Callable[[], bool], pause: float) -> threading.Thread:
        return threading.Thread(target=loop, args=(work, pause), name=f"passback-{name}", daemon=True)

    def _until_idle(self, work: Callable[[], bool], pause: float) -> None:
        """Work as long as there is some; idle, look again after `pause` seconds or when woken."""
        while not self._stopping:
            seen = self._calls
            if not self._guarded(work):
                with self._signal:
                    self._signal.wait_for(lambda: self._stopping or self._calls != seen, pause)  # noqa: B023

    def _at_intervals(self, work: Callable[[], bool], pause: float) -> None:
        while not self._stopping:
            self._guarded(work)
            with self._signal:
                self._signal.wait_for(lambda: self._stopping, pause)

    def _guarded(self, work: Callable[[], bool]) -> bool:
        try:
            with self._app.app_context():
                return work()
        except Exception:  # the database may be away for a while; the thread has to outlive that
            log.exception("engine.fault")
            return False

    def _score(self) -> bool:
        claim = claim_score(room_of(self._app).policy)
        if claim is None:
            return False
        self._begin(claim)
        return self._finish(claim, deliver_score)

    def _event(self) -> bool:
        with self._claiming:  # two threads must not both take on a listener that hangs
            busy = {claim.listener for claim in self._claims() if claim.listener}
            claim = claim_event(room_of(self._app).policy, busy)
            if claim is None:
                return False
            self._begin(claim)
        return self._finish(claim, deliver_event)

    def _begin(self, claim: Claim) -> None:
        with self._signal:
            self._at_work[claim] = time.monotonic() + room_of(self._app).policy.longest_work

    def _finish(self, claim: Claim, deliver: Callable[[Flask, Claim], None]) -> bool:
        try:
            deliver(self._app, claim)
        finally:
            with self._signal:
                del self._at_work[claim]
        return True

    def _claims(self) -> list[Claim]:
        with self._signal:
            return list(self._at_work)

    def _renew(self) -> bool:
        with self._signal:
            claims = [claim for claim, until in self._at_work.items() if time.monotonic() < until]
        if claims:
            renew(claims, room_of(self._app).policy)
        return False

    def _jobs(self) -> bool:
        beat()
        run_due_jobs(self._app, is_stopping=lambda: self._stopping)
        return False


def start(app: Flask, *, forced: bool = False, threads: int | None = None) -> Engine | None:
    """Start this process's engine, once: call it after the fork (gunicorn's post_fork, or when the server starts).

    Args:
        forced: start although the settings say that another process delivers (`passback worker`).
        threads: instead of the settings' number.

    Returns:
        The engine, or None where none is to run here.
    """
    room = room_of(app)
    with app.app_context():
        settings = runtime().settings
        if settings.engine == "off" and not forced:
            return None
        if room.born_in != os.getpid():  # forked: neither threads nor connections came along
            room.born_in, room.engine = os.getpid(), None
            db.engine.dispose(close=False)
        if room.engine is None:
            room.engine = EmbeddedEngine(app, threads or settings.engine_threads)
            room.engine.start()
            log.info("engine.started", pid=os.getpid())
    return room.engine


def stop(app: Flask, timeout: float = 30.0) -> None:
    """Stop this process's engine, where one runs."""
    room = room_of(app)
    if room.engine is not None and room.born_in == os.getpid():
        room.engine.stop(timeout)
        room.engine = None


def drain(app: Flask | None = None, *, limit: int = 1000) -> int:
    """Deliver everything that is due now, in this thread, and return how many tries that took."""
    target = app or current_app._get_current_object()  # type: ignore[attr-defined]  # werkzeug's proxy
    policy, count = room_of(target).policy, 0
    with target.app_context():
        while count < limit:
            score = claim_score(policy)
            if score is not None:
                deliver_score(target, score)
            event = claim_event(policy)
            if event is not None:
                deliver_event(target, event)
            found = (score is not None) + (event is not None)
            if not found:
                break
            count += found
    return count
