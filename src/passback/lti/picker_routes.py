"""The picker: lists courses, takes uploads, sends the choice back. It needs no cookie: its token is in its address."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from passback.content.errors import UnknownCourseError
from passback.content.models import Course
from passback.content.service import import_course, list_courses
from passback.db import TenantSession, tenant_session
from passback.errors import PassbackError
from passback.lti import framing
from passback.lti.deep_linking import UNGRADED, PickerTask, content_item, find_task, signed_answer
from passback.lti.entering import preview_url
from passback.lti.links import place_link
from passback.lti.models import ContentSelection, LinkChoice, Platform
from passback.lti.picker_form import ATTEMPTS, PickerInputError, read_picked
from passback.lti.profiles import profile_for
from passback.plugin import LmsProfile
from passback.runtime import runtime
from passback.staff.service import audit

picker = Blueprint("lti_picker", __name__)


@picker.get("/<token>")
def choose(token: str) -> Response:
    """List the tenant's courses with the settings of the link."""
    row, task = find_task(token)
    return _picker(token, row, task)


@picker.post("/<token>")
def chosen(token: str) -> Response:
    """Keep the choice and send it to the LMS, or fill the link and go on to its preview."""
    row, task = find_task(token)
    if request.form.get("action") == "cancel":
        return _cancelled(task)
    try:
        picked = read_picked(request.form, multiple=task.multiple)
    except PickerInputError as error:
        return _picker(token, row, task, error=error)
    with tenant_session(row.tenant_id, write=True) as session:
        choices = picked.choices()
        for choice in choices:
            _keep(session, choice, task)
        if task.settings is None:
            placed = place_link(session, task.link, choices[0])
            return _redirect(preview_url(session, placed.course_id, task.return_url, task.code, task.ancestors))
        profile = _profile(session, task)
        items = [content_item(session, choice, task.settings, profile) for choice in choices]
    return _return(task, signed_answer(task, items))


@picker.post("/<token>/upload")
def upload(token: str) -> Response:
    """Import a package; a script gets JSON, a plain form comes back to the picker."""
    row, task = find_task(token)
    scripted = request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"
    try:
        file = request.files.get("package")
        if file is None or not file.filename:
            raise PickerInputError("no file", advice=_("Choose a file first."))
        result = import_course(row.tenant_id, file.stream, file.filename)
    except PassbackError as error:
        if scripted:
            said = jsonify(title=error.message, detail=error.advice, code=error.code, side=error.side)
            return framing.frame(make_response(said, error.status), task.ancestors)
        return _picker(token, row, task, error=error)
    back = url_for("lti_picker.choose", token=token, course=str(result.course_id))
    if scripted:
        return framing.frame(make_response(jsonify(course=str(result.course_id), title=result.title, next=back)), ())
    return _redirect(back)


@picker.errorhandler(PassbackError)
def explain(error: PassbackError) -> Response:
    """Say what went wrong in a page that may be framed, as the picker was."""
    page = render_template(
        "error.html", code=error.code, message=error.message, advice=error.advice, side=error.side, status=error.status
    )
    return framing.frame(make_response(page, error.status), framing.ANYONE)


def _profile(session: TenantSession, task: PickerTask) -> LmsProfile:
    platform = session.get_one(Platform, UUID(task.platform))
    return profile_for(runtime().plugins.lms_profiles, platform.product, platform.issuer)


def _keep(session: TenantSession, choice: LinkChoice, task: PickerTask) -> None:
    course = session.get(Course, choice.course_id)
    if course is None or course.archived_at is not None:
        raise UnknownCourseError(advice=_("Reload the page and choose again."))
    session.add(choice)
    session.flush()
    audit(
        session,
        actor=f"lti:{task.platform}",
        action="course.placed",
        subject=str(choice.id),
        tenant_id=session.tenant_id,
        course=str(course.id),
    )


def _picker(token: str, row: ContentSelection, task: PickerTask, *, error: PassbackError | None = None) -> Response:
    with tenant_session(row.tenant_id) as session:
        courses = list_courses(session)
    search = request.args.get("q", "").strip()
    filled: MultiDict[str, str] = request.form or request.args
    kinds = runtime().plugins.content_types
    policies = runtime().plugins.grade_policies
    return _page(
        "lti/picker.html",
        task,
        status=error.status if error else 200,
        token=token,
        courses=[course for course in courses if search.casefold() in course.title.casefold()],
        any_courses=bool(courses),
        labels={course.content_type: getattr(kinds.get(course.content_type), "label", "") for course in courses},
        policies=[(key, policy.label) for key, policy in policies.items()] + [(UNGRADED, _("Nothing: no grade"))],
        attempts=ATTEMPTS,
        search=search,
        filled=filled,
        picked=set(filled.getlist("course")),
        error=error,
    )


def _cancelled(task: PickerTask) -> Response:
    """Go back without a choice: an answer without items closes the LMS's dialog."""
    if task.settings is not None:
        return _return(task, signed_answer(task, []))
    if task.return_url:
        return _redirect(task.return_url)
    return _page("lti/picker_cancelled.html", task)


def _return(task: PickerTask, jwt: str) -> Response:
    assert task.settings is not None  # noqa: S101 - its callers have checked
    return _page("lti/picker_return.html", task, return_url=task.settings.return_url, jwt=jwt)


def _page(template: str, task: PickerTask, *, status: int = 200, **values: Any) -> Response:
    return framing.frame(make_response(render_template(template, task=task, **values), status), task.ancestors)


def _redirect(url: str) -> Response:
    answer = make_response(redirect(url, 303))
    answer.headers["Cache-Control"] = "no-store"
    return answer
