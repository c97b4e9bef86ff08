"""Rows on the shortest way: read and written by prepared statements, where a unit of work would cost ten times as much.

For the commit of a learner's events only (its figure is in `bench/commit.py`); everything else uses mapped classes.
The tenant's scope is part of every statement when it is prepared; its value comes from the session and nobody else.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, Literal, cast
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Table, bindparam, insert, select, update

from passback.db.base import Base, TenantScoped, new_id
from passback.db.driver import Ready
from passback.db.tenancy import TenancyError, TenantSession, TransactionError

TENANT = "passback_tenant"


class Prepared:
    """A query for rows of `models`, joined on `on`, scoped to the tenant.

    Args:
        models: mapped classes of tenants' tables; each result is a tuple with a row of each.
        on: conditions over the columns of their tables, with `bindparam`s for what changes.
        only: column names, for models of which not the whole row is read.
        order: columns to sort by.
        lock: lock the rows that are found (PostgreSQL), in the order of `models`; `key_share`: others may insert rows
            that refer to them meanwhile.
    """

    def __init__(
        self,
        models: Sequence[type[Base]],
        *on: ColumnElement[bool],
        only: Mapping[type[Base], Sequence[str]] = MappingProxyType({}),
        order: Sequence[ColumnElement[Any]] = (),
        lock: bool | Literal["key_share"] = False,
    ) -> None:
        tables = [_tenants_table(model) for model in models]
        chosen = [_chosen(table, only.get(model)) for model, table in zip(models, tables, strict=True)]
        statement = select(*(column for columns in chosen for column in columns)).where(*on).order_by(*order)
        for table in tables:
            statement = statement.where(table.c.tenant_id == bindparam(TENANT))
        if set(statement.get_final_froms()) != set(tables):
            raise TenancyError("a prepared statement reads the tables it names and no others")
        locking = statement.with_for_update(of=tables, key_share=lock == "key_share")
        self.statement = Ready(locking if lock else statement)
        self.models = tuple(models)
        self._columns = [[column.key for column in columns] for columns in chosen]

    def rows(self, session: TenantSession, **values: object) -> list[tuple[Any, ...]]:
        """Return what is found: tuples of held rows, one for each model."""
        found = self.statement.fetch(session.scoped_connection(), {**values, TENANT: session.tenant_id})
        return [tuple(self._split(row)) for row in found]

    def _split(self, row: Sequence[object]) -> Iterable[object]:
        start = 0
        for model, columns in zip(self.models, self._columns, strict=True):
            end = start + len(columns)
            yield _Held(model, dict(zip(columns, row[start:end], strict=True)))
            start = end


def _chosen(table: Table, names: Sequence[str] | None) -> list[Column[Any]]:
    return [table.c[name] for name in names] if names else [one for one in table.columns if one.key != "tenant_id"]


class _Held:
    """A row by its column names, which knows what has been changed. `Prepared` hands it out as its mapped class."""

    __slots__ = ("changed", "model", "values")

    def __init__(self, model: type[Base], values: dict[str, Any]) -> None:
        object.__setattr__(self, "model", model)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "changed", set())

    def __getattr__(self, name: str) -> Any:
        try:
            return self.values[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: object) -> None:
        if name not in self.values or name in {"id", "tenant_id"}:
            raise AttributeError(name)
        if isinstance(value, dict) or self.values[name] != value:
            self.changed.add(name)
            self.values[name] = value


def save(session: TenantSession, row: object) -> None:
    """Write what was changed in a held row; rows of mapped classes are written by their session."""
    if not isinstance(row, _Held) or not row.changed:
        return
    statement = _update(row.model, tuple(sorted(row.changed)))
    values = {f"new_{name}": row.values[name] for name in row.changed}
    _run(session, statement, {**values, "row": row.values["id"], TENANT: session.tenant_id})
    row.changed.clear()


def add(session: TenantSession, model: type[Base], **values: object) -> None:
    """Insert a row; its id, where it is not given, and the tenant are filled in, other defaults are not."""
    row = {"id": values.get("id") or new_id(), **values, "tenant_id": session.tenant_id}
    _run(session, _insert(model, tuple(sorted(row))), row)


def change(session: TenantSession, model: type[Base], row_id: UUID, **values: object) -> None:
    """Update columns of one row by its id."""
    statement = _update(model, tuple(sorted(values)))
    new = {f"new_{name}": value for name, value in values.items()}
    _run(session, statement, {**new, "row": row_id, TENANT: session.tenant_id})


def _run(session: TenantSession, statement: Ready, values: Mapping[str, object]) -> None:
    if not session.writes:
        raise TransactionError("this transaction was opened for reading")
    statement.run(session.scoped_connection(), values)


@cache
def _insert(model: type[Base], columns: tuple[str, ...]) -> Ready:
    table = _tenants_table(model)
    return Ready(insert(table).values({name: bindparam(name, type_=table.c[name].type) for name in columns}))


@cache
def _update(model: type[Base], columns: tuple[str, ...]) -> Ready:
    table = _tenants_table(model)
    if {"id", "tenant_id"} & set(columns):
        raise TenancyError("a row never moves to another tenant")
    return Ready(
        update(table)
        .where(table.c.id == bindparam("row"), table.c.tenant_id == bindparam(TENANT))
        .values({name: bindparam(f"new_{name}", type_=table.c[name].type) for name in columns})
    )


def _tenants_table(model: type[Base]) -> Table:
    if not issubclass(model, TenantScoped):
        raise TenancyError(f"{model.__name__} is no tenant's table")
    return cast("Table", model.__table__)
