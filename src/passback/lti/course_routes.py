"""`/lti/course/<token>`: the page on which people land who teach in an LMS course. It needs no cookie."""

from uuid import UUID

from flask import Blueprint, Response, make_response, render_template, request, url_for
from sqlalchemy import select

from passback.db import TenantSession, tenant_session
from passback.errors import NotFoundError, PassbackError
from passback.lti import framing, pages
from passback.lti.course_access import CourseAccess, read_access
from passback.lti.course_page import course_page, roster_status, show_words, standing_words
from passback.lti.course_view import find_context
from passback.lti.entering import preview_url
from passback.lti.faults import on_record
from passback.lti.models import Context, ResourceLink
from passback.lti.origins import origins_of
from passback.lti.roster_errors import RosterTooSoonError
from passback.lti.roster_jobs import start_after_commit
from passback.lti.rosters import ask_now
from passback.tracking.models import Placement
from passback.tracking.window_words import date_lines

course = Blueprint("lti_course", __name__)
on_record(course, "page")


@course.get("/<token>")
def show(token: str) -> Response:
    """Show who learns here and how far they are."""
    return _page(token, read_access(token))


@course.post("/<token>/roster")
def ask(token: str) -> Response:
    """Have the roster read. The token in the path is the page's own; nothing here hangs on a cookie."""
    access = read_access(token)
    with tenant_session(access.tenant_id, write=True) as session:
        asked = ask_now(session, opened(session, access)[1].id)
        start_after_commit(session)
    if not asked:
        return _page(token, access, error=RosterTooSoonError())
    return pages.go(url_for("lti_course.show", token=token), 303)


@course.get("/<token>/roster")
def status(token: str) -> Response:
    """Tell the page's script how the reading goes."""
    access = read_access(token)
    with tenant_session(access.tenant_id) as session:
        answer = roster_status(session, opened(session, access)[1])
    return framing.frame(answer, ())


@course.get("/<token>/preview/<uuid:placement_id>")
def preview(token: str, placement_id: UUID) -> Response:
    """Play a placement's course without a trace."""
    access = read_access(token)
    with tenant_session(access.tenant_id) as session:
        link, context = opened(session, access)
        found = course_page(session, context, request.args, preferred=link.placement_id)
        course_id = next((one.placement.course_id for one in found.places if one.placement.id == placement_id), None)
        if course_id is None:
            raise NotFoundError(f"placement {placement_id}")
        return pages.go(preview_url(session, course_id, access.return_url, access.code, access.framed_by), 303)


@course.errorhandler(PassbackError)
def explain(error: PassbackError) -> Response:
    """Say what went wrong in a page that may be framed: it holds nothing."""
    page = render_template(
        "error.html", code=error.code, message=error.message, advice=error.advice, side=error.side, status=error.status
    )
    return framing.frame(make_response(page, error.status), framing.ANYONE)


def _page(token: str, access: CourseAccess, *, error: PassbackError | None = None) -> Response:
    with tenant_session(access.tenant_id) as session:
        link, context = opened(session, access)
        page = course_page(session, context, request.args, preferred=link.placement_id)
        html = render_template(
            "lti/course.html",
            page=page,
            token=token,
            access=access,
            origins=origins_of(session, context),
            error=error,
            shows=show_words(),
            standings=standing_words(),
            date_lines=date_lines,
        )
    return framing.frame(make_response(html, error.status if error else 200), access.framed_by)


def opened(session: TenantSession, access: CourseAccess) -> tuple[ResourceLink, Context]:
    """Return the link that was launched and its course.

    Raises:
        NotFoundError: the link is gone, with its deployment say.
    """
    link = session.scalars(
        select(ResourceLink)
        .join(Placement, Placement.id == ResourceLink.placement_id)
        .where(ResourceLink.id == access.link_id)
    ).one_or_none()
    if link is None or link.context_id is None:
        raise NotFoundError(f"link {access.link_id}")
    return link, find_context(session, link.context_id)
