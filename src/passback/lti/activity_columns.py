"""The columns of a link whose course counts by activity: one for each, kept for as long as the link is there."""

import structlog
from sqlalchemy import select

from passback.content.service import current_version
from passback.db import TenantSession
from passback.delivery.owed import Column
from passback.lti.line_items import UNKNOWN
from passback.lti.models import ActivityColumn, ResourceLink
from passback.lti.services import LINE_ITEM, SCORE
from passback.tracking.activities import MOST, counted
from passback.tracking.models import Placement

log = structlog.get_logger(__name__)


def can_grade(link: ResourceLink) -> bool:
    """Say whether an activity's score can be sent at all: its column has to be found or made, which takes a scope."""
    return bool(link.line_items_url) and {SCORE, LINE_ITEM} <= set(link.ags_scopes)


def expected(session: TenantSession, link: ResourceLink, placement: Placement) -> list[Column]:
    """Return where the grades of each activity go; activities that are new in the course get a column.

    Those that are not in the course any more are left out; their columns stay.
    """
    known = {column.activity: column for column in of_link(session, link)}
    if placement.course_id is None:
        return []
    current = counted(current_version(session, placement.course_id))
    if any(one.id not in known or known[one.id].title != one.title for one in current):
        # Two learners at once: PostgreSQL waits here, and then both know the same columns.
        session.execute(select(ResourceLink.id).where(ResourceLink.id == link.id).with_for_update())
        known = {column.activity: column for column in of_link(session, link)}
        for position, one in enumerate(current):
            column = known.get(one.id)
            if column is None and len(known) < MOST:
                column = known[one.id] = ActivityColumn(resource_link_id=link.id, activity=one.id, line_item_url="")
                session.add(column)
            if column is None:
                log.warning("activity_columns.too_many", link=str(link.id), activity=one.id)
                continue
            column.title, column.position = one.title or one.id, position
        session.flush()
    columns = [known[one.id] for one in current if one.id in known]
    return [Column(one.activity, one.title, one.line_item_url or f"{UNKNOWN}{one.id}") for one in columns]


def of_link(session: TenantSession, link: ResourceLink) -> list[ActivityColumn]:
    """Return a link's columns, in the order of the course."""
    query = select(ActivityColumn).where(ActivityColumn.resource_link_id == link.id)
    query = query.order_by(ActivityColumn.position, ActivityColumn.id).execution_options(populate_existing=True)
    return list(session.scalars(query))


def find(session: TenantSession, link: ResourceLink, activity: str) -> ActivityColumn | None:
    """Return the column of one activity."""
    query = select(ActivityColumn).where(
        ActivityColumn.resource_link_id == link.id, ActivityColumn.activity == activity
    )
    return session.scalars(query).one_or_none()


def is_activity_column(session: TenantSession, link: ResourceLink, url: str) -> bool:
    """Say whether a line item is one of the link's activities'."""
    if link.id is None:
        return False
    query = select(ActivityColumn.id).where(
        ActivityColumn.resource_link_id == link.id, ActivityColumn.line_item_url == url
    )
    return session.scalars(query.limit(1)).one_or_none() is not None
