"""How many rows each table has: for tests that say "nothing was recorded"."""

from collections.abc import Collection

from sqlalchemy import func, select

from passback.db import Unscoped, unscoped
from tests.support.rows import mapped_tables


def counted(*, without: Collection[str] = ("launch_record",)) -> dict[str, int]:
    """Return every table's number of rows, of all tenants.

    Args:
        without: tables that are left out; each launch leaves its record.
    """
    with unscoped(Unscoped.INSTALLATION) as session:
        return {
            kind.__tablename__: session.scalars(select(func.count()).select_from(kind)).one()
            for kind in mapped_tables()
            if kind.__tablename__ not in without
        }
