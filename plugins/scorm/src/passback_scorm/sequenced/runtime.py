"""What each event changes in a SCORM 2004 course. Pure and total; garbage changes nothing."""

from collections.abc import Iterable
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
    Success,
    Transition,
)
from passback_scorm.interactions import answered
from passback_scorm.rte.initial import Launch
from passback_scorm.rte.interval import parse_interval
from passback_scorm.rte.result import result_of
from passback_scorm.rte.table import Table, scorm2004
from passback_scorm.runtime import COMMIT, FINISH, INITIALIZE, SET, pairs
from passback_scorm.sequenced.course import (
    COURSE,
    SHARED,
    Course,
    Running,
    dump_course,
    load_course,
    seed_of,
    unit_key,
)
from passback_scorm.sequenced.unit import SESSION_TIME, Unit, deliver, dump_unit, limit_of, load_unit
from passback_scorm.sequencing import engine
from passback_scorm.sequencing.recording import ObjectiveView
from passback_scorm.sequencing.result import RteResult
from passback_scorm.settings import ScormSettings, course_settings
from passback_scorm.verdict import raised

NAVIGATE = "scorm.navigate"
REQUESTS = frozenset(
    {"continue", "previous", "choice", "jump", "exit", "exitAll", "suspendAll", "abandon", "abandonAll"}
)
_EXIT = "cmi.exit"


@dataclass(frozen=True)
class _Said:
    """An event with what it is about."""

    state: State
    event: RuntimeEvent
    course: Course
    settings: ScormSettings
    table: Table

    def to(self, course: Course, outcome: Outcome, unit: Unit | None = None, facts: Iterable[Fact] = ()) -> Transition:
        """Return the transition to another moment of the course."""
        cells: dict[StateKey, JsonObject] = dump_course(self.course, course, self.state)
        if unit is not None:
            cells[unit_key(self.event.activity)] = dump_unit(unit)
        running = course.place.running
        duration = (course.place.spent + running.time) / 100
        return Transition(outcome.with_(duration_seconds=duration), cells, tuple(facts))


def scopes(event: RuntimeEvent, content: JsonObject) -> frozenset[StateKey]:
    """Name the cells of the course and of the activity the event is about, and the learner's where they are shared."""
    keys = {COURSE, unit_key(event.activity)} if event.activity else {COURSE}
    return frozenset(keys | {SHARED} if content.get("shared") else keys)


def apply(state: State, event: RuntimeEvent) -> Transition:
    """Return what an event changes; in review and browse mode nothing."""
    if state.mode != "normal":
        return Transition(state.outcome)
    course = load_course(state, seed=seed_of(str(event.session)))
    said = _Said(state, event, course, course_settings(state), scorm2004(str(state.content.get("edition"))))
    if event.kind == SESSION_STARTED:
        return _started(said)
    if course.place.session != str(event.session):
        return Transition(state.outcome)
    if event.kind in {SESSION_ENDED, NAVIGATE}:
        return _ended(said) if event.kind == SESSION_ENDED else _navigated(said)
    if event.kind in {INITIALIZE, SET, COMMIT, FINISH} and course.tree.get(event.activity) is not None:
        return _talked(said)
    return Transition(state.outcome)


# --- The course ------------------------------------------------------------------------------------------------------


def _started(said: _Said) -> Transition:
    """Resume what was suspended, else start; a session that was left open is set aside first."""
    course, place = said.course, said.course.place
    running = place.running
    step = engine.open_session(
        course.tree, course.state, course.shared, result=running.result, finished=_is_over(running)
    )
    after = _shown(course, step, session=str(said.event.session))
    outcome = said.state.outcome
    fresh = outcome.completion in {Completion.NOT_ATTEMPTED, Completion.UNKNOWN}
    completion = Completion.INCOMPLETE if fresh else outcome.completion
    return said.to(after, outcome.with_(completion=completion, ended=False))


