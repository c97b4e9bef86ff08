"""What each event changes: `apply` of the content type. Pure and total; garbage changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pydantic import JsonValue

from passback.plugin import (
    SESSION_ENDED,
    SESSION_STARTED,
    Completion,
    Fact,
    Outcome,
    RuntimeEvent,
    Scope,
    State,
    StateKey,
    Transition,
)
from passback_scorm.interactions import answered
from passback_scorm.limits import TimeLimit, time_limit
from passback_scorm.rte.model import DataModel
from passback_scorm.rte.table import scorm12
from passback_scorm.rte.text import unpack
from passback_scorm.sco import Run, Sco, dump_sco, load_sco
from passback_scorm.settings import ScormSettings, course_settings
from passback_scorm.timespan import parse_timespan
from passback_scorm.unit import Unit, only_unit
from passback_scorm.verdict import STATUS, UNDECIDED, judge, lesson_status, read_score

CELL = StateKey(Scope.ATTEMPT, "sco")
"""The one SCO of a course; `several` keeps one such cell per activity."""

INITIALIZE, SET, COMMIT, FINISH = "scorm.initialize", "scorm.set", "scorm.commit", "scorm.finish"
EXIT, SESSION_TIME = "cmi.core.exit", "cmi.core.session_time"


@dataclass(frozen=True)
class Played:
    """What a course brings to every event of one of its units."""

    settings: ScormSettings
    unit: Unit

    @property
    def mastery(self) -> float | None:
        return self.unit.mastery(self.settings)

    def limit(self, used: int) -> TimeLimit | None:
        """Return the unit's time limit, with what is used of it."""
        allowed = parse_timespan(self.unit.max_time_allowed)
        return time_limit(allowed, self.unit.time_limit_action, used, kept=self.settings.time_limits)

    def hearing(self, event: RuntimeEvent) -> "Played":
        """Return the course as it holds for an event: LMSFinish in a page that is closed completes nothing.

        Rustici's RuntimeMinimumCalls_SCORM12 says LMSFinish in `onbeforeunload` and never a status: whoever opens a
        unit and closes the tab has not completed it.
        """
        if event.data.get("closing") is not True:
            return self
        return replace(self, settings=self.settings.model_copy(update={"auto_complete": False}))


def apply(state: State, event: RuntimeEvent) -> Transition:
    """Return what an event changes; in review and browse mode nothing."""
    if state.mode != "normal":
        return Transition(state.outcome)
    course = Played(course_settings(state), only_unit(state.content)).hearing(event)
    sco = load_sco(state.cells.get(CELL))
    if event.kind == SESSION_STARTED:
        return _started(state.outcome, sco, event, course)
    if event.kind == SESSION_ENDED:
        return _ended(state.outcome, sco, event, course)
    if event.kind not in {INITIALIZE, SET, COMMIT, FINISH}:
        return Transition(state.outcome)
    if sco.session not in {"", str(event.session)}:
        return late(state.outcome, event, course)
    return said(state.outcome, replace(sco, session=str(event.session)), event, course)


def model_of(sco: Sco, *, strict: bool = False) -> DataModel:
    """Return a SCO's data model; changing it leaves `sco` as it is."""
    return DataModel(scorm12(), dict(sco.values), dict(sco.counts), strict, sco.size)


def _started(outcome: Outcome, sco: Sco, event: RuntimeEvent, course: Played) -> Transition:
    sco = replace(next_run(sco, event, course), session=str(event.session))
    started = outcome.completion not in {Completion.NOT_ATTEMPTED, Completion.UNKNOWN}
    completion = outcome.completion if started else Completion.INCOMPLETE
    return Transition(outcome.with_(completion=completion, ended=False), {CELL: dump_sco(sco)})


def _ended(outcome: Outcome, sco: Sco, event: RuntimeEvent, course: Played) -> Transition:
    """End a session: a suspend, unless content finished before. Only what can say nothing is completed by leaving."""
    if sco.session != str(event.session):
        return Transition(outcome)
    if event.data.get("reason") != "idle":
        sco = replace(sco, run=sco.run.at(event.at))
    if course.unit.is_asset and not sco.launched:
        outcome = judge(outcome, "completed", None, course.settings).with_(at=event.at)
    return Transition(_timed(outcome, sco, course).with_(ended=True), {CELL: dump_sco(sco)})


