"""`passback courses`: import packages, see what there is."""

from pathlib import Path
from uuid import UUID

import click

from passback.cli.course_settings import settings_command
from passback.cli.course_versions import VERSION_COMMANDS, told_import, told_prospect
from passback.cli.output import answer, answer_rows, json_option, warning_line
from passback.cli.tenants import tenant_named, tenant_option
from passback.content.findings import read_warnings
from passback.content.models import Course, CourseVersion
from passback.content.service import archive_course, find_course, import_course, list_courses
from passback.content.staging import try_version
from passback.content.versions import current_numbers, current_version
from passback.db import tenant_session
from passback.staff.service import audit


@click.group("courses")
def courses_group() -> None:
    """Courses and their versions."""


for command in (*VERSION_COMMANDS, settings_command):
    courses_group.add_command(command)


@courses_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--into", metavar="COURSE", help="Make a new version of this course (id or title).")
@click.option("--dry-run", is_flag=True, help="With --into: check FILE, say what would change, keep nothing.")
@click.option("--yes", is_flag=True, help="With --into: it is a version of COURSE, also where it looks like another.")
@tenant_option
@json_option
def import_command(file: Path, *, into: str | None, dry_run: bool, yes: bool, tenant: str, as_json: bool) -> None:
    """Import the course package FILE."""
    if into is None and (dry_run or yes):
        raise click.UsageError("--dry-run and --yes need --into.")
    tenant_id = tenant_named(tenant)
    target: UUID | None = None
    if into is not None:
        with tenant_session(tenant_id) as session:
            target = find_course(session, into).id
    with file.open("rb") as package:
        if dry_run and target is not None:
            answer(*told_prospect(try_version(tenant_id, package, file.name, target)), as_json=as_json)
            return
        result = import_course(tenant_id, package, file.name, into=target, by="cli", sure=yes)
    if not result.unchanged:
        with tenant_session(tenant_id, write=True) as session:
            audit(session, actor="cli", action="course.imported", subject=str(result.course_id), tenant_id=tenant_id)
    answer(*told_import(result, is_version=target is not None), as_json=as_json)


@courses_group.command("list")
@tenant_option
@json_option
def list_command(tenant: str, as_json: bool) -> None:
    """List the courses that are not archived."""
    with tenant_session(tenant_named(tenant)) as session:
        versions = current_numbers(session)
        rows = [
            {
                "id": course.id,
                "title": course.title,
                "content_type": course.content_type,
                "version": versions.get(course.id),
            }
            for course in list_courses(session)
        ]
    answer_rows(rows, empty="There are no courses yet. `passback courses import FILE` makes one.", as_json=as_json)


@courses_group.command("show")
@click.argument("course")
@tenant_option
@json_option
def show_command(course: str, tenant: str, as_json: bool) -> None:
    """Show COURSE (its id, or its title where only one has it)."""
    with tenant_session(tenant_named(tenant)) as session:
        found = find_course(session, course)
        version = current_version(session, found.id)
    value = _describe(found, version)
    text = "\n".join(f"{key}: {part}" for key, part in value.items() if not isinstance(part, (list, dict)))
    for warning in read_warnings(version.warnings):
        text += f"\n{warning_line(warning)}"
    answer(value, text, as_json=as_json)


@courses_group.command("archive")
@click.argument("course")
@tenant_option
@json_option
def archive_command(course: str, tenant: str, as_json: bool) -> None:
    """Take COURSE out of the lists; whoever is in it goes on."""
    with tenant_session(tenant_named(tenant), write=True) as session:
        archived = archive_course(session, find_course(session, course).id)
        audit(session, actor="cli", action="course.archived", subject=str(archived.id), tenant_id=session.tenant_id)
    answer(
        {"id": archived.id, "title": archived.title, "archived_at": archived.archived_at},
        f"“{archived.title}” is archived.",
        as_json=as_json,
    )


def _describe(course: Course, version: CourseVersion) -> dict[str, object]:
    return {
        "id": course.id,
        "type": version.content.get("label", course.content_type),
        "title": course.title,
        "version": version.number,
        "package": version.package_name,
        "sha256": version.package_sha256,
        "files": version.file_count,
        "bytes": version.total_bytes,
        "imported_at": version.imported_at,
        "archived_at": course.archived_at,
        "on_new_version": course.on_new_version,
        "settings": course.settings,
        "activities": version.content["activities"],
        "warnings": version.warnings,
    }
