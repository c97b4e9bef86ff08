"""How each database is opened: SQLite made durable and explicit about its transactions, PostgreSQL told the tenant."""

from typing import Any

from flask import Flask
from sqlalchemy import Connection, Engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from passback.db.base import db
from passback.settings import Settings

WRITES = "passback_writes"
"""Execution option of a connection whose transaction will write."""

SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",  # readers do not wait for the writer
    "PRAGMA synchronous=FULL",  # NORMAL may lose the last commits when the power fails
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=30000",
)


def init_database(app: Flask, settings: Settings) -> None:
    """Bind Flask-SQLAlchemy to `settings.database_url`.

    Raises:
        ArgumentError: it is not the address of a database, or of one that Passback does not run on.
    """
    if make_url(settings.database_url).get_backend_name() not in {"sqlite", "postgresql"}:
        raise ArgumentError("neither SQLite nor PostgreSQL")
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    is_sqlite = settings.database_url.startswith("sqlite")
    pool = {"connect_args": {"check_same_thread": False}} if is_sqlite else {"pool_pre_ping": True, "pool_size": 10}
    # Without hide_parameters an error's text quotes the values of its statement: names, answers, tokens.
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"hide_parameters": True, **pool}
    db.init_app(app)
    with app.app_context():
        if is_sqlite:
            _make_sqlite_explicit(db.engine)


def _make_sqlite_explicit(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _open(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver's own BEGIN would come too late: see _begin
        cursor = connection.cursor()
        for pragma in SQLITE_PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that turns into a writer fails with SQLITE_BUSY at once where another has
        # written since it began; IMMEDIATE takes the lock before the first read and waits for it.
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def database_trouble(error: DBAPIError) -> str:
    """Return in plain words what an operator can mend about an error of the database, "" where the fault is ours."""
    text = str(error.orig)
    missing = getattr(error.orig, "sqlstate", None) in {"42P01", "42703"}  # PostgreSQL: undefined table, column
    if missing or text.startswith(("no such table", "no such column")) or "has no column named" in text:
        return "The database has no tables yet, or older ones than this version needs. Run `passback db upgrade`."
    if isinstance(error, OperationalError) and (error.connection_invalidated or _cannot_open(text)):
        return f"The database cannot be reached; check PASSBACK_DATABASE_URL. It says: {text.strip()}"
    return ""


def _cannot_open(text: str) -> bool:
    # PostgreSQL's client speaks of the connection where the server, the database's name or the password is wrong.
    return "unable to open database file" in text or "connection" in text.lower()
