"""Erasing a person: everything goes or is made anonymous, as each table declares, and nothing is sent afterwards."""

from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import delete, select, update

from passback.clock import utc_now
from passback.db import TenantSession
from passback.delivery.models import EventDelivery, ScoreDelivery
from passback.staff.service import audit
from passback.tracking.errors import ErasureWaitsError
from passback.tracking.holdings import Kind, Person, find_person, holdings, table_of
from passback.tracking.models import Attempt, Learner, Registration

ERASED = "erased:"
"""Begins the `subject` of a learner's row that was made anonymous; its own id follows, since subjects are unique."""


@dataclass(frozen=True)
class Erased:
    """What an erasure came to: rows that went, and rows that stay without anything personal, by table."""

    removed: dict[str, int]
    anonymous: dict[str, int]

    @property
    def anything(self) -> bool:
        """True where there was something."""
        return bool(self.removed or self.anonymous)


def erase(session: TenantSession, person: Person, *, by: str, **details: str) -> Erased:
    """Erase a person in the caller's transaction, and note that it was done, not who it was.

    What is queued for them goes with the rest; a worker that has claimed it finds nothing to send. What is being sent
    this very moment cannot be called back: then nothing is erased yet.

    Args:
        person: as `find_person` returns them; read again here, under lock.
        by: who does it, for the audit.
        details: more for the audit; nothing personal.

    Raises:
        ErasureWaitsError: something of theirs is being sent.
    """
    person = find_person(session, person.source, person.subject)
    if person.learner is not None:
        _lock(session, person.learner)
    found = holdings(session, person)
    _refuse_while_sending(session, found)
    removed, anonymous = {}, {}
    for kind in reversed(found):
        if cast("Any", kind).lifecycle.erase == "with learner":
            gone = session.execute(delete(kind).where(found[kind]).execution_options(synchronize_session=False))
            count = cast("Any", gone).rowcount
            if count:
                removed[table_of(kind).name] = count
        else:
            anonymous[table_of(kind).name] = _make_anonymous(session, kind, found[kind])
    result = Erased(removed, anonymous)
    if result.anything:
        _note(session, person, result, by, details)
    session.expire_all()
    return result


def _note(session: TenantSession, person: Person, result: Erased, by: str, details: dict[str, str]) -> None:
    subject = f"learner:{person.learner.id}" if person.learner else "person without a row"
    rows, tenant_id = sum(result.removed.values()), session.tenant_id
    audit(session, actor=by, action="learner.erased", subject=subject, tenant_id=tenant_id, rows=rows, **details)


def _lock(session: TenantSession, learner: Learner) -> None:
    """Lock in the order of everybody else, so that nobody who waits for us holds what we want.

    Who records holds the attempt, then the learner (what is kept across courses); who launches the learner, then
    the registration, and never an attempt. The learner's lock keeps new registrations out.
    """
    mine = select(Registration.id).where(Registration.learner_id == learner.id)
    attempts = select(Attempt.id).where(Attempt.registration_id.in_(mine)).order_by(Attempt.id)
    session.execute(attempts.with_for_update())
    session.execute(select(Learner.id).where(Learner.id == learner.id).with_for_update())
    session.execute(mine.order_by(Registration.id).with_for_update())


def _refuse_while_sending(session: TenantSession, found: dict[Kind, Any]) -> None:
    now = utc_now()
    for kind in (ScoreDelivery, EventDelivery):
        if kind not in found:
            continue
        rows = session.execute(select(kind.state, kind.lease_until).where(found[kind]).with_for_update()).all()
        if any(state == "sending" and until is not None and until > now for state, until in rows):
            raise ErasureWaitsError


def _make_anonymous(session: TenantSession, kind: Kind, which: Any) -> int:
    """Empty the personal columns; the learner's key, which must stay unique, becomes one that means nobody."""
    names = cast("Any", kind).lifecycle.personal
    rows = session.scalars(select(kind.id).where(which)).all()
    for key in rows:
        values = dict.fromkeys(names, "")
        if kind is Learner:
            values["subject"] = f"{ERASED}{key}"
        change = update(kind).where(kind.id == key).values(values)
        session.execute(change.execution_options(synchronize_session=False))
    return len(rows)
