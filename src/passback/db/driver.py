"""Runs prepared statements straight on the driver, on the connection of the session's own transaction.

SQLAlchemy writes the text and converts the values; executing through it costs several times what SQLite takes for the
statement itself (`bench/commit.py`, `bench/launch.py`). What a statement may touch, `held` and `prepared` check.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Select, Update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

Conversion = Callable[[Any], Any]


class Ready:
    """A statement with its text, the order of its values and their conversions worked out, once per kind of database.

    Where somebody listens to statements (tests, tracing), and for lists of values, it goes the usual way.
    """

    def __init__(self, statement: Select[Any] | Insert | Update) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled | None] = {}

    def fetch(self, connection: Connection, values: Mapping[str, object]) -> Iterable[Sequence[Any]]:
        """Run a query and return its rows."""
        compiled = self._for(connection)
        return connection.execute(self._statement, values) if compiled is None else compiled.fetch(connection, values)

    def run(self, connection: Connection, values: Mapping[str, object]) -> int:
        """Run a statement that writes and return how many rows it touched."""
        compiled = self._for(connection)
        if compiled is None:
            usual = self._statement.execution_options(preserve_rowcount=True)
            return int(connection.execute(usual, values).rowcount)
        cursor = compiled.execute(connection, values)
        touched = int(cursor.rowcount)
        cursor.close()
        return touched

    def _for(self, connection: Connection) -> "_Compiled | None":
        if connection.dispatch.before_cursor_execute:
            return None
        name = connection.dialect.name
        if name not in self._compiled:
            self._compiled[name] = _Compiled.of(self._statement, connection.dialect)
        return self._compiled[name]


class _Compiled:
    """A statement in one database's words: its values in order, each with its conversion, and those of its columns."""

    def __init__(self, statement: Select[Any] | Insert | Update, dialect: Dialect, compiled: SQLCompiler) -> None:
        names = compiled.positiontup if compiled.positional else list(compiled.params)
        self._text = compiled.string
        self._by_name = not compiled.positional
        self._binds = [(name, _conversion(compiled.binds[name].type, dialect)) for name in names or ()]
        self._fixed = {name: compiled.binds[name].value for name in names or () if not compiled.binds[name].required}
        self._types = [column.type for column in statement.selected_columns] if isinstance(statement, Select) else []
        self._dialect = dialect
        self._results: list[Conversion | None] | None = None

    @classmethod
    def of(cls, statement: Select[Any] | Insert | Update, dialect: Dialect) -> "_Compiled | None":
        """Compile; None for a statement whose text depends on its values."""
        compiled = statement.compile(dialect=dialect)
        expanding = any(bind.expanding for bind in compiled.binds.values())
        return None if expanding else cls(statement, dialect, compiled)

    def execute(self, connection: Connection, values: Mapping[str, object]) -> Any:
        """Run it by the driver, within the connection's transaction; return the cursor."""
        given = {**self._fixed, **values} if self._fixed else values
        converted = [(name, convert(given[name]) if convert else given[name]) for name, convert in self._binds]
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self._text, dict(converted) if self._by_name else [value for _name, value in converted])
        except self._dialect.loaded_dbapi.Error as error:
            raise self._as_usual(error) from error
        return cursor

    def _as_usual(self, error: Exception) -> Exception:
        """Return the driver's error as SQLAlchemy's (`IntegrityError` …), which callers wait for; without any value."""
        base = self._dialect.loaded_dbapi.Error
        return DBAPIError.instance(
            self._text,
            None,
            error,
            base,
            hide_parameters=True,
            dialect=self._dialect,
        )

    def fetch(self, connection: Connection, values: Mapping[str, object]) -> list[list[Any]]:
        """Run it and return the rows, converted."""
        cursor = self.execute(connection, values)
        found = cursor.fetchall()
        if self._results is None:  # some conversions depend on what the driver says a column is
            kinds = [column[1] for column in cursor.description]
            pairs = zip(self._types, kinds, strict=True)
            self._results = [
                one.dialect_impl(self._dialect).result_processor(self._dialect, kind) for one, kind in pairs
            ]
        cursor.close()
        conversions = self._results
        return [
            [convert(value) if convert else value for value, convert in zip(row, conversions, strict=True)]
            for row in found
        ]


def _conversion(kind: TypeEngine[Any], dialect: Dialect) -> Conversion | None:
    return kind.dialect_impl(dialect).bind_processor(dialect)
