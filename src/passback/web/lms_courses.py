"""LMS courses: who learns in each, who never started, and what the LMS's roster says."""

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from passback.db import tenant_session
from passback.lti import course_view
from passback.lti.course_page import course_page, roster_status, roster_words, show_words, standing_words
from passback.lti.roster_jobs import start_after_commit
from passback.lti.rosters import ask_now
from passback.staff.service import Role, audit
from passback.web.auth import current_tenant, require
from passback.web.frame import actor, staff_blueprint

lms_courses = staff_blueprint("lms_courses", "/admin/t/<tenant>/lms-courses")
PAGE = course_view.PAGE


@lms_courses.get("/")
@require(Role.REPORTER)
def overview(tenant: str) -> ResponseReturnValue:  # noqa: ARG001 - the address names it
    """List the courses of LMSs in which something is placed."""
    after = request.args.get("after", type=UUID)
    with tenant_session(current_tenant().id) as session:
        found = course_view.list_courses(session, after=after, limit=PAGE + 1)
        words = {one.context.id: roster_words(session, one.context, one.roster) for one in found[:PAGE]}
    return render_template(
        "web/lms_courses.html",
        tenant=current_tenant(),
        courses=found[:PAGE],
        words=words,
        more=found[PAGE - 1].context.id if len(found) > PAGE else None,
    )


@lms_courses.get("/<uuid:context_id>")
@require(Role.REPORTER)
def show(tenant: str, context_id: UUID) -> ResponseReturnValue:  # noqa: ARG001 - the address names it
    """Show who learns in one course and how far they are."""
    with tenant_session(current_tenant().id) as session:
        page = course_page(session, course_view.find_context(session, context_id), request.args)
    return render_template(
        "web/lms_course.html", tenant=current_tenant(), page=page, shows=show_words(), standings=standing_words()
    )


@lms_courses.post("/<uuid:context_id>/roster")
@require(Role.DEVELOPER)
def ask(tenant: str, context_id: UUID) -> ResponseReturnValue:
    """Have the roster read in the background."""
    with tenant_session(current_tenant().id, write=True) as session:
        asked = ask_now(session, context_id)
        if asked:
            audit(session, actor=actor(), action="roster.asked", subject=str(context_id), tenant_id=session.tenant_id)
        start_after_commit(session)
    if not asked:
        flash(_("This roster was read a moment ago. Wait a minute, then try again."), "bad")
    return redirect(url_for("lms_courses.show", tenant=tenant, context_id=context_id))


@lms_courses.get("/<uuid:context_id>/roster")
@require(Role.REPORTER)
def status(tenant: str, context_id: UUID) -> ResponseReturnValue:  # noqa: ARG001 - the address names it
    """Tell the page's script how the reading goes."""
    with tenant_session(current_tenant().id) as session:
        return roster_status(session, course_view.find_context(session, context_id))
