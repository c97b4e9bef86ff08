"""`passback deliveries reconcile`: courses of LMSs against their gradebooks, now."""

import sys
from typing import Any
from uuid import UUID

import click

from passback.cli.output import answer_rows, json_option
from passback.cli.tenants import tenant_named, tenant_option
from passback.clock import utc_now
from passback.db import tenant_session
from passback.errors import NotFoundError, PassbackError
from passback.lti import reconciliation_view as view
from passback.lti.reconciliation_view import FindingRow
from passback.lti.reconciling import COUNTS, recent_contexts, reconcile
from passback.staff.service import audit


@click.command("reconcile")
@click.option("--context", "context_id", type=click.UUID, help="Only this course of an LMS (its id in Passback).")
@click.option("--findings", "with_findings", is_flag=True, help="Show each grade that is not in order.")
@tenant_option
@json_option
def reconcile_command(context_id: UUID | None, with_findings: bool, tenant: str, as_json: bool) -> None:
    """Compare courses with their gradebooks; what the LMS accepted and does not show is sent again.

    Without --context: every course in which something went on within 120 days. Exits with 1 where one was not read.
    """
    tenant_id = tenant_named(tenant)
    with tenant_session(tenant_id, write=True) as session:
        wanted = [context_id] if context_id else [one for _tenant, one in recent_contexts(session, utc_now())]
        subject = str(context_id or "all courses")
        audit(session, actor="cli", action="reconciliation.asked", subject=subject, tenant_id=tenant_id)
    rows = [_one(tenant_id, one, with_findings=with_findings or as_json) for one in wanted]
    if as_json:
        answer_rows(rows, empty="", as_json=True)
    else:
        details = [found for row in rows for found in row.pop("findings", [])]
        answer_rows(rows, empty="No course of an LMS with a gradebook yet.", as_json=False)
        if details:
            click.echo()
            answer_rows(details, empty="", as_json=False)
    if any(row["error"] for row in rows):
        sys.exit(1)


def _one(tenant_id: UUID, context_id: UUID, *, with_findings: bool) -> dict[str, Any]:
    message = ""
    try:
        reconcile(tenant_id, context_id, on_progress=_progress)
    except NotFoundError:
        raise
    except PassbackError as error:
        message = f"{error.message} {error.advice}".strip()
    with tenant_session(tenant_id) as session:
        found = view.course(session, context_id)
        numbers = {name: getattr(found.report, name) if found.report else 0 for name in COUNTS}
        row: dict[str, Any] = {"context": context_id, "course": found.title, **numbers, "error": message}
        if with_findings:
            row["findings"] = [_finding(one) for one in view.findings(session, context_id)]
    return row


def _finding(row: FindingRow) -> dict[str, Any]:
    return {
        "learner": row.learner,
        "activity": row.activity,
        "finding": row.kind,
        "sent": row.ours,
        "gradebook": row.theirs,
        "action": row.action,
        "explanation": row.words,
        "registration": row.registration_id,
    }


def _progress(done: int, of: int) -> None:
    click.echo(f"\r{done} of {of} columns", err=True, nl=done == of)
