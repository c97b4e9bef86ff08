"""Who learns in an LMS course: its roster beside what was recorded, so that those who never started are seen too.

The roster warns and explains; it never decides whether a grade is sent. Only the LMS's own answer does.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, true

from passback.clock import utc_now
from passback.db import TenantSession
from passback.delivery.models import ScoreDelivery
from passback.delivery.words import reason_in_words, state_in_words
from passback.errors import NotFoundError
from passback.lti.course_rows import (
    CoursePlace,
    CourseSummary,
    LearnerRow,
    Numbers,
    Place,
    Sent,
    Show,
    Standing,
)
from passback.lti.known import platform_source
from passback.lti.models import Context, Deployment, Platform, ResourceLink
from passback.lti.roster_models import Roster, RosterMember
from passback.lti.rosters import GRADABLE
from passback.tracking.models import Grade, Learner, Placement, Registration

PAGE = 50
LEARNERS = ("learner", "both")
"""Roles in a roster that an LMS takes grades for; of others it may not (a teacher's own attempt, say)."""


def list_courses(session: TenantSession, *, after: UUID | None = None, limit: int = PAGE) -> list[CourseSummary]:
    """Return LMS courses in which something is placed, the newest first.

    Args:
        after: id of the last one of the page before.
    """
    placements = (
        select(func.count(ResourceLink.placement_id.distinct()))
        .where(ResourceLink.context_id == Context.id)
        .correlate(Context)
        .scalar_subquery()
    )
    query = (
        select(Context, Roster, placements, Platform)
        .outerjoin(Roster, Roster.context_id == Context.id)
        .join(Deployment, Deployment.id == Context.deployment_id)
        .join(Platform, Platform.id == Deployment.platform_id)
        .where(placements > 0)
        .order_by(Context.id.desc())
        .limit(limit)
    )
    rows = session.execute(query if after is None else query.where(Context.id < after)).all()
    counted = session.execute(
        select(RosterMember.roster_id, func.count())
        .where(RosterMember.roster_id.in_([row[1].id for row in rows if row[1]]), *_learns_now())
        .group_by(RosterMember.roster_id)
    )
    learners = dict(iter(counted))
    return [
        CourseSummary(one, roster, learners.get(roster.id, 0) if roster else 0, places, lms.name or lms.issuer)
        for one, roster, places, lms in rows
    ]


def find_context(session: TenantSession, context_id: UUID) -> Context:
    """Return an LMS course.

    Raises:
        NotFoundError: this tenant has none of that id.
    """
    context = session.scalars(select(Context).where(Context.id == context_id)).one_or_none()
    if context is None:
        raise NotFoundError(f"context {context_id}")
    return context


def places_of(session: TenantSession, context_id: UUID, only: UUID | None = None) -> list[Place]:
    """Return the placements of an LMS course, the oldest first.

    Args:
        only: no other placement than this.
    """
    query = (
        select(Placement, ResourceLink.id)
        .join(ResourceLink, ResourceLink.placement_id == Placement.id)
        .where(ResourceLink.context_id == context_id, Placement.course_id.is_not(None))
        .order_by(Placement.id, ResourceLink.updated_at)
    )
    if only is not None:
        query = query.where(Placement.id == only)
    newest = {placement.id: Place(placement, link_id) for placement, link_id in session.execute(query)}
    return list(newest.values())


def look_at(session: TenantSession, context: Context, place: Place) -> CoursePlace:
    """Return what there is to know before the learners are listed."""
    roster = roster_of(session, context.id)
    deployment = session.get_one(Deployment, context.deployment_id)
    return CoursePlace(context, place, roster, platform_source(deployment.platform_id))


def roster_of(session: TenantSession, context_id: UUID) -> Roster | None:
    """Return the roster of an LMS course, None where there has never been one."""
    return session.scalars(select(Roster).where(Roster.context_id == context_id)).one_or_none()


def is_due(roster: Roster) -> bool:
    """Say whether a roster is about to be read."""
    return roster.due_at is not None and roster.due_at <= utc_now()


def numbers(session: TenantSession, at: CoursePlace) -> Numbers:
    """Count the learners of a placement, those whom the roster does not name among them."""
    total = Numbers(*_count(session, _of_roster(at, *_counts(at))) if at.roster else ())
    others = Numbers(*_count(session, _of_others(at, *_counts(at, listed=False))))
    return Numbers(
        *(getattr(total, name) + getattr(others, name) for name in Numbers.__dataclass_fields__)  # all are counts
    )


def learners(
    session: TenantSession, at: CoursePlace, *, show: Show = Show.ALL, after: UUID | None = None, limit: int = PAGE
) -> list[LearnerRow]:
    """Return learners whom the roster names, by name.

    Args:
        after: key of the last one of the page before.
    """
    if at.roster is None:
        return []
    query = _of_roster(at, RosterMember, Learner, Registration, Grade).where(_shown(at, show))
    if after is not None:
        last = session.scalars(select(RosterMember).where(RosterMember.id == after)).one_or_none()
        if last is not None:
            later = and_(RosterMember.sort_name == last.sort_name, RosterMember.id > last.id)
            query = query.where(or_(RosterMember.sort_name > last.sort_name, later))
    rows = session.execute(query.order_by(RosterMember.sort_name, RosterMember.id).limit(limit)).all()
    sent = _sent(session, (row[2].id for row in rows if row[2]))
    return [_row(member, learner, registration, grade, sent) for member, learner, registration, grade in rows]


def others(
    session: TenantSession, at: CoursePlace, *, show: Show = Show.ALL, after: UUID | None = None, limit: int = PAGE
) -> list[LearnerRow]:
    """Return learners who have opened the course and whom the roster does not name, in the order they came.

    Where there is no roster these are all there are.

    Args:
        after: key of the last one of the page before.
    """
    if show is Show.LEFT:
        return []
    query = _of_others(at, Learner, Registration, Grade).where(_shown(at, show, listed=False))
    if after is not None:
        query = query.where(Registration.id > after)
    rows = session.execute(query.order_by(Registration.id).limit(limit)).all()
    sent = _sent(session, (row[1].id for row in rows))
    read_at = at.roster.read_at if at.roster else None
    return [
        LearnerRow(
            registration.id,
            learner.subject,
            learner.name,
            # Who came after the roster was read is no riddle: the next reading will name them.
            Standing.NOT_LISTED if read_at and registration.created_at < read_at else Standing.UNKNOWN,
            registration,
            grade.scaled if grade else None,
            grade.reason if grade else "",
            sent[registration.id],
        )
        for learner, registration, grade in rows
    ]


def _row(
    member: RosterMember,
    learner: Learner | None,
    registration: Registration | None,
    grade: Grade | None,
    sent: dict[UUID, tuple[Sent, ...]],
) -> LearnerRow:
    full = " ".join(filter(None, [member.given_name, member.family_name]))
    return LearnerRow(
        member.id,
        member.user_id,
        member.name or full or (learner.name if learner else ""),
        _standing(member),
        registration,
        grade.scaled if grade else None,
        grade.reason if grade else "",
        sent[registration.id] if registration else (),
    )


def _standing(member: RosterMember) -> Standing:
    if member.gone_at is not None:
        return Standing.LEFT
    if member.status != "active":
        return Standing.INACTIVE
    return Standing.ACTIVE if member.role in LEARNERS else Standing.NO_ROLE


def _of_roster(at: CoursePlace, *what: Any) -> Select[Any]:
    """Select from the roster's learners with what they have done; who left without a trace is no matter any more."""
    assert at.roster is not None  # noqa: S101 - the callers asked
    return (
        select(*what)
        .select_from(RosterMember)
        .outerjoin(Learner, and_(Learner.source == at.source, Learner.subject == RosterMember.user_id))
        .outerjoin(Registration, and_(Registration.learner_id == Learner.id, *_here(at)))
        .outerjoin(Grade, Grade.registration_id == Registration.id)
        .where(
            RosterMember.roster_id == at.roster.id,
            or_(RosterMember.role.in_(GRADABLE), Registration.id.is_not(None)),
            or_(RosterMember.gone_at.is_(None), Registration.id.is_not(None)),
        )
    )


def _of_others(at: CoursePlace, *what: Any) -> Select[Any]:
    query = (
        select(*what)
        .select_from(Registration)
        .join(Learner, Learner.id == Registration.learner_id)
        .outerjoin(Grade, Grade.registration_id == Registration.id)
        .where(*_here(at))
    )
    if at.roster is None:
        return query
    named = select(RosterMember.user_id).where(
        RosterMember.roster_id == at.roster.id, RosterMember.user_id == Learner.subject
    )
    return query.where(or_(Learner.source != at.source, ~named.correlate(Learner).exists()))


def _here(at: CoursePlace) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    placement = at.place.placement
    return Registration.placement_id == placement.id, Registration.course_id == placement.course_id


def _learns_now() -> tuple[ColumnElement[bool], ...]:
    return RosterMember.gone_at.is_(None), RosterMember.role.in_(GRADABLE)


_DONE = or_(Registration.completion == "completed", Registration.success == "passed")


def _shown(at: CoursePlace, show: Show, *, listed: bool = True) -> ColumnElement[bool]:
    """Return what a list is narrowed to; `listed`: of people whom the roster names."""
    started = Registration.started_at.is_not(None)
    here: ColumnElement[bool] = RosterMember.gone_at.is_(None) if listed else Registration.id.is_not(None)
    match show:
        case Show.NOT_STARTED:
            return and_(here, or_(Registration.id.is_(None), Registration.started_at.is_(None)))
        case Show.UNDER_WAY:
            return and_(here, started, ~_DONE)
        case Show.DONE:
            return and_(here, Registration.id.is_not(None), _DONE)
        case Show.LEFT:
            return ~here
        case Show.ATTENTION:
            return _wants_attention() if listed else _refused_or_unlisted(at)
        case _:
            return true()


def _wants_attention() -> ColumnElement[bool]:
    doubtful = or_(
        RosterMember.gone_at.is_not(None),
        RosterMember.status != "active",
        RosterMember.role.not_in(LEARNERS),
    )
    return and_(Registration.id.is_not(None), or_(doubtful, _is_parked()))


def _refused_or_unlisted(at: CoursePlace) -> ColumnElement[bool]:
    if at.roster is None or at.roster.read_at is None:
        return _is_parked()
    return or_(_is_parked(), Registration.created_at < at.roster.read_at)


def _is_parked() -> ColumnElement[bool]:
    parked = select(ScoreDelivery.id).where(
        ScoreDelivery.registration_id == Registration.id, ScoreDelivery.state == "parked"
    )
    return parked.correlate(Registration).exists()


def _counts(at: CoursePlace, *, listed: bool = True) -> list[ColumnElement[Any]]:
    """Return a sum for each of `Numbers`' fields."""
    shows = (Show.NOT_STARTED, Show.UNDER_WAY, Show.DONE, Show.LEFT, Show.ATTENTION)
    conditions = [_shown(at, one, listed=listed) for one in shows]
    here = ~_shown(at, Show.LEFT, listed=listed)
    return [func.sum(case((condition, 1), else_=0)) for condition in (here, *conditions)]


def _count(session: TenantSession, query: Select[Any]) -> Sequence[int]:
    return [int(value or 0) for value in session.execute(query).one()]


def _sent(session: TenantSession, registrations: Iterable[UUID]) -> dict[UUID, tuple[Sent, ...]]:
    """Return what became of each registration's grade; one that goes elsewhere now is left out."""
    wanted = list(registrations)
    found: dict[UUID, tuple[Sent, ...]] = defaultdict(tuple)
    query = select(ScoreDelivery).where(ScoreDelivery.registration_id.in_(wanted), ScoreDelivery.state != "superseded")
    for row in session.scalars(query.order_by(ScoreDelivery.id)):
        reason = reason_in_words(row.reason_class, row.reason)
        text = state_in_words(row.state, tries=row.tries)
        found[row.registration_id] += (
            Sent(row.id, row.state, text, reason, row.sent_scaled, row.accepted_at, row.activity_title),
        )
    return found
