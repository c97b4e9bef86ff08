"""What a learner's launch repeats: everything it says is stored already, which one query tells.

Most launches are of this kind. The query replaces what `links`, `learners`, `registrations` and `expect_score` would
each look up; where anything is missing or has changed it says nothing, and they do their work.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from passback.db import TenantSession
from passback.db.prepared import TenantQuery, own, table_of
from passback.delivery.models import ScoreDelivery
from passback.lti.ags import SENDER
from passback.lti.link_dates import changed_dates
from passback.lti.message import Launch, LinkFacts, Person
from passback.lti.models import Context, ResourceLink
from passback.lti.services import SCORE
from passback.tracking.models import Learner, Placement, Registration
from passback.tracking.windows import NAMES

_PERSON = ("name", "given_name", "family_name", "email", "locale")
_LINKS, _CONTEXTS, _PLACEMENTS, _LEARNERS, _REGISTRATIONS, _DELIVERIES = (
    table_of(model).c for model in (ResourceLink, Context, Placement, Learner, Registration, ScoreDelivery)
)
_DELIVERY = (
    select(_DELIVERIES.id)
    .where(
        own(ScoreDelivery),
        _DELIVERIES.registration_id == _REGISTRATIONS.id,
        _DELIVERIES.sender == SENDER,
        _DELIVERIES.line_item == bindparam("line_item"),
        _DELIVERIES.user_id == bindparam("subject"),
        _DELIVERIES.state != "parked",
        _DELIVERIES.state != "superseded",
    )
    .scalar_subquery()
)
"""A parked delivery is not found on purpose: a launch is a reason to try it again."""
_QUERY = TenantQuery(
    select(
        _REGISTRATIONS.id.label("registration"),
        _DELIVERY.label("delivery"),
        _LINKS.id,
        _LINKS.choice_id,
        _LINKS.title,
        _LINKS.line_item_url,
        _LINKS.line_items_url,
        _LINKS.ags_scopes,
        _LINKS.memberships_url,
        _CONTEXTS.title.label("context_title"),
        _CONTEXTS.label.label("context_label"),
        *(_PLACEMENTS[name] for name in NAMES),
        *(_LEARNERS[name] for name in _PERSON),
    ).where(
        *(own(model) for model in (ResourceLink, Context, Placement, Learner, Registration)),
        _LINKS.deployment_id == bindparam("deployment"),
        _LINKS.link_id == bindparam("link"),
        _CONTEXTS.id == _LINKS.context_id,
        _CONTEXTS.context_id == bindparam("context"),
        _PLACEMENTS.id == _LINKS.placement_id,
        _LEARNERS.source == bindparam("source"),
        _LEARNERS.subject == bindparam("subject"),
        _REGISTRATIONS.learner_id == _LEARNERS.id,
        _REGISTRATIONS.placement_id == _PLACEMENTS.id,
        _REGISTRATIONS.course_id == _PLACEMENTS.course_id,
    )
)


def known_registration(session: TenantSession, launch: Launch) -> UUID | None:
    """Return the registration of a learner whose launch brings nothing new, else None."""
    facts = launch.link
    row = _QUERY.one(
        session,
        source=source_of(launch),
        subject=launch.person.subject,
        line_item=facts.line_item_url,
        deployment=facts.deployment_row,
        link=facts.link_id,
        context=facts.context_id,
    )
    if row is None or not _same_link(row, facts, launch.item) or not _same_person(row, launch.person):
        return None
    gradable = SCORE in row.ags_scopes and bool(row.line_item_url or row.line_items_url)
    promised = row.delivery is not None and row.line_item_url == facts.line_item_url
    return row.registration if promised or not gradable else None


def source_of(launch: Launch) -> str:
    """Return the `Learner.source` of a platform's people."""
    return platform_source(launch.platform.id)


def platform_source(platform_id: UUID) -> str:
    """Return the `Learner.source` of the people of the platform with this id."""
    return f"lti:{platform_id}"


def _same_link(row: Any, facts: LinkFacts, item: str) -> bool:
    if item and item != str(row.choice_id):
        return False
    said = (
        (facts.title, row.title),
        (facts.context_title, row.context_title),
        (facts.context_label, row.context_label),
        (facts.memberships_url, row.memberships_url),
    )
    if any(new and new != old for new, old in said) or changed_dates(row, facts.dates):
        return False
    if not (facts.line_item_url or facts.line_items_url or facts.ags_scopes):
        return True
    stored = (row.line_item_url, row.line_items_url, row.ags_scopes)
    return stored == (facts.line_item_url, facts.line_items_url, facts.ags_scopes)


def _same_person(row: Any, person: Person) -> bool:
    return all(getattr(person, name) in {"", getattr(row, name)} for name in _PERSON)
