"""`passback registrations`: launch a course without an LMS, and read what came of it."""

from collections.abc import Sequence
from uuid import UUID

import click

from passback.api.schemas import report_of
from passback.cli.output import answer, answer_rows, json_option
from passback.cli.tenants import tenant_named, tenant_option
from passback.content.service import find_course
from passback.db import tenant_session
from passback.lti import moving
from passback.player import tickets
from passback.tracking import grading_service
from passback.tracking import registrations as service
from passback.tracking.learners import upsert_learner
from passback.tracking.placements import direct_placement
from passback.tracking.registrations import get_registration
from passback.tracking.report import AttemptView, RegistrationReport, registration_report
from passback.tracking.timeline import AttemptTimeline, attempt_timeline

DIRECT = "direct"


@click.group("registrations")
def registrations_group() -> None:
    """Learners on courses: launch without an LMS, see results."""


@registrations_group.command("launch")
@click.argument("course")
@click.option("--learner", required=True, metavar="ID", help="Your own key for the learner.")
@click.option("--name", default="", help="The learner's name, shown by the course.")
@click.option("--return-url", default="", help="Where the learner goes after leaving.")
@tenant_option
@json_option
def launch_command(course: str, *, learner: str, name: str, return_url: str, tenant: str, as_json: bool) -> None:
    """Make a link that opens COURSE (id or title) for a learner once, within a few minutes."""
    if not learner.strip() or len(learner) > 255:
        raise click.BadParameter("1 to 255 characters", param_hint="--learner")
    with tenant_session(tenant_named(tenant), write=True) as session:
        found = find_course(session, course)
        person = upsert_learner(session, source=DIRECT, subject=learner.strip(), name=name)
        placement = direct_placement(session, found)
        registration = service.ensure_registration(session, learner=person, course_id=found.id, placement=placement)
        url = tickets.issue(session, registration.id, return_url)
    answer({"registration": registration.id, "launch_url": url}, url, as_json=as_json)


@registrations_group.command("show")
@click.argument("registration", type=click.UUID)
@click.option("--details", is_flag=True, help="Also what the course reports: answers, objectives, comments.")
@click.option("--timeline", is_flag=True, help="Also what the course said to Passback, and what to make of it.")
@click.option("--attempt", type=click.IntRange(1), help="The attempt whose timeline is wanted; the newest by default.")
@tenant_option
@json_option
def show_command(
    registration: UUID, *, details: bool, timeline: bool, attempt: int | None, tenant: str, as_json: bool
) -> None:
    """Show what has become of REGISTRATION."""
    with tenant_session(tenant_named(tenant)) as session:
        report = registration_report(session, registration)
        wanted = attempt or len(report.attempts)
        told = attempt_timeline(session, registration, wanted) if timeline else None
    value, text = report_of(report).as_json(), [_text(report)]
    if details:
        value["details"] = list(report.details())
        text += [f"attempt {one.number}, {label}: {said}" for one in report.attempts for label, said in _rows(one)]
    if timeline:
        value["timeline"] = told.to_json() if told else None
        text += _timeline_text(told) if told else ["There is no timeline: no such attempt, or nothing that tells one."]
    answer(value, "\n".join(text), as_json=as_json)


def _rows(view: AttemptView) -> Sequence[tuple[str, str]]:
    return view.report.rows if view.report else ()


def _timeline_text(timeline: AttemptTimeline) -> list[str]:
    lines = [f"attempt {timeline.number}, what the course said{', the newest part' if timeline.cut else ''}:"]
    for one in timeline.told.entries:
        about = f"{one.activity}: " if one.activity else ""
        lines.append(f"  {one.at:%Y-%m-%d %H:%M:%S} {'! ' if one.trouble else ''}{about}{one.text}")
    return [*lines, *(f"note: {finding}" for finding in timeline.told.findings)]


