"""What an instructor fills in in the picker, checked.

A field stands for every chosen course; where the form asks for each course apart, its fields carry the course's id
behind a colon (`points:0198…`). The time zone is one for all: it is the teacher's.
"""

import math
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from passback.content.models import Course
from passback.content.service import current_version
from passback.db import TenantSession
from passback.errors import PassbackError, Side
from passback.lti.claims import text as plain_text
from passback.lti.content_items import MAX_TEXT
from passback.lti.models import LinkChoice
from passback.runtime import runtime
from passback.tracking.activities import BY_ACTIVITY, BY_COURSE, MOST, can_count, counted
from passback.tracking.deciding import UNGRADED
from passback.tracking.windows import NAMES, YEARS, ZONE, zone_names, zone_of

ATTEMPTS = ("best", "last", "first", "average")
MAX_POINTS = 100_000.0
MAX_ATTEMPTS = 1000
MAX_CHOSEN = 50
MAX_TITLE = 255
MAX_SIZE = 10_000
LOCAL_TIME = "%Y-%m-%dT%H:%M"
"""How browsers write and read the value of a `datetime-local` field."""

Form = MultiDict[str, str]


class PickerInputError(PassbackError):
    """Something in the form is missing or cannot be used."""

    code = "picker_input"
    status = 422
    side = Side.REQUEST


def read_picked(form: Form, *, multiple: bool, targets: Sequence[str] = ()) -> list[LinkChoice]:
    """Check the form and return a choice, not stored yet, for each chosen course.

    Args:
        targets: hints that the LMS knows; others are left out.

    Raises:
        PickerInputError: with what to put right as its advice.
    """
    return [_choice(course, form, targets) for course in read_courses(form.getlist("course"), multiple=multiple)]


def read_courses(values: Sequence[str], *, multiple: bool) -> tuple[UUID, ...]:
    """Return the chosen courses.

    Raises:
        PickerInputError: none, too many, or no ids.
    """
    try:
        found = tuple(dict.fromkeys(UUID(value) for value in values))
    except ValueError as error:
        raise PickerInputError("course", advice=_("Reload the page and choose again.")) from error
    if not found:
        raise PickerInputError("no course", advice=_("Choose a course."))
    if len(found) > (MAX_CHOSEN if multiple else 1):
        raise PickerInputError("too many courses", advice=_("Choose fewer courses."))
    return found


def check_columns(session: TenantSession, choices: Sequence[LinkChoice]) -> None:
    """Refuse columns for each activity where a course cannot have them.

    Raises:
        PickerInputError: it has too many activities, or only one, or nobody can tell what each has come to.
    """
    for choice in choices:
        course = session.get(Course, choice.course_id)
        if choice.columns == BY_COURSE or course is None:
            continue
        version, kind = current_version(session, course.id), runtime().plugins.content_types.get(course.content_type)
        count = len(counted(version))
        if count > MOST:
            said = _(
                "“%(title)s” has %(count)s activities: at most %(most)s columns are made. Choose one column for it.",
                title=course.title,
                count=count,
                most=MOST,
            )
            raise PickerInputError("columns", advice=said)
        if not can_count(kind, version):
            said = _(
                "“%(title)s” does not tell several activities apart. Choose one column for it.", title=course.title
            )
            raise PickerInputError("columns", advice=said)


def filled_by(choice: LinkChoice) -> Form:
    """Return the fields of a choice that was made before, as the form would show them."""
    zone = zone_of(choice.zone)
    fields = {
        "course": str(choice.course_id),
        "counts": choice.counts,
        "points": f"{choice.points:g}",
        "pass_mark": "" if choice.pass_mark is None else f"{round(choice.pass_mark * 100, 4):g}",
        "which_attempt": choice.which_attempt,
        "max_attempts": str(choice.max_attempts),
        "columns": choice.columns,
        "title": choice.title,
        "text": choice.text,
        "target": choice.target,
        "width": str(choice.width or ""),
        "height": str(choice.height or ""),
        "zone": choice.zone,
        "keeps_out": "yes" if choice.keeps_out else "",
    }
    for name in NAMES:
        moment = getattr(choice, name)
        fields[name] = moment.astimezone(zone).strftime(LOCAL_TIME) if moment else ""
    return MultiDict(fields)


