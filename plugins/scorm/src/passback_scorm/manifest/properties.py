"""What an item says to the run time: adlcp elements of 1.2 (CAM 2.3.2.5) and 2004 (CAM 3.4.1), adlnav's buttons."""

from dataclasses import replace

from lxml.etree import _Element

from passback_scorm.findings import Findings
from passback_scorm.manifest.model import Properties, SharedData
from passback_scorm.manifest.tree import attribute, child, children, collapsed, text_of, uri
from passback_scorm.manifest.values import Values, number, proper
from passback_scorm.sequencing.definition import SequencingDefinition
from passback_scorm.timespan import parse_timespan

HIDEABLE = ("previous", "continue", "exit", "exitAll", "abandon", "abandonAll", "suspendAll")
_LIMIT_ACTIONS = ("exit,message", "exit,no message", "continue,message", "continue,no message")


def read_properties(element: _Element, title: str, found: Findings) -> Properties:
    """Return an item's properties but for those that its sequencing holds."""
    return Properties(
        prerequisites=text_of(element, "prerequisites"),
        mastery_score=_mastery(element, title, found),
        max_time_allowed=_max_time(element, title, found),
        time_limit_action=_limit_action(element, title, found),
        data_from_lms=_data_from_lms(element),
        hide_lms_ui=_hidden(element, found),
        shared_data=_shared_data(element, found),
    )


def read_threshold(
    element: _Element, definition: SequencingDefinition, found: Findings, *, leaf: bool
) -> SequencingDefinition:
    """Return a definition with what `adlcp:completionThreshold` says.

    The 4th edition has attributes (CAM 3.4.1.14), the editions before it a number as text, which counts for leaves
    alone: there a cluster's completion never came from a measure.
    """
    threshold = child(element, "completionthreshold")
    if threshold is None:
        return definition
    values = Values(threshold, found)
    text = text_of(threshold)
    if not values.known("completedByMeasure", "minProgressMeasure", "progressWeight"):
        if not text or not leaf or number(text) is None:
            found.add(
                "odd_threshold", "A completion threshold was left out: it counts here for nothing.", text, at=threshold
            )
            return definition
        measure = values.share_of("completionThreshold", text, 1.0)
        return replace(definition, completed_by_measure=True, min_progress_measure=measure)
    return replace(
        definition,
        completed_by_measure=values.flag("completedByMeasure", default=False),
        min_progress_measure=values.share("minProgressMeasure", 1.0),
        progress_weight=values.share("progressWeight", 1.0),
    )


def with_sequencing(properties: Properties, definition: SequencingDefinition) -> Properties:
    """Return properties with what the run time needs of the sequencing: time limit and completion threshold."""
    threshold = definition.min_progress_measure if definition.completed_by_measure else None
    limit = definition.attempt_absolute_duration_limit
    return replace(properties, max_time_allowed=limit, completion_threshold=threshold)


def _mastery(element: _Element, title: str, found: Findings) -> float | None:
    said = child(element, "masteryscore")
    text = text_of(said).removesuffix("%").strip()
    mark = number(text) if text else None
    if mark is not None and 0 <= mark <= 100:
        return mark
    if text:
        message = f"The pass mark of “{title}” is not a number from 0 to 100; it is left out."
        found.add("odd_mastery_score", message, text, at=said)
    return None


def _max_time(element: _Element, title: str, found: Findings) -> str:
    said = child(element, "maxtimeallowed")
    text = text_of(said)
    if text and parse_timespan(text) is None:
        found.add("odd_time_limit", f"The time limit of “{title}” is not a time; it is left out.", text, at=said)
        return ""
    return text


def _limit_action(element: _Element, title: str, found: Findings) -> str:
    said = child(element, "timelimitaction")
    text = ",".join(part.strip() for part in text_of(said).lower().split(","))
    if text and text not in _LIMIT_ACTIONS:
        message = f"What is to happen when the time of “{title}” is up is not one of SCORM's words; it is left out."
        found.add("odd_time_limit_action", message, text, at=said)
        return ""
    return text


def _data_from_lms(element: _Element) -> str:
    """Return adlcp:dataFromLMS as written: its line breaks may mean something to the SCO."""
    said = child(element, "datafromlms")
    return "" if said is None else "".join(str(part) for part in said.itertext()).strip()


def _hidden(element: _Element, found: Findings) -> tuple[str, ...]:
    hidden: dict[str, None] = {}
    for presentation in children(element, "presentation"):
        for interface in children(presentation, "navigationinterface"):
            for one in children(interface, "hidelmsui"):
                word = proper(text_of(one), HIDEABLE)
                if word:
                    hidden[word] = None
                else:
                    found.add(
                        "odd_value", "An unknown button is to be hidden; it is passed over.", text_of(one), at=one
                    )
    return tuple(hidden)


def _shared_data(element: _Element, found: Findings) -> tuple[SharedData, ...]:
    stores: dict[str, SharedData] = {}
    for data in children(element, "data"):
        for one in children(data, "map"):
            values = Values(one, found)
            target = uri(attribute(one, "targetid"))
            if not target or target in stores:
                message = "A map to shared data has no target or one that was mapped before; it is left out."
                found.add("odd_shared_data", message, collapsed(target), at=one)
                continue
            read, write = values.flag("readSharedData", default=True), values.flag("writeSharedData", default=True)
            stores[target] = SharedData(target, read, write)
    return tuple(stores.values())
