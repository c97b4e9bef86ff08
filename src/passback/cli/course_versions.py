"""`passback courses versions · diff · rollback · delete-version · on-new-version`: what becomes of a renewed course."""

from dataclasses import asdict

import click

from passback.api.schemas import imported_of
from passback.cli.output import answer, answer_rows, json_option, warning_line
from passback.cli.tenants import tenant_named, tenant_option
from passback.content import versions
from passback.content.comparing import Comparison, describe
from passback.content.service import ImportResult, find_course
from passback.content.staging import Prospect
from passback.content.storing import remove_version
from passback.content.versions import OnNewVersion
from passback.db import tenant_session
from passback.staff.service import audit
from passback.tracking.versions import Usage, usage

SHOWN = 100
"""Changes that are printed for people; `--json` names them all."""


@click.command("versions")
@click.argument("course")
@tenant_option
@json_option
def versions_command(course: str, tenant: str, as_json: bool) -> None:
    """List the versions of COURSE (id or title), the newest first, with who is on each."""
    with tenant_session(tenant_named(tenant)) as session:
        found = find_course(session, course)
        current = versions.current_version(session, found.id)
        used = usage(session, found.id)
        rows = [
            {
                "version": version.number,
                "current": version.id == current.id,
                "imported_at": version.imported_at,
                "imported_by": version.imported_by,
                "package": version.package_name,
                "files": version.file_count,
                "bytes": version.total_bytes,
                "warnings": len(version.warnings),
                **asdict(used.get(version.id, Usage())),
            }
            for version in versions.list_versions(session, found.id)
        ]
    answer_rows(rows, empty="", as_json=as_json)


@click.command("diff")
@click.argument("course")
@click.option("--from", "from_", type=click.IntRange(1), help="The older version; without it the one before.")
@click.option("--to", type=click.IntRange(1), help="The newer version; without it the current one.")
@tenant_option
@json_option
def diff_command(course: str, *, from_: int | None, to: int | None, tenant: str, as_json: bool) -> None:
    """Say what differs between two versions of COURSE."""
    with tenant_session(tenant_named(tenant)) as session:
        found = find_course(session, course)
        after = versions.find_version(session, found.id, to) if to else versions.current_version(session, found.id)
        earlier = [one.number for one in versions.list_versions(session, found.id) if one.number < after.number]
        number = from_ or next(iter(earlier), after.number)
        before = versions.find_version(session, found.id, number)
    comparison = versions.compare(found.content_type, before.content, after.content)
    value = {"from": before.number, "to": after.number, "changes": comparison.to_json()}
    answer(value, f"From version {before.number} to {after.number}:\n{_lines(comparison)}", as_json=as_json)


@click.command("rollback")
@click.argument("course")
@click.option("--to", type=click.IntRange(1), required=True, help="The version that new attempts take from now on.")
@tenant_option
@json_option
def rollback_command(course: str, to: int, tenant: str, as_json: bool) -> None:
    """Make another version of COURSE current: an older one, or a newer one again. Running attempts stay on theirs."""
    with tenant_session(tenant_named(tenant), write=True) as session:
        found = find_course(session, course)
        before = versions.current_version(session, found.id).number
        current = versions.make_current(session, found.id, to)
        audit(
            session,
            actor="cli",
            action="course.version_chosen",
            subject=str(found.id),
            tenant_id=session.tenant_id,
            before=before,
            after=to,
        )
        used = usage(session, found.id)
        running = sum(one.running for version_id, one in used.items() if version_id != current.id)
    value = {"id": found.id, "version": to, "before": before, "running_elsewhere": running}
    text = f"Version {to} of “{found.title}” is current; it was {before}. {_under_way(running, found.on_new_version)}"
    answer(value, text, as_json=as_json)