@registrations_group.command("list")
@click.option("--course", help="Only this course (id or title).")
@click.option("--after", type=click.UUID, help="Go on after this id, the last one of the page before.")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="At most so many.")
@tenant_option
@json_option
def list_command(course: str | None, after: UUID | None, limit: int, tenant: str, as_json: bool) -> None:
    """List registrations, the oldest first."""
    with tenant_session(tenant_named(tenant)) as session:
        course_id = find_course(session, course).id if course else None
        found = service.list_registrations(session, course_id=course_id, after=after, limit=limit)
    rows = [
        {
            "registration": registration.id,
            "learner": learner.subject,
            "name": learner.name,
            "completion": registration.completion,
            "success": registration.success,
            "score_scaled": registration.score_scaled,
            "attempts": registration.attempts,
        }
        for registration, learner in found
    ]
    answer_rows(rows, empty="There are no registrations.", as_json=as_json)


@registrations_group.command("grade")
@click.argument("registration", type=click.UUID)
@click.option("--scaled", type=click.FloatRange(0, 1), help="The grade, 0 to 1.")
@click.option("--reason", default="", help="Why; kept with the grade.")
@click.option("--withdraw", is_flag=True, help="Let the placement's rule decide again.")
@tenant_option
@json_option
def grade_command(
    registration: UUID, *, scaled: float | None, reason: str, withdraw: bool, tenant: str, as_json: bool
) -> None:
    """Set the grade of REGISTRATION by hand; it is audited and delivered like any other."""
    if withdraw == (scaled is not None):
        raise click.UsageError("Say either --scaled (with --reason) or --withdraw.")
    with tenant_session(tenant_named(tenant), write=True) as session:
        found = get_registration(session, registration)
        if scaled is None:
            grade = grading_service.withdraw_override(session, found.id, by="cli").scaled
        else:
            grade = grading_service.override(session, found.id, scaled, by="cli", reason=reason).scaled
    answer({"registration": registration, "scaled": grade}, f"The grade is now {grade}.", as_json=as_json)


@registrations_group.command("placements")
@click.option("--course", help="Only this course (id or title).")
@tenant_option
@json_option
def placements_command(course: str | None, tenant: str, as_json: bool) -> None:
    """List where courses are offered: the links of LMSs, and launches without one."""
    with tenant_session(tenant_named(tenant)) as session:
        found = moving.list_placements(session, find_course(session, course).id if course else None)
    rows = [
        {
            "placement": one.placement.id,
            "title": one.placement.title,
            "course": one.course,
            "context": one.context,
            "registrations": one.registrations,
        }
        for one in found
    ]
    answer_rows(rows, empty="No course is offered anywhere yet.", as_json=as_json)


@registrations_group.command("move")
@click.argument("from_placement", type=click.UUID)
@click.argument("to_placement", type=click.UUID)
@tenant_option
@json_option
def move_command(from_placement: UUID, to_placement: UUID, tenant: str, as_json: bool) -> None:
    """Move all registrations of FROM_PLACEMENT to TO_PLACEMENT: when a teacher has deleted a link and added it again.

    Both must offer the same course within the same course of the LMS. Attempts, saved states and grades go along, and
    the grades are sent to the new link's gradebook column.
    """
    with tenant_session(tenant_named(tenant), write=True) as session:
        moved = moving.move(session, from_placement, to_placement, by="cli")
    count, left = moved.registrations, moved.grades_left
    text = "1 registration was moved." if count == 1 else f"{count} registrations were moved."
    if left:
        text += f" {left} of their grades stay in the old column as well: delete the old activity in the LMS."
    answer({"from": from_placement, "to": to_placement, "moved": count, "grades_left": left}, text, as_json=as_json)


def _text(report: RegistrationReport) -> str:
    first = list(report_of(report).as_json().items())[:6]
    lines = [f"{key.replace('_', ' ')}: {'' if value is None else value}" for key, value in first]
    if report.grade is not None:
        given = "nothing yet" if report.grade.scaled is None else f"{report.grade.scaled:.4g}"
        lines.append(f"grade: {given}{f' ({report.grade.reason})' if report.grade.reason else ''}")
    return "\n".join(lines)
