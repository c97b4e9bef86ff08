"""Resource links and what they offer: a link leads to a placement, found by the choice that it carries with it.

A link's id says *which placement*, its custom parameter `passback_item` *which choice*: a duplicated Moodle activity
has a new id and the same custom parameters, so it gets a placement of its own with the same course and settings.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from passback.clock import utc_now
from passback.content.models import Course
from passback.db import TenantSession
from passback.lti.activity_columns import is_activity_column
from passback.lti.ags import expect_grades
from passback.lti.link_dates import changed_dates
from passback.lti.message import LinkFacts
from passback.lti.models import Context, Deployment, FormerPlacement, LinkChoice, ResourceLink
from passback.tracking.grading_service import regrade_placement
from passback.tracking.models import Placement
from passback.tracking.windows import copy_windows

SETTINGS = ("counts", "pass_mark", "which_attempt", "max_attempts", "points", "columns")
RULE = ("counts", "pass_mark", "which_attempt", "columns")
"""Those of the settings that decide a grade. The maximum is the column's business: grades are shares of it."""


@dataclass(frozen=True)
class Placed:
    """A link with content."""

    link: ResourceLink
    placement: Placement
    course_id: UUID


def open_link(session: TenantSession, facts: LinkFacts, item: str) -> Placed | None:
    """Return what a launched link offers, with its services brought up to date; None: nothing yet.

    Args:
        facts: the link as this launch describes it.
        item: the `LinkChoice` that it carries, or "".
    """
    found = _find(session, facts)
    if item and (found is None or str(found.link.choice_id) != item):
        choice = find_choice(session, item)
        if choice is not None:
            placed = place_link(session, facts, choice)
            _take_dates(placed.placement, facts)
            return placed
    if found is not None:
        _refresh(session, found.link, facts)
        _take_dates(found.placement, facts)
    return found


def place_link(session: TenantSession, facts: LinkFacts, choice: LinkChoice) -> Placed:
    """Let the link lead to a placement with the choice's course and settings; return where it leads.

    The same course chosen anew for a link is the same placement with new settings: learners keep their attempts, and
    their grades are decided again where the rule has changed. With another course the link leads elsewhere from now on;
    what was recorded at its old placement stays there, and is found again when the link comes back to that course.
    """
    # Two first launches at once: PostgreSQL waits here, SQLite's write transactions are one at a time anyway.
    session.execute(select(Deployment.id).where(Deployment.id == facts.deployment_row).with_for_update())
    found, counted_by = _find(session, facts), choice.columns
    if found is not None and found.link.choice_id == choice.id:
        return found
    if found is None:
        placement = _new_placement(session, facts, choice)
        context = context_of(session, facts)
        link = ResourceLink(deployment_id=facts.deployment_row, context_id=context.id, link_id=facts.link_id)
        session.add(link)
    else:
        link = found.link
        counted_by = found.placement.columns
        placement = _chosen_anew(session, facts, found, choice)
    link.placement_id, link.choice_id = placement.id, choice.id
    _refresh(session, link, facts)
    session.flush()
    if counted_by != placement.columns:  # every learner's, also of those who do not launch again
        expect_grades(session, link)
    return Placed(link, placement, choice.course_id)


def _chosen_anew(session: TenantSession, facts: LinkFacts, found: Placed, choice: LinkChoice) -> Placement:
    if found.course_id == choice.course_id:
        return _resettle(session, found.placement, choice)
    former = _leave(session, found.link, choice)
    return _resettle(session, former, choice) if former else _new_placement(session, facts, choice)


def _new_placement(session: TenantSession, facts: LinkFacts, choice: LinkChoice) -> Placement:
    placement = Placement(
        course_id=choice.course_id,
        title=facts.title or session.scalars(select(Course.title).where(Course.id == choice.course_id)).one(),
        kind="lti",
        **{name: getattr(choice, name) for name in SETTINGS},
    )
    if not _is_copied(session, choice):  # last year's dates would keep this year's learners out
        copy_windows(choice, placement)
    session.add(placement)
    session.flush()
    return placement


def _resettle(session: TenantSession, placement: Placement, choice: LinkChoice) -> Placement:
    """Give a placement the settings of a choice; its grades follow a new rule."""
    rule = [getattr(placement, name) for name in RULE]
    for name in SETTINGS:
        setattr(placement, name, getattr(choice, name))
    copy_windows(choice, placement)
    session.flush()
    if rule != [getattr(placement, name) for name in RULE]:
        regrade_placement(session, placement.id)
    return placement


