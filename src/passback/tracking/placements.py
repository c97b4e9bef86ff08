"""Placements: where a course is offered and how it counts there."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from passback.clock import utc_now
from passback.content.models import Course
from passback.db import TenantSession
from passback.delivery import owed
from passback.tracking.errors import PlacementMoveError, PlacementUnknownError
from passback.tracking.grading_service import lock_attempts, regrade_registration
from passback.tracking.models import Attempt, Grade, Placement, Registration
from passback.tracking.registrations import lock_registration
from passback.tracking.rollup import attempts_of, refresh

DIRECT = "direct"


def direct_placement(session: TenantSession, course: Course) -> Placement:
    """Return the placement of a course that is played without an LMS, made where it is missing; one per course."""
    session.scalars(select(Course.id).where(Course.id == course.id).with_for_update()).one()
    statement = select(Placement).where(Placement.course_id == course.id, Placement.kind == DIRECT)
    placement = session.scalars(statement.order_by(Placement.id)).first()
    if placement is None:
        placement = Placement(course_id=course.id, title=course.title, kind=DIRECT)
        session.add(placement)
        session.flush()
    return placement


def find_placement(session: TenantSession, placement_id: UUID) -> Placement:
    """Return a placement.

    Raises:
        PlacementUnknownError: there is none of that id in the session's tenant.
    """
    found = session.scalars(select(Placement).where(Placement.id == placement_id)).one_or_none()
    if found is None:
        raise PlacementUnknownError(str(placement_id))
    return found


def move_registrations(session: TenantSession, from_: Placement, to: Placement) -> int:
    """Move every registration of a placement to another one of the same course; return how many were moved.

    Teachers delete and re-add activities. A learner who has begun at both keeps everything: the attempts are put into
    one row by their dates, and the grade is decided from all of them by the rule of the new placement.

    Raises:
        PlacementMoveError: the same placement, or different courses.
    """
    if from_.id == to.id or from_.course_id != to.course_id:
        raise PlacementMoveError(f"{from_.id} to {to.id}")
    ids = session.scalars(
        select(Registration.id).where(Registration.placement_id == from_.id).order_by(Registration.id)
    ).all()
    for registration_id in ids:
        _move(session, registration_id, to, utc_now())
    return len(ids)


def _move(session: TenantSession, registration_id: UUID, to: Placement, now: datetime) -> None:
    moved = session.scalars(select(Registration).where(Registration.id == registration_id)).one()
    there = session.scalars(
        select(Registration).where(
            Registration.placement_id == to.id,
            Registration.learner_id == moved.learner_id,
            Registration.course_id == moved.course_id,
        )
    ).one_or_none()
    for one in sorted({registration_id, there.id if there else registration_id}):
        lock_attempts(session, one)
    moved = lock_registration(session, registration_id)
    if there is None:
        moved.placement_id = to.id
        target = moved
    else:
        target = lock_registration(session, there.id)
        _merge(session, moved, target)
    session.flush()
    refresh(target, attempts_of(session, target), to.which_attempt, target.last_activity_at or now)
    session.flush()
    regrade_registration(session, target.id)


def _merge(session: TenantSession, moved: Registration, target: Registration) -> None:
    """Give `target` the attempts of `moved`, all numbered by the time they began, and remove `moved`."""
    attempts: Sequence[Attempt] = sorted(
        [*attempts_of(session, moved), *attempts_of(session, target)], key=lambda one: (one.started_at, one.id)
    )
    beyond = len(attempts) + max((one.number for one in attempts), default=0)
    for number, attempt in enumerate(attempts, start=beyond + 1):  # out of the way first: numbers are unique
        attempt.registration_id, attempt.number = target.id, number
        session.flush()
    for number, attempt in enumerate(attempts, start=1):
        attempt.number = number
        session.flush()
    _keep_override(session, moved, target)
    if moved.started_at and (target.started_at is None or moved.started_at < target.started_at):
        target.started_at = moved.started_at
    session.flush()
    session.delete(moved)
    session.flush()


def _keep_override(session: TenantSession, moved: Registration, target: Registration) -> None:
    """A grade set by hand stays set by hand, unless there is one at the new place."""
    grades = {
        grade.registration_id: grade
        for grade in session.scalars(select(Grade).where(Grade.registration_id.in_({moved.id, target.id})))
    }
    old, new = grades.get(moved.id), grades.get(target.id)
    if old is None or not old.overridden_by or (new is not None and new.overridden_by):
        return
    if new is None:
        new = Grade(registration_id=target.id, version=0)
        session.add(new)
    new.overridden_by, new.override_reason, new.reason = old.overridden_by, old.override_reason, old.reason
    new.scaled, new.final, new.completed = old.scaled, old.final, old.completed
    new.version = max(new.version, old.version) + 1
    session.flush()
    owed.score_changed(session, target.id, new.version, sendable=True)
