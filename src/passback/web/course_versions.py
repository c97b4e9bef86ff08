"""A course's versions: uploaded, looked at, confirmed; compared, gone back to, deleted, handed out."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import abort, flash, jsonify, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from passback.content import staging, versions
from passback.content.comparing import describe
from passback.content.errors import VersionChangedError
from passback.content.models import Course, CourseVersion
from passback.content.packing import pack
from passback.content.storing import remove_version
from passback.content.versions import OnNewVersion
from passback.db import TenantSession, Unscoped, tenant_session, unscoped
from passback.errors import PassbackError
from passback.staff.models import User
from passback.staff.service import Role, audit
from passback.tracking.versions import Usage, usage
from passback.web.auth import current_tenant, require
from passback.web.frame import actor, explain, form_id, staff_blueprint

course_versions = staff_blueprint("course_versions", "/admin/t/<tenant>/courses/<uuid:course_id>")


@dataclass(frozen=True)
class VersionRow:
    """A version as the course's page shows it. `by` is empty where nobody noted it."""

    version: CourseVersion
    by: str
    used: Usage
    current: bool


def version_rows(session: TenantSession, course_id: UUID) -> list[VersionRow]:
    """Return a course's versions for its page, the newest first."""
    found = versions.list_versions(session, course_id)
    used = usage(session, course_id)
    names = _names(found)
    current = versions.current_version(session, course_id).id if found else None
    return [
        VersionRow(
            one, names.get(one.imported_by, one.imported_by), used.get(one.id, Usage()), current=one.id == current
        )
        for one in found
    ]


def _names(found: Sequence[CourseVersion]) -> dict[str, str]:
    """Return how those who imported versions are called, as far as that is known."""
    ids = []
    for one in found:
        try:
            ids.append(UUID(one.imported_by))
        except ValueError:
            continue
    with unscoped(Unscoped.INSTALLATION) as session:
        staff = {str(user.id): user.email for user in session.scalars(select(User).where(User.id.in_(ids)))}
    teachers = {one.imported_by: _("a teacher in the LMS") for one in found if one.imported_by.startswith("lti:")}
    return staff | teachers | {"cli": _("the command line")}


@course_versions.post("/versions")
@require(Role.DEVELOPER)
def upload(tenant: str, course_id: UUID) -> ResponseReturnValue:
    """Take a package that may become a version. The page's script wants JSON; without it the form works as well."""
    wants_json = request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"
    file = request.files.get("package")
    page = url_for("courses.show", tenant=tenant, course_id=course_id)
    if file is None or not file.filename:
        flash(_("Choose a package first."), "bad")
        return redirect(page)
    try:
        staged_id = staging.stage_version(current_tenant().id, file.stream, file.filename, course_id, by=actor())
    except PassbackError as error:
        if wants_json:
            raise
        explain(error)
        return redirect(page)
    page = url_for("course_versions.look", tenant=tenant, course_id=course_id, staged_id=staged_id)
    return jsonify(location=page) if wants_json else redirect(page)


@course_versions.get("/staged/<uuid:staged_id>")
@require(Role.DEVELOPER)
def look(tenant: str, course_id: UUID, staged_id: UUID) -> ResponseReturnValue:  # noqa: ARG001 - the address names it
    """Show what an upload would change."""
    with tenant_session(current_tenant().id) as session:
        staged, prospect = staging.find_staged(session, course_id, staged_id)
        used = usage(session, course_id)
    return render_template(
        "web/staged_version.html",
        tenant=current_tenant(),
        course=prospect.course,
        staged=staged,
        prospect=prospect,
        sentences=[describe(change) for change in prospect.comparison.changes],
        running=sum(one.running for one in used.values()),
    )


@course_versions.post("/staged/<uuid:staged_id>/confirm")
@require(Role.DEVELOPER)
def confirm(tenant: str, course_id: UUID, staged_id: UUID) -> ResponseReturnValue:
    """Make an upload the current version."""
    against = form_id("against") or abort(400)
    try:
        version = staging.confirm_version(current_tenant().id, course_id, staged_id, against=against, by=actor())
    except VersionChangedError as error:
        explain(error)
        return redirect(url_for("course_versions.look", tenant=tenant, course_id=course_id, staged_id=staged_id))
    except PassbackError as error:
        explain(error)
    else:
        flash(_("Version %(number)s is current: new attempts take it.", number=version.number), "good")
    return redirect(url_for("courses.show", tenant=tenant, course_id=course_id))


