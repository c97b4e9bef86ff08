"""The page of an LMS course, put together for those who teach in it and for staff of the installation."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from flask import jsonify
from flask.wrappers import Response
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict

from passback.db import TenantSession
from passback.errors import meaning
from passback.lti import course_view
from passback.lti.course_rows import LearnerRow, Numbers, Place, Show, Standing
from passback.lti.models import Context
from passback.lti.roster_models import Roster
from passback.lti.rosters import memberships_url

PAGE = course_view.PAGE


@dataclass(frozen=True)
class RosterWords:
    """How a roster's reading stands, for people.

    Args:
        kind: good, bad or "" (neither).
        advice: what to do next where it failed.
        is_pending: it is being read, or soon will be: worth looking again.
        can_ask: the LMS has said where the roster is.
        read_at: when what is shown was read; None where that is said otherwise.
    """

    kind: str
    text: str
    advice: str = ""
    is_pending: bool = False
    can_ask: bool = True
    read_at: datetime | None = None


@dataclass(frozen=True)
class CoursePage:
    """Everything the page shows.

    Args:
        place: the placement that is looked at; None: nothing is placed (any more).
        rows: those whom the roster names; `more` is the key to go on after, None at the end.
        others: those who opened the course and are not in the roster, likewise.
    """

    context: Context
    title: str
    places: Sequence[Place]
    roster: RosterWords
    place: Place | None = None
    numbers: Numbers = field(default_factory=Numbers)
    show: Show = Show.ALL
    rows: Sequence[LearnerRow] = ()
    more: UUID | None = None
    others: Sequence[LearnerRow] = ()
    more_others: UUID | None = None


def course_page(
    session: TenantSession, context: Context, asked: MultiDict[str, str], *, preferred: UUID | None = None
) -> CoursePage:
    """Return what the page of an LMS course shows.

    Args:
        asked: the address's `placement`, `show`, `after` and `after_other`; what makes no sense is left out.
        preferred: the placement to show where the address names none.
    """
    # Launches without a context share one per deployment: nobody may see others' placements by it.
    only = preferred if not context.context_id else None
    places = course_view.places_of(session, context.id, only)
    title = context.title or context.label or context.context_id
    words = roster_words(session, context, _roster(session, context))
    place = _chosen(places, asked.get("placement", type=UUID) or preferred)
    if place is None:
        return CoursePage(context, title, places, words)
    at = course_view.look_at(session, context, place)
    show = Show(asked["show"]) if asked.get("show") in list(Show) else Show.ALL
    after, after_other = asked.get("after", type=UUID), asked.get("after_other", type=UUID)
    rows = [] if after_other else course_view.learners(session, at, show=show, after=after, limit=PAGE + 1)
    others = [] if after else course_view.others(session, at, show=show, after=after_other, limit=PAGE + 1)
    return CoursePage(
        context,
        title,
        places,
        words,
        place,
        course_view.numbers(session, at),
        show,
        rows[:PAGE],
        rows[PAGE - 1].key if len(rows) > PAGE else None,
        others[:PAGE],
        others[PAGE - 1].key if len(others) > PAGE else None,
    )


def roster_status(session: TenantSession, context: Context) -> Response:
    """Return how the reading stands, for the page's script."""
    words = roster_words(session, context, _roster(session, context))
    return jsonify(text=words.text, pending=words.is_pending)


def roster_words(session: TenantSession, context: Context, roster: Roster | None) -> RosterWords:
    """Say how a roster's reading stands."""
    can_ask = bool(context.context_id and memberships_url(session, context.id)[0])
    if roster is not None and roster.state == "reading":
        so_far = ngettext("%(num)s person so far", "%(num)s people so far", roster.read)
        return RosterWords("", _("The LMS's roster is being read: %(so_far)s.", so_far=so_far), "", True, can_ask)
    if roster is not None and course_view.is_due(roster):
        return RosterWords("", _("The LMS's roster will be read in a moment."), "", True, can_ask)
    if roster is not None and roster.state == "failed":
        return _failed(roster, can_ask)
    if roster is not None and roster.read_at is not None:
        text = ngettext("The LMS's roster names %(num)s person.", "The LMS's roster names %(num)s people.", roster.read)
        if roster.left_out:
            left_out = ngettext(
                "%(num)s entry without an id was left out.",
                "%(num)s entries without an id were left out.",
                roster.left_out,
            )
            text = f"{text} {left_out}"
        return RosterWords("good", text, can_ask=can_ask, read_at=roster.read_at)
    if can_ask:
        return RosterWords("", _("The LMS's roster has not been read yet."))
    missing = meaning("roster_missing")
    return RosterWords("", missing.message if missing else "", missing.advice if missing else "", can_ask=False)


def standing_words() -> dict[Standing, tuple[str, str]]:
    """Return for each standing a word and, where the LMS may refuse a grade, why."""
    sent = _("The grade is sent all the same; the LMS may refuse it.")
    return {
        Standing.ACTIVE: (_("enrolled"), ""),
        Standing.INACTIVE: (_("inactive"), _("Inactive in the LMS's course.") + " " + sent),
        Standing.LEFT: (_("left"), _("Not in the LMS's course any more.") + " " + sent),
        Standing.NO_ROLE: (
            _("no learner's role"),
            _("The LMS gives them no learner's role in this course.") + " " + sent,
        ),
        Standing.NOT_LISTED: (_("not in the roster"), _("The LMS's roster does not name this learner.") + " " + sent),
        Standing.UNKNOWN: ("", ""),
    }


def show_words() -> dict[Show, str]:
    """Return the name of each list."""
    return {
        Show.ALL: _("All"),
        Show.NOT_STARTED: _("Never started"),
        Show.UNDER_WAY: _("Under way"),
        Show.DONE: _("Done"),
        Show.LEFT: _("Left the course"),
        Show.ATTENTION: _("Needs attention"),
    }


def _failed(roster: Roster, can_ask: bool) -> RosterWords:
    known = meaning(roster.error)
    parts = [known.message if known else _("The roster could not be read because of a fault of Passback's own.")]
    if known:
        parts.append(_("The fault is on the side of: %(side)s.", side=known.side))
    if roster.error_status:
        parts.append(_("It answered with status %(status)s.", status=roster.error_status))
    return RosterWords("bad", " ".join(parts), known.advice if known else "", can_ask=can_ask, read_at=roster.read_at)


def _roster(session: TenantSession, context: Context) -> Roster | None:
    return course_view.roster_of(session, context.id)


def _chosen(places: Sequence[Place], wanted: UUID | None) -> Place | None:
    found = [place for place in places if place.placement.id == wanted]
    return next(iter([*found, *places]), None)