def said(outcome: Outcome, sco: Sco, event: RuntimeEvent, course: Played) -> Transition:
    """Take in what a SCO said; `CELL` of the transition is the SCO after it, missing where nothing changed."""
    if event.kind == INITIALIZE:
        return _initialized(outcome, sco, event, course)
    if not sco.run.initialized or sco.run.finished:
        return Transition(outcome)
    model = model_of(sco, strict=course.settings.strict)
    changed = model.accept(pairs(event.data.get("values")))
    finishing = event.kind == FINISH
    reported = None if course.settings.measured_time else parse_timespan(model.text(SESSION_TIME))
    run = replace(sco.run.at(event.at), finished=finishing, reported=reported)
    lms_status = "" if STATUS in changed else sco.lms_status
    status = lesson_status(model, course.settings, course.mastery, finishing=finishing)
    if finishing:
        lms_status = status if status != model.text(STATUS) else ""
    sco = replace(sco, values=model.values, counts=model.counts, size=model.size, run=run, lms_status=lms_status)
    limit = course.limit(sco.limited)
    too_late = limit is not None and limit.is_broken(run.measured)
    after = outcome if too_late else judge(outcome, lms_status or status, read_score(model), course.settings)
    after = _timed(after, sco, course)
    after = after.with_(ended=outcome.ended or finishing)
    if finishing or _verdict(after) != _verdict(outcome):
        after = after.with_(at=event.at)
    return Transition(after, {CELL: dump_sco(sco)}, tuple(Fact("answered", one) for one in answered(model, changed)))


def _initialized(outcome: Outcome, sco: Sco, event: RuntimeEvent, course: Played) -> Transition:
    if sco.run.initialized:
        sco = next_run(sco, event, course)
    model = model_of(sco)
    model.drop(EXIT)
    model.drop(SESSION_TIME)
    run = replace(sco.run.at(event.at), initialized=True)
    sco = replace(sco, values=model.values, size=model.size, run=run, launched=True)
    return Transition(_timed(outcome, sco, course).with_(ended=False), {CELL: dump_sco(sco)})


def late(outcome: Outcome, event: RuntimeEvent, course: Played) -> Transition:
    """Let an older session raise the outcome; the data model and the score belong to the newer one."""
    model = DataModel(scorm12(), strict=course.settings.strict)
    model.accept(pairs(event.data.get("values")))
    status = lesson_status(model, course.settings, course.mastery, finishing=False)
    if status in UNDECIDED:
        return Transition(outcome)
    after = judge(outcome, status, read_score(model) if outcome.score_raw is None else None, course.settings)
    return Transition(after.with_(at=event.at) if _verdict(after) != _verdict(outcome) else outcome)


def next_run(sco: Sco, event: RuntimeEvent, course: Played) -> Sco:
    """Close the books on a run: its time counts once, from now on as an earlier one."""
    sco = replace(sco, earlier=sco.total(measure=course.settings.wall_clock_time), limited=_limited(sco, course))
    if sco.run.initialized:
        sco = replace(sco, last_exit=model_of(sco).text(EXIT), last_finished=sco.run.finished)
    model = model_of(sco)
    model.drop(SESSION_TIME)
    return replace(sco, run=Run(seen=event.at), values=model.values, size=model.size)


def _limited(sco: Sco, course: Played) -> int:
    """Return what the next run finds used of the time limit."""
    how, used = model_of(sco).text(EXIT), sco.limited + sco.run.measured
    limit = course.limit(used)
    over = limit is not None and used >= limit.allowed
    return 0 if over or (sco.run.finished and how != "suspend") else used


def pairs(values: JsonValue) -> Iterator[tuple[str, str]]:
    """Yield [element, value] pairs in the order in which content set them."""
    for pair in values if isinstance(values, list) else ():
        if isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str):
            text = unpack(pair[1])
            if text is not None:
                yield pair[0], text


def _timed(outcome: Outcome, sco: Sco, course: Played) -> Outcome:
    return outcome.with_(duration_seconds=sco.total(measure=course.settings.wall_clock_time) / 100)


def _verdict(outcome: Outcome) -> tuple[object, ...]:
    return outcome.completion, outcome.success, outcome.score_raw, outcome.score_min, outcome.score_max
