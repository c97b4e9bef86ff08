"""The ledger: each grade's way to the gradebook, with "send again"."""

from collections.abc import Sequence
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from passback.content.models import Course
from passback.db import TenantSession, tenant_session
from passback.delivery import ledger
from passback.delivery.ledger import LedgerEntry
from passback.delivery.words import STATES
from passback.staff.service import Role, audit
from passback.tracking.models import Learner, Registration
from passback.web.auth import current_tenant, require
from passback.web.frame import actor, staff_blueprint

deliveries = staff_blueprint("deliveries", "/admin/t/<tenant>/deliveries")
PAGE = 50


@deliveries.get("/")
@require(Role.REPORTER)
def overview(tenant: str) -> ResponseReturnValue:  # noqa: ARG001 - the address names it
    """List deliveries, the newest first."""
    state = request.args.get("state", "")
    before = request.args.get("before", type=UUID)
    with tenant_session(current_tenant().id) as session:
        entries = ledger.list_deliveries(
            session, state=state if state in STATES else None, before=before, limit=PAGE + 1
        )
        numbers = ledger.numbers(session)
        whose = _whose(session, entries)
    return render_template(
        "web/deliveries.html",
        tenant=current_tenant(),
        entries=entries[:PAGE],
        whose=whose,
        more=entries[PAGE - 1].id if len(entries) > PAGE else None,
        numbers=numbers,
        states=STATES,
        state=state,
    )


@deliveries.get("/<uuid:delivery_id>")
@require(Role.REPORTER)
def show(tenant: str, delivery_id: UUID) -> ResponseReturnValue:  # noqa: ARG001 - the address names it
    """Show one delivery and each of its tries."""
    with tenant_session(current_tenant().id) as session:
        entry = ledger.find_delivery(session, delivery_id)
        tries = ledger.tries_of(session, delivery_id)
        whose = _whose(session, [entry])
    return render_template("web/delivery.html", tenant=current_tenant(), entry=entry, tries=tries, whose=whose)


def _whose(session: TenantSession, entries: Sequence[LedgerEntry]) -> dict[UUID, tuple[str, str]]:
    """Return learner and course of each entry's registration."""
    wanted = {entry.registration_id for entry in entries if entry.registration_id}
    rows = session.execute(
        select(Registration.id, Learner.name, Learner.subject, Course.title)
        .join(Learner, Learner.id == Registration.learner_id)
        .join(Course, Course.id == Registration.course_id)
        .where(Registration.id.in_(wanted))
    )
    return {key: (name or subject, title) for key, name, subject, title in rows}


@deliveries.post("/<uuid:delivery_id>/again")
@require(Role.DEVELOPER)
def again(tenant: str, delivery_id: UUID) -> ResponseReturnValue:
    """Send one delivery again, with its newest value."""
    with tenant_session(current_tenant().id, write=True) as session:
        ledger.send_again(session, delivery_id)
        audit(
            session, actor=actor(), action="delivery.sent_again", subject=str(delivery_id), tenant_id=session.tenant_id
        )
    flash(_("It is on its way."), "good")
    return redirect(url_for("deliveries.show", tenant=tenant, delivery_id=delivery_id))


@deliveries.post("/parked")
@require(Role.DEVELOPER)
def all_parked(tenant: str) -> ResponseReturnValue:
    """Send everything that is parked again."""
    with tenant_session(current_tenant().id, write=True) as session:
        count = ledger.send_all_parked(session)
        audit(
            session,
            actor=actor(),
            action="delivery.sent_again",
            subject="all parked",
            tenant_id=session.tenant_id,
            count=count,
        )
    flash(_("%(count)d on their way.", count=count), "good")
    return redirect(url_for("deliveries.overview", tenant=tenant))
