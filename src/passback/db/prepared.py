"""Statements that are prepared once, for a path that is walked all the time: an LMS launch.

Beside `held` (whole rows of tenants): queries for columns that name the tenant themselves, which is checked when they
are prepared, and inserts and updates of tables that belong to no tenant. Everything else uses mapped classes.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from typing import Any, cast

from sqlalchemy import (
    Alias,
    BinaryExpression,
    BindParameter,
    BooleanClauseList,
    Column,
    Insert,
    Select,
    Table,
    Update,
    bindparam,
)
from sqlalchemy.exc import MultipleResultsFound
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.elements import ClauseElement

from passback.db.base import Base, TenantScoped
from passback.db.driver import Ready
from passback.db.tenancy import TenancyError, TenantSession, TransactionError, UnscopedSession

TENANT = "passback_tenant"


def table_of(model: type[Base]) -> Table:
    """Return the table of a mapped class."""
    return cast("Table", model.__table__)


def values_of(model: type[Base], *columns: str) -> dict[str, Any]:
    """Return a parameter for each column, for an insert; a prepared one fills in no defaults."""
    return {name: bindparam(name, type_=table_of(model).c[name].type) for name in columns}


def own(model: type[TenantScoped]) -> Any:
    """Return the condition that a row is the session's tenant's, for a `TenantQuery`."""
    return table_of(cast("type[Base]", model)).c.tenant_id == bindparam(TENANT)


class TenantQuery:
    """A query for columns of tenants' tables; each of them has its `own(…)` among the conditions.

    Raises:
        TenancyError: a table has not, or an alias or an `or` could get round it.
    """

    def __init__(self, statement: Select[Any]) -> None:
        scoped = {one.left.table for one in _parts(statement) if _is_scope(one)}
        if any(_is_loose(one) for one in _parts(statement)):
            raise TenancyError("aliases and `or` may get round the scope; use mapped classes")
        missing = {table.name for table in _tables(statement) if table not in scoped}
        if missing:
            raise TenancyError(f"not scoped: {', '.join(sorted(missing))}")
        self._ready = Ready(statement)
        self._row = _row_of(statement)

    def one(self, session: TenantSession, **values: object) -> Any:
        """Return the row that is found, as a named tuple, or None.

        Raises:
            MultipleResultsFound: there are several.
        """
        found = self._ready.fetch(session.scoped_connection(), {**values, TENANT: session.tenant_id})
        return _only(found, self._row)


class SharedStatement:
    """An insert or update of a table that belongs to no tenant.

    Raises:
        TenancyError: it touches a tenant's.
    """

    def __init__(self, statement: Insert | Update) -> None:
        _refuse_tenants({statement.table, *_tables(statement)})
        self._ready = Ready(statement)

    def run(self, session: TenantSession | UnscopedSession, **values: object) -> int:
        """Run it in the session's transaction and return how many rows it touched."""
        if isinstance(session, TenantSession) and not session.writes:
            raise TransactionError("this transaction was opened for reading")
        connection = session.scoped_connection() if isinstance(session, TenantSession) else session.connection()
        return self._ready.run(connection, values)


def _row_of(statement: Select[Any]) -> Callable[[Sequence[Any]], Any]:
    """Return what makes a named tuple of a row; a second column of one name is read by position."""
    names = [column.key or "" for column in statement.selected_columns]
    make: Callable[[Sequence[Any]], Any] = cast("Any", namedtuple("Row", names, rename=True))._make
    return make


def _only(found: Iterable[Sequence[Any]], make: Callable[[Sequence[Any]], Any]) -> Any:
    rows = list(found)
    if len(rows) > 1:
        raise MultipleResultsFound("one row was expected")
    return make(rows[0]) if rows else None


def _refuse_tenants(tables: Set[Any]) -> None:
    mappers = [mapper for mapper in Base.registry.mappers if issubclass(mapper.class_, TenantScoped)]
    if any(mapper.local_table in tables for mapper in mappers):
        raise TenancyError("the table is a tenant's")


def _parts(statement: ClauseElement) -> Iterator[Any]:
    return visitors.iterate(statement)


def _tables(statement: ClauseElement) -> set[Table]:
    return {one for one in _parts(statement) if isinstance(one, Table)}


def _is_loose(part: Any) -> bool:
    return isinstance(part, Alias) or (isinstance(part, BooleanClauseList) and part.operator is operators.or_)


def _is_scope(part: Any) -> bool:
    return (
        isinstance(part, BinaryExpression)
        and part.operator is operators.eq
        and isinstance(part.left, Column)
        and part.left.name == "tenant_id"
        and isinstance(part.right, BindParameter)
        and part.right.key == TENANT
    )
