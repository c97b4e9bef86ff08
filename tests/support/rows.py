"""Rows of any mapped table, with the rows that they point to: for tests of every table."""

from collections.abc import Iterator
from itertools import count
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import ColumnProperty, Session

from passback import tables
from passback.clock import utc_now
from passback.db import Base, TenantScoped, UtcDateTime, new_id

assert tables

_numbers = count(1)
_VALUES: dict[type, Any] = {str: "text {}", int: 0, float: 0.5, bool: False, object: {}}  # JSON's type is object


def mapped_tables() -> list[type[Base]]:
    """Return every table of core, by name."""
    kinds = [mapper.class_ for mapper in Base.registry.mappers if mapper.class_.__module__.startswith("passback.")]
    return sorted(kinds, key=lambda kind: kind.__tablename__)


def tenant_tables() -> list[type[Base]]:
    """Return every table that holds a tenant's data, by name."""
    return [kind for kind in mapped_tables() if issubclass(kind, TenantScoped)]


def table_of(kind: type[Base]) -> sa.Table:
    """Return a mapped class's table."""
    return cast("sa.Table", kind.__table__)


def tenant_keys(kind: type[Base]) -> list[tuple[str, type[Base]]]:
    """Return the columns of a table that point into a tenant's table, each with what it points to."""
    return [(column, target) for column, target in _keys(kind) if issubclass(target, TenantScoped)]


def make_row(session: Session, kind: type[Base], tenant_id: UUID, **values: object) -> Any:
    """Add a row of `kind` for a tenant, every key and every column without a default filled; return it, flushed."""
    from passback.tenants import Tenant

    for column, target in _keys(kind):
        if column not in values:
            parent = tenant_id if target is Tenant else make_row(session, target, tenant_id).id
            values[column] = parent
    for attribute in _required(kind):
        values.setdefault(attribute.key, _value(attribute.columns[0]))
    row = kind(**values)
    session.add(row)
    session.flush()
    return row


def _keys(kind: type[Base]) -> list[tuple[str, type[Base]]]:
    """Return (column, class it points to); of a composite key the column beside `tenant_id`."""
    by_table = {table_of(one).name: one for one in mapped_tables()}
    found: list[tuple[str, type[Base]]] = []
    for constraint in table_of(kind).foreign_key_constraints:
        own = [column.name for column in constraint.columns]
        found.append((own[-1], by_table[constraint.referred_table.name]))
    return sorted(found, key=lambda pair: pair[0])


def _required(kind: type[Base]) -> Iterator[ColumnProperty[Any]]:
    for attribute in sa.inspect(kind).column_attrs:
        column = attribute.columns[0]
        if column.default is None and not column.nullable:
            yield attribute


def _value(column: sa.ColumnElement[Any]) -> Any:
    if isinstance(column.type, UtcDateTime):
        return utc_now()
    python = column.type.python_type
    if python is UUID:
        return new_id()
    value = _VALUES[python]
    return value.format(next(_numbers)) if isinstance(value, str) else value
