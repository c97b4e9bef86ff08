"""Reports of reconciliation as people read them: courses, findings with names, and the same as CSV."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from passback.clock import utc_now
from passback.db import TenantSession
from passback.delivery.comparing import Action, Shown
from passback.errors import NotFoundError
from passback.lti.duplicates import DUPLICATE, UNUSED
from passback.lti.models import Context, ResourceLink
from passback.lti.reconciliation_models import Reconciliation, ReconciliationFinding
from passback.lti.reconciling import COLUMN_GONE, recent_contexts
from passback.tracking.models import Learner, Placement, Registration

KINDS = {
    "missing": "missing in the gradebook",
    "different": "different in the gradebook",
    "orphaned": "not from Passback",
    DUPLICATE: "a second column",
}
ACTIONS = {
    Action.SENT_AGAIN: "It is sent again.",
    Action.PARKED: "It is parked: its delivery says why.",
    Action.STAYS: "It stays; Passback has no grade of this person.",
    Shown.OTHER: "It stays: perhaps a teacher has entered it.",
    Shown.TAKEN_OUT: "It was there, and somebody took it out. It can be sent again by hand.",
    UNUSED: "Grades go to another column of this activity. Teachers choose under “Grades sent” on the course's page.",
    COLUMN_GONE: "The whole column is gone. Somebody may have deleted the activity or its grade.",
}
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a cell for a formula; names come from outside."""


@dataclass(frozen=True)
class CourseReport:
    """A course of an LMS and its newest report, None where there is none yet."""

    context: Context
    report: Reconciliation | None

    @property
    def title(self) -> str:
        """What people call the course."""
        return self.context.title or self.context.label or self.context.context_id

    @property
    def running(self) -> bool:
        """True while somebody is at it, or will be in a moment."""
        if self.report is None:
            return False
        now = utc_now()
        asked = self.report.due_at is not None and self.report.due_at <= now
        return asked or (self.report.lease_until is not None and self.report.lease_until > now)


@dataclass(frozen=True)
class FindingRow:
    """A finding in plain words. `ours` and `theirs` are 0..1; `column`: one that could get the grades instead."""

    learner: str
    activity: str
    kind: str
    words: str
    ours: float | None
    theirs: float | None
    registration_id: UUID | None
    action: str
    column: UUID | None = None


def courses(session: TenantSession) -> Sequence[CourseReport]:
    """Return the courses that are compared, and those that once were, the ones with findings first."""
    recent = {context_id for _tenant, context_id in recent_contexts(session, utc_now())}
    reports = {row.context_id: row for row in session.scalars(select(Reconciliation))}
    wanted = recent | set(reports)
    found = session.scalars(select(Context).where(Context.id.in_(wanted)))
    rows = [CourseReport(context, reports.get(context.id)) for context in found]
    return sorted(rows, key=lambda one: (not _open(one.report), one.title.lower(), one.context.id))


def course(session: TenantSession, context_id: UUID) -> CourseReport:
    """Return one course with its newest report.

    Raises:
        NotFoundError: this tenant has no such course.
    """
    context = session.scalars(select(Context).where(Context.id == context_id)).one_or_none()
    if context is None:
        raise NotFoundError(f"context {context_id}")
    query = select(Reconciliation).where(Reconciliation.context_id == context_id)
    return CourseReport(context, session.scalars(query).one_or_none())


def findings(session: TenantSession, context_id: UUID) -> Sequence[FindingRow]:
    """Return what the newest report of a course found, with the learners' names where Passback knows them."""
    rows = session.execute(
        select(ReconciliationFinding, Learner, ResourceLink.title, Placement.title)
        .join(Reconciliation, Reconciliation.id == ReconciliationFinding.reconciliation_id)
        .join(ResourceLink, ResourceLink.id == ReconciliationFinding.link_id)
        .join(Placement, Placement.id == ResourceLink.placement_id)
        .outerjoin(Registration, Registration.id == ReconciliationFinding.registration_id)
        .outerjoin(Learner, Learner.id == Registration.learner_id)
        .where(Reconciliation.context_id == context_id)
        .order_by(ReconciliationFinding.kind, ReconciliationFinding.id)
    )
    return [
        FindingRow(
            learner=(learner.name or learner.subject) if learner else finding.user_id,
            activity=f"{link_title or placement_title}: {finding.label}"
            if finding.label
            else link_title or placement_title,
            kind=finding.kind,
            words=ACTIONS.get(finding.action, finding.action),
            ours=finding.ours,
            theirs=finding.theirs,
            registration_id=finding.registration_id,
            action=finding.action,
            column=finding.id if finding.kind == DUPLICATE else None,
        )
        for finding, learner, link_title, placement_title in rows
    ]


def as_csv(rows: Sequence[FindingRow]) -> str:
    """Return findings as CSV (RFC 4180), grades in per cent; what a spreadsheet would run is quoted."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["learner", "activity", "finding", "sent_percent", "gradebook_percent", "action", "explanation"])
    for row in rows:
        cells = [row.learner, row.activity, row.kind, _percent(row.ours), _percent(row.theirs), row.action, row.words]
        writer.writerow([f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells])
    return text.getvalue()


def _percent(value: float | None) -> str:
    return "" if value is None else f"{round(value * 100, 3):g}"


def _open(report: Reconciliation | None) -> bool:
    return report is not None and bool(report.error or report.missing or report.different or report.orphaned)
