"""Courses: what there is, uploading, looking at one, trying it without a trace."""

from uuid import UUID

from flask import abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from passback.content import service as content
from passback.content.models import Course
from passback.content.staging import list_staged
from passback.content.versions import OnNewVersion
from passback.db import Unscoped, tenant_session, unscoped
from passback.errors import PassbackError
from passback.lti.review_page import review_page
from passback.player.entry import entry_url
from passback.plugins.activation import switched_off
from passback.runtime import runtime
from passback.staff.service import Role, audit
from passback.tracking.models import Learner, Registration
from passback.web.auth import current_tenant, require
from passback.web.course_versions import version_rows
from passback.web.frame import actor, explain, staff_blueprint

courses = staff_blueprint("courses", "/admin/t/<tenant>/courses")
PAGE = 50


@courses.get("/")
@require(Role.REPORTER)
def overview(tenant: str) -> ResponseReturnValue:  # noqa: ARG001 - the address names it
    """List the courses, with the form to add one."""
    with tenant_session(current_tenant().id) as session:
        found = content.list_courses(session)
    registry = runtime().plugins
    with unscoped(Unscoped.INSTALLATION) as database:
        off = switched_off(database, current_tenant().id)
    labels = {key: kind.label for key, kind in registry.content_types.items()}
    kinds = [label for key, label in labels.items() if registry.owners.get(key) not in off]
    return render_template("web/courses.html", tenant=current_tenant(), courses=found, labels=labels, kinds=kinds)


@courses.post("/")
@require(Role.DEVELOPER)
def upload(tenant: str) -> ResponseReturnValue:
    """Import a package. The page's script wants JSON; without scripts the form works as well."""
    wants_json = request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"
    file = request.files.get("package")
    if file is None or not file.filename:
        flash(_("Choose a package first."), "bad")
        return redirect(url_for("courses.overview", tenant=tenant))
    try:
        result = content.import_course(current_tenant().id, file.stream, file.filename, by=actor())
    except PassbackError as error:
        if wants_json:
            raise
        explain(error)
        return redirect(url_for("courses.overview", tenant=tenant))
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        audit(
            session,
            actor=actor(),
            action="course.imported",
            subject=str(result.course_id),
            tenant_id=current_tenant().id,
        )
    page = url_for("courses.show", tenant=tenant, course_id=result.course_id)
    return jsonify(location=page) if wants_json else redirect(page)


@courses.get("/<uuid:course_id>")
@require(Role.REPORTER)
def show(tenant: str, course_id: UUID) -> ResponseReturnValue:  # noqa: ARG001 - the address names it
    """Show one course: its versions with their warnings, and who plays it."""
    with tenant_session(current_tenant().id) as session:
        course = session.get(Course, course_id) or abort(404)
        versions = version_rows(session, course_id)
        staged = list_staged(session, course_id)
        rows = session.execute(
            select(Registration, Learner)
            .join(Learner, Learner.id == Registration.learner_id)
            .where(Registration.course_id == course_id)
            .order_by(Registration.id.desc())
            .limit(PAGE)
        ).all()
    kind = runtime().plugins.content_types.get(course.content_type)
    current = next((row.version for row in versions if row.current), None)
    return render_template(
        "web/course.html",
        tenant=current_tenant(),
        course=course,
        versions=versions,
        staged=staged,
        rules=list(OnNewVersion),
        kind=str(current.content["label"]) if current else kind.label if kind else course.content_type,
        structure=content.activities(current) if current else (),
        registrations=rows,
        page=PAGE,
    )


@courses.get("/<uuid:course_id>/learners/<uuid:registration_id>")
@require(Role.REPORTER)
def learner(tenant: str, course_id: UUID, registration_id: UUID) -> ResponseReturnValue:  # noqa: ARG001 - see show
    """Show a learner's attempts: what the course reports, what it said step by step, and the way of the grade."""
    with tenant_session(current_tenant().id) as session:
        wanted = select(Registration.id).where(Registration.id == registration_id, Registration.course_id == course_id)
        if session.scalars(wanted).one_or_none() is None:
            abort(404)
        page = review_page(session, registration_id)
    return render_template("web/learner.html", tenant=current_tenant(), page=page)


@courses.get("/<uuid:course_id>/preview")
@require(Role.REPORTER)
def preview(tenant: str, course_id: UUID) -> ResponseReturnValue:
    """Try the course; nothing is recorded."""
    with tenant_session(current_tenant().id) as session:
        version = content.current_version(session, course_id)
    back = runtime().settings.url + url_for("courses.show", tenant=tenant, course_id=course_id)
    address = entry_url(tenant_id=current_tenant().id, course_version_id=version.id, preview=True, return_url=back)
    return redirect(address)


@courses.post("/<uuid:course_id>/archive")
@require(Role.DEVELOPER)
def archive(tenant: str, course_id: UUID) -> ResponseReturnValue:
    """Take a course out of the lists; what learners did stays."""
    with tenant_session(current_tenant().id, write=True) as session:
        title = content.archive_course(session, course_id).title
        audit(session, actor=actor(), action="course.archived", subject=str(course_id), tenant_id=session.tenant_id)
    flash(_("%(title)s is archived. Links to it go on working.", title=title), "good")
    return redirect(url_for("courses.overview", tenant=tenant))
