"""What `test_tenancy` shows of one table holds for each: a tenant's session sees, changes and points to its own."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import delete, func, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from passback.db import Base, TenancyError, Unscoped, tenant_session, unscoped
from passback.tenants import ensure_tenant
from tests.conftest import make_settings, open_database, run_app
from tests.support.rows import make_row, table_of, tenant_keys, tenant_tables

KEYS = [(kind, column, target) for kind in tenant_tables() for column, target in tenant_keys(kind)]


def named(value: object) -> str:
    return value.__tablename__ if isinstance(value, type) and issubclass(value, Base) else str(value)


@dataclass
class Two:
    """Two tenants with one row each of the table under test (and of the tables it points to)."""

    ours: UUID
    theirs: UUID
    our_row: UUID
    their_row: UUID


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def app(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path
) -> Iterator[Flask]:
    """One application for all tables: each test makes two tenants of its own."""
    folder = tmp_path_factory.mktemp("tables")
    yield from run_app(make_settings(folder, database_url=open_database(request.param, folder, migrated_sqlite)))


def two_rows(kind: type[Base]) -> Two:
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        ours, theirs = (ensure_tenant(session, secrets.token_hex(8)).id for _ in range(2))
        return Two(ours, theirs, make_row(session, kind, ours).id, make_row(session, kind, theirs).id)


def left(kind: type[Base], two: Two) -> set[UUID]:
    table = table_of(kind)
    with unscoped(Unscoped.INSTALLATION) as session:
        return set(session.scalars(select(table.c.id).where(table.c.tenant_id.in_([two.ours, two.theirs]))))


@pytest.mark.parametrize("kind", tenant_tables(), ids=named)
def test_reading_sees_one_tenant(app: Flask, kind: type[Base]) -> None:
    two = two_rows(kind)
    assert left(kind, two) == {two.our_row, two.their_row}, "both rows are there"
    other = aliased(kind)
    with tenant_session(two.ours) as session:
        assert [row.id for row in session.scalars(select(kind))] == [two.our_row]
        assert [row.id for row in session.scalars(select(other))] == [two.our_row]
        assert session.scalars(select(func.count()).select_from(kind)).one() == 1
        assert len(session.execute(select(kind, other).join(other, true())).all()) == 1
        assert session.scalars(select(select(kind).subquery().c.id)).all() == [two.our_row]
        assert session.get(kind, two.their_row) is None
    with tenant_session(two.ours) as session:
        found = session.get(kind, two.our_row)
        assert found is not None
        session.expire(found)
        assert found.id == two.our_row


@pytest.mark.parametrize("kind", tenant_tables(), ids=named)
def test_writing_touches_one_tenant(app: Flask, kind: type[Base]) -> None:
    two = two_rows(kind)
    column = next(key for key in sa.inspect(kind).column_attrs.keys() if key not in {"id", "tenant_id"})  # noqa: SIM118
    with tenant_session(two.ours, write=True) as session:
        same = update(kind).values({column: getattr(kind, column)}).execution_options(synchronize_session=False)
        assert session.execute(same).rowcount == 1  # type: ignore[attr-defined]
    with tenant_session(two.ours, write=True) as session:
        assert session.execute(delete(kind).where(sa.inspect(kind).primary_key[0] == two.their_row)).rowcount == 0  # type: ignore[attr-defined]
        session.execute(delete(kind))
    assert left(kind, two) == {two.their_row}


@pytest.mark.parametrize("kind", tenant_tables(), ids=named)
def test_a_row_stays_with_its_tenant(app: Flask, kind: type[Base]) -> None:
    two = two_rows(kind)
    with pytest.raises(TenancyError), tenant_session(two.ours, write=True) as session:
        session.get_one(kind, two.our_row).tenant_id = two.theirs  # type: ignore[attr-defined]
    with pytest.raises(TenancyError), tenant_session(two.ours, write=True) as session:
        session.execute(update(kind).values(tenant_id=two.theirs))
    with pytest.raises(TenancyError), tenant_session(two.ours, write=True) as session:
        session.add(kind(tenant_id=two.theirs))
    with tenant_session(two.ours) as session:
        assert session.get(kind, two.our_row) is not None
    assert left(kind, two) == {two.our_row, two.their_row}


@pytest.mark.parametrize(("kind", "column", "target"), KEYS, ids=named)
def test_the_database_refuses_a_row_that_points_into_another_tenant(
    app: Flask, kind: type[Base], column: str, target: type[Base]
) -> None:
    two = two_rows(kind)
    table = table_of(kind)
    with unscoped(Unscoped.INSTALLATION) as session:
        own, foreign = (
            session.scalars(select(table.c[column]).where(table.c.id == row)).one()
            for row in (two.our_row, two.their_row)
        )
    point = update(table).where(table.c.id == two.our_row)
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        session.execute(point.values({column: own}))
    with pytest.raises(IntegrityError), unscoped(Unscoped.INSTALLATION, write=True) as session:
        session.execute(point.values({column: foreign}))
    with pytest.raises(IntegrityError), unscoped(Unscoped.INSTALLATION, write=True) as session:
        session.execute(point.values(tenant_id=two.theirs))


def test_every_reference_to_a_tenants_row_is_a_composite_key() -> None:
    """A plain key would let a row point into another tenant."""
    names = {table_of(kind).name for kind in tenant_tables()}
    plain = [
        f"{kind.__tablename__}: {[column.name for column in key.columns]}"
        for kind in tenant_tables()
        for key in table_of(kind).foreign_key_constraints
        if key.referred_table.name in names and [column.name for column in key.columns][:1] != ["tenant_id"]
    ]
    assert plain == []
    assert len(KEYS) >= 15, "the keys are found at all"
