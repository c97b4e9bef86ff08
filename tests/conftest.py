"""Fixtures that every test can use: the app on SQLite and on PostgreSQL, a tenant, a frozen clock."""

import atexit
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextvars import Context
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, QueuePool
from werkzeug.test import TestResponse

from passback import tables
from passback.app import create_app, shut_down
from passback.db import Base, Unscoped, db, unscoped
from passback.db.migrate import upgrade
from passback.delivery.engine import stop
from passback.settings import Settings
from passback.tenants import ensure_tenant
from tests.support.databases import fresh_postgresql, postgresql_url
from tests.support.quick import collect_garbage_less_often, spare_what_is_the_same_for_all
from tests.support.toy import ToyPlugin
from tests.support.until import until

TOY = (("toy", ToyPlugin()),)
SECRET = "a secret for tests only"

assert tables

spare_what_is_the_same_for_all()


def pytest_collection_finish() -> None:
    """What is there by now stays until the end."""
    collect_garbage_less_often()


@pytest.fixture(autouse=True)
def _let_go_of_apps() -> Iterator[None]:
    """Free a test's apps after it: kept for the end of the process, hundreds of them slow down garbage collection."""
    yield
    atexit.unregister(shut_down)


def make_settings(instance: Path, **changes: object) -> Settings:
    """Return settings for a test: a scratch instance, no plugin but the toy, no engine (tests drain the outbox)."""
    return Settings(**{"instance": instance, "secret_key": SECRET, "engine": "off", "plugins": "off", **changes})  # type: ignore[arg-type]


class Browser(FlaskClient):
    """A test client that asks the app's host by default, as a browser would."""

    def open(self, *args: Any, base_url: str = "http://localhost:8000", **kwargs: Any) -> TestResponse:
        """Make a request; paths go to `base_url`. Each has a context of its own, as on a server: no shared `g`."""
        if args and isinstance(args[0], str) and "://" not in args[0]:
            kwargs["base_url"] = base_url
        return Context().run(super().open, *args, **kwargs)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with every table, made once by the migrations; tests copy it."""
    instance = tmp_path_factory.mktemp("migrated")
    app = create_app(make_settings(instance), extra_plugins=TOY)
    with app.app_context():
        upgrade(db.engine)
        db.engine.dispose()
    return instance / "passback.sqlite3"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path, migrated_sqlite: Path) -> str:
    """A database of the test's own with every table; the test runs once on each kind."""
    return open_database(request.param, tmp_path, migrated_sqlite)


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_sqlite: Path) -> str:
    """A SQLite database of the test's own, for what does not touch the data layer."""
    return open_database("sqlite", tmp_path, migrated_sqlite)


def open_database(kind: str, tmp_path: Path, migrated_sqlite: Path) -> str:
    """Return the URL of an empty, migrated database of `kind`."""
    if kind == "postgresql":
        return fresh_postgresql(os.environ.get("PYTEST_XDIST_WORKER", "main"))
    file = tmp_path / "passback.sqlite3"
    shutil.copy(migrated_sqlite, file)
    return f"sqlite:///{file}"


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The application on its own database, within an app context."""
    yield from run_app(make_settings(tmp_path, database_url=database_url))


@pytest.fixture
def sqlite_app(sqlite_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The application on SQLite only."""
    yield from run_app(make_settings(tmp_path, database_url=sqlite_url))


def run_app(settings: Settings, plugins: Sequence[tuple[str, object]] = TOY) -> Iterator[Flask]:
    """Yield an application; afterwards its threads have ended, so that none holds a connection, and all are closed."""
    threads = set(threading.enumerate())
    application = create_app(settings, extra_plugins=plugins)
    application.testing = True
    application.test_client_class = Browser
    with application.app_context():
        yield application
        stop(application, timeout=60)
        for thread in set(threading.enumerate()) - threads:
            if thread.name.startswith("passback-"):
                thread.join(60)
        _give_back(db.engine)


def _give_back(engine: Engine) -> None:
    """Close an app's connections, once its threads have given theirs back: nobody else would close those."""
    pool = engine.pool
    if isinstance(pool, QueuePool):
        until(lambda: pool.checkedout() == 0, seconds=30)
    engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without a cookie, on the app's host unless a request names another `base_url`."""
    return app.test_client()


@pytest.fixture
def tenant_id(app: Flask) -> UUID:
    """The default tenant."""
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        return ensure_tenant(session).id


@pytest.fixture
def sqlite_tenant(sqlite_app: Flask) -> UUID:
    """The default tenant, on SQLite only."""
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        return ensure_tenant(session).id


def pytest_report_header() -> str:
    """Say which databases the tests run on."""
    return f"databases: SQLite, PostgreSQL at {postgresql_url()}; tables: {len(Base.metadata.tables)}"
