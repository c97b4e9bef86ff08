"""Erasing a person: every table that says so, on both databases, and nobody else's rows."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from passback.clock import utc_now
from passback.db import Base, TenantSession, Unscoped, tenant_session, unscoped
from passback.delivery import engine
from passback.delivery.models import EventDelivery, ScoreDelivery
from passback.delivery.senders import ScorePayload, register_sender
from passback.lti.models import Platform
from passback.plugin import SendResult, Verdict
from passback.staff.models import AuditEntry
from passback.tenants import ensure_tenant
from passback.tracking.erasing import ERASED, Erased, erase
from passback.tracking.errors import ErasureWaitsError
from passback.tracking.exporting import export
from passback.tracking.holdings import Person, amounts, erased_kinds, find_person, holdings, table_of
from passback.tracking.models import Learner, Registration
from tests.support.rows import make_row, tenant_keys

SUBJECT = "42"


@pytest.fixture
def tenant_id(app: Flask) -> UUID:
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        return ensure_tenant(session).id


def leave_traces(tenant_id: UUID, subject: str = SUBJECT, *, platform_id: UUID | None = None) -> Person:
    """Put one row of a person into every table that may hold one; return the person."""
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        platform_id = platform_id or make_row(session, Platform, tenant_id).id
        source = f"lti:{platform_id}"
        shared: dict[Any, Any] = {}
        for kind in all_in_order():
            values: dict[str, Any] = {}
            for column, target in tenant_keys(kind):
                values[column] = shared[target].id if target in shared else None
            values = {name: value for name, value in values.items() if value is not None}
            for column, what in kind.lifecycle.whose:
                values[column] = subject if what == "subject" else own_key(kind, column, shared, what)
            if kind is Learner:
                values |= {"source": source, "subject": subject, "name": "Ada Erasable", "email": "ada@erase.example"}
            for _column, target in tenant_keys(kind):
                if target not in shared and leads_to_platform(target):
                    shared[target] = make_in_platform(session, target, tenant_id, platform_id)
                    values[_column] = shared[target].id
            shared[kind] = make_row(session, kind, tenant_id, **values)
    with tenant_session(tenant_id) as session:
        return find_person(session, source, subject)


def own_key(kind: Any, column: str, shared: dict[Any, Any], what: str) -> Any:
    row = next(row for one, row in shared.items() if table_of(one).name == ("attempt" if what == "learner" else what))
    return row.id if table_of(kind).c[column].type.python_type is UUID else str(row.id)


def leads_to_platform(kind: type[Base]) -> bool:
    return kind.__tablename__ in {"roster", "reconciliation", "resource_link"}


def make_in_platform(session: Any, kind: type[Base], tenant_id: UUID, platform_id: UUID) -> Any:
    from passback.lti.models import Context, Deployment

    deployment = make_row(session, Deployment, tenant_id, platform_id=platform_id)
    if kind.__tablename__ == "resource_link":
        return make_row(session, kind, tenant_id, deployment_id=deployment.id)
    context = make_row(session, Context, tenant_id, deployment_id=deployment.id)
    return make_row(session, kind, tenant_id, context_id=context.id)


def all_in_order() -> list[Any]:
    from passback.tracking.holdings import _in_order

    return _in_order()


def held(tenant_id: UUID, person: Person) -> dict[str, int]:
    with tenant_session(tenant_id) as session:
        return amounts(session, person)


def erased(tenant_id: UUID, person: Person) -> Erased:
    with tenant_session(tenant_id, write=True) as session:
        return erase(session, person, by="test")


def test_every_table_that_declares_it_is_found_and_emptied(tenant_id: UUID) -> None:
    person, other, namesake = (leave_traces(tenant_id, *who) for who in ((SUBJECT,), ("43",), (SUBJECT,)))
    names = {table_of(kind).name for kind in erased_kinds()}
    before = held(tenant_id, other)
    assert set(held(tenant_id, person)) == names, "a table whose rows nobody finds is a table that keeps them"
    with unscoped(Unscoped.INSTALLATION) as session:
        everything = {kind: session.scalars(select(func.count()).select_from(kind)).one() for kind in erased_kinds()}
    result = erased(tenant_id, person)
    assert set(result.removed) == names - {"learner"}
    assert result.anonymous == {"learner": 1}
    assert held(tenant_id, other) == before == held(tenant_id, namesake), "the same key on another platform is another"
    with unscoped(Unscoped.INSTALLATION) as session:
        for kind, count in everything.items():
            left = session.scalars(select(func.count()).select_from(kind)).one()
            assert left == count - result.removed.get(table_of(kind).name, 0)


def test_what_stays_is_anonymous_and_the_person_can_come_back_as_somebody_new(tenant_id: UUID) -> None:
    person = leave_traces(tenant_id)
    assert person.learner is not None
    erased(tenant_id, person)
    with tenant_session(tenant_id) as session:
        row = session.get_one(Learner, person.learner.id)
        again = find_person(session, person.source, SUBJECT)
    assert (row.name, row.given_name, row.family_name, row.email, row.locale) == ("", "", "", "", "")
    assert row.subject == f"{ERASED}{row.id}"
    assert again.learner is None
    assert held(tenant_id, again) == {}
    assert not erased(tenant_id, again).anything


def test_somebody_whom_only_a_roster_names_is_erased_too(tenant_id: UUID) -> None:
    person = leave_traces(tenant_id)
    with tenant_session(tenant_id, write=True) as session:
        session.get_one(Learner, person.learner.id).subject = "another"  # type: ignore[union-attr]
    stranger = Person(person.source, SUBJECT)
    assert set(held(tenant_id, stranger)) == {"roster_member", "reconciliation_finding"}
    assert set(erased(tenant_id, stranger).removed) == {"roster_member", "reconciliation_finding"}
    assert held(tenant_id, stranger) == {}


def test_the_audit_says_that_and_not_who(tenant_id: UUID) -> None:
    person = leave_traces(tenant_id)
    result = erased(tenant_id, person)
    with tenant_session(tenant_id) as session:
        entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.actor) == ("learner.erased", "test")
    assert entry.details == {"rows": sum(result.removed.values())}
    assert "Ada" not in str(vars(entry))


@pytest.mark.parametrize("kind", [ScoreDelivery, EventDelivery])
def test_what_is_being_sent_this_moment_is_waited_for(tenant_id: UUID, kind: Any) -> None:
    person = leave_traces(tenant_id)
    before = held(tenant_id, person)
    set_states(tenant_id, kind, utc_now() + timedelta(seconds=30))
    with pytest.raises(ErasureWaitsError):
        erased(tenant_id, person)
    assert held(tenant_id, person) == before
    set_states(tenant_id, kind, utc_now() - timedelta(seconds=1))  # the worker that had it has died
    assert erased(tenant_id, person).anything


def set_states(tenant_id: UUID, kind: Any, until: Any) -> None:
    with tenant_session(tenant_id, write=True) as session:
        for row in session.scalars(select(kind)):
            if row.state not in {"sending", "queued"}:
                row.state = "queued"
            row.state, row.lease_owner, row.lease_until = "sending", "somebody", until


class Recorder:
    """Sends nothing and remembers what it was asked to send."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def prepare(self, _session: TenantSession, _delivery: ScoreDelivery) -> ScorePayload:
        return ScorePayload(1, 0.5, True, 0.0, None)

    def send(self, payload: ScorePayload, **_how: Any) -> SendResult:
        self.sent.append(payload)
        return SendResult(Verdict.DELIVERED)


