"""What a SCORM 2004 run time starts with: the data model as content finds it at Initialize (RTE 4.2, 4.3)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from passback.plugin import JsonObject
from passback_scorm.rte.interval import format_interval
from passback_scorm.rte.model import DataModel, Store
from passback_scorm.rte.table import Table
from passback_scorm.rte.text import unpack
from passback_scorm.sequencing.recording import ActivityView, ObjectiveView

OBJECTIVES, STORES = "cmi.objectives", "adl.data"
_SESSION = frozenset({"cmi.exit", "cmi.session_time"})
_SUCCESS = {True: "passed", False: "failed"}
_COMPLETION = {True: "completed", False: "incomplete"}


@dataclass(frozen=True)
class Launch:
    """What else a launch brings.

    Args:
        mode: normal, review or browse.
        total_time: hundredths of a second in the sessions of this attempt so far.
        kept: the values that earlier sessions of this attempt left, packed; see `kept_values`.
        preferences: `cmi.learner_preference` as the learner left it elsewhere, by the names below it.
    """

    learner_id: str
    learner_name: str
    mode: str = "normal"
    total_time: int = 0
    kept: Mapping[str, JsonValue] = field(default_factory=dict)
    preferences: Mapping[str, str] = field(default_factory=dict)


def initial_model(
    table: Table, node: JsonObject, view: ActivityView, launch: Launch, *, strict: bool = False
) -> DataModel:
    """Return the data model of a delivery; all of it is `given`, nothing is content's yet.

    Args:
        node: the activity in the course data.
        view: what sequencing knows of it.
    """
    stores = tuple(Store(read=one.definition.read, write=one.definition.write) for one in view.stores)
    model = DataModel(table, strict=strict, stores=stores)
    if view.resumed:
        for name, value in launch.kept.items():
            model.give(name, unpack(value) or "")
    for name, text in (*_of_launch(view, launch), *_of_node(node, view), *_of_stores(view)):
        model.give(name, text)
    places = {model.text(f"{OBJECTIVES}.{n}.id"): n for n in range(model.counts.get(OBJECTIVES, 0))}
    for objective in view.objectives:
        place = places.setdefault(objective.id, len(places))
        for name, text in _of_objective(objective):
            model.give(f"{OBJECTIVES}.{place}.{name}", text)
    return model


def browser_boot(model: DataModel, *, mode: str = "normal", reinitialise: bool = False) -> JsonObject:
    """Return what `static/scorm2004.js` finds as `passbackPlayer.boot.content`."""
    return {
        "table": model.table.source,
        "values": model.given | model.values,
        "counts": dict(model.counts),
        "size": model.size,
        "mode": mode,
        "strict": model.strict,
        "reinitialise": reinitialise,
        "stores": [{"read": one["read"], "write": one["write"]} for one in model.stores],
        "validity": dict(model.validity),
    }


def kept_values(model: DataModel) -> JsonObject:
    """Return what the next session of the same attempt starts with: all that content may have set."""
    whole = model.given | model.values
    return {name: value for name, value in whole.items() if name not in _SESSION and _is_contents(model.table, name)}


def _is_contents(table: Table, name: str) -> bool:
    model = ".".join("n" if part.isdigit() else part for part in name.split("."))
    element = table.elements.get(model)
    return element is not None and element.access != "ro" and not name.startswith("adl.")


def _of_launch(view: ActivityView, launch: Launch) -> Iterator[tuple[str, str]]:
    counts = launch.mode == "normal"
    yield "cmi.learner_id", launch.learner_id
    yield "cmi.learner_name", launch.learner_name
    yield "cmi.mode", launch.mode
    yield "cmi.credit", "credit" if counts else "no-credit"
    yield "cmi.entry", ("resume" if view.resumed else "ab-initio") if counts else ""
    yield "cmi.total_time", format_interval(launch.total_time)
    for name, text in launch.preferences.items():
        yield f"cmi.learner_preference.{name}", text


def _of_node(node: JsonObject, view: ActivityView) -> Iterator[tuple[str, str]]:
    for element, key in (
        ("cmi.launch_data", "data_from_lms"),
        ("cmi.max_time_allowed", "max_time_allowed"),
        ("cmi.time_limit_action", "time_limit_action"),
    ):
        if node.get(key):
            yield element, str(node[key])
    for element, number in (
        ("cmi.completion_threshold", view.completion_threshold),
        ("cmi.scaled_passing_score", view.scaled_passing_score),
    ):
        if number is not None:
            yield element, _real(number)


def _of_stores(view: ActivityView) -> Iterator[tuple[str, str]]:
    for index, store in enumerate(view.stores):
        yield f"{STORES}.{index}.id", store.definition.target
        if store.text:
            yield f"{STORES}.{index}.store", store.text


def _of_objective(objective: ObjectiveView) -> Iterator[tuple[str, str]]:
    yield "id", objective.id
    if objective.satisfied is not None:
        yield "success_status", _SUCCESS[objective.satisfied]
    if objective.completed is not None:
        yield "completion_status", _COMPLETION[objective.completed]
    for name, number in (
        ("score.scaled", objective.measure),
        ("score.raw", objective.raw),
        ("score.min", objective.min),
        ("score.max", objective.max),
        ("progress_measure", objective.progress),
    ):
        if number is not None:
            yield name, _real(number)


def _real(number: float) -> str:
    """Return real(10,7): at most seven digits after the point (RTE 4.1.1.5)."""
    return f"{number:.7f}".rstrip("0").rstrip(".")
