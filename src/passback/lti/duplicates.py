"""Links with several columns in the gradebook: told, and a person says which one gets the grades.

A second column comes of an activity that was copied or restored, or of a teacher's own hand. Passback never deletes a
column and never unbinds one: whose it is and what else hangs on it cannot be known from here.
"""

from dataclasses import dataclass, replace
from uuid import UUID

import structlog
from sqlalchemy import select

from passback.db import TenantSession, tenant_session
from passback.errors import NotFoundError, PassbackError
from passback.lti import line_items
from passback.lti.ags import expect_grades, target_of
from passback.lti.line_items import LineItemTarget
from passback.lti.models import ResourceLink
from passback.lti.reconciliation_models import Reconciliation, ReconciliationFinding
from passback.staff.service import audit
from passback.tracking.models import Placement

DUPLICATE = "duplicate"
"""Kind of the finding that is a further column."""
UNUSED = "column_unused"

log = structlog.get_logger(__name__)


class ColumnGoneError(NotFoundError):
    """This column is not in the gradebook any more; grades go where they went before."""

    code = "column_gone"
    advice = "Have the course compared with the gradebook again to see the columns there are."


@dataclass(frozen=True)
class Extra:
    """A column of a link that gets no grades, beside the one that does.

    Args:
        id: of the finding.
        title: of the activity.
        label: what the column is called, with its maximum.
    """

    id: UUID
    link_id: UUID
    title: str
    label: str


def further_columns(target: LineItemTarget) -> list[line_items.FoundColumn]:
    """Return the columns of a link beside the one that its grades go to; none where the LMS would not tell.

    A list that cannot be read is no reason to call a comparison failed: the grades themselves have been read.
    """
    try:
        columns = line_items.columns(target)
    except PassbackError as error:
        log.info("duplicates.not_told", link=str(target.link), code=error.code)
        return []
    urls = {column.url for column in columns}
    return [column for column in columns if column.url != target.url] if target.url in urls else []


def note(session: TenantSession, report: Reconciliation, link: UUID, further: list[line_items.FoundColumn]) -> None:
    """Put further columns into a course's report."""
    for column in further:
        session.add(
            ReconciliationFinding(
                reconciliation_id=report.id,
                link_id=link,
                kind=DUPLICATE,
                action=UNUSED,
                line_item=column.url,
                label=column.label,
            )
        )


def extras(session: TenantSession, context_id: UUID, only: UUID | None = None) -> list[Extra]:
    """Return the further columns that the newest report of an LMS course names.

    Args:
        only: of this link alone.
    """
    query = (
        select(ReconciliationFinding, ResourceLink.title, Placement.title)
        .join(Reconciliation, Reconciliation.id == ReconciliationFinding.reconciliation_id)
        .join(ResourceLink, ResourceLink.id == ReconciliationFinding.link_id)
        .join(Placement, Placement.id == ResourceLink.placement_id)
        .where(Reconciliation.context_id == context_id, ReconciliationFinding.kind == DUPLICATE)
        .order_by(ReconciliationFinding.id)
    )
    if only is not None:
        query = query.where(ReconciliationFinding.link_id == only)
    return [
        Extra(finding.id, finding.link_id, link_title or placement_title, finding.label)
        for finding, link_title, placement_title in session.execute(query)
    ]


def choose(tenant_id: UUID, finding_id: UUID, *, by: str) -> None:
    """Have a link's grades go to another one of its columns from now on; all of them are sent there.

    The column that they went to becomes the further one of the report. What it shows stays.

    Args:
        by: who chooses, for the audit.

    Raises:
        NotFoundError: there is no such further column (any more).
        ColumnGoneError: the LMS has it no longer.
        PassbackError: the LMS was not reached.
    """
    with tenant_session(tenant_id) as session:
        finding = _finding(session, finding_id)
        url = finding.line_item
        target = target_of(session, session.get_one(ResourceLink, finding.link_id))
    if line_items.exists(replace(target, url=url)) is False:
        raise ColumnGoneError(url)
    label = next((column.label for column in _columns(target) if column.url == target.url), target.title)
    with tenant_session(tenant_id, write=True) as session:
        finding = _finding(session, finding_id)
        link = session.scalars(select(ResourceLink).where(ResourceLink.id == finding.link_id).with_for_update()).one()
        finding.line_item, finding.label = link.line_item_url, label
        link.line_item_url, link.line_item_chosen = url, True
        session.flush()
        expect_grades(session, link)
        audit(session, actor=by, action="line_item.chosen", subject=str(link.id), tenant_id=tenant_id, line_item=url)


def _columns(target: LineItemTarget) -> list[line_items.FoundColumn]:
    try:
        return line_items.columns(target)
    except PassbackError:  # only the name of the former column is wanted
        return []


def _finding(session: TenantSession, finding_id: UUID) -> ReconciliationFinding:
    query = select(ReconciliationFinding).where(
        ReconciliationFinding.id == finding_id, ReconciliationFinding.kind == DUPLICATE
    )
    finding = session.scalars(query).one_or_none()
    if finding is None:
        raise NotFoundError(f"column {finding_id}")
    return finding
