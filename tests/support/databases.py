"""PostgreSQL for tests: the one that answers, else one of our own (see prepare.py)."""

import os
import secrets
from functools import cache
from pathlib import Path

from flask import Flask
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, make_url, text

from passback.db import Base, db, init_database
from passback.db.migrate import upgrade
from passback.settings import Settings

DEFAULT_URL = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"


def postgresql_url() -> str:
    """Return the URL of the server's maintenance database."""
    return os.environ.get("PASSBACK_TEST_POSTGRESQL_URL", DEFAULT_URL)


def fresh_postgresql(worker: str) -> str:
    """Return the URL of this worker's database, migrated and empty."""
    url = _migrated(worker)
    with _emptier(url).begin() as connection:
        # Deleting from tables that are nearly empty is many times quicker than TRUNCATE, which makes new files.
        deletes = "; ".join(f'DELETE FROM "{table}"' for table in Base.metadata.tables)
        connection.exec_driver_sql(f"SET LOCAL session_replication_role = replica; {deletes}")
    return url


@cache
def _emptier(url: str) -> Engine:
    return create_engine(url, pool_size=1)


@cache
def _migrated(worker: str) -> str:
    """Make this worker's database anew, once a run, by the migrations."""
    url = _created(f"passback_test_{worker}_{os.getpid()}")
    app = Flask("migrate")
    init_database(app, Settings(secret_key=SecretStr("x"), database_url=url))
    with app.app_context():
        upgrade(db.engine)
        db.engine.dispose()
    return url


def empty_postgresql() -> str:
    """Return the URL of a database without a table; the next run drops it."""
    return _created(f"passback_test_bare_{secrets.token_hex(4)}_{os.getpid()}")


def _created(name: str) -> str:
    """Make a database; those of runs that are over are dropped first."""
    server = create_engine(postgresql_url(), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        for (old,) in connection.execute(
            text("SELECT datname FROM pg_database WHERE datname LIKE 'passback_test_%'")
        ).all():
            if not Path("/proc", old.rpartition("_")[2]).exists():  # the run that made it is over
                connection.execute(text(f'DROP DATABASE IF EXISTS "{old}" WITH (FORCE)'))
        connection.execute(text(f'CREATE DATABASE "{name}"'))
        # No test cuts the server's power: a commit need not wait for the disk.
        connection.execute(text(f'ALTER DATABASE "{name}" SET synchronous_commit = off'))
    server.dispose()
    return make_url(postgresql_url()).set(database=name).render_as_string(hide_password=False)
