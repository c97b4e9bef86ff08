"""What is kept of a learner's way through a SCORM 2004 course between events."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from passback.plugin import JsonObject, Scope, State, StateKey
from passback_scorm.caching import OfCourse
from passback_scorm.sequencing.engine import begin, build_tree
from passback_scorm.sequencing.result import RteResult
from passback_scorm.sequencing.state import Globals, SequencingState
from passback_scorm.sequencing.tree import Tree

COURSE = StateKey(Scope.ATTEMPT, "course")
SHARED = StateKey(Scope.LEARNER, "shared")
"""Shared objectives and stores that are global to the system: the same for all courses of the learner."""


@dataclass(frozen=True)
class Running:
    """The activity that is shown, and what it has reported since it was delivered.

    Args:
        finished: content called Terminate.
        time: hundredths of a second in this attempt on the activity.
    """

    result: RteResult | None = None
    finished: bool = False
    time: int = 0


@dataclass(frozen=True)
class Place:
    """Where the learner is.

    Args:
        shown: id of the activity that is delivered; "" for none.
        ended: the sequencing session is over.
        paused: the learner or the content suspended it, and it was not ended since.
        exception: why the last request delivered nothing.
        delivery: counts deliveries, so that a unit knows whether it was delivered anew.
        session: the session whose events count.
        spent: hundredths of a second in everything but the running activity's attempt.
    """

    shown: str = ""
    ended: bool = False
    paused: bool = False
    exception: str = ""
    delivery: int = 0
    session: str = ""
    spent: int = 0
    running: Running = field(default_factory=Running)


@dataclass(frozen=True)
class Course:
    """A course under way: its tree, the tracking of its activities, what is shared, and where the learner is."""

    tree: Tree
    state: SequencingState
    shared: Globals
    place: Place

    def with_(self, **changes: Any) -> "Course":
        """Return a copy with `changes` of the place."""
        return replace(self, place=replace(self.place, **changes))


_places: TypeAdapter[Place] = TypeAdapter(Place)


def unit_key(activity: str) -> StateKey:
    """Return the cell of an activity's data model."""
    return StateKey(Scope.ACTIVITY, activity)


def summary(organization: Mapping[str, Any]) -> JsonObject:
    """Return what the course data says of its tree: `shared`: something of it outlasts the course, so that the
    learner's own cell is needed."""
    tree = build_tree(organization)
    goals = tree.objectives_global_to_system and any(
        any(one.reads.values()) or any(one.writes.values())
        for activity in tree.in_order
        for one in activity.objectives.values()
    )
    stores = tree.shared_data_global_to_system and any(one.shared_data for one in tree.in_order)
    return {"shared": goals or stores}


def load_course(state: State, *, seed: int = 0) -> Course:
    """Return the course as its cells have it; a new attempt begins where they are empty or cannot be read.

    Args:
        seed: of a new attempt's selection and randomisation.
    """
    tree = tree_of(state.content)
    cell = state.cells.get(COURSE) or {}
    own, common = Globals.from_json(_object(cell.get("shared"))), Globals.from_json(state.cells.get(SHARED) or {})
    shared = Globals(
        common.objectives if tree.objectives_global_to_system else own.objectives,
        common.shared_data if tree.shared_data_global_to_system else own.shared_data,
    )
    try:
        place = _places.validate_python(cell.get("place", {}))
        kept = SequencingState.from_json(_object(cell.get("sequencing")))
    except (ValidationError, KeyError, TypeError):
        return Course(tree, begin(tree, seed), shared, Place())
    return Course(tree, kept, shared, place)


def dump_course(before: Course, after: Course, state: State) -> dict[StateKey, JsonObject]:
    """Return the cells that differ between two moments of a course."""
    tree = after.tree
    own = Globals(
        {} if tree.objectives_global_to_system else after.shared.objectives,
        {} if tree.shared_data_global_to_system else after.shared.shared_data,
    )
    cell: JsonObject = {
        "sequencing": after.state.to_json(),
        "shared": own.to_json(),
        "place": _places.dump_python(after.place, mode="json"),
    }
    cells = {} if cell == state.cells.get(COURSE) else {COURSE: cell}
    if after.shared != before.shared and state.content.get("shared"):
        # What the other half holds belongs to other courses and stays as it is.
        common = Globals.from_json(state.cells.get(SHARED) or {})
        objectives = after.shared.objectives if tree.objectives_global_to_system else common.objectives
        data = after.shared.shared_data if tree.shared_data_global_to_system else common.shared_data
        cells[SHARED] = Globals(objectives, data).to_json()
    return cells


def tree_of(content: JsonObject) -> Tree:
    """Return the activity tree of a course."""
    return _tree(OfCourse(content))


def seed_of(text: str) -> int:
    """Return a seed that is the same for the same text."""
    return zlib.crc32(text.encode())


def node_of(content: JsonObject, activity: str) -> JsonObject:
    """Return the item of the course data with an id; empty for none."""
    return _nodes(OfCourse(content)).get(activity, {})


def _items(value: object) -> list[JsonObject]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _object(value: object) -> JsonObject:
    return value if isinstance(value, dict) else {}


@lru_cache(maxsize=64)
def _nodes(course: OfCourse) -> Mapping[str, JsonObject]:
    found: dict[str, JsonObject] = {}
    waiting = list(_items(_object(course.content.get("organization")).get("items")))
    while waiting:
        item = waiting.pop()
        found[str(item.get("id"))] = item
        waiting += _items(item.get("children"))
    return found


@lru_cache(maxsize=64)
def _tree(course: OfCourse) -> Tree:
    return build_tree(_object(course.content.get("organization")))
