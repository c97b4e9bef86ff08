"""Prepared statements hold the tenant's scope themselves, on the quick way as on the usual one."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import bindparam, event, select
from sqlalchemy.exc import IntegrityError

from passback.content.models import Course, CourseVersion
from passback.db import TenancyError, TenantSession, TransactionError, Unscoped, db, held, tenant_session, unscoped
from passback.db.held import Prepared
from passback.tenants import Tenant, ensure_tenant

COURSE = Course.__table__.c
BY_TITLE = Prepared((Course,), COURSE.title == bindparam("title"))
ALL = Prepared((Course,), order=(COURSE.title,))
WHEN = datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)
BESIDES: dict[str, Any] = {"last_number": 0, "on_new_version": "ask"}


@pytest.fixture(params=["quick", "heard"])
def tenants(app: Flask, request: pytest.FixtureRequest) -> Iterator[tuple[UUID, UUID]]:
    """Two tenants; once with somebody who listens to statements, so that they go the usual way."""
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        first, second = (ensure_tenant(session, slug).id for slug in ("first", "second"))
    for tenant_id in (first, second):
        with tenant_session(tenant_id, write=True) as session:
            add(session, "same")
    if request.param == "heard":
        event.listen(db.engine, "before_cursor_execute", _hear)
        yield first, second
        event.remove(db.engine, "before_cursor_execute", _hear)
    else:
        yield first, second


def _hear(*_details: object) -> None:
    """Somebody listens."""


def add(session: TenantSession, title: str) -> None:
    held.add(session, Course, title=title, content_type="toy", settings={"x": "a\0b"}, created_at=WHEN, **BESIDES)


def test_rows_come_back_as_they_were_written(tenants: tuple[UUID, UUID]) -> None:
    with tenant_session(tenants[0]) as session:
        [(course,)] = ALL.rows(session)
        mapped = session.scalars(select(Course)).one()
        names = ("id", "title", "content_type", "settings", "created_at", "archived_at")
        assert [getattr(course, name) for name in names] == [getattr(mapped, name) for name in names]
        assert (mapped.settings, mapped.created_at, mapped.tenant_id) == ({"x": "a\0b"}, WHEN, tenants[0])


def test_each_tenant_sees_and_changes_its_own(tenants: tuple[UUID, UUID]) -> None:
    with tenant_session(tenants[0], write=True) as session:
        [(course,)] = BY_TITLE.rows(session, title="same")
        course.title = "changed"
        held.save(session, course)
    with tenant_session(tenants[1], write=True) as session:
        [(other,)] = ALL.rows(session)
        assert other.title == "same"
        held.change(session, Course, course.id, title="stolen")
        held.save(session, other)
    with tenant_session(tenants[0]) as session:
        assert [row.title for (row,) in ALL.rows(session)] == ["changed"]


def test_a_reading_transaction_writes_nothing(tenants: tuple[UUID, UUID]) -> None:
    with tenant_session(tenants[0]) as session:
        [(course,)] = ALL.rows(session)
        course.title = "changed"
        for write in (lambda: held.save(session, course), lambda: add(session, "more")):
            with pytest.raises(TransactionError):
                write()


def test_what_is_rolled_back_is_gone(tenants: tuple[UUID, UUID]) -> None:
    def break_off() -> None:
        with tenant_session(tenants[0], write=True) as session:
            add(session, "never")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    with tenant_session(tenants[0]) as session:
        assert len(ALL.rows(session)) == 1


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: Prepared((Tenant,)),
        lambda: Prepared((Course,), CourseVersion.__table__.c.course_id == COURSE.id),
    ],
)
def test_what_cannot_be_scoped_is_not_prepared(attempt: Callable[[], object]) -> None:
    with pytest.raises(TenancyError):
        attempt()


def test_a_row_never_moves_to_another_tenant(tenants: tuple[UUID, UUID]) -> None:
    with tenant_session(tenants[0], write=True) as session:
        [(course,)] = ALL.rows(session)
        for name in ("tenant_id", "id", "no_such_column"):
            with pytest.raises(AttributeError):
                setattr(course, name, uuid4())
        with pytest.raises(TenancyError):
            held.change(session, Course, course.id, tenant_id=tenants[1])
        stolen = {"content_type": "toy", "settings": {}, "created_at": WHEN, **BESIDES}
        held.add(session, Course, title="x", tenant_id=tenants[1], **stolen)
    with tenant_session(tenants[1]) as session:
        assert [row.title for (row,) in ALL.rows(session)] == ["same"]


def test_the_databases_refusal_is_told_in_sqlalchemys_words(tenants: tuple[UUID, UUID]) -> None:
    with tenant_session(tenants[0]) as session:
        [(row,)] = BY_TITLE.rows(session, title="same")
    values = {"title": "again", "content_type": "toy", "settings": {}, "created_at": WHEN, **BESIDES}
    with pytest.raises(IntegrityError) as caught, tenant_session(tenants[0], write=True) as session:
        held.add(session, Course, id=row.id, **values)
    assert "again" not in str(caught.value)
