"""New versions that somebody looks at first: what would change, then yes or no.

An upload is checked and stored whole, and waits in a row of its own (`StagedVersion`); confirming it is one transaction
that moves no file. What nobody confirms goes after a day, its files with `storing.remove_abandoned`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO
from uuid import UUID

from sqlalchemy import select

from passback.content.comparing import Comparison
from passback.content.errors import (
    OlderVersionError,
    SameVersionError,
    StagedVersionGoneError,
    VersionChangedError,
)
from passback.content.findings import read_warnings, stored_warnings
from passback.content.models import Course, CourseVersion, StagedVersion
from passback.content.package import ZipPackage
from passback.content.reading import receive
from passback.content.service import duplicates, find_target, stored
from passback.content.storing import remove_version
from passback.content.versions import add_version, compare, current_version, lock_course, same_bytes
from passback.db import JsonObject, TenantSession, new_id, tenant_session
from passback.plugin import PackageWarning
from passback.settings import MEBIBYTE
from passback.staff.service import audit


@dataclass(frozen=True)
class Prospect:
    """What a package would change if it became the course's current version.

    Args:
        current: the version it was compared with.
        warnings: of a package that was just read; those of an upload that waits are in its row.
        same_as: number of the version that was made of these very bytes, None for none.
    """

    course: Course
    current: CourseVersion
    comparison: Comparison
    warnings: tuple[PackageWarning, ...]
    same_as: int | None = None

    @property
    def unchanged(self) -> bool:
        """True where the current version was made of these very bytes."""
        return self.same_as == self.current.number


def try_version(tenant_id: UUID, file: IO[bytes], filename: str, into: UUID) -> Prospect:
    """Check a package as a new version of the course `into`, every byte of it, and keep nothing.

    Raises:
        PackageRefusedError: the package cannot be used.
        UnknownCourseError: there is no course `into`.
        ImportFaultError: a content type failed.
    """
    with receive(tenant_id, file, filename, find_target(tenant_id, into)) as incoming:
        _read_whole(incoming.package)
        with tenant_session(tenant_id) as session:
            same = same_bytes(session, into, incoming.digest)
            return _prospect(session, into, incoming.content_json(), incoming.warnings, same)


def stage_version(tenant_id: UUID, file: IO[bytes], filename: str, into: UUID, *, by: str) -> UUID:
    """Check and store a package that may become a version of the course `into`; return what it is found by.

    Args:
        by: who uploads it, a staff user's id.

    Raises:
        PackageRefusedError: the package cannot be used.
        UnknownCourseError: there is no course `into`.
        SameVersionError: it is the current version, byte for byte.
        OlderVersionError: it is an older version, byte for byte.
        ImportFaultError: a content type failed.
        StorageError: the files cannot be stored.
    """
    with receive(tenant_id, file, filename, find_target(tenant_id, into)) as incoming:
        with tenant_session(tenant_id) as session:
            _refuse_same(session, into, incoming.digest)
        version_id = new_id()
        with stored(tenant_id, version_id, incoming.package) as total, tenant_session(tenant_id, write=True) as session:
            lock_course(session, into)
            warnings = (*incoming.warnings, *duplicates(session, incoming.digest))
            staged = StagedVersion(
                id=version_id,
                course_id=into,
                content=incoming.content_json(),
                warnings=stored_warnings(warnings),
                package_sha256=incoming.digest,
                package_name=incoming.package.name,
                file_count=len(incoming.package.names()),
                total_bytes=total,
                reports_score=incoming.content.reports_score,
                staged_by=by,
            )
            session.add(staged)
    return version_id


def list_staged(session: TenantSession, course_id: UUID) -> Sequence[StagedVersion]:
    """Return the uploads that wait for a course, the newest first."""
    query = select(StagedVersion).where(StagedVersion.course_id == course_id).order_by(StagedVersion.id.desc())
    return session.scalars(query).all()


def find_staged(session: TenantSession, course_id: UUID, staged_id: UUID) -> tuple[StagedVersion, Prospect]:
    """Return an upload that waits, and what it would change by now.

    Raises:
        StagedVersionGoneError: it does not wait (any more).
    """
    staged = _staged(session, course_id, staged_id)
    warnings = read_warnings(staged.warnings)
    return staged, _prospect(session, course_id, staged.content, warnings, None)


def confirm_version(tenant_id: UUID, course_id: UUID, staged_id: UUID, *, against: UUID, by: str) -> CourseVersion:
    """Make an upload the course's current version; done twice, it makes one.

    Args:
        against: the version that was current when its changes were looked at.
        by: who confirms it, a staff user's id.

    Raises:
        StagedVersionGoneError: it does not wait (any more).
        VersionChangedError: another version is current by now.
        OlderVersionError: the same package has become a version in the meantime; `SameVersionError` likewise.
    """
    with tenant_session(tenant_id, write=True) as session:
        course = lock_course(session, course_id)
        done = session.get(CourseVersion, staged_id)
        if done is not None and done.course_id == course_id:
            return done
        staged = _staged(session, course_id, staged_id)
        _refuse_same(session, course_id, staged.package_sha256)
        if current_version(session, course_id).id != against:
            raise VersionChangedError
        version = CourseVersion(
            id=staged.id,
            content=staged.content,
            warnings=staged.warnings,
            package_sha256=staged.package_sha256,
            package_name=staged.package_name,
            file_count=staged.file_count,
            total_bytes=staged.total_bytes,
            reports_score=staged.reports_score,
            imported_by=by,
        )
        add_version(session, course, version)
        session.delete(staged)
        audit(
            session,
            actor=by,
            action="course.version_added",
            subject=str(course_id),
            tenant_id=tenant_id,
            number=version.number,
        )
    return version


def discard_version(tenant_id: UUID, course_id: UUID, staged_id: UUID) -> None:
    """Drop an upload that waits; one that is gone is none any more.

    Raises:
        StagedVersionGoneError: it has become a version.
    """
    with tenant_session(tenant_id, write=True) as session:
        lock_course(session, course_id)
        session.delete(_staged(session, course_id, staged_id))
    remove_version(tenant_id, staged_id)


def _staged(session: TenantSession, course_id: UUID, staged_id: UUID) -> StagedVersion:
    staged = session.get(StagedVersion, staged_id)
    if staged is None or staged.course_id != course_id:
        raise StagedVersionGoneError
    return staged


def _prospect(
    session: TenantSession,
    course_id: UUID,
    content: JsonObject,
    warnings: Sequence[PackageWarning] = (),
    same: CourseVersion | None = None,
) -> Prospect:
    course = session.get_one(Course, course_id)
    current = current_version(session, course_id)
    comparison = compare(course.content_type, current.content, content)
    return Prospect(course, current, comparison, tuple(warnings), same.number if same else None)


def _refuse_same(session: TenantSession, course_id: UUID, digest: str) -> None:
    same = same_bytes(session, course_id, digest)
    if same is None:
        return
    if same.id == current_version(session, course_id).id:
        raise SameVersionError(f"version {same.number}")
    raise OlderVersionError(same.number)


def _read_whole(package: ZipPackage) -> None:
    """Read every file: a damaged one says so only then."""
    for name in package.names():
        with package.open(name) as file:
            while file.read(MEBIBYTE):
                pass
