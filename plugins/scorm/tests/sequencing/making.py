"""Courses in a few words, and a learner who plays them."""

from dataclasses import replace
from typing import Any

from passback_scorm.sequencing import engine
from passback_scorm.sequencing.definition import (
    ControlMode,
    Objective,
    ObjectiveMap,
    RollupCondition,
    RollupRule,
    RuleCondition,
    SequencingDefinition,
    SequencingRule,
    to_json,
)
from passback_scorm.sequencing.result import ObjectiveResult, RteResult
from passback_scorm.sequencing.state import Globals
from passback_scorm.sequencing.tracking import Tracking
from passback_scorm.sequencing.tree import Tree

Node = dict[str, Any]
FLOW = ControlMode(flow=True)
PASSED = RteResult(success_status="passed", completion_status="completed")
FAILED = RteResult(success_status="failed", completion_status="completed")


def leaf(name: str, **said: Any) -> Node:
    """Return an item with content; `said` are fields of its sequencing definition."""
    return {"id": name, "title": name, "href": f"{name}.html", **_sequencing(SequencingDefinition(**said))}


def cluster(name: str, *children: Node, **said: Any) -> Node:
    """Return an item with items below; its children flow unless `control` says otherwise."""
    definition = SequencingDefinition(**{"control": FLOW, **said})
    return {"id": name, "title": name, "children": list(children), **_sequencing(definition)}


def course(*items: Node, system: bool = True, **said: Any) -> Tree:
    """Return the tree of a course `root`."""
    top = cluster("root", *items, **said)
    flags = {"objectives_global_to_system": system, "shared_data_global_to_system": system}
    return engine.build_tree({**top, **flags, "items": top["children"]})


def _sequencing(definition: SequencingDefinition) -> Node:
    return {"sequencing": to_json(definition)}


def when(condition: str, action: str, **said: Any) -> tuple[SequencingRule, ...]:
    """Return one sequencing rule with one condition."""
    return (SequencingRule(action, "all", (RuleCondition(condition, **said),)),)


def rollup(condition: str, action: str, of: str = "all", **said: Any) -> RollupRule:
    """Return a rollup rule with one condition."""
    return RollupRule(action, of, conditions=(RollupCondition(condition),), **said)


def primary(target: str = "", **said: Any) -> tuple[Objective, ...]:
    """Return a primary objective, which reads and writes a shared one if a target is given."""
    maps = (ObjectiveMap(target, write_satisfied_status=True, write_normalized_measure=True),) if target else ()
    return (Objective("main", primary=True, maps=maps, **said),)


def scored(measure: float, **said: Any) -> RteResult:
    """Return a report with a scaled score."""
    return RteResult(score_scaled=measure, **said)


def about(name: str, **said: Any) -> RteResult:
    """Return a report on one objective."""
    return RteResult(objectives={name: ObjectiveResult(**said)})


class Learner:
    """Plays a course; `at` is the activity shown, `why` the exception of the last request."""

    def __init__(self, tree: Tree, seed: int = 1, shared: Globals | None = None) -> None:
        self.tree = tree
        self.step = engine.Step(engine.begin(tree, seed), shared or Globals())

    def open(self, **said: Any) -> str:
        """Open the course; return what is delivered."""
        return self._take(engine.open_session(self.tree, self.step.state, self.step.globals, **said))

    def ask(self, request: str, target: str = "", result: RteResult | None = None) -> str:
        """Make a navigation request; return what is delivered."""
        return self._take(
            engine.navigate(self.tree, self.step.state, self.step.globals, request, target, result=result)
        )

    def leave(self, **said: Any) -> None:
        """Close the window."""
        self._take(engine.set_aside(self.tree, self.step.state, self.step.globals, **said))

    def finish(self, *results: RteResult | None) -> list[str]:
        """Continue once with each report; return what is delivered each time."""
        return [self.ask("continue", result=one) for one in results]

    @property
    def why(self) -> str:
        """Return the exception of the last request."""
        return self.step.exception

    @property
    def ended(self) -> bool:
        """Tell whether the last request ended the session."""
        return self.step.ended

    @property
    def tracking(self) -> Tracking:
        """Return the tracking, to look at."""
        return Tracking(self.tree, self.step.state, self.step.globals)

    def status(self, name: str) -> tuple[bool | None, bool | None]:
        """Return whether an activity is completed and satisfied."""
        activity = self.tree.activities[name]
        tracking = self.tracking
        return tracking.completed(activity, activity.primary), tracking.satisfied(activity, activity.primary)

    def measure(self, name: str) -> float | None:
        """Return the measure of an activity."""
        activity = self.tree.activities[name]
        return self.tracking.value(activity, activity.primary, "measure")

    def attempts(self, name: str) -> int:
        """Return how often an activity was attempted."""
        return self.tracking.of(self.tree.activities[name]).attempts

    def choices(self) -> set[str]:
        """Return what can be chosen now."""
        return {name for name, valid in self.step.validity.choice.items() if valid}

    def _take(self, step: engine.Step) -> str:
        self.step = step
        return step.delivered


def without(control: ControlMode = FLOW, **said: Any) -> ControlMode:
    """Return a control mode with some switches set otherwise."""
    return replace(control, **said)
