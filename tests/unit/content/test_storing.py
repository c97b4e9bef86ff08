"""An import that is killed leaves no course, and what it leaves in storage is found and removed."""

import io
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from passback.clock import utc_now
from passback.content.models import Course, CourseVersion
from passback.content.service import import_course
from passback.content.storage import FileStorage, storage
from passback.content.storing import CoreContent, abandoned_versions, remove_abandoned
from passback.db import tenant_session
from passback.runtime import runtime
from tests.support.packages import toy_package

ROOT = Path(__file__).parents[3]

# Run in a process of its own, which kills itself at the step that argv names.
IMPORT_AND_DIE = """
import io, os, signal, stat, sys
from pathlib import Path
from uuid import UUID
from passback.app import create_app
from passback.content import service
from passback.content.storage import FileStorage
from tests.conftest import TOY, make_settings
from tests.support.packages import toy_package

step, instance, database_url, tenant = sys.argv[1:]
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
app = create_app(make_settings(Path(instance), database_url=database_url), extra_plugins=TOY)
saved = []
real_save, real_fsync = FileStorage.save, os.fsync

def save(self, key, source):
    real_save(self, key, source)
    saved.append(key)

def half_a_file(descriptor):
    is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
    if is_file and (step == "first file" or (step == "writing" and len(saved) >= 10)):
        die()
    real_fsync(descriptor)

FileStorage.save = save
os.fsync = half_a_file
if step == "stored":
    service._record = die
if step == "uncommitted":
    from passback.db import TenantSession
    TenantSession.commit = lambda session: (session.flush(), die())
with app.app_context():
    data = toy_package("Killed", **{f"f{n}": "x" * 100 for n in range(100)})
    service.import_course(UUID(tenant), io.BytesIO(data), "killed.zip")
"""


@pytest.mark.parametrize("step", ["first file", "writing", "stored", "uncommitted"])
def test_an_import_that_is_killed_leaves_no_course(
    app: Flask, tenant_id: UUID, tmp_path: Path, database_url: str, step: str
) -> None:
    kept = import_course(tenant_id, io.BytesIO(toy_package("Kept")), "kept.zip")
    command = [sys.executable, "-c", IMPORT_AND_DIE, step, str(tmp_path), database_url, str(tenant_id)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    with tenant_session(tenant_id) as session:
        assert [course.title for course in session.scalars(select(Course))] == ["Kept"]
        assert [version.id for version in session.scalars(select(CourseVersion))] == [kept.version_id]
    (garbage,) = abandoned_versions(storage(), tenant_id, older_than=timedelta(0))
    assert garbage != kept.version_id
    assert remove_abandoned(storage()) == 0  # for all it knows, the import is still under way
    with time_machine.travel(utc_now() + timedelta(days=2)):
        assert remove_abandoned(storage()) == 1
    assert {key.split("/")[1] for key in storage().names("")} == {str(kept.version_id)}
    store = storage()
    assert isinstance(store, FileStorage)
    assert [path.name for path in (store.root / str(tenant_id)).iterdir()] == [str(kept.version_id)]
    assert list(store.unfinished("")) == []


def test_what_others_put_into_the_storage_is_left_alone(tenant_id: UUID) -> None:
    storage().save(f"{tenant_id}/notes/readme.txt", io.BytesIO(b"x"))
    storage().save(f"{tenant_id}/readme.txt", io.BytesIO(b"x"))
    assert remove_abandoned(storage(), older_than=timedelta(0)) == 0
    assert len(list(storage().names(""))) == 2


def test_hook_register_jobs_cleans_up_daily(tenant_id: UUID) -> None:
    old = UUID("00000000-0001-7000-8000-000000000000")
    storage().save(f"{tenant_id}/{old}/a.html", io.BytesIO(b"x"))
    (job,) = CoreContent().register_jobs()
    job.run()
    assert (job.every_seconds, list(storage().names(""))) == (24 * 3600, [])
    assert job.name in {job.name for _plugin, jobs in runtime().plugins.collect("register_jobs") for job in jobs}
