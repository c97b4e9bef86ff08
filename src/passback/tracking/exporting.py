"""Everything that is kept of a person, as JSON: for the person, who may ask for it (GDPR art. 15 and 20)."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import select

from passback.clock import utc_now
from passback.db import TenantSession
from passback.tracking.holdings import Person, holdings, table_of
from passback.tracking.legible import HALF

BATCH = 500
LEFT_OUT = frozenset({"tenant_id", "lease_owner", "lease_until"})
"""Columns that say nothing of a person, only of the installation and its machines."""


def export(session: TenantSession, person: Person) -> Iterator[str]:
    """Yield the text of one JSON object, in pieces: a learner may have a hundred thousand events.

    `{"exported_at", "source", "subject", "tables": {name: [row, …]}}`; each row has its table's columns. Tables that
    hold nothing of the person are left out.
    """
    head = {"exported_at": utc_now().isoformat(), "source": person.source, "subject": person.subject}
    yield json.dumps(head, ensure_ascii=False)[:-1] + ', "tables": {'
    between = ""
    for kind, which in holdings(session, person).items():
        rows = _rows(session, kind, which)
        first = next(rows, None)
        if first is None:
            continue
        yield f"{between}{json.dumps(table_of(kind).name)}: [{first}"
        for row in rows:
            yield f", {row}"
        yield "]"
        between = ", "
    yield "}}"


def _rows(session: TenantSession, kind: Any, which: Any) -> Iterator[str]:
    names = [one.key for one in sa.inspect(kind).column_attrs if one.key not in LEFT_OUT]
    columns = [getattr(kind, name) for name in names]
    query = select(*columns).where(which).order_by(kind.id).execution_options(yield_per=BATCH)
    for row in session.execute(query):
        made = dict(zip(names, row, strict=True))
        text = json.dumps(made, default=_plain, ensure_ascii=False)
        # No encoding writes half a surrogate pair; its escape (RFC 8259, 8.2) keeps exactly what is kept.
        yield text if HALF.search(text) is None else json.dumps(made, default=_plain)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    msg = f"{type(value).__name__} has no JSON form"
    raise TypeError(msg)
