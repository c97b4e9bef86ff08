"""Courses of LMSs against their gradebooks: the newest report of each, as a page and as CSV, and "compare now"."""

from uuid import UUID

from flask import Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from passback.db import tenant_session
from passback.lti import duplicates
from passback.lti import reconciliation_view as view
from passback.lti.reconciliation_jobs import start_here
from passback.lti.reconciling import ask
from passback.staff.service import Role, audit
from passback.web.auth import current_tenant, require
from passback.web.frame import actor, staff_blueprint

reconciliation = staff_blueprint("reconciliation", "/admin/t/<tenant>/reconciliation")


@reconciliation.get("/")
@require(Role.REPORTER)
def overview(tenant: str) -> ResponseReturnValue:  # noqa: ARG001 - the address names it
    """List the courses with their newest reports."""
    with tenant_session(current_tenant().id) as session:
        courses = view.courses(session)
    return render_template("web/reconciliation.html", tenant=current_tenant(), courses=courses)


@reconciliation.get("/<uuid:context_id>")
@require(Role.REPORTER)
def show(tenant: str, context_id: UUID) -> ResponseReturnValue:  # noqa: ARG001 - the address names it
    """Show one course's report."""
    with tenant_session(current_tenant().id) as session:
        course = view.course(session, context_id)
        findings = view.findings(session, context_id)
    return render_template(
        "web/reconciled.html", tenant=current_tenant(), course=course, findings=findings, kinds=view.KINDS
    )


@reconciliation.get("/<uuid:context_id>/report.csv")
@require(Role.REPORTER)
def report(tenant: str, context_id: UUID) -> ResponseReturnValue:  # noqa: ARG001 - the address names it
    """Hand out one course's report as CSV."""
    with tenant_session(current_tenant().id) as session:
        view.course(session, context_id)
        text = view.as_csv(view.findings(session, context_id))
    # The mark tells Excel that it is UTF-8.
    response = Response("\ufeff" + text, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="grades-{context_id}.csv"'
    return response


@reconciliation.post("/")
@require(Role.DEVELOPER)
def compare_all(tenant: str) -> ResponseReturnValue:
    """Have every course compared."""
    with tenant_session(current_tenant().id) as session:
        wanted = [one.context.id for one in view.courses(session)]
    _ask(wanted, "all courses")
    return redirect(url_for("reconciliation.overview", tenant=tenant))


@reconciliation.post("/<uuid:context_id>")
@require(Role.DEVELOPER)
def compare(tenant: str, context_id: UUID) -> ResponseReturnValue:
    """Have one course compared."""
    _ask([context_id], str(context_id))
    return redirect(url_for("reconciliation.show", tenant=tenant, context_id=context_id))


@reconciliation.post("/<uuid:context_id>/columns/<uuid:finding_id>")
@require(Role.DEVELOPER)
def choose_column(tenant: str, context_id: UUID, finding_id: UUID) -> ResponseReturnValue:
    """Send the grades of an activity to another one of its columns from now on."""
    duplicates.choose(current_tenant().id, finding_id, by=actor())
    flash(_("The grades go to that column now."), "good")
    return redirect(url_for("reconciliation.show", tenant=tenant, context_id=context_id))


def _ask(wanted: list[UUID], subject: str) -> None:
    with tenant_session(current_tenant().id, write=True) as session:
        count = ask(session, wanted)
        audit(session, actor=actor(), action="reconciliation.asked", subject=subject, tenant_id=session.tenant_id)
    start_here()
    flash(ngettext("%(num)d course is being compared.", "%(num)d courses are being compared.", count), "good")