@click.command("delete-version")
@click.argument("course")
@click.option("--version", "number", type=click.IntRange(1), required=True, help="Its number.")
@tenant_option
@json_option
def delete_command(course: str, number: int, tenant: str, as_json: bool) -> None:
    """Delete a version of COURSE that is not current and that nobody has ever begun, with its files."""
    with tenant_session(tenant_named(tenant), write=True) as session:
        found = find_course(session, course)
        gone = versions.delete_version(session, found.id, number)
        audit(
            session,
            actor="cli",
            action="course.version_deleted",
            subject=str(found.id),
            tenant_id=session.tenant_id,
            number=number,
        )
    remove_version(found.tenant_id, gone)
    answer({"id": found.id, "deleted": number}, f"Version {number} of “{found.title}” is deleted.", as_json=as_json)


@click.command("on-new-version")
@click.argument("course")
@click.argument("rule", type=click.Choice([str(rule) for rule in OnNewVersion]))
@tenant_option
@json_option
def rule_command(course: str, rule: str, tenant: str, as_json: bool) -> None:
    """Decide what becomes of learners who are under way in COURSE when another version is made current.

    ask: they choose at each opening. next_attempt: they go on, their next attempt takes the current version. stay:
    their next attempts stay on their version, too. at_once: their next opening begins on the current version.
    """
    with tenant_session(tenant_named(tenant), write=True) as session:
        found = find_course(session, course)
        versions.set_on_new_version(session, found.id, OnNewVersion(rule))
        audit(
            session,
            actor="cli",
            action="course.on_new_version",
            subject=str(found.id),
            tenant_id=session.tenant_id,
            rule=rule,
        )
    answer({"id": found.id, "on_new_version": rule}, f"“{found.title}”: {rule}.", as_json=as_json)


VERSION_COMMANDS = (versions_command, diff_command, rollback_command, delete_command, rule_command)


def told_import(result: ImportResult, *, is_version: bool) -> tuple[dict[str, object], str]:
    """Return what an import is told as, for programs and for people.

    Args:
        is_version: of a course that was there.
    """
    value: dict[str, object] = dict(imported_of(result).as_json())
    text = f"Imported “{result.title}” ({result.label}) as {result.course_id}."
    if is_version:
        changes = result.comparison.to_json() if result.comparison else []
        value |= {"version": result.number, "unchanged": result.unchanged, "changes": changes}
        text = f"Version {result.number} of “{result.title}” ({result.label}) is current."
        if result.unchanged:
            text = f"Version {result.number} of “{result.title}”, the current one, is this very package; no new one."
        elif result.comparison:
            text += f"\n{_lines(result.comparison)}"
    for warning in result.warnings:
        text += f"\n  {warning_line(warning)}"
    return value, text


def told_prospect(prospect: Prospect) -> tuple[dict[str, object], str]:
    """Return what a dry run is told as, for programs and for people."""
    comparison, current = prospect.comparison, prospect.current.number
    value: dict[str, object] = {
        "id": prospect.course.id,
        "title": prospect.course.title,
        "version": current,
        "same_as": prospect.same_as,
        "unchanged": prospect.unchanged,
        "other_course": comparison.other_course,
        "changes": comparison.to_json(),
        "warnings": [asdict(warning) for warning in prospect.warnings],
    }
    text = f"“{prospect.course.title}”, against version {current}; nothing was imported.\n{_lines(comparison)}"
    if prospect.same_as is not None:
        text += f"\nThis is version {prospect.same_as}, byte for byte."
    if comparison.other_course:
        text += f"\nIs this the right course? {comparison.other_course}"
    for warning in prospect.warnings:
        text += f"\n  {warning_line(warning)}"
    return value, text


def _lines(comparison: Comparison) -> str:
    lines = [f"  {describe(change)}" for change in comparison.changes[:SHOWN]]
    more = len(comparison.changes) - SHOWN
    if more > 0:
        lines.append(f"  … and {more} more; --json names them all.")
    return "\n".join(lines) or "  The structure is the same."


def _under_way(running: int, rule: str) -> str:
    if not running:
        return "Nobody is under way on another version."
    who = "1 learner is" if running == 1 else f"{running} learners are"
    return f"{who} under way on another version (on-new-version: {rule})."
