"""The course's pages: links to open, and for staff to place, choose anew, copy and delete."""

from flask import Blueprint, abort, flash, redirect, render_template, request
from werkzeug.wrappers import Response

from passback.sandbox.content_items import DeepLinkingRefusedError
from passback.sandbox.custom import custom_from_lines, lines_from_custom
from passback.sandbox.links import DEFAULT_POINTS, Column
from passback.sandbox.model import Course, Link, Tool
from passback.sandbox.seed import COURSE
from passback.sandbox.web import auto_post, current_user, is_staff, need_user, platform, sesskey, signed_in

course_pages = Blueprint("course", __name__)


@course_pages.get("/")
@need_user
def home() -> Response:
    """Go to the practice course."""
    return redirect(f"/course/{COURSE}")


@course_pages.get("/course/<course_id>")
@need_user
def course(course_id: str) -> str:
    """Show what is placed in a course."""
    found = _course(course_id)
    staff = is_staff(current_user(), course_id)
    links = platform().links.of_course(course_id)
    columns = {link.id: platform().links.column(link.id) for link in links}
    results = {
        link_id: platform().gradebook.result(column.id, current_user().id)
        for link_id, column in columns.items()
        if column is not None
    }
    tools = [tool for tool in platform().tools.all() if tool.active]
    pending = [tool for tool in platform().tools.all() if not tool.active]
    return render_template(
        "course.html",
        course=found,
        links=links,
        staff=staff,
        columns=columns,
        results=results,
        tools=tools,
        pending=pending,
    )


@course_pages.get("/link/<link_id>")
@need_user
def link(link_id: str) -> str:
    """Show a link in its frame, or the way to its own window."""
    found = _link(link_id)
    return render_template("link.html", link=found, course=_course(found.course_id))


@course_pages.get("/course/<course_id>/pick/<tool_id>")
@need_user
def pick(course_id: str, tool_id: str) -> str:
    """Show the tool's picker in a frame."""
    tool = _staff_tool(course_id, tool_id)
    return render_template("pick.html", course=_course(course_id), tool=tool, link_id=request.args.get("link", ""))


@course_pages.get("/course/<course_id>/pick/<tool_id>/start")
@need_user
def start_picker(course_id: str, tool_id: str) -> str:
    """Send the frame to the tool's picker."""
    tool = _staff_tool(course_id, tool_id)
    again = platform().links.get(request.args.get("link", ""))
    form = platform().deep_linking.start(
        current_user(),
        tool,
        course_id,
        session=sesskey(),
        deployment_id=request.args.get("deployment", ""),
        link=again,
    )
    return auto_post(form, tool.name)


@course_pages.post("/lti/deep-linking/return")
def picker_answered() -> str | tuple[str, int]:
    """Verify what the picker answers; without our cookie (the post comes from another site) ask as first party."""
    if signed_in() is None and request.form.get("repost") != "true":
        fields = {**request.form.to_dict(), "repost": "true"}
        return render_template("repost.html", fields=fields, action=request.full_path)
    if not sesskey() or request.args.get("sesskey") != sesskey():
        return render_template("invalid_request.html", reason="the answer came back to another session"), 400
    tool_id = request.args.get("tool", "")
    try:
        key = platform().deep_linking.accept(request.form.get("JWT", ""), tool_id=tool_id, session=sesskey())
    except DeepLinkingRefusedError as error:
        return render_template("invalid_request.html", reason=str(error)), 400
    return render_template("picked.html", key=key)


@course_pages.get("/chosen/<key>")
@need_user
def chosen(key: str) -> str:
    """Show what was chosen; nothing is placed before "Save"."""
    choice = platform().deep_linking.choices.get(key)
    if choice is None:
        abort(404)
    return render_template("chosen.html", choice=choice, key=key, course=_course(choice.expected.course_id))


@course_pages.post("/chosen/<key>")
@need_user
def save_chosen(key: str) -> Response:
    """Place what was chosen."""
    choice = platform().deep_linking.choices.get(key)
    if choice is None:
        abort(404)
    _need_staff(choice.expected.course_id)
    placed = platform().deep_linking.save(key)
    flash(f"Saved: {len(placed)} link{'' if len(placed) == 1 else 's'}.")
    return redirect(f"/course/{choice.expected.course_id}")


