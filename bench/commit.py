"""A commit against the bare SQLite transaction: the same statements on the same tables, sent by the driver alone."""

import sqlite3
import tempfile
import uuid
from pathlib import Path
from typing import Any

from sqlalchemy.event import listen, remove
from tests.support.play import Desk, add_course, add_desk, event
from tests.support.toy import ToyPlugin

from bench.measure import Measure, compare
from passback.app import create_app
from passback.db import Unscoped, db, unscoped
from passback.db.engine import SQLITE_PRAGMAS
from passback.db.migrate import upgrade
from passback.settings import Settings
from passback.tenants import ensure_tenant

LIMIT = 4.0
ROUNDS = 300
PAGES = 40
"""How many pages the learner goes through, over and over."""
EVENT = "INSERT INTO runtime_event"
Statement = tuple[str, tuple[Any, ...]]


class Bare:
    """The very statements of a commit, on the same tables, by the bare driver: what no commit can do without."""

    def __init__(self, file: Path, recorded: list[Statement], sequence: int) -> None:
        self._db = sqlite3.connect(file, isolation_level=None)
        for pragma in SQLITE_PRAGMAS:
            self._db.execute(pragma)
        self._statements = [one for one in recorded if not one[0].startswith(EVENT)]
        self._insert, values = next(one for one in recorded if one[0].startswith(EVENT))
        self._values = list(values)
        columns = self._insert.partition("(")[2].partition(")")[0].split(", ")
        self._id, self._number = columns.index("id"), columns.index("sequence")
        self._sequence = sequence

    def commit(self) -> None:
        """Send the statements; the event gets an id and a number of its own."""
        self._sequence += 1
        self._values[self._id], self._values[self._number] = uuid.uuid4().hex, self._sequence
        self._db.execute("BEGIN IMMEDIATE")
        for statement, values in self._statements:
            self._db.execute(statement, values).fetchall()
        self._db.execute(self._insert, self._values)
        self._db.execute("COMMIT")


class Ours:
    """A commit through the pipeline: one event that changes state, outcome and rollup, as nearly every one does."""

    def __init__(self, tenant_id: uuid.UUID) -> None:
        self._desk: Desk = add_desk(tenant_id, course_id=add_course(tenant_id))
        self._session = self._desk.open()
        self._sequence = 0

    def commit(self) -> None:
        """Send one event."""
        self._sequence += 1
        self._desk.send(self._session, [event(self._sequence, "toy.page", page=self._sequence % PAGES, of=2 * PAGES)])


def _record(ours: Ours) -> list[Statement]:
    """Return the statements of one commit, with their values, without its BEGIN."""
    found: list[Statement] = []

    def keep(_connection: object, _cursor: object, statement: str, values: tuple[Any, ...], *_more: object) -> None:
        found.append((statement, values))

    listen(db.engine, "before_cursor_execute", keep)
    ours.commit()
    remove(db.engine, "before_cursor_execute", keep)
    return [one for one in found if not one[0].startswith("BEGIN")]


def run() -> list[Measure]:
    """Return the ratio of a commit to the bare transaction."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(instance=Path(folder), secret_key="bench", engine="off", plugins="off")  # type: ignore[arg-type]
        with create_app(settings, extra_plugins=(("toy", ToyPlugin()),)).app_context():
            upgrade(db.engine)
            with unscoped(Unscoped.INSTALLATION, write=True) as session:
                tenant_id = ensure_tenant(session).id
            ours, twin = Ours(tenant_id), Ours(tenant_id)
            for _ in range(PAGES):
                twin.commit()
            bare = Bare(Path(folder) / "passback.sqlite3", _record(twin), PAGES + 1)
            ratio = compare(ours.commit, bare.commit, rounds=ROUNDS)
            db.engine.dispose()
    return [Measure("a commit : the bare SQLite transaction", ratio, LIMIT)]
