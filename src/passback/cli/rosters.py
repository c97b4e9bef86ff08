"""`passback platforms rosters` and `sync-roster`: who is in the courses of the LMSs."""

from contextlib import suppress
from typing import Any
from uuid import UUID

import click
from sqlalchemy import or_, select

from passback.cli.output import answer, answer_rows, json_option
from passback.cli.tenants import tenant_named, tenant_option
from passback.db import tenant_session
from passback.errors import NotFoundError
from passback.lti import course_view
from passback.lti.course_rows import CourseSummary
from passback.lti.models import Context
from passback.lti.nrps import Reading
from passback.lti.rosters import sync_roster
from passback.staff.service import audit


@click.command("rosters")
@click.option("--after", type=click.UUID, help="Go on after this id, the last one of the page before.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="At most so many.")
@tenant_option
@json_option
def rosters_command(after: UUID | None, limit: int, tenant: str, as_json: bool) -> None:
    """Show the LMSs' courses and how the reading of their rosters stands, the newest first."""
    with tenant_session(tenant_named(tenant)) as session:
        rows = [_summary(one) for one in course_view.list_courses(session, after=after, limit=limit)]
    answer_rows(rows, empty="No course yet. One appears with the first launch from it.", as_json=as_json)


@click.command("sync-roster")
@click.argument("course")
@tenant_option
@json_option
def sync_roster_command(course: str, tenant: str, as_json: bool) -> None:
    """Read the roster of a COURSE now: its id here, or its id or label in the LMS (`passback platforms rosters`)."""
    tenant_id = tenant_named(tenant)
    context_id = _find(tenant_id, course)
    with tenant_session(tenant_id, write=True) as session:
        audit(session, actor="cli", action="roster.asked", subject=str(context_id), tenant_id=tenant_id)
    changes = sync_roster(tenant_id, context_id, on_page=_tell)
    shown = {
        "course": context_id,
        "members": changes.members,
        "added": changes.added,
        "changed": changes.changed,
        "gone": changes.gone,
        "left_out": changes.left_out,
        "grades_tried_again": changes.tried_again,
    }
    text = (
        f"{changes.members} people: {changes.added} new, {changes.changed} changed, {changes.gone} gone. "
        f"{changes.tried_again} parked grades go out again."
    )
    answer(shown, text, as_json=as_json)


def _tell(reading: Reading) -> None:
    click.echo(f"{len(reading.members)} people on {reading.pages} pages …", err=True)


def _find(tenant_id: UUID, course: str) -> UUID:
    """Return our id of a course that is named by any of its names.

    Raises:
        NotFoundError: none is named so, or several are.
    """
    named = or_(Context.context_id == course, Context.label == course)
    with suppress(ValueError):
        named = or_(named, Context.id == UUID(course))
    with tenant_session(tenant_id) as session:
        found = session.scalars(select(Context.id).where(Context.context_id != "", named).limit(2)).all()
    if len(found) != 1:
        which = "several courses are" if found else "no course is"
        raise NotFoundError(
            course, advice=f"{which.capitalize()} called {course}; `passback platforms rosters` shows their ids."
        )
    return found[0]


def _summary(one: CourseSummary) -> dict[str, Any]:
    roster = one.roster
    return {
        "id": one.context.id,
        "course": one.context.title or one.context.label or one.context.context_id,
        "lms_id": one.context.context_id,
        "lms": one.platform,
        "roster": roster.state if roster else "never read",
        "learners": one.learners if roster and roster.read_at else None,
        "read_at": roster.read_at if roster else None,
        "error": roster.error if roster else "",
    }
