"""What each event changes in a SCORM 1.2 course of several units. Pure and total; garbage changes nothing.

What a SCO says goes through the run time of one SCO (`passback_scorm.runtime`), with the unit's own small outcome; the
course's outcome is their rollup.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from passback.plugin import (
    SESSION_ENDED,
    SESSION_STARTED,
    Completion,
    Fact,
    JsonObject,
    Outcome,
    RuntimeEvent,
    State,
    StateKey,
    Transition,
)
from passback_scorm import runtime
from passback_scorm.runtime import CELL, COMMIT, EXIT, FINISH, INITIALIZE, SET, Played, model_of, pairs
from passback_scorm.sco import Run, Sco, load_sco
from passback_scorm.settings import ScormSettings, course_settings
from passback_scorm.several.course import (
    COURSE,
    Course,
    Standing,
    dump_course,
    dump_unit,
    load_course,
    load_unit,
    timed,
    unit_key,
)
from passback_scorm.several.plan import Plan, plan_of
from passback_scorm.several.rollup import roll_up
from passback_scorm.timespan import parse_timespan
from passback_scorm.unit import Unit
from passback_scorm.verdict import STATUS, raised

NAVIGATE = "scorm.navigate"
REQUESTS = frozenset({"continue", "previous", "choice", "exitAll"})
NOTHING_NEXT = "There is nothing further in this direction that can be opened now."
NO_SUCH_PART = "This part is not in the course."
NOT_YET = "This part cannot be opened yet: others have to be completed first."
_PREFERENCE = "cmi.student_preference."
_LONGEST_PREFERENCE = 255


@dataclass(frozen=True)
class _Said:
    """An event with what it is about."""

    state: State
    event: RuntimeEvent
    course: Course
    plan: Plan
    settings: ScormSettings

    def to(self, course: Course, outcome: Outcome | None = None, unit: JsonObject | None = None) -> Transition:
        """Return the transition to another moment of the course; its outcome is the rollup, if none is given."""
        cells: dict[StateKey, JsonObject] = {} if course == self.course else {COURSE: dump_course(course)}
        if unit is not None:
            cells[unit_key(self.event.activity)] = unit
        return Transition(self.outcome(course) if outcome is None else outcome, cells)

    def outcome(self, course: Course) -> Outcome:
        """Return what the course has come to."""
        before, weights = self.state.outcome, self.settings.rollup_weights
        units = self.plan.units
        parts = [one.part(weights.get(name, 1.0)) for name, one in course.units.items() if name in units]
        rolled = roll_up(parts, self.settings.rollup, total=len(units))
        after = raised(before, max(rolled.completion, Completion.INCOMPLETE, key=_FURTHER.index), rolled.success)
        if rolled.score is not None:
            after = after.with_(score_scaled=rolled.score / 100)
        progress = 1.0 if after.completion is Completion.COMPLETED else rolled.progress
        spent = sum(one.time for one in course.units.values()) / 100
        after = after.with_(progress=progress, duration_seconds=spent)
        return after.with_(at=self.event.at) if _verdict(after) != _verdict(before) else after


_FURTHER = (Completion.UNKNOWN, Completion.NOT_ATTEMPTED, Completion.INCOMPLETE, Completion.COMPLETED)


def scopes(event: RuntimeEvent) -> frozenset[StateKey]:
    """Name the cells of the course and of the unit the event is about."""
    return frozenset({COURSE, unit_key(event.activity)} if event.activity else {COURSE})


def apply(state: State, event: RuntimeEvent) -> Transition:
    """Return what an event changes; in review and browse mode nothing."""
    if state.mode != "normal":
        return Transition(state.outcome)
    said = _Said(state, event, load_course(state), plan_of(state.content), course_settings(state))
    if event.kind == SESSION_STARTED:
        return _started(said)
    if event.kind in {INITIALIZE, SET, COMMIT, FINISH}:
        return _talked(said)
    if said.course.session != str(event.session):
        return Transition(state.outcome)
    if event.kind == SESSION_ENDED:
        return _ended(said)
    return _navigated(said) if event.kind == NAVIGATE else Transition(state.outcome)


def opened(course: Course, plan: Plan) -> frozenset[str]:
    """Return the units that may be opened now."""
    return plan.open({one: standing.status for one, standing in course.units.items()})


def activity_outcomes(state: State) -> dict[str, Outcome]:
    """Return what each unit has come to, in the order in which they were opened; a unit that is left is over."""
    course, plan = load_course(state), plan_of(state.content)
    return {
        name: standing.outcome.with_(ended=course.ended or name != course.at or course.clock.finished)
        for name, standing in course.units.items()
        if name in plan.units
    }


# --- The course ------------------------------------------------------------------------------------------------------


def _started(said: _Said) -> Transition:
    """Go to where the learner was, else to the beginning."""
    course, plan = said.course, said.plan
    at = course.at if course.at in plan.units else plan.first(opened(course, plan))
    after = _shown(said, course.with_(session=str(said.event.session), ended=False), at)
    return said.to(after, said.outcome(after).with_(ended=False))


def _ended(said: _Said) -> Transition:
    """End a session: a suspend. How long a silent tab was looked at nobody knows."""
    idle = said.event.data.get("reason") == "idle"
    course = said.course if idle else _until_now(said)
    return said.to(course, said.outcome(course).with_(ended=True))


def _until_now(said: _Said) -> Course:
    return said.course.at_moment(said.event.at, measure=said.settings.wall_clock_time)


def _navigated(said: _Said) -> Transition:
    course = said.course
    request, target = said.event.data.get("request"), said.event.data.get("target", "")
    if not isinstance(request, str) or request not in REQUESTS or not isinstance(target, str) or course.ended:
        return Transition(said.state.outcome)
    course = _until_now(said)
    if request == "exitAll":
        after = course.with_(ended=True, note="", suggestion="")
        return said.to(after, said.outcome(after).with_(ended=True))
    can_open = opened(course, said.plan)
    if request == "choice":
        note = NO_SUCH_PART if target not in said.plan.units else "" if target in can_open else NOT_YET
    else:
        target = said.plan.beside(course.at, 1 if request == "continue" else -1, can_open)
        note = "" if target else NOTHING_NEXT
    return said.to(course.with_(note=note) if note else _shown(said, course, target))


def _shown(said: _Said, course: Course, unit: str) -> Course:
    """Return the course with a unit shown anew. Who can say nothing is complete once it was opened."""
    course = course.with_(at=unit, delivery=course.delivery + 1, clock=Run(), note="", suggestion="")
    found = said.plan.unit(unit)
    if found is None or not found.is_asset:
        return course
    return course.standing_as(unit, replace(course.standing(unit), completion=Completion.COMPLETED))


# --- A unit ----------------------------------------------------------------------------------------------------------


def _talked(said: _Said) -> Transition:
    """Take in what content said, in the unit that is shown or, late, in one that no longer is."""
    course, event = said.course, said.event
    unit = said.plan.unit(event.activity)
    shown = event.activity == course.at
    if unit is None or not course.session or (event.kind == INITIALIZE and not shown):
        return Transition(said.state.outcome)
    played = Played(said.settings, unit).hearing(event)
    standing = course.standing(unit.id)
    if course.session != str(event.session):
        later = runtime.late(standing.outcome, event, played).outcome
        standing = standing.after(later, word=standing.word, time=standing.time, order=_next(course))
        return said.to(course.standing_as(unit.id, standing))
    sco, delivery = load_unit(said.state.cells.get(unit_key(unit.id)))
    measure = said.settings.wall_clock_time
    anew = shown and delivery != course.delivery
    if anew or event.kind == INITIALIZE:
        sco = timed(sco, standing, measure=measure)
    if anew:
        sco, delivery = runtime.next_run(sco, event, played), course.delivery
    heard = runtime.said(standing.outcome, sco, event, played)
    if CELL not in heard.cells:
        return Transition(said.state.outcome)
    sco = load_sco(heard.cells[CELL])
    word = sco.lms_status or model_of(sco).text(STATUS) or "incomplete"
    standing = standing.after(heard.outcome, word=word, time=sco.total(measure=measure), order=_next(course))
    return _after(said, unit, standing, sco, delivery=delivery, facts=heard.facts)


def _after(
    said: _Said, unit: Unit, standing: Standing, sco: Sco, *, delivery: int, facts: tuple[Fact, ...]
) -> Transition:
    course = said.course.standing_as(unit.id, standing)
    kept = {**course.preferences, **_preferences(sco, said.event)}
    shown = unit.id == course.at
    course = course.with_(preferences=kept)
    if shown:
        course = course.with_(clock=sco.run, suggestion=_suggested(unit, standing, sco))
    after = said.to(course, None, dump_unit(sco, delivery))
    ended = after.outcome.ended and said.event.kind != INITIALIZE
    return replace(after, outcome=after.outcome.with_(ended=ended), facts=facts)


def _suggested(unit: Unit, standing: Standing, sco: Sco) -> str:
    """Return what the end of a SCO suggests (SCORM 1.2 RTE 3.4.4, cmi.core.exit), "" while it runs.

    A SCO beyond its time whose limit says `exit` ends the course like one that says `time-out`.
    """
    if not sco.run.finished:
        return ""
    limit = parse_timespan(unit.max_time_allowed)
    beyond = limit is not None and standing.time > limit and unit.time_limit_action.startswith("exit")
    how = model_of(sco).text(EXIT)
    return "end" if beyond or how in {"logout", "time-out"} else "stay" if how == "suspend" else "next"


def _preferences(sco: Sco, event: RuntimeEvent) -> Mapping[str, str]:
    """Return the preferences that an event set; what the browser had to pack, or is endless, is none.

    Only those: what else the SCO holds is of an earlier visit, and another one may have said otherwise since.
    """
    said = {name for name, _text in pairs(event.data.get("values")) if name.startswith(_PREFERENCE)}
    found = {name: sco.values.get(name) for name in said}
    return {name: text for name, text in found.items() if isinstance(text, str) and len(text) <= _LONGEST_PREFERENCE}


def _next(course: Course) -> int:
    return course.order + 1


def _verdict(outcome: Outcome) -> tuple[object, ...]:
    return outcome.completion, outcome.success, outcome.score_scaled
