"""Migrations: core and each plugin apart; a rewrite of a core table keeps plugin rows; a failure changes nothing."""

import shutil
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import inspect, text

from passback.db import Base, db, init_database, migrate
from passback.db.engine import WRITES
from passback.db.migrate import CORE, History, MigrationError, current, make_revision, newest, upgrade
from passback.db.types import UtcDateTime
from tests.conftest import make_settings
from tests.support.databases import empty_postgresql

REVISION = '''"""{name}"""
import sqlalchemy as sa
from alembic import op
revision = "{name}"
down_revision = {down}
def upgrade():
{body}
def downgrade():
    pass
'''

PLUGIN_TABLE = """
    op.create_table(
        "notes_note",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("tenant_id", sa.Uuid, sa.ForeignKey("tenant.id", ondelete="CASCADE"), nullable=False),
    )
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """An app whose database has no table at all."""
    url = empty_postgresql() if request.param == "postgresql" else ""
    app = Flask("bare")
    init_database(app, make_settings(tmp_path, database_url=url))
    with app.app_context():
        yield app
        db.engine.dispose()


def revision(history: History, name: str, body: str, *, down: str | None = None) -> None:
    history.versions.mkdir(exist_ok=True, parents=True)
    source = REVISION.format(name=name, down=repr(down), body=body)
    (history.versions / f"{name}.py").write_text(source, encoding="utf-8")


@pytest.fixture
def notes(tmp_path: Path) -> History:
    """A plugin with one table that points to a core table."""
    history = History("notes", tmp_path / "notes")
    revision(history, "n1", PLUGIN_TABLE)
    return history


def add_note(connection: sa.Connection) -> None:
    row = {"id": "0" * 32} if connection.dialect.name == "sqlite" else {"id": "00000000-0000-0000-0000-000000000000"}
    tenant = "INSERT INTO tenant (id, slug, name, created_at) VALUES (:id, 'x', 'x', '2026-01-01')"
    connection.execute(text(tenant), row)
    connection.execute(text("INSERT INTO notes_note (id, tenant_id) VALUES (1, :id)"), row)


def notes_left() -> int:
    with db.engine.connect() as connection:
        return connection.execute(text("SELECT count(*) FROM notes_note")).scalar_one()


def test_the_migrations_make_exactly_the_tables_of_the_models(bare: Flask, tmp_path: Path) -> None:
    upgrade(db.engine)
    probe = History("", tmp_path / "probe")
    revision(probe, newest(CORE), "    pass")
    difference = make_revision(db.engine, "difference", history=probe).read_text()
    assert "op." not in difference, difference
    assert set(Base.metadata.tables) <= set(inspect(db.engine).get_table_names())


def test_core_upgrades_while_a_plugin_is_gone_and_its_rows_stay(bare: Flask, notes: History) -> None:
    upgrade(db.engine, [notes])
    with db.engine.begin() as connection:
        add_note(connection)
    upgrade(db.engine)
    assert notes_left() == 1
    assert current(db.engine, notes) == "n1"
    assert current(db.engine, CORE)


def test_a_rewrite_of_a_core_table_under_plugin_rows_keeps_them(
    bare: Flask, notes: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(db.engine, [notes])
    with db.engine.begin() as connection:
        add_note(connection)
    recreate = "always" if db.engine.dialect.name == "sqlite" else "auto"
    body = f'    with op.batch_alter_table("tenant", recreate="{recreate}") as batch:\n'
    grown(tmp_path, monkeypatch, body + '        batch.alter_column("name", type_=sa.Text())')
    upgrade(db.engine, [notes])
    assert notes_left() == 1


@pytest.mark.parametrize(
    "broken", ['    op.execute("ALTER TABLE tenant ADD COLUMN half INTEGER")\n    raise RuntimeError("half-way")']
)
def test_a_migration_that_fails_half_way_changes_nothing(
    bare: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    upgrade(db.engine)
    before = current(db.engine, CORE)
    grown(tmp_path, monkeypatch, broken)
    with pytest.raises(RuntimeError, match="half-way"):
        upgrade(db.engine)
    assert current(db.engine, CORE) == before
    assert "half" not in {column["name"] for column in inspect(db.engine).get_columns("tenant")}


def test_a_migration_that_orphans_rows_is_rolled_back(
    bare: Flask, notes: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if db.engine.dialect.name == "postgresql":
        return  # PostgreSQL checks each statement itself; the check after is SQLite's
    upgrade(db.engine, [notes])
    with db.engine.begin() as connection:
        add_note(connection)
    grown(tmp_path, monkeypatch, '    op.execute("DELETE FROM tenant")')
    with pytest.raises(MigrationError):
        upgrade(db.engine)
    assert notes_left() == 1


def test_an_installation_of_the_first_release_keeps_every_row_and_the_models_read_it(
    bare: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        first = History("", tmp_path / "first")
        first.versions.mkdir()
        shutil.copy(CORE.versions / "0001_first_tables.py", first.versions)
        patched.setattr(migrate, "CORE", first)
        upgrade(db.engine)
    released = sa.MetaData()
    released.reflect(db.engine)
    version = released.tables["alembic_version"]
    tables = [table for table in released.sorted_tables if table is not version]
    with db.engine.execution_options(**{WRITES: True}).begin() as connection:
        for table in tables:
            connection.execute(table.insert().values(one_row(table)))
    upgrade(db.engine)
    assert current(db.engine, CORE) == newest(CORE)
    with db.engine.connect() as connection:
        for table in tables:
            model = Base.metadata.tables[table.name]
            rows = connection.execute(sa.select(model)).mappings().all()
            assert len(rows) == 1, table.name
            empty = [one.name for one in model.columns if not one.nullable and rows[0][one.name] is None]
            assert empty == [], table.name


def one_row(table: sa.Table) -> dict[str, object]:
    """Return values for every column; ids are all the same, so that every foreign key finds its row."""
    return {column.name: one_value(column) for column in table.columns}


def one_value(column: sa.Column[object]) -> object:
    kind = Base.metadata.tables[column.table.name].c[column.name].type
    if isinstance(kind, sa.Uuid):
        return uuid.UUID(int=1) if isinstance(column.type, sa.Uuid) else uuid.UUID(int=1).hex
    if isinstance(kind, UtcDateTime):
        return datetime(2026, 11, 1, tzinfo=UTC)
    if isinstance(kind, sa.JSON):
        return {}
    if isinstance(kind, sa.Boolean):
        return True
    if isinstance(kind, sa.Integer | sa.Float):
        return 1
    return f"{column.table.name}.{column.name}"


def grown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """Give core one more revision, in a copy of its history."""
    folder = tmp_path / "core"
    shutil.copytree(CORE.versions, folder)
    history = History("", folder)
    revision(history, "zz_next", body, down=migrate.newest(CORE))
    monkeypatch.setattr(migrate, "CORE", history)
