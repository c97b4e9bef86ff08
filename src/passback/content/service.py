"""Courses: imported from packages, kept as immutable versions, found again."""

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import IO, Any, cast
from uuid import UUID

import structlog
from pydantic import BaseModel
from sqlalchemy import func, select

from passback.clock import utc_now
from passback.content.errors import (
    AmbiguousCourseError,
    ImportFaultError,
    PackageRefusedError,
    UnknownCourseError,
)
from passback.content.kinds import content_types_on, find_content_type
from passback.content.models import Course, CourseVersion
from passback.content.package import ZipPackage
from passback.content.storage import storage
from passback.content.storing import prefix_of, store_files
from passback.db import JsonObject, TenantSession, new_id, tenant_session
from passback.plugin import (
    Activity,
    ContentType,
    Detection,
    ImportContext,
    ImportedContent,
    PackageError,
    PackageWarning,
)
from passback.runtime import runtime
from passback.settings import MEBIBYTE

log = structlog.get_logger(__name__)

_TITLE_LENGTH = 500


@dataclass(frozen=True)
class ImportResult:
    """What an import made. `label` is what people read, with the edition; `content_type` is the key."""

    course_id: UUID
    version_id: UUID
    title: str
    content_type: str
    label: str
    warnings: tuple[PackageWarning, ...]


@dataclass(frozen=True)
class _Read:
    """A package as its content type understood it."""

    kind: ContentType
    detection: Detection
    content: ImportedContent
    warnings: tuple[PackageWarning, ...]


def import_course(tenant_id: UUID, file: IO[bytes], filename: str, *, into: UUID | None = None) -> ImportResult:
    """Import a package as a new course, or as a new version of the course `into`.

    Files are stored first, then the rows are written in one transaction: a failure removes the files, a crash leaves
    only files that nobody refers to (`storing.remove_abandoned`). Never call it inside a write transaction.

    Args:
        file: the package; read in pieces, never whole into memory.
        filename: what the uploader called it.

    Raises:
        PackageRefusedError: the package cannot be used; its message says why.
        UnknownCourseError: there is no course `into`.
        ImportFaultError: a content type failed.
        StorageError: the files cannot be stored.
    """
    name = _plain(filename.replace("\\", "/").rsplit("/", 1)[-1]) or "package.zip"
    limits = runtime().settings.packages
    target = _target(tenant_id, into) if into else None
    try:
        with _seekable(file, limits.max_bytes) as (seekable, digest):
            package = ZipPackage(seekable, name, limits)
            read = _read(tenant_id, package, target)
            version_id = new_id()
            with _stored(tenant_id, version_id, package) as total:
                version = CourseVersion(
                    id=version_id,
                    content=_content_json(read),
                    package_sha256=digest,
                    package_name=name,
                    file_count=len(package.names()),
                    total_bytes=total,
                    reports_score=read.content.reports_score,
                )
                return _record(tenant_id, version, read, into)
    except PackageError as error:
        log.info("content.package_refused", tenant=str(tenant_id), code=error.code)
        raise PackageRefusedError(error) from error


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


def archive_course(session: TenantSession, course_id: UUID) -> Course:
    """Take a course out of the lists; who is in it goes on. Return it."""
    course = session.get(Course, course_id)
    if course is None:
        raise UnknownCourseError
    course.archived_at = course.archived_at or utc_now()
    return course


def current_version(session: TenantSession, course_id: UUID) -> CourseVersion:
    """Return the newest version of a course.

    Raises:
        UnknownCourseError: there is no such course.
    """
    newest = select(CourseVersion).where(CourseVersion.course_id == course_id).order_by(CourseVersion.number.desc())
    version = session.scalars(newest.limit(1)).one_or_none()
    if version is None:
        raise UnknownCourseError
    return version


def course_settings(course: Course) -> BaseModel:
    """Return a course's settings as its content type's model.

    Raises:
        ContentTypeMissingError: its content type is not installed (any more).
    """
    return find_content_type(course.content_type).settings.model_validate(course.settings)


def activities(version: CourseVersion) -> tuple[Activity, ...]:
    """Return a version's structure."""
    return _activities(cast("Sequence[JsonObject]", version.content["activities"]))


def _activities(nodes: Sequence[Any]) -> tuple[Activity, ...]:
    return tuple(Activity(**{**node, "children": _activities(node["children"])}) for node in nodes)


@contextmanager
def _seekable(file: IO[bytes], max_bytes: int) -> Iterator[tuple[IO[bytes], str]]:
    """Yield the file, copied to disk where it cannot be read twice, and its SHA-256."""
    digest = hashlib.sha256()
    total = 0
    with tempfile.TemporaryFile() as copy:
        keeps = not file.seekable()
        if not keeps:
            file.seek(0)
        while chunk := file.read(MEBIBYTE):
            total += len(chunk)
            if total > max_bytes:
                message = f"The package has more than {max_bytes // MEBIBYTE:,} MiB."
                raise PackageError("too_large", message, "Make the course smaller, or ask for a higher limit.")
            digest.update(chunk)
            if keeps:
                copy.write(chunk)
        yield (cast("IO[bytes]", copy) if keeps else file), digest.hexdigest()


