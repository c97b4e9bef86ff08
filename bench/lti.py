"""LTI services at the size of a university.

A roster of 10,000 members, read page by page from the practice LMS into SQLite by a process that does nothing else: the
most memory it ever had, against what it may have. The LMS is in another process (this one).
"""

import os
import subprocess
import sys
import tempfile
from contextlib import redirect_stderr
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, select
from tests.support.lti import School, make_school
from tests.support.practice import practice_lms
from tests.support.toy import ToyPlugin

from bench import drain
from bench.measure import Measure
from passback.app import create_app
from passback.db import db, tenant_session
from passback.db.migrate import upgrade
from passback.lti.models import Context
from passback.lti.roster_models import RosterMember
from passback.lti.rosters import sync_roster
from passback.settings import Settings

MEMBERS = 10_000
LIMIT_MB = 150.0
SECRET = "bench"


def run() -> list[Measure]:
    """Return how much of what it may have each needs."""
    memory = Measure(f"memory to read a roster of {MEMBERS} : {LIMIT_MB:.0f} MB", _roster() / LIMIT_MB, 1.0)
    return [memory, *drain.measures()]


def _settings(folder: str) -> Settings:
    return Settings(instance=Path(folder), secret_key=SECRET, engine="off", plugins="off")


def _roster() -> float:
    """Return the megabytes that reading a roster twice took at most: the second time every row is compared."""
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w") as nowhere, redirect_stderr(nowhere):
        app = create_app(_settings(folder), extra_plugins=(("toy", ToyPlugin()),))
        with app.app_context(), practice_lms(app) as server:
            upgrade(db.engine)
            school = make_school(app, server.platform)
            _fill(school)
            school.launch(school.lms.instructor)
            with tenant_session(school.tenant_id) as session:
                context_id = session.scalars(select(Context.id)).one()
            command = [sys.executable, "-m", "bench.lti", folder, str(school.tenant_id), str(context_id)]
            answer = subprocess.run(command, capture_output=True, text=True, check=True)
            with tenant_session(school.tenant_id) as session:
                kept = session.scalars(select(func.count()).select_from(RosterMember)).one()
            db.engine.dispose()
    if kept < MEMBERS:
        raise RuntimeError(f"only {kept} members were kept")
    return float(answer.stdout.split()[-1])


def _fill(school: School) -> None:
    for number in range(MEMBERS):
        school.lms.add_user(
            f"Learner Number {number}",
            given_name="Learner",
            family_name=f"Number {number}",
            email=f"learner.number.{number}@students.university.example",
            sourced_id=f"S-{number:08}",
        )


def _read(folder: str, tenant_id: UUID, context_id: UUID) -> float:
    """Read the roster in this process and return the most megabytes that it had at any time."""
    with create_app(_settings(folder)).app_context():
        for _twice in range(2):
            sync_roster(tenant_id, context_id)
    status = Path("/proc/self/status").read_text("ascii")  # getrusage would tell the parent's peak, kept over exec
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


if __name__ == "__main__":
    print(_read(sys.argv[1], UUID(sys.argv[2]), UUID(sys.argv[3])))
