"""What is kept of one attempt on a course: the tracking model (ADL SN 4th edition, 4.2) and the sequencing session."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

STATE_VERSION = 1
Info = dict[str, float]
"""What is known of an objective: a value (or a bool) by the fields of `tree.FIELDS`; what is unknown has no entry."""


class UnknownStateError(ValueError):
    """The state was written by a later version of this engine, which this one cannot read. Upgrade the plugin."""


@dataclass(slots=True)
class ActivityState:
    """The tracking of one activity.

    Args:
        attempts: Activity Attempt Count; above 0 the Activity Progress Status is known.
        resumed: the attempt that runs was suspended before.
        completion_set: content itself said something of completion, be it "unknown"; likewise `success_set`.
        old_objectives: what the objectives hold is from before the current attempt on the cluster above, which asks for
            what is reached within it (SM.1); likewise `old_progress`.
        objectives: what this attempt reached, by id of the local objective. The primary one's completion and progress
            are the attempt's.
        children: Available Children, where selection or randomisation made them differ.
    """

    active: bool = False
    suspended: bool = False
    resumed: bool = False
    attempts: int = 0
    completion_set: bool = False
    success_set: bool = False
    old_objectives: bool = False
    old_progress: bool = False
    objectives: dict[str, Info] = field(default_factory=dict)
    children: tuple[str, ...] | None = None

    def copy(self) -> "ActivityState":
        """Return a state that shares nothing with this one."""
        objectives = {name: dict(info) for name, info in self.objectives.items()}
        return ActivityState(
            self.active,
            self.suspended,
            self.resumed,
            self.attempts,
            self.completion_set,
            self.success_set,
            self.old_objectives,
            self.old_progress,
            objectives,
            self.children,
        )

    def to_json(self) -> dict[str, Any]:
        """Return what differs from an activity that nobody has touched."""
        found: dict[str, Any] = {}
        for name in _PLAIN:
            value = getattr(self, name)
            if value:
                found[name] = value
        objectives = {name: info for name, info in self.objectives.items() if info}
        if objectives:
            found["objectives"] = {name: dict(info) for name, info in objectives.items()}
        if self.children is not None:
            found["children"] = list(self.children)
        return found


_PLAIN = (
    "active",
    "suspended",
    "resumed",
    "attempts",
    "completion_set",
    "success_set",
    "old_objectives",
    "old_progress",
)


@dataclass(slots=True)
class SequencingState:
    """The tracking of all activities, and where the learner is.

    Args:
        seed: what selection and randomisation draw from.
        draws: how often they have drawn.
        current: Current Activity; "" while no sequencing session is open.
        suspended: Suspended Activity, where Resume All goes.
    """

    seed: int = 0
    draws: int = 0
    current: str = ""
    suspended: str = ""
    activities: dict[str, ActivityState] = field(default_factory=dict)

    def copy(self) -> "SequencingState":
        """Return a state that shares nothing with this one."""
        activities = {name: one.copy() for name, one in self.activities.items()}
        return SequencingState(self.seed, self.draws, self.current, self.suspended, activities)

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON."""
        activities = {name: data for name, one in self.activities.items() if (data := one.to_json())}
        found: dict[str, Any] = {"version": STATE_VERSION, "seed": self.seed, "draws": self.draws}
        return found | {"current": self.current, "suspended": self.suspended, "activities": activities}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "SequencingState":
        """Return the state that `to_json` wrote.

        Raises:
            UnknownStateError: a later version wrote it.
        """
        if data["version"] > STATE_VERSION:
            raise UnknownStateError(data["version"])
        activities = {name: _activity(one) for name, one in data["activities"].items()}
        return cls(data["seed"], data["draws"], data["current"], data["suspended"], activities)


def _activity(data: Mapping[str, Any]) -> ActivityState:
    plain = {name: data[name] for name in _PLAIN if name in data}
    objectives = {name: dict(info) for name, info in data.get("objectives", {}).items()}
    children = tuple(data["children"]) if "children" in data else None
    return ActivityState(**plain, objectives=objectives, children=children)


@dataclass(slots=True)
class Globals:
    """What activities share beyond one attempt or one course: shared objectives and the stores of `adl.data`.

    Who calls keeps them: with the learner where the tree says that they are global to the system, else with the
    attempt.
    """

    objectives: dict[str, Info] = field(default_factory=dict)
    shared_data: dict[str, str] = field(default_factory=dict)

    def copy(self) -> "Globals":
        """Return what shares nothing with this."""
        return Globals({name: dict(info) for name, info in self.objectives.items()}, dict(self.shared_data))

    def to_json(self) -> dict[str, Any]:
        """Return both as JSON."""
        return {"objectives": {name: dict(info) for name, info in self.objectives.items()}} | {
            "shared_data": dict(self.shared_data)
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Globals":
        """Return what `to_json` wrote; nothing of it needs to be there."""
        objectives = {name: dict(info) for name, info in data.get("objectives", {}).items()}
        return cls(objectives, dict(data.get("shared_data", {})))
