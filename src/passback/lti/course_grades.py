"""`/lti/course/<token>/grades`: each grade's way to the gradebook, for those who teach in the LMS course."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, Response, make_response, render_template, request, url_for
from sqlalchemy import Select, select

from passback.db import TenantSession, tenant_session
from passback.delivery import ledger
from passback.delivery.errors import UnknownDeliveryError
from passback.delivery.ledger import LedgerEntry
from passback.delivery.models import ScoreDelivery
from passback.errors import NotFoundError, PassbackError
from passback.lti import course_view, duplicates, framing, pages
from passback.lti.course_access import CourseAccess, read_access
from passback.lti.course_routes import explain, opened
from passback.lti.faults import on_record
from passback.lti.reconciliation_models import Reconciliation
from passback.staff.service import audit
from passback.tracking.models import Learner, Placement, Registration

grades = Blueprint("lti_grades", __name__)
on_record(grades, "page")
grades.register_error_handler(PassbackError, explain)
PAGE = 50
ATTENTION = ("parked", "different")


@dataclass(frozen=True)
class GradeRow:
    """One grade on its way, with the person and the activity that it belongs to."""

    entry: LedgerEntry
    learner: str
    activity: str


@grades.get("/<token>/grades")
def show(token: str) -> Response:
    """List the grades that somebody should look at, or all of them."""
    access = read_access(token)
    everything = request.args.get("show") == "all"
    with tenant_session(access.tenant_id) as session:
        _link, context = opened(session, access)
        here = _registrations(session, access)
        states = None if everything else ATTENTION
        before = request.args.get("before", type=UUID)
        entries = ledger.scores_of(session, here, states=states, before=before, limit=PAGE + 1)
        parked = bool(ledger.scores_of(session, here, states=["parked"], limit=1))
        query = select(Reconciliation).where(Reconciliation.context_id == context.id)
        compared = session.scalars(query).one_or_none() if context.context_id else None
        page = render_template(
            "lti/grades.html",
            rows=_named(session, entries[:PAGE]),
            more=entries[PAGE - 1].id if len(entries) > PAGE else None,
            everything=everything,
            parked=parked,
            extras=_extras(session, access),
            compared=compared,
            title=context.title or context.label or context.context_id,
            token=token,
        )
    return framing.frame(make_response(page), access.framed_by)


@grades.post("/<token>/columns/<uuid:finding_id>")
def choose_column(token: str, finding_id: UUID) -> Response:
    """Send the grades of an activity to another one of its columns from now on."""
    access = read_access(token)
    with tenant_session(access.tenant_id) as session:
        if finding_id not in {one.id for one in _extras(session, access)}:
            raise NotFoundError(f"column {finding_id}")
    duplicates.choose(access.tenant_id, finding_id, by=f"lti:{access.code or access.link_id}")
    return pages.go(url_for("lti_grades.show", token=token), 303)


@grades.post("/<token>/grades/<uuid:delivery_id>")
def again(token: str, delivery_id: UUID) -> Response:
    """Send one grade again. The token in the path is the page's own; nothing here hangs on a cookie."""
    access = read_access(token)
    with tenant_session(access.tenant_id, write=True) as session:
        mine = select(ScoreDelivery.id).where(
            ScoreDelivery.id == delivery_id, ScoreDelivery.registration_id.in_(_registrations(session, access))
        )
        if session.scalars(mine).one_or_none() is None:
            raise UnknownDeliveryError(str(delivery_id))
        ledger.send_again(session, delivery_id)
        _note(session, access, str(delivery_id), 1)
    return pages.go(url_for("lti_grades.show", token=token, show="all"), 303)


@grades.post("/<token>/grades")
def parked_again(token: str) -> Response:
    """Send every parked grade of the course again."""
    access = read_access(token)
    with tenant_session(access.tenant_id, write=True) as session:
        count = ledger.send_parked_of(session, _registrations(session, access))
        _note(session, access, "all parked", count)
    return pages.go(url_for("lti_grades.show", token=token, show="all"), 303)


def _registrations(session: TenantSession, access: CourseAccess) -> Select[UUID]:
    """Select the registrations of the LMS course; of the link alone where the launch names no course.

    Launches without a context share one per deployment: nobody may see others' grades by it.
    """
    link, context = opened(session, access)
    places = course_view.places_of(session, context.id, None if context.context_id else link.placement_id)
    return select(Registration.id).where(Registration.placement_id.in_([one.placement.id for one in places]))


def _extras(session: TenantSession, access: CourseAccess) -> list[duplicates.Extra]:
    """Return further columns of the course's links; of the link alone where the launch names no course."""
    link, context = opened(session, access)
    return duplicates.extras(session, context.id, None if context.context_id else link.id)


def _named(session: TenantSession, entries: Sequence[LedgerEntry]) -> list[GradeRow]:
    wanted = [one.registration_id for one in entries if one.registration_id]
    rows = session.execute(
        select(Registration.id, Learner.name, Learner.subject, Placement.title)
        .join(Learner, Learner.id == Registration.learner_id)
        .join(Placement, Placement.id == Registration.placement_id)
        .where(Registration.id.in_(wanted))
    )
    known = {key: (name or subject, title) for key, name, subject, title in rows}
    found = [(one, *known[one.registration_id]) for one in entries if one.registration_id in known]
    return [GradeRow(one, who, f"{title}: {one.activity}" if one.activity else title) for one, who, title in found]


def _note(session: TenantSession, access: CourseAccess, subject: str, count: int) -> None:
    audit(
        session,
        actor=f"lti:{access.code or access.link_id}",
        action="delivery.sent_again",
        subject=subject,
        tenant_id=session.tenant_id,
        count=count,
    )
