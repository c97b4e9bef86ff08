"""Sequencing as manifests write it (IMS SS 1.0, ADL CAM 5) into `sequencing.definition`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lxml.etree import _Element

from passback.plugin import PackageError
from passback_scorm.findings import Findings
from passback_scorm.manifest import objectives as goals
from passback_scorm.manifest.rules import read_rollup_rules, read_rules
from passback_scorm.manifest.tree import attribute, children, collapsed, local_name
from passback_scorm.manifest.values import Values
from passback_scorm.sequencing.definition import ControlMode, SequencingDefinition

_MORE_OBJECTIVES = "adlseq:objectives"
_TIMINGS = ("never", "once", "onEachNewAttempt")
_REQUIRED = ("always", "ifNotSuspended", "ifAttempted", "ifNotSkipped")
_MOST_PARTS = 300_000
"""Rules, objectives and maps in all activities together: a collection can be named by every one of 10,000 items."""


@dataclass
class SequencingReader:
    """Reads the `sequencing` of items; what is in a `sequencingCollection` is read once, however often it is named."""

    collection: dict[str, _Element]
    found: Findings
    _read: dict[_Element, dict[str, Any]] = field(default_factory=dict)
    _shared: dict[_Element, dict[str, _Element]] = field(default_factory=dict)
    _size: int = 0

    def read(self, element: _Element | None) -> SequencingDefinition:
        """Return what the `sequencing` of an item or organisation says.

        Elements of its own replace those of the same name in the sequencing that IDRef names (CAM 5.1.1).

        Raises:
            PackageError: all definitions together are too large.
        """
        if element is None:
            return SequencingDefinition()
        parts = {**self._named_parts(element), **_parts(element, self.found)}
        read: dict[str, Any] = {}
        for name, part in parts.items():
            read |= self._part(name, part)
        more = read.pop(_MORE_OBJECTIVES, ())
        self._count(len(more))
        if more:
            read["objectives"] = goals.joined(read.get("objectives", ()), more, self.found)
        definition = SequencingDefinition(**read)
        self._count(_size(definition))
        self._check_objectives(definition, element)
        return definition

    def _named_parts(self, element: _Element) -> dict[str, _Element]:
        wanted = collapsed(attribute(element, "idref"))
        named = self.collection.get(wanted)
        if named is None:
            if wanted:
                message = "An activity refers to sequencing that the manifest does not have; only its own counts."
                self.found.add("missing_sequencing", message, wanted, at=element)
            return {}
        if named not in self._shared:
            self._shared[named] = _parts(named, self.found)
            if attribute(named, "idref"):
                message = "Sequencing of the collection refers to other sequencing; SCORM does not follow that."
                self.found.add("nested_sequencing", message, wanted, at=named)
        return self._shared[named]

    def _part(self, name: str, element: _Element) -> dict[str, Any]:
        if element not in self._read:
            self._read[element] = _READERS[name](element, self.found)
        return self._read[element]

    def _count(self, parts: int) -> None:
        self._size += parts
        if self._size > _MOST_PARTS:
            raise PackageError(
                "sequencing_too_large",
                f"The course has more than {_MOST_PARTS:,} sequencing rules, objectives and maps.",
                "Split the course, or share less sequencing between its activities.",
            )

    def _check_objectives(self, definition: SequencingDefinition, element: _Element) -> None:
        ids = {one.id for one in definition.objectives}
        rules = (*definition.pre_rules, *definition.exit_rules, *definition.post_rules)
        asked = {condition.objective for rule in rules for condition in rule.conditions if condition.objective}
        for name in sorted(asked - ids):
            message = "A rule asks for an objective that the activity does not have; it counts as unknown."
            self.found.add("unknown_objective", message, name, at=element)


def read_collection(manifest: _Element, found: Findings) -> dict[str, _Element]:
    """Return the sequencings of `sequencingCollection` by their ID, from this manifest and those inside it."""
    collection: dict[str, _Element] = {}
    for element in manifest.iter():
        if local_name(element.tag) != "sequencingcollection":
            continue
        for one in children(element, "sequencing"):
            name = collapsed(attribute(one, "id"))
            if name in collection:
                message = "Two sequencings of the collection have the same ID; the first one is used."
                found.add("double_sequencing", message, name, at=one)
            collection.setdefault(name, one)
    return collection


def _size(definition: SequencingDefinition) -> int:
    rules = (*definition.pre_rules, *definition.exit_rules, *definition.post_rules)
    size = sum(1 + len(rule.conditions) for rule in rules)
    size += sum(1 + len(rule.conditions) for rule in definition.rollup_rules)
    return size + sum(1 + len(one.maps) for one in definition.objectives)


def _parts(sequencing: _Element, found: Findings) -> dict[str, _Element]:
    """Return the elements of a `sequencing` by name; the two kinds of objectives are apart."""
    parts: dict[str, _Element] = {}
    for one in sequencing:
        name = local_name(one.tag)
        if name == "objectives" and goals.is_more(one):
            name = _MORE_OBJECTIVES
        if name not in _READERS:
            continue
        if name in parts:
            message = "An activity has the same kind of sequencing twice; the first one counts."
            found.add("double_sequencing_part", message, name, at=one)
        parts.setdefault(name, one)
    return parts


def _control(element: _Element, found: Findings) -> dict[str, Any]:
    values = Values(element, found)
    control = ControlMode(
        choice=values.flag("choice", default=True),
        choice_exit=values.flag("choiceExit", default=True),
        flow=values.flag("flow", default=False),
        forward_only=values.flag("forwardOnly", default=False),
        use_current_attempt_objective_info=values.flag("useCurrentAttemptObjectiveInfo", default=True),
        use_current_attempt_progress_info=values.flag("useCurrentAttemptProgressInfo", default=True),
    )
    return {"control": control}


def _rules(element: _Element, found: Findings) -> dict[str, Any]:
    return {
        "pre_rules": read_rules(element, "preConditionRule", found),
        "exit_rules": read_rules(element, "exitConditionRule", found),
        "post_rules": read_rules(element, "postConditionRule", found),
    }


def _limits(element: _Element, found: Findings) -> dict[str, Any]:
    values = Values(element, found)
    return {
        "attempt_limit": values.count("attemptLimit"),
        "attempt_absolute_duration_limit": values.duration("attemptAbsoluteDurationLimit"),
        "attempt_experienced_duration_limit": values.duration("attemptExperiencedDurationLimit"),
        "activity_absolute_duration_limit": values.duration("activityAbsoluteDurationLimit"),
        "activity_experienced_duration_limit": values.duration("activityExperiencedDurationLimit"),
        "begin_time_limit": attribute(element, "begintimelimit"),
        "end_time_limit": attribute(element, "endtimelimit"),
    }


def _rollup(element: _Element, found: Findings) -> dict[str, Any]:
    values = Values(element, found)
    return {
        "rollup_rules": read_rollup_rules(element, found),
        "rollup_objective_satisfied": values.flag("rollupObjectiveSatisfied", default=True),
        "rollup_progress_completion": values.flag("rollupProgressCompletion", default=True),
        "objective_measure_weight": values.share("objectiveMeasureWeight", 1.0),
    }


def _randomization(element: _Element, found: Findings) -> dict[str, Any]:
    values = Values(element, found)
    return {
        "selection_timing": values.word("selectionTiming", _TIMINGS, "never"),
        "select_count": values.count("selectCount"),
        "randomization_timing": values.word("randomizationTiming", _TIMINGS, "never"),
        "reorder_children": values.flag("reorderChildren", default=False),
    }


def _delivery(element: _Element, found: Findings) -> dict[str, Any]:
    values = Values(element, found)
    return {
        "tracked": values.flag("tracked", default=True),
        "completion_set_by_content": values.flag("completionSetByContent", default=False),
        "objective_set_by_content": values.flag("objectiveSetByContent", default=False),
    }


def _choices(element: _Element, found: Findings) -> dict[str, Any]:
    values = Values(element, found)
    return {
        "constrain_choice": values.flag("constrainChoice", default=False),
        "prevent_activation": values.flag("preventActivation", default=False),
    }


def _considerations(element: _Element, found: Findings) -> dict[str, Any]:
    values = Values(element, found)
    return {
        "required_for_satisfied": values.word("requiredForSatisfied", _REQUIRED, "always"),
        "required_for_not_satisfied": values.word("requiredForNotSatisfied", _REQUIRED, "always"),
        "required_for_completed": values.word("requiredForCompleted", _REQUIRED, "always"),
        "required_for_incomplete": values.word("requiredForIncomplete", _REQUIRED, "always"),
        "measure_satisfaction_if_active": values.flag("measureSatisfactionIfActive", default=True),
    }


_READERS: dict[str, Callable[[_Element, Findings], dict[str, Any]]] = {
    "controlmode": _control,
    "sequencingrules": _rules,
    "limitconditions": _limits,
    "rolluprules": _rollup,
    "objectives": lambda element, found: {"objectives": goals.read_objectives(element, found)},
    _MORE_OBJECTIVES: lambda element, found: {_MORE_OBJECTIVES: goals.read_more(element, found)},
    "randomizationcontrols": _randomization,
    "deliverycontrols": _delivery,
    "constrainedchoiceconsiderations": _choices,
    "rollupconsiderations": _considerations,
}
