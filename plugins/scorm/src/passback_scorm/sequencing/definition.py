"""What a manifest says about the sequencing of one activity: the sequencing definition model (ADL SN 4th edition, 3).

Defaults are the specification's. JSON leaves them out, so an activity without sequencing is `{}`.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields
from typing import Any, cast


@dataclass(frozen=True, slots=True)
class ControlMode:
    """How a cluster lets its children be reached (SM.1)."""

    choice: bool = True
    choice_exit: bool = True
    flow: bool = False
    forward_only: bool = False
    use_current_attempt_objective_info: bool = True
    use_current_attempt_progress_info: bool = True


@dataclass(frozen=True, slots=True)
class RuleCondition:
    """A condition of a sequencing rule (SM.2).

    Args:
        condition: as manifests spell it: satisfied, objectiveStatusKnown, objectiveMeasureGreaterThan, always …
        objective: id of the objective asked; "" asks the primary one.
        measure_threshold: -1 to 1.
    """

    condition: str
    negated: bool = False
    objective: str = ""
    measure_threshold: float = 0.0


@dataclass(frozen=True, slots=True)
class SequencingRule:
    """`action` if `combination` of the conditions hold (SM.2).

    Args:
        action: as manifests spell it: skip, disabled, hiddenFromChoice, stopForwardTraversal; exit; exitParent,
            exitAll, retry, retryAll, continue, previous.
        combination: all or any.
    """

    action: str
    combination: str = "all"
    conditions: tuple[RuleCondition, ...] = ()


@dataclass(frozen=True, slots=True)
class RollupCondition:
    """A condition that a rollup rule asks of a child (SM.5)."""

    condition: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class RollupRule:
    """What the children make of their cluster (SM.5).

    Args:
        action: satisfied, notSatisfied, completed or incomplete.
        child_activity_set: all, any, none, atLeastCount or atLeastPercent.
        minimum_percent: a share, 0 to 1.
        combination: all or any.
    """

    action: str
    child_activity_set: str = "all"
    minimum_count: int = 0
    minimum_percent: float = 0.0
    combination: str = "any"
    conditions: tuple[RollupCondition, ...] = ()


@dataclass(frozen=True, slots=True)
class ObjectiveMap:
    """How a local objective reads and writes the shared one `target` (SM.7; `adlseq:objectives` of the 4th edition).

    The defaults are those of a map that only `imsss:mapInfo` makes. One that only `adlseq:mapInfo` makes reads neither
    status nor measure, and where that element leaves a read attribute out, it reads (CAM 5.1.14): the two may map one
    objective to different shared ones (ADL's case OB-10a).
    """

    target: str
    read_satisfied_status: bool = True
    read_normalized_measure: bool = True
    write_satisfied_status: bool = False
    write_normalized_measure: bool = False
    read_raw_score: bool = False
    read_min_score: bool = False
    read_max_score: bool = False
    read_completion_status: bool = False
    read_progress_measure: bool = False
    write_raw_score: bool = False
    write_min_score: bool = False
    write_max_score: bool = False
    write_completion_status: bool = False
    write_progress_measure: bool = False


@dataclass(frozen=True, slots=True)
class Objective:
    """A local objective (SM.6). The primary one contributes to rollup and often has no id.

    Args:
        min_normalized_measure: -1 to 1.
    """

    id: str = ""
    primary: bool = False
    satisfied_by_measure: bool = False
    min_normalized_measure: float = 1.0
    maps: tuple[ObjectiveMap, ...] = ()


@dataclass(frozen=True, slots=True)
class SequencingDefinition:
    """The sequencing of one activity.

    Args:
        attempt_limit: attempts allowed; None for no limit.
        attempt_absolute_duration_limit: ISO 8601 duration, "" for none. Like the other times it is not evaluated
            in sequencing (ADL SN 3.7 leaves that out of SCORM); the run time hands it on as `cmi.max_time_allowed`.
        required_for_satisfied: always, ifAttempted, ifNotSkipped or ifNotSuspended; likewise the other three.
        selection_timing: never, once or onEachNewAttempt; likewise `randomization_timing`.
        select_count: children to select; None for all.
        completed_by_measure: `completionThreshold completedByMeasure` (4th edition), with the two after it.
    """

    control: ControlMode = ControlMode()
    pre_rules: tuple[SequencingRule, ...] = ()
    exit_rules: tuple[SequencingRule, ...] = ()
    post_rules: tuple[SequencingRule, ...] = ()
    attempt_limit: int | None = None
    attempt_absolute_duration_limit: str = ""
    attempt_experienced_duration_limit: str = ""
    activity_absolute_duration_limit: str = ""
    activity_experienced_duration_limit: str = ""
    begin_time_limit: str = ""
    end_time_limit: str = ""
    rollup_rules: tuple[RollupRule, ...] = ()
    rollup_objective_satisfied: bool = True
    rollup_progress_completion: bool = True
    objective_measure_weight: float = 1.0
    required_for_satisfied: str = "always"
    required_for_not_satisfied: str = "always"
    required_for_completed: str = "always"
    required_for_incomplete: str = "always"
    measure_satisfaction_if_active: bool = True
    objectives: tuple[Objective, ...] = ()
    selection_timing: str = "never"
    select_count: int | None = None
    randomization_timing: str = "never"
    reorder_children: bool = False
    tracked: bool = True
    completion_set_by_content: bool = False
    objective_set_by_content: bool = False
    constrain_choice: bool = False
    prevent_activation: bool = False
    completed_by_measure: bool = False
    min_progress_measure: float = 1.0
    progress_weight: float = 1.0


Json = dict[str, Any]
_PARTS: dict[str, type] = {
    "control": ControlMode,
    "pre_rules": SequencingRule,
    "exit_rules": SequencingRule,
    "post_rules": SequencingRule,
    "rollup_rules": RollupRule,
    "objectives": Objective,
    "maps": ObjectiveMap,
}


def to_json(definition: SequencingDefinition) -> Json:
    """Return a definition as JSON, without what is the default."""
    return _encode(definition)


def from_json(data: Mapping[str, Any]) -> SequencingDefinition:
    """Return the definition that `to_json` wrote. Names it does not know (a later version's) are passed over."""
    return cast(SequencingDefinition, _decode(SequencingDefinition, data))


def _encode(part: Any) -> Json:
    found: Json = {}
    for one in fields(part):
        value = getattr(part, one.name)
        if one.default is MISSING or value != one.default:
            found[one.name] = _encoded(one, value)
    return found


def _encoded(one: "Field[Any]", value: Any) -> Any:
    if isinstance(value, tuple):
        return [_encode(part) for part in value]
    return _encode(value) if one.name in _PARTS else value


def _decode(kind: type, data: Mapping[str, Any]) -> object:
    known = {one.name for one in fields(kind)}
    return kind(**{name: _decoded(kind, name, value) for name, value in data.items() if name in known})


def _decoded(kind: type, name: str, value: Any) -> Any:
    if name == "conditions":
        part: type = RollupCondition if kind is RollupRule else RuleCondition
    elif name in _PARTS:
        part = _PARTS[name]
    else:
        return value
    return tuple(_decode(part, one) for one in value) if isinstance(value, list) else _decode(part, value)
