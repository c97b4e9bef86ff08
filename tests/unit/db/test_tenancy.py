"""One tenant's session never sees or touches another's rows, whatever the statement."""

from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.orm import aliased

from passback.content.models import Course
from passback.db import TenancyError, TenantSession, TransactionError, Unscoped, tenant_session, unscoped
from passback.tenants import ensure_tenant


@pytest.fixture
def tenants(app: Flask) -> tuple[UUID, UUID]:
    """Two tenants with a course each, titled by the tenant's slug."""
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        ids = tuple(ensure_tenant(session, slug).id for slug in ("first", "second"))
    for tenant_id, slug in zip(ids, ("first", "second"), strict=True):
        with tenant_session(tenant_id, write=True) as session:
            session.add(Course(title=slug, content_type="toy"))
    return ids[0], ids[1]


def other_course(tenants: tuple[UUID, UUID]) -> UUID:
    with tenant_session(tenants[1]) as session:
        return session.scalars(select(Course.id)).one()


def test_a_select_sees_only_its_own_tenant(tenants: tuple[UUID, UUID]) -> None:
    with tenant_session(tenants[0]) as session:
        assert [course.title for course in session.scalars(select(Course))] == ["first"]
        assert session.scalars(select(func.count()).select_from(Course)).one() == 1
        assert [row.title for row in session.scalars(select(aliased(Course)))] == ["first"]


def test_get_by_another_tenants_key_finds_nothing(tenants: tuple[UUID, UUID]) -> None:
    with tenant_session(tenants[0]) as session:
        assert session.get(Course, other_course(tenants)) is None


def test_update_and_delete_touch_only_their_own_tenant(tenants: tuple[UUID, UUID]) -> None:
    with tenant_session(tenants[0], write=True) as session:
        session.execute(update(Course).values(title="changed"))
    with tenant_session(tenants[0], write=True) as session:
        session.execute(delete(Course))
    with tenant_session(tenants[1]) as session:
        assert [course.title for course in session.scalars(select(Course))] == ["second"]


@pytest.mark.parametrize(
    "attempt",
    [
        lambda session, _other: session.execute(text("SELECT 1")),
        lambda session, _other: session.execute(select(Course.__table__)),
        lambda session, _other: session.execute(insert(Course), [{"title": "x", "content_type": "toy"}]),
        lambda session, _other: session.scalars(select(Course).from_statement(select(Course))).all(),
        lambda session, _other: session.connection(),
        lambda session, _other: session.bulk_save_objects([]),
        lambda session, other: session.add(Course(title="x", content_type="toy", tenant_id=other)),
        lambda session, other: setattr(session.scalars(select(Course)).one(), "tenant_id", other),
        lambda session, other: session.execute(update(Course).values(tenant_id=other)),
        lambda session, _other: session.execute(update(Course), [{"id": UUID(int=1), "title": "x"}]),
    ],
)
def test_what_cannot_be_scoped_is_refused(
    tenants: tuple[UUID, UUID], attempt: Callable[[TenantSession, UUID], object]
) -> None:
    with pytest.raises(TenancyError), tenant_session(tenants[0], write=True) as session:
        attempt(session, tenants[1])


def test_a_reading_transaction_does_not_write(tenants: tuple[UUID, UUID]) -> None:
    with tenant_session(tenants[0]) as session:
        session.add(Course(title="x", content_type="toy"))
        with pytest.raises(TransactionError):
            session.flush()


def test_a_write_within_a_write_is_refused_at_once(tenants: tuple[UUID, UUID]) -> None:
    with (
        pytest.raises(TransactionError),
        tenant_session(tenants[0], write=True),
        tenant_session(tenants[1], write=True),
    ):
        pass
