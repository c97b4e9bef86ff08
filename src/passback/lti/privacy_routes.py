"""`/lti/privacy/<token>`: an LMS's administrator sees, exports and erases what is kept of a person. No cookie."""

from tempfile import SpooledTemporaryFile
from typing import IO, cast
from uuid import UUID

from flask import Blueprint, Response, make_response, render_template, request, send_file, url_for
from flask_babel import gettext as _
from sqlalchemy import or_, select

from passback.db import TenantSession, tenant_session
from passback.errors import NotFoundError, PassbackError
from passback.lti import framing, pages
from passback.lti.course_routes import explain
from passback.lti.faults import on_record
from passback.lti.privacy_access import PrivacyAccess, read_access, token_of
from passback.lti.privacy_errors import NotConfirmedError
from passback.staff.service import audit
from passback.tracking.erasing import ERASED, erase
from passback.tracking.exporting import export
from passback.tracking.holdings import Person, amounts, find_person
from passback.tracking.models import Learner

privacy = Blueprint("lti_privacy", __name__)
on_record(privacy, "page")
privacy.register_error_handler(PassbackError, explain)
PAGE = 50
IN_MEMORY = 1024 * 1024


@privacy.get("/<token>")
def show(token: str) -> Response:
    """Show what is kept of the person, or everybody of this LMS of whom something is."""
    access = read_access(token)
    with tenant_session(access.tenant_id) as session:
        html = _person(session, access, token) if access.subject else _everybody(session, access, token)
    return framing.frame(make_response(html), access.framed_by)


@privacy.post("/<token>/export")
def download(token: str) -> Response:
    """Hand out everything that is kept of the person. A form, not a link: what is looked at is noted."""
    access = _of_one(token)
    with tenant_session(access.tenant_id, write=True) as session:
        person = find_person(session, access.source, access.subject)
        subject = f"learner:{person.learner.id}" if person.learner else "person without a row"
        audit(session, actor=_actor(access), action="learner.exported", subject=subject, tenant_id=session.tenant_id)
    file = _written(access)
    answer = send_file(file, "application/json", as_attachment=True, download_name="passback-person.json")
    answer.call_on_close(file.close)
    return framing.frame(answer, access.framed_by)


@privacy.post("/<token>/erase")
def remove(token: str) -> Response:
    """Erase the person. The token in the path is the page's own; nothing here hangs on a cookie.

    Raises:
        NotConfirmedError: without the tick.
        ErasureWaitsError: something of theirs is being sent.
    """
    access = _of_one(token)
    if request.form.get("confirmed") != "yes":
        raise NotConfirmedError
    with tenant_session(access.tenant_id, write=True) as session:
        erase(session, Person(access.source, access.subject), by=_actor(access), launch=access.code)
    return pages.go(url_for("lti_privacy.show", token=token), 303)


def _of_one(token: str) -> PrivacyAccess:
    access = read_access(token)
    if not access.subject:
        raise NotFoundError("no person is named")
    return access


def _actor(access: PrivacyAccess) -> str:
    return f"lti:{access.platform_id}"


def _written(access: PrivacyAccess) -> IO[bytes]:
    """Return a file with the whole export, on disk where it is large: no answer may break off half-way."""
    file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the answer closes it
    with tenant_session(access.tenant_id) as session:
        for piece in export(session, find_person(session, access.source, access.subject)):
            file.write(piece.encode())
    file.seek(0)
    return cast("IO[bytes]", file)


def _person(session: TenantSession, access: PrivacyAccess, token: str) -> str:
    person = find_person(session, access.source, access.subject)
    back = token_of(access.to_list()) if access.listed else ""
    return render_template(
        "lti/privacy_person.html",
        access=access,
        token=token,
        person=person,
        amounts=_in_words(amounts(session, person)),
        back=back,
    )


def _everybody(session: TenantSession, access: PrivacyAccess, token: str) -> str:
    search, after = request.args.get("q", "").strip()[:200], request.args.get("after", type=UUID)
    query = select(Learner).where(Learner.source == access.source, ~Learner.subject.startswith(ERASED, autoescape=True))
    if search:
        words = (Learner.name, Learner.email)
        found = (column.icontains(search, autoescape=True) for column in words)
        query = query.where(or_(*found, Learner.subject == search))
    if after is not None:
        query = query.where(Learner.id > after)
    rows = session.scalars(query.order_by(Learner.id).limit(PAGE + 1)).all()
    return render_template(
        "lti/privacy.html",
        access=access,
        token=token,
        people=[(row, token_of(access.of(row.subject))) for row in rows[:PAGE]],
        more=rows[PAGE - 1].id if len(rows) > PAGE else None,
        search=search,
    )


def _in_words(counted: dict[str, int]) -> list[tuple[str, int]]:
    """Name the tables for people; one that has no name here, a plugin's say, has its own."""
    words = {
        "learner": _("Name, address and language, as the LMS says them"),
        "registration": _("Registrations for courses, with results"),
        "attempt": _("Attempts"),
        "play_session": _("Sittings"),
        "runtime_event": _("Events: pages, answers, scores"),
        "state_cell": _("Where they were in a course, and what it noted"),
        "grade": _("Grades"),
        "score_delivery": _("Grades sent to the LMS"),
        "event_delivery": _("Notices to plugins"),
        "delivery_try": _("Tries to send them"),
        "roster_member": _("Entries in rosters of the LMS"),
        "reconciliation_finding": _("Differences found in the gradebook"),
        "lti11_user": _("Ids that the LMS knew the person by under LTI 1.1"),
        "launch_ticket": _("Links handed out to open a course"),
    }
    return [(words.get(name, name.replace("_", " ")), count) for name, count in counted.items()]
