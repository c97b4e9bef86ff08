"""Registrations: a learner on a course at a placement."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from passback.db import TenantSession
from passback.tracking.errors import RegistrationUnknownError
from passback.tracking.models import Learner, Placement, Registration


def ensure_registration(
    session: TenantSession, *, learner: Learner, course_id: UUID, placement: Placement
) -> Registration:
    """Return the learner's registration for the course at the placement, made where it is missing.

    Safe under concurrency: a double click on a link makes one.
    """
    found = _find(session, learner.id, course_id, placement.id)
    if found is not None:
        return found
    try:
        with session.begin_nested():
            made = Registration(learner_id=learner.id, course_id=course_id, placement_id=placement.id)
            session.add(made)
    except IntegrityError:
        found = _find(session, learner.id, course_id, placement.id)
        if found is None:
            raise
        return found
    return made


def get_registration(session: TenantSession, registration_id: UUID) -> Registration:
    """Return a registration.

    Raises:
        RegistrationUnknownError: there is none of that id in the session's tenant.
    """
    found = session.scalars(select(Registration).where(Registration.id == registration_id)).one_or_none()
    if found is None:
        raise RegistrationUnknownError(str(registration_id))
    return found


def lock_registration(session: TenantSession, registration_id: UUID) -> Registration:
    """Lock a registration and read it afresh. Attempts and state cells are locked before it, never after."""
    statement = select(Registration).where(Registration.id == registration_id).with_for_update()
    found = session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise RegistrationUnknownError(str(registration_id))
    return found


def list_registrations(
    session: TenantSession,
    *,
    course_id: UUID | None = None,
    placement_id: UUID | None = None,
    after: UUID | None = None,
    limit: int = 100,
) -> Sequence[tuple[Registration, Learner]]:
    """Return a page of registrations with their learners, in the order they were made.

    Args:
        after: id of the last registration of the page before.
    """
    statement = select(Registration, Learner).join(Learner, Registration.learner_id == Learner.id)
    if course_id is not None:
        statement = statement.where(Registration.course_id == course_id)
    if placement_id is not None:
        statement = statement.where(Registration.placement_id == placement_id)
    if after is not None:
        statement = statement.where(Registration.id > after)
    rows = session.execute(statement.order_by(Registration.id).limit(limit))
    return [(registration, learner) for registration, learner in rows]


def _find(session: TenantSession, learner_id: UUID, course_id: UUID, placement_id: UUID) -> Registration | None:
    return session.scalars(
        select(Registration).where(
            Registration.placement_id == placement_id,
            Registration.learner_id == learner_id,
            Registration.course_id == course_id,
        )
    ).one_or_none()
