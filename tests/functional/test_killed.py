"""SIGKILL between any two steps of a commit: nothing acknowledged is missing, nothing counts twice."""

import json
import subprocess
import sys
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from passback.db import db, tenant_session
from passback.delivery.models import EventDelivery
from tests.support.killed import FIRST, SECOND, batches
from tests.support.play import Desk
from tests.unit.tracking.conftest import diary_app
from tests.unit.tracking.test_any_order import come_to

ROOT = Path(__file__).parents[2]


def test_killed_at_every_step(database_url: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.support.killed", database_url, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    runs = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(run["fine"] for run in runs), done.stderr[-3000:]
    assert len(runs) > 20, "the steps are seen"
    assert {run["acknowledged"] for run in runs} == {0, len(FIRST), len(FIRST) + len(SECOND)}

    app = diary_app(tmp_path, database_url)
    with app.app_context():
        whole = _check(runs[-1])
        for run in runs[:-1]:
            assert _check(run) == whole, run
        db.engine.dispose()


def _check(run: dict[str, str]) -> tuple[object, ...]:
    desk = Desk(*(UUID(run[name]) for name in ("tenant", "course", "placement", "registration")))
    session = UUID(run["session"])
    acknowledged = int(run["acknowledged"])
    assert desk.session(session).applied_seq >= acknowledged, "what was acknowledged is part of the state"
    assert {one.sequence for one in desk.events(session)} >= set(range(acknowledged + 1))

    first, second = batches()  # the browser sends again what it has no answer for, and here even what it has
    desk.send(session, first)  # type: ignore[arg-type]
    desk.send(session, second, leaving=True)  # type: ignore[arg-type]
    with tenant_session(desk.tenant_id) as reading:
        lane = select(EventDelivery).where(EventDelivery.lane == run["registration"])
        rows = reading.scalars(lane.order_by(EventDelivery.position)).all()
    owed = [(row.event, row.position, row.payload["data"].get("sequence")) for row in rows]  # type: ignore[union-attr]
    grade = desk.grade()
    assert grade is not None
    come = come_to(desk, session)
    assert come["cells"][("attempt", "notes")] == {"notes": [0, 1, 2, 3, 4, 5]}
    assert (grade.scaled, come["session"]) == (0.9, ("closed", 5))
    return come, owed