def _target(tenant_id: UUID, course_id: UUID) -> Course:
    with tenant_session(tenant_id) as session:
        course = session.get(Course, course_id)
        if course is None:
            raise UnknownCourseError
        return course


def _read(tenant_id: UUID, package: ZipPackage, target: Course | None) -> _Read:
    """Ask every content type that is on for the tenant; have the surest one read the package."""
    detection, kind = _choose(package, content_types_on(tenant_id))
    if target is not None and target.content_type != kind.key:
        message = f"This is a package of the kind “{detection.label}”, and the course is of another kind."
        raise PackageError("other_kind", message, "Import it as a new course.")
    settings = kind.settings.model_validate(target.settings if target else {})
    try:
        content = kind.import_package(package, ImportContext(settings))
    except PackageError:
        raise
    except Exception as error:  # a plugin met what its author did not think of: say so, keep the page standing
        log.exception("content.import_fault", content_type=kind.key)
        raise ImportFaultError(f"{kind.key}: {type(error).__name__}") from error
    title = _plain(content.title)[:_TITLE_LENGTH] or _plain(package.name.rsplit(".", 1)[0])
    warnings = tuple(dict.fromkeys((*package.warnings, *content.warnings)))
    return _Read(kind, detection, replace(content, title=title), warnings)


def _choose(package: ZipPackage, kinds: Sequence[ContentType]) -> tuple[Detection, ContentType]:
    claims = [(claim, kind) for kind in kinds if (claim := _detect(kind, package))]
    if not claims:
        labels = ", ".join(sorted(kind.label for kind in kinds)) or "nothing, as no content type is installed and on"
        message = f"This ZIP file is not a course that Passback can import. It can import: {labels}."
        raise PackageError("not_a_course", message, "Export the course in one of these formats, as a ZIP file.")
    return max(claims, key=lambda claim: claim[0].confidence)


def _detect(kind: ContentType, package: ZipPackage) -> Detection | None:
    try:
        return kind.detect(package)
    except Exception as error:  # one content type's fault must not keep another from its package
        if not isinstance(error, PackageError):
            log.exception("content.detect_fault", content_type=kind.key)
        return None


@contextmanager
def _stored(tenant_id: UUID, version_id: UUID, package: ZipPackage) -> Iterator[int]:
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
            return session.get(CourseVersion, version_id) is not None
    except Exception:  # noqa: BLE001 - without an answer the files stay; `remove_abandoned` looks again
        return True


def _record(tenant_id: UUID, version: CourseVersion, read: _Read, into: UUID | None) -> ImportResult:
    """Write the rows, in one transaction."""
    with tenant_session(tenant_id, write=True) as session:
        warnings = (*read.warnings, *_duplicates(session, version.package_sha256))
        version.warnings = [cast("JsonObject", asdict(warning)) for warning in warnings]
        course = _course(session, read, into)
        newest = select(func.max(CourseVersion.number)).where(CourseVersion.course_id == course.id)
        version.course_id = course.id
        version.number = (session.scalars(newest).one() or 0) + 1
        session.add(version)
    log.info("content.imported", tenant=str(tenant_id), course=str(course.id), version=str(version.id))
    return ImportResult(course.id, version.id, course.title, read.kind.key, read.detection.label, warnings)


def _course(session: TenantSession, read: _Read, into: UUID | None) -> Course:
    """Return the course the version belongs to; an existing one is locked, so that versions are counted one by one."""
    if into is None:
        settings = read.kind.settings().model_dump(mode="json")
        course = Course(title=read.content.title, content_type=read.kind.key, settings=settings)
        session.add(course)
        session.flush()
        return course
    found = session.scalars(select(Course).where(Course.id == into).with_for_update()).one_or_none()
    if found is None:
        raise UnknownCourseError
    return found


def _duplicates(session: TenantSession, digest: str) -> list[PackageWarning]:
    same = select(Course).join(CourseVersion, CourseVersion.course_id == Course.id)
    titles = [course.title for course in session.scalars(same.where(CourseVersion.package_sha256 == digest))]
    if not titles:
        return []
    message = "The very same package was imported before."
    return [
        PackageWarning("duplicate_package", message, ", ".join(sorted(set(titles))), "Archive what you do not need.")
    ]


def _content_json(read: _Read) -> JsonObject:
    content = read.content
    return {
        "data": content.data,
        "activities": [cast("JsonObject", asdict(activity)) for activity in content.activities],
        "title": content.title,
        "language": content.language,
        "description": content.description,
        "label": read.detection.label,
    }


def _plain(text: str) -> str:
    """Return `text` without what a database or a terminal chokes on: control characters, lone surrogates."""
    text = text.encode("utf-8", "replace").decode()
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
