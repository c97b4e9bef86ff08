"""Prepared statements are scoped to the tenant like everything else, or cannot be made."""

from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Insert, Select, Update, Uuid, bindparam, insert, or_, select, update
from sqlalchemy.exc import IntegrityError, MultipleResultsFound
from sqlalchemy.orm import DeclarativeBase

from passback.clock import utc_now
from passback.content.models import Course, CourseVersion
from passback.db import TenancyError, TransactionError, Unscoped, new_id, tenant_session, unscoped
from passback.db.base import TenantScoped
from passback.db.prepared import SharedStatement, TenantQuery, own, table_of, values_of
from passback.lti.models import Platform
from passback.tenants import ensure_tenant

COURSES, VERSIONS = table_of(Course).c, table_of(CourseVersion).c


@pytest.fixture
def tenants(app: Flask) -> list[UUID]:
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        ids = [ensure_tenant(session, slug).id for slug in ("first", "second")]
    for tenant_id in ids:
        with tenant_session(tenant_id, write=True) as session:
            session.add(Course(title="same", content_type="toy"))
    return ids


def test_a_query_sees_its_own_tenant_only(tenants: list[UUID]) -> None:
    query = TenantQuery(select(COURSES.tenant_id).where(own(Course), COURSES.title == bindparam("title")))
    for tenant_id in tenants:
        with tenant_session(tenant_id) as session:
            row = query.one(session, title="same")
            assert row is not None
            assert row.tenant_id == tenant_id
            assert query.one(session, title="another") is None


def test_a_caller_cannot_name_another_tenant(tenants: list[UUID]) -> None:
    query = TenantQuery(select(COURSES.tenant_id).where(own(Course)))
    with tenant_session(tenants[0]) as session:
        row = query.one(session, passback_tenant=tenants[1])
    assert row is not None
    assert row.tenant_id == tenants[0]


@pytest.mark.parametrize(
    "make",
    [
        lambda: select(COURSES.id),
        lambda: select(COURSES.id, VERSIONS.id).where(own(Course)),
        lambda: select(COURSES.id).join(table_of(CourseVersion), VERSIONS.course_id == COURSES.id).where(own(Course)),
        lambda: select(COURSES.id, select(VERSIONS.id).scalar_subquery()).where(own(Course)),
        lambda: select(COURSES.id).where(own(Course), COURSES.id.in_(select(VERSIONS.course_id))),
        lambda: select(COURSES.id).where(or_(own(Course), COURSES.title == "x")),
        lambda: select(table_of(Course).alias().c.id),
        lambda: select(COURSES.id).where(own(Course)).join(other := table_of(Course).alias(), other.c.id != COURSES.id),
        lambda: select(COURSES.id).where(COURSES.tenant_id != bindparam("passback_tenant")),
        lambda: select(COURSES.id).where(~own(Course)),
    ],
)
def test_a_query_that_is_not_scoped_cannot_be_prepared(make: Callable[[], Select[tuple[UUID]]]) -> None:
    with pytest.raises(TenancyError):
        TenantQuery(make())


@pytest.mark.parametrize(
    "make",
    [
        lambda: insert(table_of(Course)),
        lambda: update(table_of(Course)),
        lambda: update(table_of(Platform)).where(table_of(Platform).c.id.in_(select(COURSES.id))),
        lambda: insert(table_of(Platform)).from_select(["name"], select(COURSES.title)),
    ],
)
def test_a_shared_statement_touches_no_tenants_table(make: Callable[[], Insert | Update]) -> None:
    with pytest.raises(TenancyError):
        SharedStatement(make())


def test_a_shared_statement_belongs_to_the_transaction(tenants: list[UUID]) -> None:
    row = Platform(issuer="i", client_id="c", auth_login_url="a", token_url="t", jwks_url="j", algorithms=["RS256"])
    row.id, row.created_at, row.status, row.approved_hosts = new_id(), utc_now(), "active", ["a", "b"]
    row.name = row.product = row.version = row.token_audience = ""
    row.configuration_url = row.registration_uri = row.registration_token = ""
    columns = table_of(Platform).columns.keys()
    add = SharedStatement(insert(table_of(Platform)).values(values_of(Platform, *columns)))
    values = {name: getattr(row, name) for name in columns}
    with pytest.raises(TransactionError), tenant_session(tenants[0]) as session:
        add.run(session, **values)
    with pytest.raises(IntegrityError), tenant_session(tenants[0], write=True) as session:
        assert [add.run(session, **values), add.run(session, **values)] == []
    with unscoped(Unscoped.LOGIN) as session:
        assert session.scalars(select(Platform)).all() == []
    with tenant_session(tenants[0], write=True) as session:
        assert add.run(session, **values) == 1
    with unscoped(Unscoped.LOGIN) as session:
        stored = session.scalars(select(Platform)).one()
    assert {name: getattr(stored, name) for name in columns} == values


def test_values_and_rows_are_the_same_as_by_the_usual_way(tenants: list[UUID]) -> None:
    query = TenantQuery(
        select(
            COURSES.id, COURSES.created_at, COURSES.settings, COURSES.archived_at, COURSES.title.label("called")
        ).where(own(Course), COURSES.created_at <= bindparam("now"), COURSES.content_type == "toy")
    )
    with tenant_session(tenants[0]) as session:
        course = session.scalars(select(Course)).one()
        row = query.one(session, now=utc_now())
    assert (row.id, row.created_at, row.settings, row.archived_at) == (course.id, course.created_at, {}, None)
    assert row.called == "same"


def test_several_rows_where_one_is_expected(tenants: list[UUID]) -> None:
    query = TenantQuery(select(COURSES.id).where(own(Course)))
    with tenant_session(tenants[0], write=True) as session:
        session.add(Course(title="another", content_type="toy"))
    with tenant_session(tenants[0]) as session, pytest.raises(MultipleResultsFound):
        query.one(session)


def test_a_tenants_column_has_its_type_before_the_table_of_tenants_is_there() -> None:
    """Else a statement that is prepared while modules are imported knows it or not by the order of the imports."""

    class Own(DeclarativeBase):
        pass

    class Thing(TenantScoped, Own):
        __tablename__ = "thing"

    assert isinstance(Thing.__table__.c.tenant_id.type, Uuid)
