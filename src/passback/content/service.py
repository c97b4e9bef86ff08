"""Courses: imported from packages, kept as immutable versions, found again."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import IO
from uuid import UUID

import structlog
from pydantic import BaseModel
from sqlalchemy import select

from passback.clock import utc_now
from passback.content.comparing import Comparison
from passback.content.errors import (
    AmbiguousCourseError,
    OlderVersionError,
    OtherCourseError,
    UnknownCourseError,
)
from passback.content.findings import stored_warnings
from passback.content.kinds import find_content_type
from passback.content.models import Course, CourseVersion, StagedVersion
from passback.content.package import ZipPackage
from passback.content.reading import Incoming, receive
from passback.content.storage import storage
from passback.content.storing import prefix_of, store_files
from passback.content.versions import (
    activities,
    add_version,
    compare,
    current_version,
    lock_course,
    same_bytes,
)
from passback.db import TenantSession, new_id, tenant_session
from passback.plugin import PackageWarning

__all__ = [
    "ImportResult",
    "activities",
    "archive_course",
    "course_settings",
    "current_version",
    "duplicates",
    "find_course",
    "find_target",
    "import_course",
    "list_courses",
    "stored",
]

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ImportResult:
    """What an import made. `label` is what people read, with the edition; `content_type` is the key.

    Args:
        number: of the version.
        unchanged: the course's current version was made of these very bytes, so that none was added.
        comparison: with the version that was current when the import began; None for a new course.
    """

    course_id: UUID
    version_id: UUID
    title: str
    content_type: str
    label: str
    warnings: tuple[PackageWarning, ...]
    number: int = 1
    unchanged: bool = False
    comparison: Comparison | None = None


def import_course(
    tenant_id: UUID, file: IO[bytes], filename: str, *, into: UUID | None = None, by: str = "", sure: bool = False
) -> ImportResult:
    """Import a package as a new course, or as a new version of the course `into`.

    Files are stored first, then the rows are written in one transaction: a failure removes the files, a crash leaves
    only files that nobody refers to (`storing.remove_abandoned`). Never call it inside a write transaction.

    Args:
        file: the package; read in pieces, never whole into memory.
        filename: what the uploader called it.
        by: who does it: a staff user's id, `cli` or `lti:<platform id>`.
        sure: it is a version of `into`, also where it looks like another course.

    Raises:
        PackageRefusedError: the package cannot be used; its message says why.
        UnknownCourseError: there is no course `into`.
        OtherCourseError: the package seems to be another course than `into`, and `sure` is off.
        OlderVersionError: the package is an older version of `into`.
        ImportFaultError: a content type failed.
        StorageError: the files cannot be stored.
    """
    target = find_target(tenant_id, into) if into else None
    with receive(tenant_id, file, filename, target) as incoming:
        comparison = None
        if target is not None:
            unchanged, comparison = _compared(tenant_id, target, incoming)
            if unchanged is not None:
                return unchanged
            if comparison.other_course and not sure:
                raise OtherCourseError(comparison.other_course)
        version_id = new_id()
        with stored(tenant_id, version_id, incoming.package) as total:
            version = CourseVersion(
                id=version_id,
                content=incoming.content_json(),
                package_sha256=incoming.digest,
                package_name=incoming.package.name,
                file_count=len(incoming.package.names()),
                total_bytes=total,
                reports_score=incoming.content.reports_score,
                imported_by=by,
            )
            result = _record(tenant_id, version, incoming, into)
        if result.version_id != version_id:  # somebody else was quicker with the same package
            storage().remove(prefix_of(tenant_id, version_id))
        return replace(result, comparison=comparison)


def list_courses(session: TenantSession) -> list[Course]:
    """Return the courses that are not archived, by title."""
    return list(session.scalars(select(Course).where(Course.archived_at.is_(None)).order_by(Course.title, Course.id)))


def find_course(session: TenantSession, wanted: str) -> Course:
    """Return the course that `wanted` names: its id, or a title that only one course has. Archived ones by id only.

    Raises:
        UnknownCourseError: there is none.
        AmbiguousCourseError: several have the title.
    """
    try:
        course = session.get(Course, UUID(wanted))
    except ValueError:
        found = [course for course in list_courses(session) if course.title.casefold() == wanted.strip().casefold()]
        if len(found) > 1:
            raise AmbiguousCourseError(f"{len(found)} courses") from None
        course = found[0] if found else None
    if course is None:
        raise UnknownCourseError
    return course


def find_target(tenant_id: UUID, course_id: UUID) -> Course:
    """Return the course that a package is to be a version of.

    Raises:
        UnknownCourseError: there is none.
    """
    with tenant_session(tenant_id) as session:
        course = session.get(Course, course_id)
        if course is None:
            raise UnknownCourseError
        return course


def archive_course(session: TenantSession, course_id: UUID) -> Course:
    """Take a course out of the lists; who is in it goes on. Return it."""
    course = session.get(Course, course_id)
    if course is None:
        raise UnknownCourseError
    course.archived_at = course.archived_at or utc_now()
    return course


def course_settings(course: Course) -> BaseModel:
    """Return a course's settings as its content type's model.

    Raises:
        ContentTypeMissingError: its content type is not installed (any more).
    """
    return find_content_type(course.content_type).settings.model_validate(course.settings)


def duplicates(session: TenantSession, digest: str) -> list[PackageWarning]:
    """Return a warning where the very same package is a version of some course already."""
    same = select(Course).join(CourseVersion, CourseVersion.course_id == Course.id)
    titles = [course.title for course in session.scalars(same.where(CourseVersion.package_sha256 == digest))]
    if not titles:
        return []
    message = "The very same package was imported before."
    return [
        PackageWarning(
            "duplicate_package",
            message,
            ", ".join(sorted(set(titles))),
            "Archive what you do not need.",
            severity="note",
        )
    ]


@contextmanager
def stored(tenant_id: UUID, version_id: UUID, package: ZipPackage) -> Iterator[int]:
    """Store the files and yield their bytes; whatever fails until the block's end removes them again."""
    prefix = prefix_of(tenant_id, version_id)
    try:
        yield store_files(storage(), prefix, package)
    except BaseException:
        if not _is_recorded(tenant_id, version_id):
            storage().remove(prefix)
        raise


