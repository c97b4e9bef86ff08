"""The activity tree: what does not change while a course is played. Built once per course version, shared by all."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from passback_scorm.sequencing.definition import Objective, SequencingDefinition, SequencingRule, from_json

FIELDS = ("satisfied", "measure", "raw", "min", "max", "completion", "progress")
"""What is tracked of an objective (TM.1, with the additions of the 4th edition)."""
_MAPPED = {
    "satisfied": "satisfied_status",
    "measure": "normalized_measure",
    "raw": "raw_score",
    "min": "min_score",
    "max": "max_score",
    "completion": "completion_status",
    "progress": "progress_measure",
}


@dataclass(frozen=True)
class SharedData:
    """A store of `adl.data` that an activity may read or write."""

    target: str
    read: bool = True
    write: bool = True


@dataclass(eq=False, slots=True)
class LocalObjective:
    """An objective of an activity, with the shared objectives it reads from and writes to, by field."""

    definition: Objective
    reads: dict[str, tuple[str, ...]]
    writes: dict[str, tuple[str, ...]]

    @property
    def id(self) -> str:
        """Return the objective's id; "" for a primary one without."""
        return self.definition.id


@dataclass(eq=False, slots=True)
class Activity:
    """A node of the tree.

    Args:
        index: its place in a forward preorder traversal; `end` is that of its last descendant.
        place: its place among all its siblings.
        pre: precondition rules by action.
        affects: clusters whose rollup may change with this activity through shared objectives, the deepest first.
    """

    id: str
    title: str
    definition: SequencingDefinition
    parent: "Activity | None"
    index: int
    depth: int
    primary: LocalObjective
    objectives: dict[str, LocalObjective]
    pre: dict[str, tuple[SequencingRule, ...]]
    shared_data: tuple[SharedData, ...] = ()
    children: tuple["Activity", ...] = ()
    end: int = 0
    place: int = 0
    stoppers: tuple["Activity", ...] = ()
    affects: tuple["Activity", ...] = ()

    def path(self) -> Iterator["Activity"]:
        """Yield this activity, its parent and so on up to the root."""
        one: Activity | None = self
        while one is not None:
            yield one
            one = one.parent

    def contains(self, other: "Activity") -> bool:
        """Tell whether the other is this activity or a descendant of it."""
        return self.index <= other.index <= self.end


@dataclass(eq=False)
class Tree:
    """A course's activities; `root` stands for the organization."""

    root: Activity
    activities: dict[str, Activity]
    objectives_global_to_system: bool = True
    shared_data_global_to_system: bool = True
    in_order: tuple[Activity, ...] = field(default=())

    def get(self, activity_id: str) -> Activity | None:
        """Return an activity by its id; None where there is none, as for ""."""
        return self.activities.get(activity_id)


class DuplicateActivityError(ValueError):
    """Two items of the course have the same identifier, which no request can tell apart. The import must rename one."""


def common_ancestor(one: Activity, other: Activity) -> Activity:
    """Return the deepest activity that contains both."""
    return next(found for found in one.path() if found.contains(other))


def build_tree(organization: Mapping[str, Any]) -> Tree:
    """Build the tree of an organization (`data["organization"]` of the imported content).

    Items with neither content nor children are left out: there is nothing to deliver.

    Raises:
        DuplicateActivityError: two items have one id.
    """
    found: dict[str, Activity] = {}
    top = {**organization, "children": organization.get("items", ())}
    alone = _is_single(top)
    definition = from_json(organization.get("sequencing") or {})
    if alone:  # a single SCO has no menu and is reached by flow, whatever its manifest says (ADL CTS: CM-11, SX-08)
        definition = replace(definition, control=replace(definition.control, choice=False, flow=True))
    root = _add(top, definition, None, found)
    in_order = tuple(found.values())
    _connect(in_order)
    return Tree(
        root,
        found,
        bool(organization.get("objectives_global_to_system", True)),
        bool(organization.get("shared_data_global_to_system", True)),
        in_order,
    )


def _kept(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [child for child in node.get("children", ()) if child.get("href") or _kept(child)]


def _is_single(top: Mapping[str, Any]) -> bool:
    items = _kept(top)
    return len(items) == 1 and not _kept(items[0])


def _add(
    node: Mapping[str, Any], definition: SequencingDefinition, parent: Activity | None, found: dict[str, Activity]
) -> Activity:
    activity = _activity(node, definition, parent, len(found))
    if activity.id in found:
        raise DuplicateActivityError(activity.id)
    found[activity.id] = activity
    children = (_add(one, from_json(one.get("sequencing") or {}), activity, found) for one in _kept(node))
    activity.children = tuple(children)
    for place, child in enumerate(activity.children):
        child.place = place
    activity.end = len(found) - 1
    activity.stoppers = tuple(child for child in activity.children if "stopForwardTraversal" in child.pre)
    return activity


def _activity(
    node: Mapping[str, Any], definition: SequencingDefinition, parent: Activity | None, index: int
) -> Activity:
    objectives = [_local(one) for one in definition.objectives]
    primary = next((one for one in objectives if one.definition.primary), None) or _local(Objective(primary=True))
    by_id = {one.id: one for one in [*objectives, primary] if one.id or one is primary}
    pre: dict[str, tuple[SequencingRule, ...]] = {}
    for rule in definition.pre_rules:
        pre[rule.action] = (*pre.get(rule.action, ()), rule)
    return Activity(
        id=str(node["id"]),
        title=str(node.get("title", "")),
        definition=definition,
        parent=parent,
        index=index,
        depth=parent.depth + 1 if parent else 0,
        primary=primary,
        objectives=by_id,
        pre=pre,
        shared_data=tuple(SharedData(**one) for one in node.get("shared_data", ())),
    )


def _local(objective: Objective) -> LocalObjective:
    return LocalObjective(objective, _targets(objective, "read"), _targets(objective, "write"))


def _targets(objective: Objective, way: str) -> dict[str, tuple[str, ...]]:
    return {
        name: tuple(one.target for one in objective.maps if getattr(one, f"{way}_{_MAPPED[name]}")) for name in FIELDS
    }


def _connect(activities: tuple[Activity, ...]) -> None:
    """Find whose rollup hangs on whom through shared objectives, however long the chain."""
    readers: dict[str, list[Activity]] = {}
    writes: dict[Activity, set[str]] = {}
    for activity in activities:
        for objective in activity.objectives.values():
            for target in {target for targets in objective.reads.values() for target in targets}:
                readers.setdefault(target, []).append(activity)
            written = {target for targets in objective.writes.values() for target in targets}
            if written:
                writes.setdefault(activity, set()).update(written)
    if not writes:
        return
    known: dict[tuple[Activity | None, frozenset[str]], tuple[Activity, ...]] = {}
    for activity in activities:
        if not activity.children:
            key = activity.parent, frozenset(writes.get(activity, ()))
            if key not in known:
                known[key] = _affected(activity, readers, writes)
            activity.affects = known[key]


def _affected(
    activity: Activity, readers: dict[str, list[Activity]], writes: dict[Activity, set[str]]
) -> tuple[Activity, ...]:
    clusters: set[Activity] = set()
    waiting = list(activity.path())
    seen: set[Activity] = set(waiting)
    while waiting:
        for target in writes.get(waiting.pop(), ()):
            for reader in readers.get(target, ()):
                above = [one for one in reader.path() if one.children]
                clusters.update(above)
                waiting += [one for one in above if one not in seen]
                seen.update(above)
    return tuple(sorted(clusters, key=lambda one: -one.depth))
