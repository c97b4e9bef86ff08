"""Kills a process with SIGKILL at every step of a commit in turn; run by `tests/functional/test_killed.py`.

    python -m tests.support.killed DATABASE_URL INSTANCE

A step is a statement, a commit, a connection given back, an answer about to be given. For each step a learner is
registered anew and a forked process plays until it dies there. Printed are JSON lines: the desk's ids and what was
acknowledged, and last the one that nobody killed.
"""

import json
import os
import signal
import sys
from pathlib import Path
from uuid import UUID

from sqlalchemy import event as sqlalchemy_event

from passback.app import create_app
from passback.db import Unscoped, db, unscoped
from passback.tenants import ensure_tenant
from tests.conftest import TOY, make_settings
from tests.support.diary import DiaryPlugin
from tests.support.play import Desk, add_course, add_desk, event

FIRST = (("diary.note", {}), ("diary.share", {}), ("diary.score", {"scaled": 0.9}))
SECOND = (("diary.done", {}), ("diary.note", {}))


def batches() -> list[list[object]]:
    """Return what the player sends: two sends, the second one leaves."""
    numbered = enumerate((*FIRST, *SECOND), start=1)
    events: list[object] = [event(number, kind, **data) for number, (kind, data) in numbered]
    return [events[: len(FIRST)], events[len(FIRST) :]]


class Killer:
    """Counts steps and kills its own process at one of them."""

    def __init__(self, at: int) -> None:
        self.left = at

    def step(self, *_details: object, **_more: object) -> None:
        """One step has come; die if it is the one."""
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def play(desk: Desk, session: UUID, killer: Killer, answers: int) -> None:
    """Send everything, telling the parent what was acknowledged."""
    db.engine.dispose(close=False)
    for name in ("before_cursor_execute", "commit"):
        sqlalchemy_event.listen(db.engine, name, killer.step)
    sqlalchemy_event.listen(db.engine, "checkin", killer.step)
    for number, batch in enumerate(batches(), start=1):
        receipt = desk.send(session, batch, leaving=number == 2)  # type: ignore[arg-type]
        killer.step()
        os.write(answers, f"{receipt.applied}\n".encode())
    os._exit(0)


def run(desk: Desk, at: int) -> dict[str, object]:
    """Let a process die at step `at`, and say what it had been told."""
    session = desk.open()
    db.engine.dispose()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        play(desk, session, Killer(at), writing)
    os.close(writing)
    with os.fdopen(reading) as answers:
        acknowledged = [int(line) for line in answers]
    _pid, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    return {
        "registration": str(desk.registration_id),
        "placement": str(desk.placement_id),
        "session": str(session),
        "acknowledged": max(acknowledged, default=0),
        "killed": killed,
        "fine": killed or status == 0,
    }


def main(database_url: str, instance: str) -> None:
    """Kill at every step there is."""
    settings = make_settings(Path(instance), database_url=database_url)
    with create_app(settings, extra_plugins=(*TOY, ("diary", DiaryPlugin()))).app_context():
        with unscoped(Unscoped.INSTALLATION, write=True) as session:
            tenant_id = ensure_tenant(session).id
        course_id = add_course(tenant_id, "diary")
        killed, at = True, 0
        while killed:
            at += 1
            result = run(add_desk(tenant_id, course_id=course_id, learner=f"learner {at}"), at)
            killed = bool(result["killed"])
            line = {"tenant": str(tenant_id), "course": str(course_id), **result}
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
