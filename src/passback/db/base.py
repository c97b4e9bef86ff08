"""The Flask-SQLAlchemy extension, the declarative base and what every table declares about its life."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal
from uuid import UUID

import uuid_utils.compat
from flask_sqlalchemy import SQLAlchemy
from pydantic import JsonValue
from sqlalchemy import ForeignKey, ForeignKeyConstraint, MetaData, UniqueConstraint, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry
from sqlalchemy.orm.decl_api import declared_attr

from passback.db.types import Json, UtcDateTime

CONSTRAINT_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

MAX_INTEGER = 2**31 - 1
"""The largest number that a column of whole numbers holds on both databases; asking for a larger one is an error."""

JsonObject = dict[str, JsonValue]


@dataclass(frozen=True)
class Lifecycle:
    """How long a table's rows are kept and what becomes of them when a learner is erased.

    Args:
        keep: for how long and why, in words.
        erase: `not personal`: untouched; `with learner`: the rows go; `anonymise`: `personal` columns are emptied.
        personal: names of the columns that hold personal data.
        whose: of columns that name a learner without a foreign key, what they hold: the id of a `learner`, `attempt` or
            `registration`, or the `subject` by which the platform of the row knows the person.
        purge_after: age at which a scheduled job deletes rows; None: never by age.
        purge_by: the column that says a row's age.
    """

    keep: str
    erase: Literal["not personal", "with learner", "anonymise"]
    personal: tuple[str, ...] = ()
    whose: tuple[tuple[str, Literal["learner", "attempt", "registration", "subject"]], ...] = ()
    purge_after: timedelta | None = None
    purge_by: str = ""


class Base(DeclarativeBase):
    """Every table of core and of plugins."""

    registry = registry(
        metadata=MetaData(naming_convention=CONSTRAINT_NAMES),
        type_annotation_map={
            datetime: UtcDateTime,
            UUID: Uuid,
            JsonObject: Json,
            list[JsonObject]: Json,
            list[str]: Json,
        },
    )
    lifecycle: ClassVar[Lifecycle]


def new_id() -> UUID:
    """Return a UUID version 7: unique without asking the database, and in the order of time."""
    return uuid_utils.compat.uuid7()


class TenantScoped:
    """Mixin of every table that holds a tenant's data; the sessions of `passback.db.tenancy` scope it."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)

    @declared_attr
    def tenant_id(cls) -> Mapped[UUID]:  # noqa: N805 - declared_attr hands in the class
        return mapped_column(Uuid, ForeignKey("tenant.id"))

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805 - declared_attr hands in the class
        return tenant_table()


def tenant_table(*args: Any) -> tuple[Any, ...]:
    """Return `__table_args__` of a tenant's table: the key composite foreign keys point to, then `args`."""
    return (UniqueConstraint("tenant_id", "id"), *args)


def tenant_key(column: str, table: str, *, ondelete: str | None = None) -> ForeignKeyConstraint:
    """Return the composite foreign key (tenant_id, `column`) → `table`: no row can point into another tenant."""
    return ForeignKeyConstraint(["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"], ondelete=ondelete)


db = SQLAlchemy(model_class=Base, disable_autonaming=True)