def _is_copied(session: TenantSession, choice: LinkChoice) -> bool:
    """Say whether another link has brought this choice already: then this one is a copy of it."""
    led = select(ResourceLink.id).where(ResourceLink.choice_id == choice.id).limit(1)
    has_led = select(FormerPlacement.id).where(FormerPlacement.choice_id == choice.id).limit(1)
    return any(session.scalars(query).one_or_none() is not None for query in (led, has_led))


def _leave(session: TenantSession, link: ResourceLink, choice: LinkChoice) -> Placement | None:
    """Note where the link has led until now; return its newest placement with the choice's course, or None."""
    noted = select(FormerPlacement).where(FormerPlacement.resource_link_id == link.id)
    if link.choice_id not in {row.choice_id for row in session.scalars(noted)}:
        session.add(FormerPlacement(resource_link_id=link.id, choice_id=link.choice_id, placement_id=link.placement_id))
        session.flush()
    former = (
        select(Placement)
        .join(FormerPlacement, FormerPlacement.placement_id == Placement.id)
        .where(FormerPlacement.resource_link_id == link.id, Placement.course_id == choice.course_id)
    )
    return session.scalars(former.order_by(FormerPlacement.id.desc()).limit(1)).one_or_none()


def _find(session: TenantSession, facts: LinkFacts) -> Placed | None:
    row = session.execute(
        select(ResourceLink, Placement, Context)
        .join(Placement, Placement.id == ResourceLink.placement_id)
        .join(Context, Context.id == ResourceLink.context_id)
        .where(
            ResourceLink.deployment_id == facts.deployment_row,
            ResourceLink.link_id == facts.link_id,
            Context.context_id == facts.context_id,
        )
    ).one_or_none()
    if row is None:
        return None
    link, placement, context = row
    _rename(context, facts)
    return Placed(link, placement, placement.course_id) if placement.course_id is not None else None


def find_choice(session: TenantSession, item: str) -> LinkChoice | None:
    """Return the choice that a custom parameter names; a foreign or garbled one is none at all."""
    try:
        wanted = UUID(item)
    except ValueError:
        return None
    return session.scalars(select(LinkChoice).where(LinkChoice.id == wanted)).one_or_none()


def context_of(session: TenantSession, facts: LinkFacts) -> Context:
    """Return the LMS course's row; launches without a context share one named "" per deployment."""
    context = session.scalars(
        select(Context).where(Context.deployment_id == facts.deployment_row, Context.context_id == facts.context_id)
    ).one_or_none()
    if context is None:
        context = Context(deployment_id=facts.deployment_row, context_id=facts.context_id)
        session.add(context)
    _rename(context, facts)
    session.flush()
    return context


def _rename(context: Context, facts: LinkFacts) -> None:
    if facts.context_title and context.title != facts.context_title:
        context.title = facts.context_title
    if facts.context_label and context.label != facts.context_label:
        context.label = facts.context_label


def _take_dates(placement: Placement, facts: LinkFacts) -> None:
    """Take over the dates that the LMS has for the link: it is where a teacher moves a deadline."""
    for name, moment in changed_dates(placement, facts.dates).items():
        setattr(placement, name, moment)


def _refresh(session: TenantSession, link: ResourceLink, facts: LinkFacts) -> None:
    """Take over what changed since the last launch: service URLs move when an LMS is upgraded.

    A launch without the services' claims says nothing about them (LMSs leave them out for some people). One with
    `lineitems` alone names no line item (Moodle, for ungraded activities and after a second one was made): then the
    one that is known stays, which may be one that Passback made itself; a lost one is found out when a score is sent.
    Where an activity's column is the only one so far, LMSs name that: it is not the link's own.
    """
    new: dict[str, object] = {"title": facts.title} if facts.title else {}
    if facts.line_items_url or facts.line_item_url or facts.ags_scopes:
        new |= {"line_items_url": facts.line_items_url, "ags_scopes": facts.ags_scopes}
    moved = facts.line_item_url not in {"", link.line_item_url} and not link.line_item_chosen
    if moved and not is_activity_column(session, link, facts.line_item_url):
        new["line_item_url"] = facts.line_item_url
    if facts.memberships_url:
        new["memberships_url"] = facts.memberships_url
    changed = {name: value for name, value in new.items() if getattr(link, name) != value}
    for name, value in changed.items():
        setattr(link, name, value)
    if changed:
        link.updated_at = utc_now()
