"""What is kept of a learner's way through a SCORM 1.2 course of several units between events."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from passback.plugin import Completion, JsonObject, Outcome, Scope, State, StateKey, Success
from passback_scorm.sco import Run, Sco, dump_sco, load_sco
from passback_scorm.several.rollup import Part
from passback_scorm.verdict import UNDECIDED

COURSE = StateKey(Scope.ATTEMPT, "course")


@dataclass(frozen=True)
class Standing:
    """What one unit has come to: its own small outcome.

    Args:
        word: its lesson_status as long as nothing is decided, "" before it was opened.
        time: hundredths of a second in all its runs.
        order: counts up with each report of a score, so that the last one can be told.
    """

    completion: Completion = Completion.NOT_ATTEMPTED
    success: Success = Success.UNKNOWN
    raw: float | None = None
    low: float | None = None
    high: float | None = None
    word: str = ""
    time: int = 0
    order: int = 0

    @property
    def status(self) -> str:
        """Return the lesson_status that counts; one that was reached is never taken back (design §9)."""
        if self.success is not Success.UNKNOWN:
            return self.success.value
        return "completed" if self.completion is Completion.COMPLETED else self.word

    @property
    def score(self) -> float | None:
        """Return the score, 0..100: within the range that content gave, else raw as it is (as core reads scores)."""
        if self.raw is None:
            return None
        low = self.low or 0.0
        ranged = self.high is not None and low < self.high < low + 1e300
        share = (self.raw - low) / (self.high - low) if ranged and self.high is not None else self.raw / 100
        return 100 * min(1.0, max(0.0, share))

    @property
    def outcome(self) -> Outcome:
        """Return it as the run time of one SCO sees it."""
        return Outcome(self.completion, self.success, score_raw=self.raw, score_min=self.low, score_max=self.high)

    def after(self, outcome: Outcome, *, word: str, time: int, order: int) -> "Standing":
        """Return what it becomes by an outcome of its unit."""
        kept = word if word in UNDECIDED else self.word
        scores = (outcome.score_raw, outcome.score_min, outcome.score_max)
        order = order if scores != (self.raw, self.low, self.high) else self.order
        return Standing(outcome.completion, outcome.success, *scores, kept, time, order)

    def part(self, weight: float) -> Part:
        """Return it as the rollup sees it."""
        return Part(self.status, self.score, weight, self.order)


@dataclass(frozen=True)
class Course:
    """Where the learner is, and what each unit has come to.

    Args:
        at: id of the unit that is shown; "" for none.
        ended: the course was left by an end; the next session starts it again.
        delivery: counts what was shown, so that a unit knows whether it is a new run.
        session: the session whose events count.
        note: why the last request led nowhere.
        suggestion: what the end of the unit that is shown suggests: `next`, `stay`, `end`, or "".
        order: counts reports of scores.
        clock: the run of the unit that is shown.
        units: by id, those that were opened.
        preferences: `cmi.student_preference` elements, the same for all units.
    """

    at: str = ""
    ended: bool = False
    delivery: int = 0
    session: str = ""
    note: str = ""
    suggestion: str = ""
    order: int = 0
    clock: Run = field(default_factory=Run)
    units: Mapping[str, Standing] = field(default_factory=dict)
    preferences: Mapping[str, str] = field(default_factory=dict)

    def with_(self, **changes: Any) -> "Course":
        """Return a copy with `changes`."""
        return replace(self, **changes)

    def standing(self, unit: str) -> Standing:
        """Return what a unit has come to."""
        return self.units.get(unit, Standing())

    def at_moment(self, moment: datetime, *, measure: bool) -> "Course":
        """Return the course with the time in the unit that is shown counted up to `moment`."""
        if not self.clock.initialized or self.clock.finished:
            return self
        clock, standing = self.clock.at(moment), self.standing(self.at)
        more = clock.time(measure=measure) - self.clock.time(measure=measure)
        return self.standing_as(self.at, replace(standing, time=standing.time + more)).with_(clock=clock)

    def standing_as(self, unit: str, standing: Standing) -> "Course":
        """Return the course with another standing of a unit."""
        return replace(self, units={**self.units, unit: standing}, order=max(self.order, standing.order))


_courses: TypeAdapter[Course] = TypeAdapter(Course)


def load_course(state: State) -> Course:
    """Return the course as its cell has it; one that cannot be read has not begun."""
    try:
        return _courses.validate_python(state.cells.get(COURSE) or {})
    except ValidationError:
        return Course()


def dump_course(course: Course) -> JsonObject:
    """Return the course's cell."""
    dumped: JsonObject = _courses.dump_python(course, mode="json", exclude_defaults=True)
    return dumped


def unit_key(unit: str) -> StateKey:
    """Return the cell of a unit's data model."""
    return StateKey(Scope.ACTIVITY, unit)


def load_unit(cell: JsonObject | None) -> tuple[Sco, int]:
    """Return a unit's SCO and the delivery that its run belongs to; 0: it was never shown."""
    delivery = (cell or {}).get("delivery")
    return load_sco(cell), delivery if isinstance(delivery, int) else 0


def timed(sco: Sco, standing: Standing, *, measure: bool) -> Sco:
    """Return a SCO with the time that was counted after its last words, while nothing but the course was at hand."""
    return replace(sco, earlier=sco.earlier + max(0, standing.time - sco.total(measure=measure)))


def dump_unit(sco: Sco, delivery: int) -> JsonObject:
    """Return a unit's cell."""
    return {**dump_sco(sco), "delivery": delivery}
