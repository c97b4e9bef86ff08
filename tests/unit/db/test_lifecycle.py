"""Every table says how long its rows are kept and how they are erased, and what it says comes true."""

import secrets
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from sqlalchemy import select

from passback.clock import utc_now
from passback.db import Base, Lifecycle, Unscoped, UtcDateTime, db, unscoped
from passback.delivery.jobs import all_jobs, run_due_jobs
from passback.delivery.purge import PurgeError, purge, purged_tables
from passback.lti.models import LaunchRecord
from passback.tenants import ensure_tenant
from tests.support.rows import make_row, mapped_tables, table_of

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MOMENT = timedelta(seconds=1)
TABLES = mapped_tables()
PERSONAL_WORDS = ("email", "given_name", "family_name", "subject", "user_id")


def named(kind: object) -> str:
    return str(getattr(kind, "__tablename__", kind))


def columns(kind: type[Base]) -> set[str]:
    return set(sa.inspect(kind).columns.keys())


@pytest.mark.parametrize("kind", TABLES, ids=named)
def test_a_table_declares_its_life(kind: type[Base]) -> None:
    life = vars(kind).get("lifecycle")
    assert isinstance(life, Lifecycle), "declared by the table itself, not inherited"
    assert life.keep
    assert set(life.personal) <= columns(kind), "columns that hold personal data exist"
    assert (life.purge_after is None) == (life.purge_by == "")
    if life.purge_after is not None:
        assert isinstance(table_of(kind).c[life.purge_by].type, UtcDateTime)
        assert life.purge_after >= timedelta(0)


@pytest.mark.parametrize("kind", TABLES, ids=named)
def test_personal_columns_are_declared(kind: type[Base]) -> None:
    """Staff accounts are the installation's own and go when an administrator removes them."""
    looks_personal = {name for name in columns(kind) if name in PERSONAL_WORDS}
    if kind.__tablename__ in {"staff_user", "staff_role", "audit_entry"}:
        return
    assert looks_personal <= set(kind.lifecycle.personal)
    if kind.lifecycle.personal:
        assert kind.lifecycle.erase != "not personal"
    if kind.lifecycle.erase == "anonymise":
        assert kind.lifecycle.personal, "these are the columns that are emptied"


def ids_of(kind: type[Base]) -> set[object]:
    (key,) = sa.inspect(kind).primary_key
    with unscoped(Unscoped.INSTALLATION) as session:
        return set(session.scalars(select(key)))


@pytest.mark.parametrize("kind", purged_tables(), ids=named)
@pytest.mark.usefixtures("app")
def test_rows_past_their_age_go_and_others_stay(kind: type[Base]) -> None:
    life = kind.lifecycle
    assert life.purge_after is not None
    (key,) = sa.inspect(kind).primary_key
    with time_machine.travel(NOON, tick=False):
        with unscoped(Unscoped.INSTALLATION, write=True) as session:
            tenant_id = ensure_tenant(session).id
            ages = (life.purge_after + MOMENT, life.purge_after - MOMENT)
            old, young = (make_row(session, kind, tenant_id, **{life.purge_by: utc_now() - age}) for age in ages)
            known = {getattr(row, key.key) for row in (old, young)}
        assert ids_of(kind) == known
        assert purge() == 1
        assert ids_of(kind) == {getattr(young, key.key)}


def test_the_purge_is_a_job_that_runs_daily(sqlite_app: Flask) -> None:
    assert "delivery:purge" in run_due_jobs(sqlite_app)
    assert all_jobs()["delivery:purge"].every_seconds <= timedelta(days=1).total_seconds()


def test_more_rows_than_a_batch_go_in_one_run(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("passback.delivery.purge.BATCH", 2)
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        session.add_all(
            LaunchRecord(code=secrets.token_hex(4), verdict="accepted", at=NOON - timedelta(days=200)) for _ in range(5)
        )
    with time_machine.travel(NOON, tick=False):
        assert purge() == 5
    assert ids_of(LaunchRecord) == set()


def test_a_table_that_fails_does_not_keep_the_others(sqlite_app: Flask) -> None:
    """A plugin's table, say, that is not migrated yet."""
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        session.add(LaunchRecord(code="OLD", verdict="accepted", at=NOON - timedelta(days=200)))
    with db.engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE invitation"))
    with time_machine.travel(NOON, tick=False), pytest.raises(PurgeError, match=r"^invitation$"):
        purge()
    assert ids_of(LaunchRecord) == set()
