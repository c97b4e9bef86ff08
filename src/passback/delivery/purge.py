"""Deletes what has been kept for as long as its table says (`Lifecycle.purge_after`)."""

from collections.abc import Iterable

import structlog
from sqlalchemy import ColumnElement, delete, select

from passback.clock import utc_now
from passback.db import Base, Unscoped, unscoped

BATCH = 1000
"""Rows of a transaction: on SQLite nobody else writes meanwhile."""

log = structlog.get_logger(__name__)


class PurgeError(RuntimeError):
    """Old rows of some tables could not be deleted; the log says why, those of the others are gone."""


def purge() -> int:
    """Delete rows past their age, in every table that names one, and return how many went.

    Raises:
        PurgeError: after all tables, where some failed (a plugin's table may not be there yet).
    """
    count, failed = 0, []
    for kind in purged_tables():
        try:
            count += _purge(kind)
        except Exception:
            log.exception("purge.failed", table=kind.__tablename__)
            failed.append(kind.__tablename__)
    if failed:
        raise PurgeError(", ".join(failed))
    return count


def purged_tables() -> Iterable[type[Base]]:
    """Return the tables whose rows go by age, plugins' among them, by name."""
    kinds = [mapper.class_ for mapper in Base.registry.mappers if mapper.class_.lifecycle.purge_after is not None]
    return sorted(kinds, key=lambda kind: kind.__tablename__)


def _purge(kind: type[Base]) -> int:
    count = 0
    (key,) = kind.__mapper__.primary_key
    while True:
        with unscoped(Unscoped.SCHEDULER) as session:  # looking may take long, and locks nobody out
            ids = session.scalars(select(key).where(_is_old(kind)).limit(BATCH)).all()
        if not ids:
            return count
        with unscoped(Unscoped.SCHEDULER, write=True) as session:
            ids = session.scalars(select(key).where(key.in_(ids), _is_old(kind))).all()  # one may have been sent again
            session.execute(delete(kind).where(key.in_(ids)))
        count += len(ids)


def _is_old(kind: type[Base]) -> ColumnElement[bool]:
    life = kind.lifecycle
    assert life.purge_after is not None  # noqa: S101 - `purged_tables` looked
    older: ColumnElement[bool] = getattr(kind, life.purge_by) < utc_now() - life.purge_after
    return older
