"""A course of an LMS against its gradebook: what is missing, different or orphaned, and what is done about it.

Missing is a grade that the LMS accepted and does not show: it is sent again, unless it was there and somebody took it
out. Different is one that Passback never sent: a teacher's own stays. Orphaned is one of which Passback knows nothing:
it is only told. Results are read without a transaction and compared afterwards, in batches, with locked deliveries;
what has changed since the reading began is left for the next time.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from passback.clock import utc_now
from passback.db import TenantSession, tenant_session
from passback.delivery.comparing import Action, Held, Shown, follow, same, shown, turned_up
from passback.delivery.models import DeliveryTry, ScoreDelivery
from passback.delivery.states import ON_ITS_WAY, SENT
from passback.errors import NotFoundError, PassbackError
from passback.lti import activity_columns, duplicates, line_items
from passback.lti.ags import activity_target, grade_of, target_of
from passback.lti.errors import PlatformDisabledError
from passback.lti.line_items import LineItemTarget, ServiceAnswerError
from passback.lti.models import ActivityColumn, Context, ResourceLink
from passback.lti.paging import PagingError
from passback.lti.reconciliation_errors import ReconciliationUnderWayError, ResultsNotOfferedError
from passback.lti.reconciliation_models import Reconciliation, ReconciliationFinding
from passback.lti.rosters import next_night
from passback.lti.services import RESULT_READ
from passback.tracking.activities import BY_COURSE
from passback.tracking.models import Placement, Registration

LAUNCHED_WITHIN = timedelta(days=120)
SETTLING = timedelta(seconds=60)
"""A score that was accepted so short a while ago may not be in the results yet."""
LEASE = timedelta(minutes=5)
"""Longer than a column takes, with all its pages; renewed with each."""
BATCH = 200
GONE = frozenset({404, 410})
COLUMN_GONE = "column_gone"
COUNTS = ("columns_read", "in_order", "under_way", "missing", "different", "orphaned", "sent_again")

log = structlog.get_logger(__name__)
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class _Task:
    """A comparison that was begun, and the lease that it holds."""

    tenant_id: UUID
    context_id: UUID
    id: UUID
    owner: str
    targets: Sequence[LineItemTarget]


def recent_contexts(session: Session, now: datetime) -> Sequence[tuple[UUID, UUID]]:
    """Return (tenant, context) of the courses in which something went on within 120 days and that have columns."""
    line = now - LAUNCHED_WITHIN
    placed = (Registration.tenant_id == ResourceLink.tenant_id, Registration.placement_id == ResourceLink.placement_id)
    active = or_(Registration.created_at > line, Registration.last_activity_at > line)
    by_activity = exists().where(
        ActivityColumn.tenant_id == ResourceLink.tenant_id,
        ActivityColumn.resource_link_id == ResourceLink.id,
        ActivityColumn.line_item_url != "",
    )
    query = (
        select(Context.tenant_id, Context.id)
        .join(ResourceLink, ResourceLink.context_id == Context.id)
        .where(or_(ResourceLink.line_item_url != "", by_activity))
        .where(or_(ResourceLink.updated_at > line, exists().where(*placed, active)))
    )
    return [(tenant_id, context_id) for tenant_id, context_id in session.execute(query.distinct().order_by(Context.id))]


def ensure(session: TenantSession, context_id: UUID) -> Reconciliation:
    """Return the locked report of an LMS course, made where it is missing.

    Raises:
        NotFoundError: this tenant has no such course.
    """
    course = select(Context.id).where(Context.id == context_id).with_for_update()
    if session.scalars(course).one_or_none() is None:
        raise NotFoundError(f"context {context_id}")
    query = select(Reconciliation).where(Reconciliation.context_id == context_id).with_for_update()
    report = session.scalars(query).one_or_none()
    if report is None:
        report = Reconciliation(context_id=context_id)
        session.add(report)
        session.flush()
    return report


def ask(session: TenantSession, context_ids: Iterable[UUID]) -> int:
    """Have courses compared in the background as soon as may be; return how many that were not under way already."""
    now, count = utc_now(), 0
    for context_id in sorted(context_ids):
        report = ensure(session, context_id)
        count += report.lease_until is None or report.lease_until < now
        report.due_at = now
    return count


def reconcile(tenant_id: UUID, context_id: UUID, *, on_progress: Progress = lambda _done, _of: None) -> Reconciliation:
    """Compare a course with its gradebook now, mend what can be mended, and return the report.

    Args:
        on_progress: told how many of how many columns are done.

    Raises:
        ReconciliationUnderWayError: somebody else is at it.
        PassbackError: why it could not be done; noted in the report.
        NotFoundError: this tenant has no such course.
    """
    task = _begin(tenant_id, context_id)
    trouble: PassbackError | None = None
    try:
        for number, target in enumerate(task.targets, start=1):
            try:
                _reconcile_column(task, target)
            except (ServiceAnswerError, PagingError) as error:  # one column; the others may answer
                trouble = trouble or error
            on_progress(number, len(task.targets))
    except PassbackError as error:
        _end(task, error)
        raise
    except Exception:
        _end(task, None, code="fault")
        raise
    report = _end(task, trouble)
    if trouble is not None:
        raise trouble
    return report


def _begin(tenant_id: UUID, context_id: UUID) -> _Task:
    with tenant_session(tenant_id, write=True) as session:
        now, report = utc_now(), ensure(session, context_id)
        if report.lease_until is not None and report.lease_until > now:
            raise ReconciliationUnderWayError
        found = _targets(session, context_id)
        owner = secrets.token_hex(8)
        report.state, report.lease_owner, report.lease_until = "running", owner, now + LEASE
        report.started_at, report.due_at = now, next_night(now, report.id)
        report.error, report.error_status, report.columns = "", 0, len(found)
        for name in COUNTS:
            setattr(report, name, 0)
        task = _Task(tenant_id, context_id, report.id, owner, found)
        former = select(ReconciliationFinding).where(ReconciliationFinding.reconciliation_id == report.id)
        for finding in session.scalars(former):
            session.delete(finding)
    return task


def _targets(session: TenantSession, context_id: UUID) -> list[LineItemTarget]:
    """Return the columns of a course, each by the newest link that leads to it."""
    links = session.execute(
        select(ResourceLink, Placement.columns)
        .join(Placement, Placement.id == ResourceLink.placement_id)
        .where(ResourceLink.context_id == context_id)
        .order_by(ResourceLink.updated_at)
    ).all()
    found: dict[str, LineItemTarget] = {}
    for link, counts_by in links:
        if counts_by == BY_COURSE:
            mine = [target_of(session, link)] if link.line_item_url else []
        else:
            mine = [activity_target(session, link, one) for one in activity_columns.of_link(session, link)]
        found |= {target.url: target for target in mine if target.url}
    return list(found.values())


def _reconcile_column(task: _Task, target: LineItemTarget) -> None:
    if target.client.platform.status != "active":
        raise PlatformDisabledError
    if not target.client.may(RESULT_READ):
        raise ResultsNotOfferedError
    began, moved = utc_now(), False
    try:
        held = line_items.results(target)
    except ServiceAnswerError as error:
        if error.http_status not in GONE:
            raise
        found = line_items.find(target)
        if not found or found == target.url:
            _note_gone(task, target)
            return
        line_items.remember(target, found)
        target, moved = replace(target, url=found), True
        held = line_items.results(target)
    _Column(task, target, held, began, moved).compare()
    further = duplicates.further_columns(target) if target.column is None else []
    if further:
        with tenant_session(task.tenant_id, write=True) as session:
            duplicates.note(session, _hold(session, task), target.link, further)


@dataclass
class _Column:
    """One column: what the gradebook holds, read from `began` on. `moved`: it is another one than scores went to."""

    task: _Task
    target: LineItemTarget
    held: Mapping[str, Held]
    began: datetime
    moved: bool

    def compare(self) -> None:
        """Go through the deliveries to this column, then through the grades that belong to none."""
        query = select(ScoreDelivery.id, ScoreDelivery.user_id).where(
            ScoreDelivery.line_item == self.target.url, ScoreDelivery.state != "superseded"
        )
        with tenant_session(self.task.tenant_id) as session:
            known = dict(session.execute(query.order_by(ScoreDelivery.id)).all())
        ids = list(known)
        for start in range(0, len(ids), BATCH):
            self._compare_batch(ids[start : start + BATCH])
        strangers = sorted(set(self.held) - set(known.values()))
        for start in range(0, len(strangers), BATCH):
            with tenant_session(self.task.tenant_id, write=True) as session:
                report = _hold(session, self.task)
                for user_id in strangers[start : start + BATCH]:
                    self._find(session, report, _Finding("orphaned", str(Action.STAYS), user_id, None))
        with tenant_session(self.task.tenant_id, write=True) as session:
            _hold(session, self.task).columns_read += 1

    def _compare_batch(self, ids: Sequence[UUID]) -> None:
        with tenant_session(self.task.tenant_id, write=True) as session:
            report = _hold(session, self.task)
            # What somebody else has locked just now is under way.
            query = select(ScoreDelivery).where(ScoreDelivery.id.in_(ids)).order_by(ScoreDelivery.id)
            rows = session.scalars(query.with_for_update(skip_locked=True)).all()
            report.under_way += len(ids) - len(rows)
            sent = _sent_before(session, ids)
            for row in rows:
                self._compare_one(session, report, row, sent.get(row.id, set()))

    def _compare_one(
        self, session: TenantSession, report: Reconciliation, row: ScoreDelivery, sent: set[float]
    ) -> None:
        held = self.held.get(row.user_id)
        fresh = row.accepted_at is not None and row.accepted_at > self.began - SETTLING
        if row.state in ON_ITS_WAY or (row.state in SENT and fresh):
            report.under_way += 1
        elif row.state in SENT:
            self._judge(session, report, row, shown(row, held, earlier=sent, new_column=self.moved))
        elif row.state == "parked":
            self._parked(session, report, row, held)
        elif held is not None:  # waiting: Passback has no grade for this person
            orphan = _Finding("orphaned", str(Action.STAYS), row.user_id, row.registration_id)
            self._find(session, report, orphan)

    def _judge(self, session: TenantSession, report: Reconciliation, row: ScoreDelivery, found: Shown) -> None:
        action = follow(session, row, found)
        if action is None:
            report.in_order += 1
            return
        report.sent_again += action is Action.SENT_AGAIN
        kind = "different" if found is Shown.OTHER else "missing"
        said = str(found) if action is Action.STAYS else str(action)
        self._find(session, report, _Finding(kind, said, row.user_id, row.registration_id, row.sent_scaled))

    def _parked(self, session: TenantSession, report: Reconciliation, row: ScoreDelivery, held: Held | None) -> None:
        grade = grade_of(session, row)
        if grade is None or grade.scaled is None:
            return
        if held is not None and same(held.scaled, grade.scaled):
            turned_up(row, version=grade.version, scaled=grade.scaled)
            report.in_order += 1
            return
        parked = _Finding("missing", str(Action.PARKED), row.user_id, row.registration_id, grade.scaled)
        self._find(session, report, parked)

    def _find(self, session: TenantSession, report: Reconciliation, finding: "_Finding") -> None:
        held = self.held.get(finding.user_id)
        setattr(report, finding.kind, getattr(report, finding.kind) + 1)
        theirs = held.scaled if held else None
        session.add(
            ReconciliationFinding(
                **vars(finding),
                reconciliation_id=report.id,
                link_id=self.target.link,
                theirs=theirs,
                label=self.target.label,
            )
        )


@dataclass(frozen=True)
class _Finding:
    """A grade that is not in order, as `ReconciliationFinding` keeps it."""

    kind: str
    action: str
    user_id: str
    registration_id: UUID | None
    ours: float | None = None


def _sent_before(session: TenantSession, ids: Sequence[UUID]) -> dict[UUID, set[float]]:
    """Return every value that went out for each delivery, whatever was answered."""
    query = select(DeliveryTry.score_id, DeliveryTry.scaled).where(
        DeliveryTry.score_id.in_(ids), DeliveryTry.scaled.is_not(None)
    )
    found: dict[UUID, set[float]] = {}
    for score_id, scaled in session.execute(query.distinct()):
        if score_id is not None and scaled is not None:
            found.setdefault(score_id, set()).add(scaled)
    return found


def _note_gone(task: _Task, target: LineItemTarget) -> None:
    with tenant_session(task.tenant_id, write=True) as session:
        report = _hold(session, task)
        report.columns_read += 1
        report.missing += 1
        session.add(
            ReconciliationFinding(
                reconciliation_id=report.id,
                link_id=target.link,
                kind="missing",
                action=COLUMN_GONE,
                label=target.label,
            )
        )


def _hold(session: TenantSession, task: _Task) -> Reconciliation:
    """Lock the report and renew its lease.

    Raises:
        ReconciliationUnderWayError: the lease ran out and somebody else has begun anew.
    """
    query = select(Reconciliation).where(Reconciliation.id == task.id).with_for_update()
    report = session.scalars(query).one_or_none()
    if report is None or report.lease_owner != task.owner:
        raise ReconciliationUnderWayError
    report.lease_until = utc_now() + LEASE
    return report


def _end(task: _Task, error: PassbackError | None, *, code: str = "") -> Reconciliation:
    with tenant_session(task.tenant_id, write=True) as session:
        report = _hold(session, task)
        report.error = code or (error.code if error else "")
        report.error_status = int(getattr(error, "http_status", 0) or 0)
        report.state = "failed" if report.error else "done"
        report.finished_at, report.lease_owner, report.lease_until = utc_now(), "", None
        session.flush()
        session.expunge(report)
    numbers = {name: getattr(report, name) for name in COUNTS}
    log.info("reconciliation.done", tenant=str(task.tenant_id), report=str(report.id), error=report.error, **numbers)
    return report
