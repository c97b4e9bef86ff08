"""A course's versions: which one new attempts take, adding one, going back to one, deleting one.

Whoever changes what versions a course has, or which is current, holds the course's row: changes come one by one.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, cast
from uuid import UUID

import structlog
from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError

from passback.content import comparing
from passback.content.comparing import Comparison, Side
from passback.content.errors import (
    CurrentVersionError,
    UnknownCourseError,
    UnknownVersionError,
    VersionInUseError,
)
from passback.content.models import Course, CourseVersion
from passback.db import MAX_INTEGER, JsonObject, TenantSession
from passback.plugin import Activity, ComparesVersions, ContentChange
from passback.runtime import runtime

log = structlog.get_logger(__name__)


class OnNewVersion(StrEnum):
    """What becomes of a learner who is under way when another version is made current.

    `ASK`: at each opening the learner chooses between going on and the current version. `NEXT_ATTEMPT`: the attempt
    goes on unasked, the next one takes the current version. `STAY`: further attempts, too, take the version that the
    learner began with. `AT_ONCE`: the next opening begins on the current version.
    """

    ASK = "ask"
    NEXT_ATTEMPT = "next_attempt"
    STAY = "stay"
    AT_ONCE = "at_once"


def select_current(course_id: UUID) -> Select[CourseVersion]:
    """Return the statement that finds a course's current version."""
    return (
        select(CourseVersion)
        .join(Course, Course.id == CourseVersion.course_id)
        .where(CourseVersion.course_id == course_id)
        .order_by((CourseVersion.number == Course.current_number).desc(), CourseVersion.number.desc())
        .limit(1)
    )


def current_version(session: TenantSession, course_id: UUID) -> CourseVersion:
    """Return the version of a course that new attempts take.

    Raises:
        UnknownCourseError: there is no such course.
    """
    version = session.scalars(select_current(course_id)).one_or_none()
    if version is None:
        raise UnknownCourseError
    return version


def current_numbers(session: TenantSession) -> dict[UUID, int]:
    """Return the number of each course's current version."""
    newest = (
        select(Course.id, func.coalesce(Course.current_number, func.max(CourseVersion.number)))
        .join(CourseVersion, CourseVersion.course_id == Course.id)
        .group_by(Course.id, Course.current_number)
    )
    return {row[0]: row[1] for row in session.execute(newest)}


def list_versions(session: TenantSession, course_id: UUID) -> list[CourseVersion]:
    """Return a course's versions, the newest first."""
    query = select(CourseVersion).where(CourseVersion.course_id == course_id).order_by(CourseVersion.number.desc())
    return list(session.scalars(query))


def find_version(session: TenantSession, course_id: UUID, number: int) -> CourseVersion:
    """Return a version by its number.

    Raises:
        UnknownVersionError: there is none (any more).
    """
    query = select(CourseVersion).where(CourseVersion.course_id == course_id, CourseVersion.number == number)
    version = session.scalars(query).one_or_none() if 0 < number <= MAX_INTEGER else None
    if version is None:
        raise UnknownVersionError(f"version {number}")
    return version


def same_bytes(session: TenantSession, course_id: UUID, digest: str) -> CourseVersion | None:
    """Return the newest version of a course that was made of a package with this SHA-256; None: there is none."""
    query = select(CourseVersion).where(CourseVersion.course_id == course_id, CourseVersion.package_sha256 == digest)
    return session.scalars(query.order_by(CourseVersion.number.desc()).limit(1)).one_or_none()


def lock_course(session: TenantSession, course_id: UUID) -> Course:
    """Lock a course and read it afresh.

    Raises:
        UnknownCourseError: there is no such course.
    """
    query = select(Course).where(Course.id == course_id).with_for_update().execution_options(populate_existing=True)
    course = session.scalars(query).one_or_none()
    if course is None:
        raise UnknownCourseError
    return course


def add_version(session: TenantSession, course: Course, version: CourseVersion) -> None:
    """Add a version to a course, which is locked or new, and make it the current one."""
    newest = session.scalars(select(func.max(CourseVersion.number)).where(CourseVersion.course_id == course.id)).one()
    version.course_id = course.id
    version.number = max(newest or 0, course.last_number or 0) + 1
    course.current_number, course.last_number = None, version.number
    session.add(version)
    session.flush()


def make_current(session: TenantSession, course_id: UUID, number: int) -> CourseVersion:
    """Let new attempts take version `number` from now on: back to an older one, or forward again. Return it.

    Raises:
        UnknownCourseError: there is no such course.
        UnknownVersionError: it has no such version.
    """
    course = lock_course(session, course_id)
    version = find_version(session, course_id, number)
    newest = list_versions(session, course_id)[0]
    course.current_number = None if newest.id == version.id else number
    session.flush()
    return version


def delete_version(session: TenantSession, course_id: UUID, number: int) -> UUID:
    """Delete a version that nobody has ever begun; return its id. Its number is not given again.

    The caller removes its files once the deletion is committed (`storing.remove_version`).

    Raises:
        UnknownVersionError: there is no such version.
        CurrentVersionError: it is the one that new attempts take.
        VersionInUseError: an attempt was made on it.
    """
    course = lock_course(session, course_id)
    version = find_version(session, course_id, number)
    if current_version(session, course_id).id == version.id:
        raise CurrentVersionError(f"version {number}")
    course.last_number = max(course.last_number or 0, list_versions(session, course_id)[0].number)
    try:
        with session.begin_nested():
            session.delete(version)
    except IntegrityError as error:  # the database itself knows every row that needs it, those of plugins too
        raise VersionInUseError(f"version {number}") from error
    return version.id


def set_on_new_version(session: TenantSession, course_id: UUID, policy: OnNewVersion) -> None:
    """Decide what becomes of learners who are under way when another version is made current."""
    lock_course(session, course_id).on_new_version = policy


def activities(version: CourseVersion) -> tuple[Activity, ...]:
    """Return a version's structure."""
    return _activities(cast("Sequence[JsonObject]", version.content["activities"]))


def compare(content_type: str, before: JsonObject, after: JsonObject) -> Comparison:
    """Compare two versions by their `content`, with what the content type has to say; one that fails says nothing.

    Args:
        content_type: the course's.
    """
    kind = runtime().plugins.content_types.get(content_type)
    said: Sequence[ContentChange] = ()
    if isinstance(kind, ComparesVersions):
        try:
            said = tuple(kind.compare(_object(before.get("data")), _object(after.get("data"))))
        except Exception:
            log.exception("content.compare_fault", content_type=content_type)
    return comparing.compare(_side(before), _side(after), said)


def _side(content: JsonObject) -> Side:
    nodes = _activities(cast("Sequence[JsonObject]", content["activities"]))
    return Side(str(content.get("title") or ""), str(content.get("identifier") or ""), nodes)


def _activities(nodes: Sequence[Any]) -> tuple[Activity, ...]:
    return tuple(Activity(**{**node, "children": _activities(node["children"])}) for node in nodes)


def _object(value: object) -> JsonObject:
    return value if isinstance(value, dict) else {}
