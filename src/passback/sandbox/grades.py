"""The gradebook's page: learners by columns, live."""

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from passback.sandbox.model import Course, JsonObject, LineItem, Result, Role, User
from passback.sandbox.seed import COURSE
from passback.sandbox.web import current_user, is_staff, need_user, platform

grade_pages = Blueprint("grades", __name__)
NONE = "—"


@grade_pages.get("/grades")
@need_user
def home() -> AnyResponse:
    """Go to the practice course's gradebook."""
    return redirect(f"/course/{COURSE}/grades")


@grade_pages.get("/course/<course_id>/grades")
@need_user
def grades(course_id: str) -> str:
    """Show everybody's grades to staff, their own to learners."""
    course, learners, columns = _visible(course_id)
    return render_template(
        "grades.html",
        course=course,
        learners=learners,
        columns=columns,
        cells=_cells(learners, columns),
        shape=_shape(learners, columns),
        staff=is_staff(current_user(), course_id),
    )


@grade_pages.get("/course/<course_id>/grades.json")
@need_user
def live(course_id: str) -> Response:
    """Return the cells as they are now; `shape` changes when rows or columns do."""
    _found, learners, columns = _visible(course_id)
    response = jsonify(shape=_shape(learners, columns), cells=_cells(learners, columns))
    response.headers["Cache-Control"] = "no-store"
    return response


@grade_pages.post("/course/<course_id>/grades")
@need_user
def override(course_id: str) -> AnyResponse:
    """Enter a grade by hand, or give the cell back to the tool."""
    if not is_staff(current_user(), course_id):
        abort(403, "Only staff of the course may do this.")
    column = platform().gradebook.column(request.form.get("column", ""))
    learner = request.form.get("learner", "")
    with platform().core.read() as state:
        known = column is not None and column.course_id == course_id and learner in state.courses[course_id].members
    if column is None or not known:
        abort(404)
    if "release" in request.form:
        platform().gradebook.release(column.id, learner)
        return redirect(f"/course/{course_id}/grades")
    text = request.form.get("score", "").strip()
    try:
        score = float(text) if text else None
    except ValueError:
        abort(400, "A grade must be a number.")
    platform().gradebook.override(column.id, learner, score, request.form.get("comment", ""))
    return redirect(f"/course/{course_id}/grades")


def points(value: float | None) -> str:
    """Return points as people write them: no trailing zeros, a dash for none."""
    return NONE if value is None else f"{value:.2f}".rstrip("0").rstrip(".")


def _visible(course_id: str) -> tuple[Course, list[User], list[LineItem]]:
    with platform().core.read() as state:
        course = state.courses.get(course_id)
        if course is None:
            abort(404)
        learners = [state.users[one] for one, role in course.members.items() if role is Role.LEARNER]
    if not is_staff(current_user(), course_id):
        learners = [one for one in learners if one.id == current_user().id]
    return course, learners, platform().gradebook.columns(course_id)


def _shape(learners: list[User], columns: list[LineItem]) -> str:
    rows = ",".join(one.id for one in learners)
    return f"{rows} | " + ",".join(f"{one.id}:{one.label}:{points(one.score_maximum)}" for one in columns)


def _cells(learners: list[User], columns: list[LineItem]) -> dict[str, JsonObject]:
    book = platform().gradebook
    return {
        f"{column.id}-{learner.id}": _cell(column, book.result(column.id, learner.id))
        for column in columns
        for learner in learners
    }


def _cell(column: LineItem, result: Result | None) -> JsonObject:
    if result is None:
        return {"points": NONE, "comment": "", "at": "", "note": ""}
    progress = f"{result.activity_progress}, {result.grading_progress}" if result.grading_progress else ""
    return {
        "points": f"{points(result.score)} / {points(column.score_maximum)}" if result.score is not None else NONE,
        "comment": result.comment,
        "at": result.stored_at.isoformat(timespec="seconds") if result.stored_at else "",
        "note": "changed by hand" if result.overridden else progress,
    }
