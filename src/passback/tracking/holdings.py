"""What is kept of one person, by what every table declares of itself (`Lifecycle`; design §11).

A row is a person's where its table goes `with learner` and a foreign key leads from it to the learner, through however
many tables; or where a column that `Lifecycle.whose` names holds the key. Plugins' tables are found in the same way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ForeignKeyConstraint, and_, func, or_, select

from passback.db import Base, TenantScoped, TenantSession
from passback.tracking.models import Attempt, Learner, Registration

Kind = type[TenantScoped]
_ROOTS: Mapping[str, Kind] = {"attempt": Attempt, "learner": Learner, "registration": Registration}
_PLATFORM = "lti:"


@dataclass(frozen=True)
class Person:
    """Somebody as one source knows them.

    Args:
        source: `lti:<platform id>` or `direct`.
        subject: the source's key.
        learner: their row; None for somebody who is only named, by a roster say.
    """

    source: str
    subject: str
    learner: Learner | None = None


def find_person(session: TenantSession, source: str, subject: str) -> Person:
    """Return a person, with their row where they ever came."""
    query = select(Learner).where(Learner.source == source, Learner.subject == subject)
    return Person(source, subject, session.scalars(query).one_or_none())


def holdings(session: TenantSession, person: Person) -> dict[Kind, ColumnElement[bool]]:
    """Return, for each table that may hold something of the person, which rows are theirs; parents come first."""
    found: dict[Kind, ColumnElement[bool]] = {}
    if person.learner is not None:
        found[Learner] = Learner.id == person.learner.id
    for kind in _in_order():
        if kind is Learner:
            continue
        ways = [*_by_key(kind, found), *_by_column(session, kind, person, found)]
        if ways:
            found[kind] = or_(*ways)
    return found


def amounts(session: TenantSession, person: Person) -> dict[str, int]:
    """Return how many rows of each table are the person's, by the tables' names, without the empty ones."""
    counted = {
        table_of(kind).name: session.scalars(select(func.count()).select_from(kind).where(which)).one()
        for kind, which in holdings(session, person).items()
    }
    return {name: count for name, count in counted.items() if count}


def table_of(kind: Kind) -> sa.Table:
    """Return a mapped class's table."""
    return cast("sa.Table", cast("Any", kind).__table__)


def erased_kinds() -> set[Kind]:
    """Return the tables that hold something of learners."""
    kinds = (mapper.class_ for mapper in Base.registry.mappers)
    return {kind for kind in kinds if issubclass(kind, TenantScoped) and _life(kind).erase != "not personal"}


def _in_order() -> list[Kind]:
    kinds = erased_kinds()
    by_table = {table_of(kind).name: kind for kind in kinds}
    graph = {
        kind: {by_table[key.referred_table.name] for key in _keys(kind) if key.referred_table.name in by_table}
        | {_ROOTS[what] for _column, what in _life(kind).whose if what in _ROOTS}
        for kind in sorted(kinds, key=lambda one: table_of(one).name)
    }
    return [*TopologicalSorter(graph).static_order()]


def _by_key(kind: Kind, found: Mapping[Kind, ColumnElement[bool]]) -> list[ColumnElement[bool]]:
    """Follow the foreign keys to what is known to be the person's."""
    known = {table_of(parent).name: parent for parent in found}
    ways: list[ColumnElement[bool]] = []
    for key in _keys(kind):
        parent = known.get(key.referred_table.name)
        if parent is not None:
            ways.append(_own_column(key).in_(select(parent.id).where(found[parent])))
    return ways


def _by_column(
    session: TenantSession, kind: Kind, person: Person, found: Mapping[Kind, ColumnElement[bool]]
) -> list[ColumnElement[bool]]:
    ways = []
    for name, what in _life(kind).whose:
        column = table_of(kind).c[name]
        if what == "subject":
            within = _of_platform(kind, person.source)
            if within is not None:
                ways.append(and_(column == person.subject, within))
        elif _ROOTS[what] in found:
            root = _ROOTS[what]
            ids = select(root.id).where(found[root])
            as_text = isinstance(column.type, sa.String) and not isinstance(column.type, sa.Uuid)
            ways.append(column.in_([str(one) for one in session.scalars(ids)] if as_text else ids))
    return ways


def _of_platform(kind: Kind, source: str) -> ColumnElement[bool] | None:
    """Return which rows belong to the source's platform: two platforms may know different people by one key."""
    if not source.startswith(_PLATFORM):
        return None
    return _leads_to_platform(table_of(kind), UUID(source.removeprefix(_PLATFORM)))


def _leads_to_platform(table: sa.Table, platform_id: UUID) -> ColumnElement[bool] | None:
    """Follow the foreign keys of a table to the one that names a platform."""
    if "platform_id" in table.c:
        return table.c.platform_id == platform_id
    by_table = {cast("Any", mapper.class_).__table__.name: mapper.class_ for mapper in Base.registry.mappers}
    for key in sorted(table.foreign_key_constraints, key=lambda key: key.referred_table.name):
        parent = key.referred_table
        if parent is table or parent.name == "tenant":
            continue
        further = _leads_to_platform(parent, platform_id)
        if further is not None:
            return _own_column(key).in_(select(by_table[parent.name].id).where(further))
    return None


def _keys(kind: Kind) -> list[ForeignKeyConstraint]:
    return sorted(table_of(kind).foreign_key_constraints, key=lambda key: [column.name for column in key.columns])


def _own_column(key: ForeignKeyConstraint) -> sa.Column[Any]:
    return next(column for column in key.columns if column.name != "tenant_id")


def _life(kind: Kind) -> Any:
    return cast("Any", kind).lifecycle
