"""Objectives and how they map to shared ones: `imsss:objectives` (CAM 5.1.7), `adlseq:objectives` (4th ed., 5.1.14)."""

from dataclasses import asdict, replace

from lxml.etree import _Element

from passback_scorm.findings import Findings
from passback_scorm.manifest.tree import attribute, child, children, local_name, namespace, text_of, uri
from passback_scorm.manifest.values import Values
from passback_scorm.sequencing.definition import Objective, ObjectiveMap

_SATISFACTION = {
    "read_satisfied_status": "readSatisfiedStatus",
    "read_normalized_measure": "readNormalizedMeasure",
    "write_satisfied_status": "writeSatisfiedStatus",
    "write_normalized_measure": "writeNormalizedMeasure",
}
_MORE = {
    "read_raw_score": "readRawScore",
    "read_min_score": "readMinScore",
    "read_max_score": "readMaxScore",
    "read_completion_status": "readCompletionStatus",
    "read_progress_measure": "readProgressMeasure",
    "write_raw_score": "writeRawScore",
    "write_min_score": "writeMinScore",
    "write_max_score": "writeMaxScore",
    "write_completion_status": "writeCompletionStatus",
    "write_progress_measure": "writeProgressMeasure",
}

MoreMaps = tuple[tuple[str, str, dict[str, bool], _Element], ...]
"""`adlseq:mapInfo`s: objective, target, what they read and write, where they are."""


def is_more(element: _Element) -> bool:
    """Say whether an `objectives` element is adlseq's, which adds maps to objectives that imsss defined."""
    if "adlseq" in namespace(element):
        return True
    if "imsss" in namespace(element) or child(element, "primaryobjective") is not None:
        return False
    names = {name.lower() for name in _MORE.values()}
    maps = (one for objective in children(element, "objective") for one in children(objective, "mapinfo"))
    return any(local_name(key) in names for one in maps for key in one.attrib)


def read_objectives(element: _Element, found: Findings) -> tuple[Objective, ...]:
    """Return the objectives that `imsss:objectives` defines, the primary one as it comes."""
    read: list[Objective] = []
    for one in element:
        kind = local_name(one.tag)
        if kind not in {"primaryobjective", "objective"}:
            continue
        primary = kind == "primaryobjective" and not any(objective.primary for objective in read)
        if kind == "primaryobjective" and not primary:
            message = "An activity has two primary objectives; the second one is an ordinary one."
            found.add("two_primary_objectives", message, at=one)
        read.append(_objective(one, found, primary=primary))
    return _apart(read, element, found)


def read_more(element: _Element, found: Findings) -> MoreMaps:
    """Return the maps of `adlseq:objectives`; what they do not say reads and does not write (CAM 5.1.14)."""
    maps: list[tuple[str, str, dict[str, bool], _Element]] = []
    for objective in children(element, "objective"):
        for one in children(objective, "mapinfo"):
            flags = {name: name.startswith("read") for name in _MORE} | _flags(one, _MORE, found)
            maps.append(
                (uri(attribute(objective, "objectiveid")), uri(attribute(one, "targetobjectiveid")), flags, one)
            )
    return tuple(maps)


def joined(objectives: tuple[Objective, ...], more: MoreMaps, found: Findings) -> tuple[Objective, ...]:
    """Return the objectives with the maps of `adlseq:objectives`, which belong to an objective and a target."""
    maps = {one.id: {known.target: known for known in one.maps} for one in objectives if one.id}
    for name, target, flags, element in more:
        if name not in maps or not target:
            message = "Maps are given for an objective that the activity does not have; they are left out."
            found.add("unknown_objective", message, name, at=element)
            continue
        none = ObjectiveMap(target, read_satisfied_status=False, read_normalized_measure=False)
        maps[name][target] = ObjectiveMap(**{**asdict(maps[name].get(target, none)), **flags})
    return tuple(replace(one, maps=tuple(maps[one.id].values())) if one.id else one for one in objectives)


def _objective(element: _Element, found: Findings, *, primary: bool) -> Objective:
    values = Values(element, found)
    measure = text_of(element, "minnormalizedmeasure")
    maps: dict[str, ObjectiveMap] = {}
    for one in children(element, "mapinfo"):
        target = uri(attribute(one, "targetobjectiveid"))
        if target and target not in maps:
            # Some 3rd Edition tools write the 4th Edition's attributes here.
            maps[target] = ObjectiveMap(target, **_flags(one, {**_SATISFACTION, **_MORE}, found))
        else:
            message = "A map of an objective has no target or one that was mapped before; it is left out."
            found.add("odd_objective_map", message, target, at=one)
    return Objective(
        id=uri(attribute(element, "objectiveid")),
        primary=primary,
        satisfied_by_measure=values.flag("satisfiedByMeasure", default=False),
        min_normalized_measure=values.share_of("minNormalizedMeasure", measure, 1.0, low=-1.0),
        maps=tuple(maps.values()),
    )


def _flags(element: _Element, names: dict[str, str], found: Findings) -> dict[str, bool]:
    """Return the flags that are given."""
    values = Values(element, found)
    return {
        ours: values.flag(theirs, default=ours.startswith("read"))
        for ours, theirs in names.items()
        if values.known(theirs)
    }


def _apart(objectives: list[Objective], element: _Element, found: Findings) -> tuple[Objective, ...]:
    """Return the objectives that can be told apart: the first of each id; only the primary one goes without."""
    kept: dict[str, Objective] = {}
    for one in objectives:
        if one.id in kept or not (one.id or one.primary):
            message = "An objective has no identifier of its own; it is left out."
            found.add("double_objective", message, one.id, at=element)
        else:
            kept[one.id] = one
    return tuple(kept.values())