@course_versions.post("/staged/<uuid:staged_id>/discard")
@require(Role.DEVELOPER)
def discard(tenant: str, course_id: UUID, staged_id: UUID) -> ResponseReturnValue:
    """Drop an upload."""
    try:
        staging.discard_version(current_tenant().id, course_id, staged_id)
    except PassbackError as error:
        explain(error)
    else:
        flash(_("The upload was discarded; the course is as it was."), "good")
    return redirect(url_for("courses.show", tenant=tenant, course_id=course_id))


@course_versions.get("/versions/compare")
@require(Role.REPORTER)
def compare(tenant: str, course_id: UUID) -> ResponseReturnValue:  # noqa: ARG001 - the address names it
    """Show what differs between two versions."""
    before, after = (request.args.get(name, type=int) or abort(400) for name in ("from", "to"))
    with tenant_session(current_tenant().id) as session:
        course = session.get(Course, course_id) or abort(404)
        old, new = (versions.find_version(session, course_id, number) for number in (before, after))
    comparison = versions.compare(course.content_type, old.content, new.content)
    return render_template(
        "web/compared_versions.html",
        tenant=current_tenant(),
        course=course,
        old=old,
        new=new,
        comparison=comparison,
        sentences=[describe(change) for change in comparison.changes],
    )


@course_versions.post("/versions/<int:number>/current")
@require(Role.DEVELOPER)
def choose(tenant: str, course_id: UUID, number: int) -> ResponseReturnValue:
    """Make a version current."""
    try:
        with tenant_session(current_tenant().id, write=True) as session:
            before = versions.current_version(session, course_id).number
            versions.make_current(session, course_id, number)
            _audit(session, "course.version_chosen", course_id, before=before, after=number)
    except PassbackError as error:
        explain(error)
    else:
        flash(_("Version %(number)s is current: new attempts take it.", number=number), "good")
    return redirect(url_for("courses.show", tenant=tenant, course_id=course_id))


@course_versions.post("/versions/<int:number>/delete")
@require(Role.DEVELOPER)
def delete(tenant: str, course_id: UUID, number: int) -> ResponseReturnValue:
    """Delete a version that nobody has begun."""
    try:
        with tenant_session(current_tenant().id, write=True) as session:
            gone = versions.delete_version(session, course_id, number)
            _audit(session, "course.version_deleted", course_id, number=number)
    except PassbackError as error:
        explain(error)
    else:
        remove_version(current_tenant().id, gone)
        flash(_("Version %(number)s is deleted.", number=number), "good")
    return redirect(url_for("courses.show", tenant=tenant, course_id=course_id))


@course_versions.get("/versions/<int:number>/package")
@require(Role.DEVELOPER)
def download(tenant: str, course_id: UUID, number: int) -> ResponseReturnValue:  # noqa: ARG001 - the address names it
    """Hand out a version's files as a package."""
    with tenant_session(current_tenant().id) as session:
        version = versions.find_version(session, course_id, number)
    name = f"{version.package_name.rsplit('.', 1)[0]}-v{number}.zip"
    return send_file(pack(version), mimetype="application/zip", as_attachment=True, download_name=name)


@course_versions.post("/on-new-version")
@require(Role.DEVELOPER)
def set_rule(tenant: str, course_id: UUID) -> ResponseReturnValue:
    """Decide what becomes of learners who are under way when another version is made current."""
    rule = request.form.get("rule", "")
    if rule not in set(OnNewVersion):
        abort(400)
    with tenant_session(current_tenant().id, write=True) as session:
        versions.set_on_new_version(session, course_id, OnNewVersion(rule))
        _audit(session, "course.on_new_version", course_id, rule=rule)
    flash(_("The rule is kept."), "good")
    return redirect(url_for("courses.show", tenant=tenant, course_id=course_id))


def _audit(session: TenantSession, action: str, course_id: UUID, **details: str | float | bool | None) -> None:
    audit(session, actor=actor(), action=action, subject=str(course_id), tenant_id=session.tenant_id, **details)
