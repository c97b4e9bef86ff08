"""An import that dies by SIGKILL leaves no course, and what it leaves in storage is found and removed."""

import io
import os
import signal
import stat
from datetime import timedelta
from typing import BinaryIO
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from passback.clock import utc_now
from passback.content import service
from passback.content.models import Course, CourseVersion
from passback.content.service import import_course
from passback.content.storage import FileStorage, storage
from passback.content.storing import abandoned_versions, remove_abandoned
from passback.db import TenantSession, db, tenant_session
from tests.support.packages import toy_package


def die(*_arguments: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def kill_at(step: str) -> None:
    """Make this process kill itself at a step of its next import."""
    real_save, real_fsync = FileStorage.save, os.fsync
    saved = []

    def save(self: FileStorage, key: str, source: BinaryIO) -> None:
        real_save(self, key, source)
        saved.append(key)

    def half_a_file(descriptor: int) -> None:
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        if is_file and (step == "first file" or (step == "writing" and len(saved) >= 10)):
            die()
        real_fsync(descriptor)

    FileStorage.save = save
    os.fsync = half_a_file
    if step == "stored":
        service._record = die
    if step == "uncommitted":
        TenantSession.commit = lambda session: (session.flush(), die())


def import_and_die(tenant_id: UUID, step: str) -> int:
    """Import in a process of its own until it dies, and return how it ended."""
    db.engine.dispose()
    child = os.fork()
    if child == 0:
        try:
            kill_at(step)
            data = toy_package("Killed", **{f"f{n}": "x" * 100 for n in range(100)})
            import_course(tenant_id, io.BytesIO(data), "killed.zip")
        finally:
            os._exit(1)
    _pid, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("step", ["first file", "writing", "stored", "uncommitted"])
def test_an_import_that_is_killed_leaves_no_course(app: Flask, tenant_id: UUID, step: str) -> None:
    kept = import_course(tenant_id, io.BytesIO(toy_package("Kept")), "kept.zip")
    assert import_and_die(tenant_id, step) == -signal.SIGKILL
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