def _ended(said: _Said) -> Transition:
    """End a session: a suspend, unless content finished before; Resume All comes back to this place."""
    course, place = said.course, said.course.place
    running = place.running
    step = engine.set_aside(course.tree, course.state, course.shared, result=running.result, finished=_is_over(running))
    after = _shown(course, step, session=place.session)
    if running.finished or _suspended(running):
        after = after.with_(paused=_suspended(running))
    return said.to(after, _outcome(said, after).with_(ended=True))


def _navigated(said: _Said) -> Transition:
    request, target = said.event.data.get("request"), said.event.data.get("target", "")
    if not (isinstance(request, str) and isinstance(target, str)) or request not in REQUESTS:
        return Transition(said.state.outcome)
    if said.course.place.ended:
        return Transition(said.state.outcome)
    course = said.course
    result = course.place.running.result
    if said.event.data.get("timeout") is True:
        result = _cut_short(result or RteResult())
    step = engine.navigate(course.tree, course.state, course.shared, request, target, result=result)
    after = _shown(course, step, session=course.place.session)
    if step.ended:
        after = after.with_(paused=request == "suspendAll")
    outcome = _outcome(said, after)
    return said.to(after, outcome.with_(ended=outcome.ended or step.ended))


def activity_outcomes(state: State) -> dict[str, Outcome]:
    """Return what each activity that was tried has come to; one that is left is over."""
    course = load_course(state)
    place = course.place
    known = engine.outcomes(course.tree, course.state, course.shared, result=place.running.result)
    over = place.ended or _is_over(place.running)
    return {name: _activity_outcome(one, ended=over or name != place.shown) for name, one in known.items()}


def _activity_outcome(known: ObjectiveView, *, ended: bool) -> Outcome:
    success = Success.UNKNOWN if known.satisfied is None else Success.PASSED if known.satisfied else Success.FAILED
    return Outcome(
        Completion.COMPLETED if known.completed else Completion.INCOMPLETE,
        success,
        score_scaled=None if known.measure is None else min(1.0, max(0.0, known.measure)),
        score_raw=known.raw,
        score_min=known.min,
        score_max=known.max,
        ended=ended,
    )


def _cut_short(result: RteResult) -> RteResult:
    """Return what an activity has reported whose time is over: what it left open is not done (UP.4 would say it is)."""
    completion, success = result.completion_status or "incomplete", result.success_status or "unknown"
    return replace(result, completion_status=completion, success_status=success)


def _shown(course: Course, step: engine.Step, *, session: str) -> Course:
    """Return the course after a step. What is not delivered but still active is shown again."""
    place, current = course.place, step.state.activities.get(step.state.current)
    shown = step.delivered or (step.state.current if current is not None and current.active else "")
    if shown and course.tree.activities[shown].children:
        shown = ""
    after = replace(course, state=step.state, shared=step.globals)
    return after.with_(
        shown=shown,
        ended=step.ended,
        exception=step.exception,
        delivery=place.delivery + 1,
        session=session,
        spent=place.spent + place.running.time,
        running=Running(),
    )


def _is_over(running: Running) -> bool:
    return running.finished and not _suspended(running)


def _suspended(running: Running) -> bool:
    return running.result is not None and running.result.exit == "suspend"


# --- An activity -----------------------------------------------------------------------------------------------------


