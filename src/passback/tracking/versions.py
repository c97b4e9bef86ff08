"""Learners and the versions of their course: who is on which, and who may go on with the current one.

An attempt stays on its version for good. Going on with another version is a new attempt; the one before keeps what it
has come to.
"""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import func, select

from passback.content.models import Course, CourseVersion
from passback.content.versions import OnNewVersion, select_current
from passback.db import TenantSession
from passback.plugin import Completion, Success
from passback.tracking.models import Attempt, Registration
from passback.tracking.outcome import load

VersionChange = Literal["none", "ask", "at_once"]


@dataclass(frozen=True)
class Current:
    """The version of a course that new attempts take, and what becomes of learners on another one."""

    version_id: UUID
    policy: OnNewVersion


@dataclass(frozen=True)
class Usage:
    """Who is on a version.

    Args:
        attempts: all that were ever made on it; none means that it can be deleted.
        learners: whose newest attempt is on it.
        running: those of them who have not finished it.
    """

    attempts: int = 0
    learners: int = 0
    running: int = 0


def find_current(session: TenantSession, course_id: UUID) -> Current:
    """Return a course's current version and its rule for learners on another one."""
    statement = select_current(course_id).with_only_columns(CourseVersion.id, Course.on_new_version)
    version_id, policy = session.execute(statement).one()
    return Current(version_id, OnNewVersion(policy))


def next_version(session: TenantSession, registration: Registration, latest: Attempt | None) -> UUID:
    """Return the version that the registration's next attempt takes.

    Args:
        latest: its newest attempt so far, None for none.
    """
    current = find_current(session, registration.course_id)
    if latest is not None and current.policy is OnNewVersion.STAY:
        return latest.course_version_id
    return current.version_id


def version_change(current: Current, attempt: Attempt, *, another_allowed: bool) -> VersionChange:
    """Say whether a learner who goes on with `attempt` is offered the current version instead, or led to it.

    An attempt that has come to something gives way only where another attempt is allowed: it would be used up.
    """
    if attempt.course_version_id == current.version_id or not (another_allowed or is_undecided(attempt)):
        return "none"
    match current.policy:
        case OnNewVersion.ASK:
            return "ask"
        case OnNewVersion.AT_ONCE:
            return "at_once"
        case _:
            return "none"


def is_undecided(attempt: Attempt) -> bool:
    """Say whether an attempt has come to nothing that counts yet: no verdict, no completion."""
    outcome = load(attempt.outcome)
    return outcome.success is Success.UNKNOWN and outcome.completion is not Completion.COMPLETED


def gives_way(session: TenantSession, registration: Registration, attempt: Attempt) -> bool:
    """Say whether `attempt`, which is locked, may be left for the current version without being used up."""
    change = version_change(find_current(session, registration.course_id), attempt, another_allowed=False)
    return change != "none"


def usage(session: TenantSession, course_id: UUID) -> dict[UUID, Usage]:
    """Return who is on each version of a course; versions without any attempt are left out."""
    newest = Attempt.number == Registration.attempts
    counted = session.execute(
        select(
            Attempt.course_version_id,
            func.count(),
            func.count().filter(newest),
            func.count().filter(newest, Attempt.status != "ended"),
        )
        .join(Registration, Registration.id == Attempt.registration_id)
        .where(Registration.course_id == course_id)
        .group_by(Attempt.course_version_id)
    )
    return {row[0]: Usage(row[1], row[2], row[3]) for row in counted}
