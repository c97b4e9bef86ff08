"""A process that dies while a course is renewed leaves the version there was, whole and current."""

import io
import os
import signal
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from passback.clock import utc_now
from passback.content import staging, versions
from passback.content.models import StagedVersion
from passback.content.service import import_course
from passback.content.storage import FileStorage, storage
from passback.content.storing import remove_abandoned
from passback.db import TenantSession, db, tenant_session
from passback.delivery.purge import purge
from tests.support.packages import toy_package


def die(*_arguments: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_in(work: Callable[[], object]) -> int:
    """Do `work` in a process of its own, which does not come back; return how it ended."""
    db.engine.dispose()
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(1)
    _pid, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def uncommitted() -> None:
    TenantSession.commit = lambda session: (session.flush(), die())  # type: ignore[assignment,method-assign]


def current(tenant_id: UUID, course_id: UUID) -> tuple[int, int]:
    with tenant_session(tenant_id) as session:
        return versions.current_version(session, course_id).number, len(versions.list_versions(session, course_id))


def renewed(title: str = "New") -> io.BytesIO:
    return io.BytesIO(toy_package(title, **{f"f{number}": "x" for number in range(40)}))


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("step", ["writing", "uncommitted"])
@pytest.mark.parametrize("way", ["import", "stage"])
def test_killed_before_it_is_there(app: Flask, tenant_id: UUID, way: str, step: str) -> None:
    course_id = import_course(tenant_id, io.BytesIO(toy_package("Old")), "old.zip").course_id

    def work() -> None:
        if step == "uncommitted":
            uncommitted()
        else:
            FileStorage.remove = FileStorage.save = die  # type: ignore[assignment,method-assign]
        if way == "import":
            import_course(tenant_id, renewed(), "new.zip", into=course_id)
        else:
            staging.stage_version(tenant_id, renewed(), "new.zip", course_id, by="x")

    assert die_in(work) == -signal.SIGKILL
    assert current(tenant_id, course_id) == (1, 1)
    with tenant_session(tenant_id) as session:
        assert session.scalars(select(StagedVersion)).all() == []
    with time_machine.travel(utc_now() + timedelta(days=2)):
        remove_abandoned(storage())
    assert len({key.split("/")[1] for key in storage().names("")}) == 1


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_killed_while_it_is_confirmed_it_still_waits(app: Flask, tenant_id: UUID) -> None:
    old = import_course(tenant_id, io.BytesIO(toy_package("Old")), "old.zip")
    staged_id = staging.stage_version(tenant_id, renewed(), "new.zip", old.course_id, by="x")

    def confirm() -> None:
        staging.confirm_version(tenant_id, old.course_id, staged_id, against=old.version_id, by="x")

    assert die_in(lambda: (uncommitted(), confirm())) == -signal.SIGKILL
    assert current(tenant_id, old.course_id) == (1, 1)
    confirm()
    assert current(tenant_id, old.course_id) == (2, 2)
    with time_machine.travel(utc_now() + timedelta(days=2)):
        purge()
        assert remove_abandoned(storage()) == 0, "what is confirmed stays"


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_killed_after_a_deletion_its_files_go_later(app: Flask, tenant_id: UUID) -> None:
    course_id = import_course(tenant_id, io.BytesIO(toy_package("Old")), "old.zip").course_id
    import_course(tenant_id, renewed(), "new.zip", into=course_id)

    def work() -> None:
        with tenant_session(tenant_id, write=True) as session:
            versions.delete_version(session, course_id, 1)
        die()

    assert die_in(work) == -signal.SIGKILL
    assert current(tenant_id, course_id) == (2, 1)
    with time_machine.travel(utc_now() + timedelta(days=2)):
        assert remove_abandoned(storage()) == 1