def _talked(said: _Said) -> Transition:
    """Take in what content said, in the activity that is shown or, late, in one that no longer is."""
    place, event = said.course.place, said.event
    unit = load_unit(said.state.cells.get(unit_key(event.activity)))
    shown = event.activity == place.shown
    if shown and unit.delivery != place.delivery:
        unit = _delivered(said, unit)
    if event.kind == INITIALIZE:
        return _initialized(said, unit) if shown else Transition(said.state.outcome)
    if not unit.run.initialized or unit.run.finished:
        return Transition(said.state.outcome)
    model = unit.model(said.table, strict=said.settings.strict)
    changed = model.accept(pairs(event.data.get("values")))
    finishing = event.kind == FINISH
    reported = None if said.settings.measured_time else parse_interval(model.text(SESSION_TIME) or "-")
    run = replace(unit.run.at(event.at), finished=finishing, reported=reported)
    unit = replace(unit.holding(model), run=run)
    limit = limit_of(said.state.content, event.activity, said.settings, unit.earlier)
    if limit is not None and limit.is_broken(run.measured):  # kept, but it no longer counts
        return said.to(said.course, said.state.outcome, unit)
    result = result_of(model)
    if shown:
        after = said.course.with_(running=Running(result, finishing, _time(said, unit)))
    else:
        step = engine.record(said.course.tree, said.course.state, said.course.shared, event.activity, result)
        after = replace(said.course, state=step.state, shared=step.globals)
    facts = (Fact("answered", one) for one in answered(model, changed))
    return said.to(after, _outcome(said, after), unit, facts)


def _delivered(said: _Said, unit: Unit) -> Unit:
    """Return the unit as its delivery finds it; the same model that the browser was furnished with."""
    activity, place, measure = said.event.activity, said.course.place, said.settings.wall_clock_time
    launch = Launch("", "", total_time=unit.total(measure=measure))
    new = deliver(
        said.course, activity, unit, said.state.content, table=said.table, launch=launch, strict=said.settings.strict
    )
    unit = unit.again(said.event.at, measure=measure) if new.continued else Unit().again(said.event.at, measure=measure)
    return replace(unit.holding(new.model), attempt=new.attempt, delivery=place.delivery, start=unit.earlier)


def _initialized(said: _Said, unit: Unit) -> Transition:
    """Note that content began; where it may begin again, its time so far counts and its session's words are gone."""
    if unit.run.initialized:
        if not (said.settings.reinitialise or not unit.run.finished):
            return Transition(said.state.outcome)
        unit = unit.again(said.event.at, measure=said.settings.wall_clock_time)
    model = unit.model(said.table, strict=said.settings.strict)
    model.drop(_EXIT)
    model.drop(SESSION_TIME)
    unit = replace(unit.holding(model), run=replace(unit.run.at(said.event.at), initialized=True))
    running = replace(said.course.place.running, finished=False, time=_time(said, unit))
    return said.to(said.course.with_(running=running), said.state.outcome.with_(ended=False), unit)


def _time(said: _Said, unit: Unit) -> int:
    return unit.total(measure=said.settings.wall_clock_time) - unit.start


# --- The outcome -----------------------------------------------------------------------------------------------------


def _outcome(said: _Said, course: Course) -> Outcome:
    """Return what the course has come to: the root's rollup with what the running activity has reported so far."""
    result = course.place.running.result
    root = engine.outcome(course.tree, course.state, course.shared, result=result)
    completion = Completion.COMPLETED if root.completed else Completion.INCOMPLETE
    success = Success.UNKNOWN if root.satisfied is None else Success.PASSED if root.satisfied else Success.FAILED
    before = said.state.outcome
    after = raised(before, completion, success)
    if root.measure is not None:
        after = after.with_(score_scaled=min(1.0, max(0.0, root.measure)))
    if result is not None and result.score_raw is not None and _is_alone(course):
        after = after.with_(score_raw=result.score_raw, score_min=result.score_min, score_max=result.score_max)
    progress = 1.0 if after.completion is Completion.COMPLETED else root.progress
    after = after.with_(progress=progress if progress is not None else before.progress)
    return after.with_(at=said.event.at) if _verdict(after) != _verdict(before) else after


def _is_alone(course: Course) -> bool:
    return sum(not one.children for one in course.tree.in_order) == 1


def _verdict(outcome: Outcome) -> tuple[object, ...]:
    return outcome.completion, outcome.success, outcome.score_scaled, outcome.score_raw