def test_nothing_is_sent_after_an_erasure(app: Flask, tenant_id: UUID) -> None:
    recorder = Recorder()
    register_sender(app, "recorder", recorder)
    person, other = leave_traces(tenant_id), leave_traces(tenant_id, "43")
    with tenant_session(tenant_id, write=True) as session:
        for row in session.scalars(select(ScoreDelivery)):
            row.state, row.sender, row.due_at = "queued", "recorder", utc_now()
        for event in session.scalars(select(EventDelivery)):
            event.due_at = utc_now() + timedelta(days=1)
    erased(tenant_id, person)
    engine.drain()
    assert len(recorder.sent) == 1, "only the other one's"
    assert held(tenant_id, other)["score_delivery"] == 1


def test_the_export_holds_every_row_and_nothing_of_others(tenant_id: UUID) -> None:
    person = leave_traces(tenant_id)
    leave_traces(tenant_id, "43")
    with tenant_session(tenant_id) as session:
        told = json.loads("".join(export(session, person)))
        mine = {table_of(kind).name: kind for kind in holdings(session, person)}
    assert {name: len(rows) for name, rows in told["tables"].items()} == held(tenant_id, person)
    assert set(told["tables"]) == set(mine)
    assert told["tables"]["learner"][0]["name"] == "Ada Erasable"
    assert (told["source"], told["subject"]) == (person.source, SUBJECT)
    assert "tenant_id" not in str(told)
    assert not any("lease_owner" in row for rows in told["tables"].values() for row in rows)


def test_another_tenants_rows_are_never_touched(tenant_id: UUID) -> None:
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        other_tenant = ensure_tenant(session, "other").id
        platform_id = make_row(session, Platform, tenant_id).id
    person = leave_traces(tenant_id, platform_id=platform_id)
    twin = leave_traces(other_tenant, platform_id=platform_id)
    before = held(other_tenant, twin)
    erased(tenant_id, person)
    assert held(other_tenant, twin) == before
    with tenant_session(other_tenant) as session:
        assert session.scalars(select(func.count()).select_from(Registration)).one() == 1
