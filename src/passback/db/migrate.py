"""Alembic for core and for each plugin: one history and one version table each (design §6).

A plugin that is uninstalled leaves its tables and its version table alone; core upgrades all the same.
"""

from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, Engine, text

from passback.db.base import Base
from passback.db.engine import WRITES

ENVIRONMENT = Path(__file__).parent / "migrations"


@dataclass(frozen=True)
class History:
    """One line of migrations. `plugin` is "" for core; `versions` is the folder of its revisions."""

    plugin: str
    versions: Path

    @property
    def version_table(self) -> str:
        """Name of the table that says how far this history has been applied."""
        return f"alembic_version_{self.plugin}" if self.plugin else "alembic_version"

    @property
    def table_prefix(self) -> str:
        """What every table of this history starts with; core's have none."""
        return f"{self.plugin}_" if self.plugin else ""


CORE = History("", ENVIRONMENT / "versions")


class MigrationError(RuntimeError):
    """A migration left rows that point nowhere; it was rolled back."""


def upgrade(engine: Engine, plugins: Sequence[History] = ()) -> None:
    """Bring the database to the newest revision: core first, then each plugin by name."""
    for history in (CORE, *sorted(plugins, key=lambda one: one.plugin)):
        with _migrating(engine) as connection:
            command.upgrade(_config(history, connection, plugins), "head")


def current(engine: Engine, history: History) -> str:
    """Return the applied revision of a history, "" for none."""
    with engine.connect() as connection:
        if not engine.dialect.has_table(connection, history.version_table):
            return ""
        row = connection.execute(text(f"SELECT version_num FROM {history.version_table}")).first()  # noqa: S608
        return row[0] if row else ""


def newest(history: History) -> str:
    """Return the newest revision that a history has, "" for none."""
    return ScriptDirectory.from_config(_folders(history)).get_current_head() or ""


def behind(engine: Engine, history: History) -> str:
    """Return "" where a history has been applied to its end, else how far it is and what to do."""
    applied, head = current(engine, history), newest(history)
    return "" if applied == head else f"tables are at {applied or 'nothing'}, not {head}; run `passback db upgrade`"


def make_revision(engine: Engine, message: str, plugins: Sequence[History] = (), history: History = CORE) -> Path:
    """Write a new revision file from the difference between models and database; return it. A tool for developers."""
    with _migrating(engine) as connection:
        written = command.revision(_config(history, connection, plugins), message, autogenerate=True)
    assert isinstance(written, Script)  # noqa: S101 - several only where a history has branches; ours have none
    return Path(written.path)


def _config(history: History, connection: Connection, plugins: Sequence[History]) -> Config:
    config = _folders(history)
    config.attributes.update(
        connection=connection,
        metadata=Base.metadata,
        version_table=history.version_table,
        table_prefix=history.table_prefix,
        other_prefixes=tuple(one.table_prefix for one in plugins),
    )
    return config


def _folders(history: History) -> Config:
    config = Config(cmd_opts=Namespace(quiet=True))
    config.set_main_option("script_location", str(ENVIRONMENT))
    config.set_main_option("version_locations", str(history.versions))
    config.set_main_option("path_separator", "newline")
    return config


@contextmanager
def _migrating(engine: Engine) -> Iterator[Connection]:
    """One transaction for a whole history; on SQLite with foreign keys off and checked afterwards.

    A batch rewrite of a core table drops it and would cascade into the rows of plugins otherwise.
    """
    sqlite = engine.dialect.name == "sqlite"
    with engine.execution_options(**{WRITES: True}).connect() as connection:
        if sqlite:
            connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                yield connection
                if sqlite:
                    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
                    if broken:
                        raise MigrationError(f"rows without their parent: {broken[:5]}")
        finally:
            if sqlite:
                connection.connection.cursor().execute("PRAGMA foreign_keys=ON")
