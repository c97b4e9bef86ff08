"""One activity of a SCORM 2004 course in play: its data model, its clock, and which delivery they belong to."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from passback.plugin import JsonObject
from passback_scorm.limits import TimeLimit, time_limit
from passback_scorm.rte.initial import Launch, initial_model, kept_values
from passback_scorm.rte.interval import parse_interval
from passback_scorm.rte.model import DataModel, Store
from passback_scorm.rte.table import Table
from passback_scorm.rte.text import PackedTexts
from passback_scorm.sco import Run
from passback_scorm.sequenced.course import Course, node_of
from passback_scorm.sequencing.engine import view
from passback_scorm.settings import ScormSettings

SESSION_TIME = "cmi.session_time"


@dataclass(frozen=True)
class Unit:
    """What the cell of an activity holds.

    Args:
        attempt: the attempt on the activity that it belongs to; 0: never delivered.
        delivery: `Place.delivery` of the delivery that it belongs to.
        given, values, counts, size: of its `DataModel`; stores: whether it may read and write each.
        earlier: hundredths of a second in this attempt before `run`; `start`: before this delivery.
    """

    attempt: int = 0
    delivery: int = 0
    given: PackedTexts = field(default_factory=dict)
    values: PackedTexts = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    size: int = 0
    stores: tuple[tuple[bool, bool], ...] = ()
    earlier: int = 0
    start: int = 0
    run: Run = field(default_factory=Run)

    def total(self, *, measure: bool) -> int:
        """Return the time in this attempt, in hundredths of a second."""
        return self.earlier + self.run.time(measure=measure)

    def model(self, table: Table, *, strict: bool) -> DataModel:
        """Return the data model; changing it leaves the unit as it is."""
        values, given = dict(self.values), dict(self.given)
        stores = tuple(Store(read=read, write=write) for read, write in self.stores)
        return DataModel(table, values, dict(self.counts), strict, self.size, stores, given=given)

    def holding(self, model: DataModel) -> "Unit":
        """Return the unit with another data model."""
        return replace(
            self,
            given=dict(model.given),
            values=dict(model.values),
            counts=dict(model.counts),
            size=model.size,
            stores=tuple((one["read"], one["write"]) for one in model.stores),
        )

    def again(self, seen: datetime, *, measure: bool) -> "Unit":
        """Return it with a new run in the same attempt: the time so far counts as an earlier one's."""
        return replace(self, earlier=self.total(measure=measure), run=Run(seen=seen))


_units: TypeAdapter[Unit] = TypeAdapter(Unit)


def load_unit(cell: JsonObject | None) -> Unit:
    """Return what a cell holds; an unreadable one counts as empty."""
    try:
        return _units.validate_python(cell or {})
    except ValidationError:
        return Unit()


def dump_unit(unit: Unit) -> JsonObject:
    """Return a state cell."""
    dumped: JsonObject = _units.dump_python(unit, mode="json")
    return dumped


def limit_of(content: JsonObject, activity: str, settings: ScormSettings, used: int) -> TimeLimit | None:
    """Return the time limit of an activity, with what is used of it."""
    node = node_of(content, activity)
    allowed = parse_interval(str(node.get("max_time_allowed") or ""))
    return time_limit(allowed, str(node.get("time_limit_action") or ""), used, kept=settings.time_limits)


@dataclass(frozen=True)
class Delivery:
    """A unit as it is delivered: with the model that content finds at Initialize."""

    model: DataModel
    attempt: int
    continued: bool


def deliver(
    course: Course, activity: str, unit: Unit, content: JsonObject, *, table: Table, launch: Launch, strict: bool
) -> Delivery:
    """Return the initial data model of an activity that is delivered, new or going on.

    An attempt that goes on without having been suspended is one that was shown again, as after a request that led
    nowhere: it is resumed like any other, so that nothing of it is lost.
    """
    seen = view(course.tree, course.state, course.shared, activity)
    same = 0 < unit.attempt == seen.attempts  # attempts on what is not tracked are not counted
    continued = unit.delivery > 0 and (same or seen.resumed)
    kept = kept_values(unit.model(table, strict=strict)) if continued else {}
    going_on = replace(seen, resumed=seen.resumed or (continued and unit.run.initialized))
    total = launch.total_time if continued else 0
    launch = replace(launch, kept=kept, total_time=total)
    model = initial_model(table, node_of(content, activity), going_on, launch, strict=strict)
    return Delivery(model, seen.attempts, continued)