@course_pages.get("/course/<course_id>/add")
@need_user
def add_form(course_id: str) -> str:
    """Show the form for a link by hand."""
    _need_staff(course_id)
    return render_template(
        "edit.html",
        course=_course(course_id),
        link=None,
        tools=platform().tools.all(),
        points=DEFAULT_POINTS,
        custom="",
    )


@course_pages.post("/course/<course_id>/add")
@need_user
def add(course_id: str) -> Response:
    """Place a link by hand; it may be without URL and without content, and its tool may still be pending."""
    tool = _staff_tool(course_id, request.form.get("tool", ""))
    platform().links.add(
        course_id,
        tool.id,
        request.form.get("title", "").strip() or tool.name,
        url=request.form.get("url", "").strip(),
        custom=custom_from_lines(request.form.get("custom", "")),
        container=_container(),
        column=_column_from_form(),
    )
    return redirect(f"/course/{course_id}")


@course_pages.get("/link/<link_id>/edit")
@need_user
def edit_form(link_id: str) -> str:
    """Show a link's form."""
    found = _staff_link(link_id)
    column = platform().links.column(link_id)
    return render_template(
        "edit.html",
        course=_course(found.course_id),
        link=found,
        tools=platform().tools.all(),
        points=f"{column.score_maximum:g}" if column else "",
        custom=lines_from_custom(found.custom),
    )


@course_pages.post("/link/<link_id>/edit")
@need_user
def edit(link_id: str) -> Response:
    """Change a link."""
    found = _staff_link(link_id)
    platform().links.change(
        link_id,
        title=request.form.get("title", "").strip() or found.title,
        url=request.form.get("url", "").strip(),
        custom=custom_from_lines(request.form.get("custom", "")),
        container=_container(),
    )
    column, old = _column_from_form(), platform().links.column(link_id)
    if column and old:
        column = Column(column.score_maximum, old.resource_id, old.tag, old.review)
    platform().links.set_column(link_id, column)
    return redirect(f"/course/{found.course_id}")


@course_pages.post("/link/<link_id>/duplicate")
@need_user
def duplicate(link_id: str) -> Response:
    """Copy a link."""
    found = _staff_link(link_id)
    platform().links.duplicate(link_id)
    return redirect(f"/course/{found.course_id}")


@course_pages.post("/link/<link_id>/delete")
@need_user
def delete(link_id: str) -> Response:
    """Delete a link with its column."""
    found = _staff_link(link_id)
    platform().links.remove(link_id)
    return redirect(f"/course/{found.course_id}")


@course_pages.post("/course/<course_id>/copy")
@need_user
def copy(course_id: str) -> Response:
    """Copy a course for the next term, and tell the tools that asked for it."""
    _need_staff(course_id)
    found = _course(course_id)
    title = request.form.get("title", "").strip() or f"{found.title} (copy)"
    made = platform().notices.copy_course(course_id, title)
    flash(f"Copied: {len(platform().links.of_course(made.id))} links, no grades.")
    return redirect(f"/course/{made.id}")


@course_pages.get("/lti/return")
def come_back() -> str:
    """Show what the tool said on the way back to the course."""
    with platform().core.read() as state:
        found = state.courses.get(request.args.get("course", ""))
    return render_template(
        "return.html",
        course=found,
        message=request.args.get("lti_msg", ""),
        error=request.args.get("lti_errormsg", ""),
    )


def _course(course_id: str) -> Course:
    with platform().core.read() as state:
        found = state.courses.get(course_id)
    if found is None or (current_user().id not in found.members and not current_user().administrator):
        abort(404)
    return found


def _link(link_id: str) -> Link:
    found = platform().links.get(link_id)
    if found is None:
        abort(404)
    return found


def _staff_link(link_id: str) -> Link:
    found = _link(link_id)
    _need_staff(found.course_id)
    return found


def _staff_tool(course_id: str, tool_id: str) -> Tool:
    _need_staff(course_id)
    tool = platform().tools.get(tool_id)
    if tool is None:
        abort(404)
    return tool


def _need_staff(course_id: str) -> None:
    if not is_staff(current_user(), course_id):
        abort(403, "Only staff of the course may do this.")


def _container() -> str:
    return "window" if request.form.get("container") == "window" else "iframe"


def _column_from_form() -> Column | None:
    try:
        points = float(request.form.get("points", "") or 0)
    except ValueError:
        abort(400, "Points must be a number.")
    return Column(points) if points > 0 else None
