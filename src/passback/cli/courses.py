"""`passback courses`: import packages, see what there is."""

from dataclasses import asdict
from pathlib import Path
from uuid import UUID

import click
from sqlalchemy import func, select

from passback.cli.output import answer, answer_rows, json_option
from passback.cli.tenants import tenant_named, tenant_option
from passback.content.models import Course, CourseVersion
from passback.content.service import archive_course, current_version, find_course, import_course, list_courses
from passback.db import tenant_session
from passback.staff.service import audit


@click.group("courses")
def courses_group() -> None:
    """Courses and their versions."""


@courses_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--into", metavar="COURSE", help="Make a new version of this course (id or title).")
@tenant_option
@json_option
def import_command(file: Path, into: str | None, tenant: str, as_json: bool) -> None:
    """Import the course package FILE."""
    tenant_id = tenant_named(tenant)
    target: UUID | None = None
    if into is not None:
        with tenant_session(tenant_id) as session:
            target = find_course(session, into).id
    with file.open("rb") as package:
        result = import_course(tenant_id, package, file.name, into=target)
    with tenant_session(tenant_id, write=True) as session:
        audit(session, actor="cli", action="course.imported", subject=str(result.course_id), tenant_id=tenant_id)
    value = {
        "id": result.course_id,
        "type": result.label,
        "title": result.title,
        "warnings": [asdict(warning) for warning in result.warnings],
    }
    text = f"Imported “{result.title}” ({result.label}) as {result.course_id}."
    for warning in result.warnings:
        text += f"\n  warning: {warning.message}{f' ({warning.evidence})' if warning.evidence else ''}"
    answer(value, text, as_json=as_json)


@courses_group.command("list")
@tenant_option
@json_option
def list_command(tenant: str, as_json: bool) -> None:
    """List the courses that are not archived."""
    with tenant_session(tenant_named(tenant)) as session:
        newest = select(CourseVersion.course_id, func.max(CourseVersion.number)).group_by(CourseVersion.course_id)
        versions = {row[0]: row[1] for row in session.execute(newest)}
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
    for warning in version.warnings:
        text += f"\nwarning: {warning['message']}"
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
        "settings": course.settings,
        "activities": version.content["activities"],
        "warnings": version.warnings,
    }
