"""The tracking model at work: a tree, a state and what is shared, read and written through objective maps."""

from typing import TypeVar

from passback_scorm.sequencing.state import ActivityState, Globals, SequencingState
from passback_scorm.sequencing.tree import Activity, LocalObjective, Tree

Found = TypeVar("Found")
_PROGRESS = ("completion", "progress")
_UNTOUCHED = ActivityState()


class Tracking:
    """All that the processes work on. It changes the state and globals it was given: give it copies.

    Args:
        memo: what was found out, kept while nothing changes (look-ahead); None while things may change.
    """

    def __init__(self, tree: Tree, state: SequencingState, shared: Globals) -> None:
        self.tree = tree
        self.state = state
        self.globals = shared
        self.memo: dict[tuple[Activity, str], object] | None = None

    def copy(self) -> "Tracking":
        """Return the same on copies of state and globals."""
        return Tracking(self.tree, self.state.copy(), self.globals.copy())

    def keep(self, activity: Activity, name: str, found: Found) -> Found:
        """Keep what was found out about an activity while nothing changes; return it."""
        if self.memo is not None:
            self.memo[activity, name] = found
        return found

    def recall(self, activity: Activity, name: str, kind: type[Found]) -> Found | None:
        """Return what was kept; None where nothing was."""
        found = self.memo.get((activity, name)) if self.memo is not None else None
        return found if isinstance(found, kind) else None

    @property
    def current(self) -> Activity | None:
        """Return the Current Activity."""
        return self.tree.get(self.state.current)

    def set_current(self, activity: Activity | None) -> None:
        """Set the Current Activity; None ends the sequencing session."""
        self.state.current = activity.id if activity else ""

    @property
    def suspended(self) -> Activity | None:
        """Return the Suspended Activity."""
        return self.tree.get(self.state.suspended)

    def set_suspended(self, activity: Activity | None) -> None:
        """Set the Suspended Activity."""
        self.state.suspended = activity.id if activity else ""

    def of(self, activity: Activity) -> ActivityState:
        """Return an activity's tracking, to be read only."""
        return self.state.activities.get(activity.id, _UNTOUCHED)

    def touch(self, activity: Activity) -> ActivityState:
        """Return an activity's tracking, to be changed."""
        return self.state.activities.setdefault(activity.id, ActivityState())

    def children(self, activity: Activity) -> tuple[Activity, ...]:
        """Return the Available Children of an activity."""
        chosen = self.of(activity).children
        if chosen is None:
            return activity.children
        return tuple(child for name in chosen if (child := self.tree.get(name)) and child.parent is activity)

    def place(self, activity: Activity) -> int | None:
        """Return an activity's place among the Available Children of its parent; None where it is not one of them."""
        if activity.parent is None or self.of(activity.parent).children is None:
            return activity.place
        siblings = self.children(activity.parent)
        return siblings.index(activity) if activity in siblings else None

    def is_available(self, activity: Activity) -> bool:
        """Tell whether an activity is among the Available Children of its parent; the root always is."""
        return self.place(activity) is not None

    def value(
        self, activity: Activity, objective: LocalObjective, name: str, *, for_rollup: bool = False
    ) -> float | None:
        """Return a field of an objective, shared or own; None for unknown.

        Args:
            for_rollup: leave out what is from before the current attempt on the cluster above (SM.1). Rules of the
                activity itself go by its last attempt whichever that was (ADL's cases SX-07d and e).
        """
        if objective.reads[name]:
            shared = self.globals.objectives.get(objective.reads[name][0], {})
            if name in shared or name in {"satisfied", "measure"}:
                return shared.get(name)
        state = self.of(activity)
        if for_rollup and (state.old_progress if name in _PROGRESS else state.old_objectives):
            return None
        return state.objectives.get(objective.id, {}).get(name)

    def put(
        self, activity: Activity, objective: LocalObjective, name: str, value: float | None, *, explicit: bool = False
    ) -> None:
        """Set a field of an objective, and what it writes to; None makes unknown what was known here."""
        local = self.touch(activity).objectives.setdefault(objective.id, {})
        if value is None:
            if local.pop(name, None) is not None or explicit:
                for target in objective.writes[name]:
                    self.globals.objectives.get(target, {}).pop(name, None)
            return
        local[name] = value
        for target in objective.writes[name]:
            self.globals.objectives.setdefault(target, {})[name] = value

    def satisfied(self, activity: Activity, objective: LocalObjective, *, for_rollup: bool = False) -> bool | None:
        """Return whether an objective is satisfied, by its measure where the manifest says so (RB.1.2a)."""
        if objective.definition.satisfied_by_measure:
            measure = self.value(activity, objective, "measure", for_rollup=for_rollup)
            return self.by_measure(activity, objective, measure)
        return _truth(self.value(activity, objective, "satisfied", for_rollup=for_rollup))

    def by_measure(self, activity: Activity, objective: LocalObjective, measure: float | None) -> bool | None:
        """Return what a measure makes of an objective that is satisfied by measure."""
        waits = self.of(activity).active and not activity.definition.measure_satisfaction_if_active
        return None if measure is None or waits else measure >= objective.definition.min_normalized_measure

    def completed(self, activity: Activity, objective: LocalObjective, *, for_rollup: bool = False) -> bool | None:
        """Return whether an activity (by its primary objective) or another objective is completed."""
        if objective is activity.primary and activity.definition.completed_by_measure:
            progress = self.value(activity, objective, "progress", for_rollup=for_rollup)
            return None if progress is None else progress >= activity.definition.min_progress_measure
        return _truth(self.value(activity, objective, "completion", for_rollup=for_rollup))


def _truth(value: float | None) -> bool | None:
    return None if value is None else bool(value)