def _is_recorded(tenant_id: UUID, version_id: UUID) -> bool:
    """True unless the database says that the version is not there: a commit may succeed and its answer be lost."""
    try:
        with tenant_session(tenant_id) as session:
            return any(session.get(table, version_id) is not None for table in (StagedVersion, CourseVersion))
    except Exception:  # noqa: BLE001 - without an answer the files stay; `remove_abandoned` looks again
        return True


def _compared(tenant_id: UUID, course: Course, incoming: Incoming) -> tuple[ImportResult | None, Comparison]:
    """Compare with the current version before anything is stored; the result where the package brings nothing new."""
    with tenant_session(tenant_id) as session:
        current = current_version(session, course.id)
        comparison = compare(course.content_type, current.content, incoming.content_json())
        return _unchanged(session, course, incoming), comparison


def _unchanged(session: TenantSession, course: Course, incoming: Incoming) -> ImportResult | None:
    same = same_bytes(session, course.id, incoming.digest)
    if same is None:
        return None
    if current_version(session, course.id).id != same.id:
        raise OlderVersionError(same.number)
    return _result(course, same, incoming, incoming.warnings, unchanged=True)


def _record(tenant_id: UUID, version: CourseVersion, incoming: Incoming, into: UUID | None) -> ImportResult:
    """Write the rows, in one transaction."""
    with tenant_session(tenant_id, write=True) as session:
        if into is None:
            settings = incoming.kind.settings().model_dump(mode="json")
            course = Course(title=incoming.content.title, content_type=incoming.kind.key, settings=settings)
            session.add(course)
            session.flush()
        else:  # locked, so that versions are counted one by one
            course = lock_course(session, into)
            unchanged = _unchanged(session, course, incoming)
            if unchanged is not None:
                return unchanged
        warnings = (*incoming.warnings, *duplicates(session, version.package_sha256))
        version.warnings = stored_warnings(warnings)
        add_version(session, course, version)
    log.info("content.imported", tenant=str(tenant_id), course=str(course.id), version=str(version.id))
    return _result(course, version, incoming, warnings)


def _result(
    course: Course,
    version: CourseVersion,
    incoming: Incoming,
    warnings: tuple[PackageWarning, ...],
    *,
    unchanged: bool = False,
) -> ImportResult:
    return ImportResult(
        course.id,
        version.id,
        course.title,
        incoming.kind.key,
        incoming.detection.label,
        warnings,
        version.number,
        unchanged,
    )
