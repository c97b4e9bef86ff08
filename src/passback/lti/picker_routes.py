"""The picker: lists courses, takes uploads, sends the choice back. It needs no cookie: its token is in its address."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import CombinedMultiDict, MultiDict

from passback.content.errors import UnknownCourseError
from passback.content.models import Course, CourseVersion
from passback.content.service import import_course, list_courses
from passback.db import TenantSession, tenant_session
from passback.errors import PassbackError
from passback.lti import framing
from passback.lti.attempt import attempt
from passback.lti.content_items import TARGETS, content_item
from passback.lti.deep_linking import PickerTask, find_task, signed_answer
from passback.lti.entering import preview_url
from passback.lti.faults import on_record
from passback.lti.links import find_choice, place_link
from passback.lti.models import ContentSelection, LinkChoice, Platform
from passback.lti.picker_form import ATTEMPTS, PickerInputError, check_columns, filled_by, read_courses, read_picked
from passback.lti.profiles import profile_for
from passback.plugin import LmsProfile, TellsActivities
from passback.runtime import runtime
from passback.staff.service import audit
from passback.tracking.deciding import UNGRADED
from passback.tracking.windows import zone_names

MAX_MESSAGE = 500
picker = Blueprint("lti_picker", __name__)
on_record(picker, "picker")


@picker.get("/<token>")
def choose(token: str) -> Response:
    """List the tenant's courses with the settings of the link."""
    row, task = _task(token)
    return _picker(token, row, task)


@picker.post("/<token>")
def chosen(token: str) -> Response:
    """Keep the choice and send it to the LMS, or fill the link and go on to its preview."""
    row, task = _task(token)
    if request.form.get("action") == "cancel":
        return _cancelled(task)
    each = request.form.get("action") == "each"
    try:
        if each:
            read_courses(request.form.getlist("course"), multiple=task.multiple)
            return _picker(token, row, task, each=True)
        choices = read_picked(request.form, multiple=task.multiple, targets=_targets(task))
        with tenant_session(row.tenant_id) as session:
            check_columns(session, choices)
    except PickerInputError as error:
        return _picker(token, row, task, error=error, each=_is_each(request.form) and not each)
    with tenant_session(row.tenant_id, write=True) as session:
        former = find_choice(session, task.former)
        for choice in choices:
            _keep(session, choice, task)
        if former is not None and len(choices) == 1:
            choices[0].resource_id = former.resource_id or str(former.id)
        if task.settings is None:
            placed = place_link(session, task.link, choices[0])
            return _redirect(preview_url(session, placed.course_id, task.return_url, task.code, task.ancestors))
        profile = _profile(session, task)
        items = [content_item(session, choice, task.settings, profile) for choice in choices]
    said = _("Chosen: %(titles)s.", titles=", ".join(str(item["title"]) for item in items))
    return _return(task, signed_answer(task, items, said[:MAX_MESSAGE]))


@picker.post("/<token>/upload")
def upload(token: str) -> Response:
    """Import a package; a script gets JSON, a plain form comes back to the picker."""
    row, task = _task(token)
    scripted = request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"
    try:
        file = request.files.get("package")
        if file is None or not file.filename:
            raise PickerInputError("no file", advice=_("Choose a file first."))
        result = import_course(row.tenant_id, file.stream, file.filename, by=f"lti:{task.platform}")
    except PassbackError as error:
        if scripted:
            said = jsonify(title=error.message, detail=error.advice, code=error.code, side=error.side)
            return framing.frame(make_response(said, error.status), task.ancestors)
        return _picker(token, row, task, error=error)
    also = request.form.getlist("course") if task.multiple else []
    chosen_now = [str(result.course_id), *also]
    back = url_for("lti_picker.choose", token=token, course=chosen_now, found=str(result.version_id))
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


def _task(token: str) -> tuple[ContentSelection, PickerTask]:
    """Return the open picker of a token, noted for what may go wrong with it."""
    row, task = find_task(token)
    attempt().tenant_id, attempt().facts["launch"] = row.tenant_id, task.code
    return row, task


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


def _picker(
    token: str, row: ContentSelection, task: PickerTask, *, error: PassbackError | None = None, each: bool = False
) -> Response:
    """Show the picker: all courses with one set of settings, or, with `each`, the chosen ones with their own."""
    with tenant_session(row.tenant_id) as session:
        courses = list_courses(session)
        former = find_choice(session, task.former)
        former_title = session.get_one(Course, former.course_id).title if former else ""
        found = _uploaded(session, request.args.get("found", ""))
    search = request.args.get("q", "").strip()
    filled: MultiDict[str, str] = CombinedMultiDict(
        [request.form] if request.form else [request.args, *([filled_by(former)] if former else [])]
    )
    picked = set(filled.getlist("course")[: None if task.multiple else 1])
    kinds = runtime().plugins.content_types
    policies = runtime().plugins.grade_policies
    return _page(
        "lti/picker_each.html" if each else "lti/picker.html",
        task,
        status=error.status if error else 200,
        token=token,
        courses=[course for course in courses if _is_shown(course, search, picked, each=each)],
        any_courses=bool(courses),
        labels={course.content_type: getattr(kinds.get(course.content_type), "label", "") for course in courses},
        policies=[(key, policy.label) for key, policy in policies.items()] + [(UNGRADED, _("Nothing: no grade"))],
        attempts=ATTEMPTS,
        telling={key for key, kind in kinds.items() if isinstance(kind, TellsActivities)},
        targets=_targets(task),
        zones=zone_names(),
        search=search,
        filled=filled,
        picked=picked,
        former_title=former_title,
        found=found,
        error=error,
    )


def _uploaded(session: TenantSession, version: str) -> CourseVersion | None:
    """Return what an upload has just made, to say what was found in the package."""
    try:
        return session.get(CourseVersion, UUID(version))
    except ValueError:
        return None


def _is_shown(course: Course, search: str, picked: set[str], *, each: bool) -> bool:
    chosen = str(course.id) in picked
    return chosen if each else chosen or search.casefold() in course.title.casefold()


def _is_each(form: MultiDict[str, str]) -> bool:
    return any(name.startswith("counts:") for name in form)


def _targets(task: PickerTask) -> tuple[str, ...]:
    accepted = task.settings.accept_targets if task.settings else ()
    return tuple(target for target in TARGETS if target in accepted)


def _cancelled(task: PickerTask) -> Response:
    """Go back without a choice: an answer without items closes the LMS's dialog."""
    if task.settings is not None:
        return _return(task, signed_answer(task, [], _("Nothing was chosen.")))
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
