"""What an instructor fills in in the picker, checked."""

import math
from dataclasses import dataclass
from uuid import UUID

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from passback.errors import PassbackError, Side
from passback.lti.deep_linking import UNGRADED
from passback.lti.models import LinkChoice
from passback.runtime import runtime

ATTEMPTS = ("best", "last", "first", "average")
MAX_POINTS = 100_000.0
MAX_ATTEMPTS = 1000
MAX_CHOSEN = 50


class PickerInputError(PassbackError):
    """Something in the form is missing or cannot be used."""

    code = "picker_input"
    status = 422
    side = Side.REQUEST


@dataclass(frozen=True)
class Picked:
    """The chosen courses and how they count; the same for all."""

    courses: tuple[UUID, ...]
    counts: str
    points: float
    pass_mark: float | None
    which_attempt: str
    max_attempts: int

    def choices(self) -> list[LinkChoice]:
        """Return a row for each course."""
        return [
            LinkChoice(
                course_id=course,
                counts=self.counts,
                points=self.points,
                pass_mark=self.pass_mark,
                which_attempt=self.which_attempt,
                max_attempts=self.max_attempts,
            )
            for course in self.courses
        ]


def read_picked(form: MultiDict[str, str], *, multiple: bool) -> Picked:
    """Check the form.

    Raises:
        PickerInputError: with what to put right as its advice.
    """
    counts, which = form.get("counts", "score"), form.get("which_attempt", "best")
    if counts not in {UNGRADED, *runtime().plugins.grade_policies} or which not in ATTEMPTS:
        raise PickerInputError("counts or which_attempt", advice=_("Reload the page and choose again."))
    mark = form.get("pass_mark", "").strip()
    return Picked(
        courses=_courses(form.getlist("course"), multiple=multiple),
        counts=counts,
        points=_number(form.get("points", "100"), _("Points"), 0.01, MAX_POINTS),
        pass_mark=_number(mark, _("Pass mark"), 0.0, 100.0) / 100 if mark else None,
        which_attempt=which,
        max_attempts=int(_number(form.get("max_attempts", "0") or "0", _("Attempts allowed"), 0, MAX_ATTEMPTS)),
    )


def _courses(values: list[str], *, multiple: bool) -> tuple[UUID, ...]:
    try:
        found = tuple(dict.fromkeys(UUID(value) for value in values))
    except ValueError as error:
        raise PickerInputError("course", advice=_("Reload the page and choose again.")) from error
    if not found:
        raise PickerInputError("no course", advice=_("Choose a course."))
    if len(found) > (MAX_CHOSEN if multiple else 1):
        raise PickerInputError("too many courses", advice=_("Choose fewer courses."))
    return found


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
