"""Moving registrations from one placement to another: teachers delete an activity and add it again (design §7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from passback.content.models import Course
from passback.db import TenantSession
from passback.delivery.models import ScoreDelivery
from passback.lti.ags import expect_grade
from passback.lti.models import Context, Deployment, Platform, ResourceLink
from passback.staff.service import audit
from passback.tracking import placements as tracking
from passback.tracking.errors import PlacementMoveError
from passback.tracking.models import Learner, Placement, Registration


class OtherContextError(PlacementMoveError):
    """These two placements are not known to belong to the same course of the same LMS."""

    code = "other_context"
    advice = "`passback registrations placements` names the LMS's course of each; a link is known once it is launched."


@dataclass(frozen=True)
class Moved:
    """What a move came to.

    Args:
        registrations: how many were moved.
        grades_left: how many of them had a grade in the old column, which stays there.
    """

    registrations: int
    grades_left: int


@dataclass(frozen=True)
class PlacementView:
    """A placement as lists show it.

    Args:
        course: our course's title, "" where the placement has none yet.
        context: the LMS's course by its title, label or id; "" where no link leads to the placement (any more).
        registrations: how many there are.
    """

    placement: Placement
    course: str
    context: str
    registrations: int


def list_placements(session: TenantSession, course_id: UUID | None = None) -> Sequence[PlacementView]:
    """Return the placements, of one course or all, the oldest first."""
    query = select(Placement, Course.title).outerjoin(Course, Course.id == Placement.course_id)
    if course_id is not None:
        query = query.where(Placement.course_id == course_id)
    counted = session.execute(select(Registration.placement_id, func.count()).group_by(Registration.placement_id))
    counts = dict(iter(counted))
    linked = session.execute(
        select(ResourceLink.placement_id, Context)
        .join(Context, Context.id == ResourceLink.context_id)
        .order_by(ResourceLink.updated_at)
    )
    contexts = {placement_id: one.title or one.label or one.context_id for placement_id, one in linked}
    return [
        PlacementView(placement, title or "", contexts.get(placement.id, ""), counts.get(placement.id, 0))
        for placement, title in session.execute(query.order_by(Placement.id))
    ]


def move(session: TenantSession, from_id: UUID, to_id: UUID, *, by: str) -> Moved:
    """Move every registration of a placement to another one of the same course and LMS course.

    What is owed follows at once: the new link's column gets the grades, also where no learner launches again. What the
    old column shows stays there and is counted (docs/decisions/0007 says why it is not taken out).

    Args:
        by: who does it, for the audit: a staff user's id or `cli`.

    Raises:
        PlacementUnknownError: there is no such placement.
        PlacementMoveError: it is the same one, or one of another course.
        OtherContextError: the two are in different courses of the LMS, or no link tells.
    """
    from_, to = (tracking.find_placement(session, one) for one in (from_id, to_id))
    old, new = (_newest_link(session, one) for one in (from_id, to_id))
    learners = session.scalars(select(Registration.learner_id).where(Registration.placement_id == from_id)).all()
    if from_id != to_id and (old is None or new is None or old.context_id is None or old.context_id != new.context_id):
        raise OtherContextError(f"{from_id} to {to_id}")
    left = _grades_in(session, from_id) if from_id != to_id else 0
    count = tracking.move_registrations(session, from_, to)
    if new is not None:
        _expect(session, new, to_id, learners)
    audit(
        session,
        actor=by,
        action="registrations.moved",
        subject=f"placement:{from_id}",
        tenant_id=session.tenant_id,
        to=str(to_id),
        count=count,
    )
    return Moved(count, left)


def _grades_in(session: TenantSession, placement_id: UUID) -> int:
    """Count the placement's grades that are known to be in the LMS's gradebook."""
    query = (
        select(func.count())
        .select_from(ScoreDelivery)
        .join(Registration, Registration.id == ScoreDelivery.registration_id)
        .where(
            Registration.placement_id == placement_id,
            ScoreDelivery.sent_scaled.is_not(None),
            ScoreDelivery.state != "superseded",
        )
    )
    return session.scalars(query).one()


def _newest_link(session: TenantSession, placement_id: UUID) -> ResourceLink | None:
    query = select(ResourceLink).where(ResourceLink.placement_id == placement_id)
    return session.scalars(query.order_by(ResourceLink.updated_at.desc()).limit(1)).one_or_none()


def _expect(session: TenantSession, link: ResourceLink, placement_id: UUID, learners: Sequence[UUID]) -> None:
    platform = session.get_one(Platform, session.get_one(Deployment, link.deployment_id).platform_id)
    moved = session.execute(
        select(Registration.id, Learner.subject)
        .join(Learner, Learner.id == Registration.learner_id)
        .where(Registration.placement_id == placement_id, Registration.learner_id.in_(learners))
        .order_by(Registration.id)
    ).all()
    for registration_id, subject in moved:
        expect_grade(session, registration_id, link, platform, subject)