def _choice(course: UUID, form: Form, targets: Sequence[str]) -> LinkChoice:
    one = _Fields(form, course)
    counts, which = one.text("counts", "score"), one.text("which_attempt", "best")
    if counts not in {UNGRADED, *runtime().plugins.grade_policies} or which not in ATTEMPTS:
        raise PickerInputError("counts or which_attempt", advice=_("Reload the page and choose again."))
    columns = one.text("columns", BY_COURSE)
    if columns not in {BY_COURSE, BY_ACTIVITY}:
        raise PickerInputError("columns", advice=_("Reload the page and choose again."))
    mark, target = one.text("pass_mark"), one.text("target")
    choice = LinkChoice(
        course_id=course,
        counts=counts,
        points=_number(one.text("points", "100"), _("Points"), 0.01, MAX_POINTS),
        pass_mark=_number(mark, _("Pass mark"), 0.0, 100.0) / 100 if mark else None,
        which_attempt=which,
        max_attempts=int(_number(one.text("max_attempts") or "0", _("Attempts allowed"), 0, MAX_ATTEMPTS)),
        columns=columns,
        title=plain_text(one.text("title"), MAX_TITLE),
        text=plain_text(one.text("text"), MAX_TEXT),
        target=target if target in targets else "",
        width=int(_number(one.text("width") or "0", _("Width"), 0, MAX_SIZE)),
        height=int(_number(one.text("height") or "0", _("Height"), 0, MAX_SIZE)),
    )
    _read_dates(choice, one, form.get("zone", ""))
    return choice


class _Fields:
    """The fields of one course: its own where the form asks for each apart, else those for all."""

    def __init__(self, form: Form, course: UUID) -> None:
        self._form = form
        self._behind = f":{course}" if f"counts:{course}" in form else ""

    def text(self, name: str, default: str = "") -> str:
        return self._form.get(f"{name}{self._behind}", default).strip()


def _read_dates(choice: LinkChoice, one: _Fields, zone: str) -> None:
    if zone and zone not in zone_names():
        raise PickerInputError("zone", advice=_("Choose a time zone from the list."))
    labels = {
        "available_from": _("Available from"),
        "available_until": _("Available until"),
        "submission_from": _("Hand in from"),
        "submission_until": _("Hand in until"),
    }
    for name in NAMES:
        setattr(choice, name, _moment(one.text(name), labels[name], zone))
    for start, end in (("available_from", "available_until"), ("submission_from", "submission_until")):
        first, last = getattr(choice, start), getattr(choice, end)
        if first is not None and last is not None and last <= first:
            said = _("%(end)s must be later than %(start)s.", end=labels[end], start=labels[start])
            raise PickerInputError(end, advice=said)
    choice.keeps_out = bool(one.text("keeps_out"))
    dated = any(getattr(choice, name) for name in NAMES)
    choice.zone = (zone or ZONE) if dated else ""


def _moment(text: str, label: str, zone: str) -> datetime | None:
    """Read a date and time of day in a time zone."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone_of(zone))
        if moment.year not in YEARS:
            raise ValueError(text)
    except ValueError as error:
        advice = _("%(label)s: a date and a time such as 2027-01-31T23:59.", label=label)
        raise PickerInputError(label, advice=advice) from error
    return moment


def _number(text: str, label: str, least: float, most: float) -> float:
    """Read a number, with a comma or a point for its decimals."""
    try:
        number = float(text.strip().replace(",", "."))
    except ValueError:
        number = math.nan
    if not least <= number <= most:  # false for nan too
        advice = _("%(label)s: a number from %(least)s to %(most)s.", label=label, least=f"{least:g}", most=f"{most:g}")
        raise PickerInputError(label, advice=advice)
    return round(number, 6)
