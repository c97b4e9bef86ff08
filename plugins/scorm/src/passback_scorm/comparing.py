"""What two versions of a SCORM course ask differently of learners: pass marks, limits, prerequisites, sequencing."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from passback.plugin import ContentChange, JsonObject

_LONGEST = 80
_PLAIN = {
    "prerequisites": "Prerequisites",
    "mastery_score": "Pass mark",
    "max_time_allowed": "Time allowed",
    "time_limit_action": "When the time is over",
    "completion_threshold": "Complete from",
    "data_from_lms": "Launch data",
    "hide_lms_ui": "Buttons that the course replaces",
}
"""What `Properties.to_json` names, as people read it."""
_TOLD_APART = frozenset({"attempt_limit", "objectives", "completed_by_measure", "min_progress_measure"})
"""Parts of a sequencing definition that have a line of their own, or a name above."""
_EDITIONS = {
    "1.2": "SCORM 1.2",
    "2004-2": "SCORM 2004 2nd Edition",
    "2004-3": "SCORM 2004 3rd Edition",
    "2004-4": "SCORM 2004 4th Edition",
}

Node = Mapping[str, Any]


def compare(before: JsonObject, after: JsonObject) -> Sequence[ContentChange]:
    """Return what differs between the course data of two versions (`importing.course_data`), by the newer one's order.

    Which activities there are, and where, is core's to tell.
    """
    return tuple(_changes(before, after))


def _changes(before: Node, after: Node) -> Iterator[ContentChange]:
    old, new = (_EDITIONS.get(str(one.get("edition")), "") for one in (before, after))
    if old != new:
        yield ContentChange("Edition", old, new)
    above, below = _organization(before), _organization(after)
    if above.get("objectives_global_to_system") != below.get("objectives_global_to_system"):
        old, new = (_yes(one.get("objectives_global_to_system")) for one in (above, below))
        yield ContentChange("Objectives are shared beyond the course", old, new)
    yield from _of_activity("", above, below)
    known = dict(_items(above))
    for name, item in _items(below):
        if name in known:
            yield from _of_activity(name, known[name], item)


def _of_activity(name: str, old: Node, new: Node) -> Iterator[ContentChange]:
    for key, words in _PLAIN.items():
        if old.get(key) != new.get(key):
            yield ContentChange(words, _text(old.get(key)), _text(new.get(key)), name)
    one, other = _object(old.get("sequencing")), _object(new.get("sequencing"))
    if one.get("attempt_limit") != other.get("attempt_limit"):
        before, after = (_text(definition.get("attempt_limit")) for definition in (one, other))
        yield ContentChange("Attempts that sequencing allows", before, after, name)
    before, after = (_pass_measure(definition) for definition in (one, other))
    if before != after:
        yield ContentChange("Passed from a measure of", before, after, name)
    if _rest(one) != _rest(other):
        yield ContentChange("Sequencing", "", "", name)


def _pass_measure(definition: Node) -> str:
    for objective in _list(definition.get("objectives")):
        if objective.get("primary") and objective.get("satisfied_by_measure"):
            return _text(objective.get("min_normalized_measure", 1.0))
    return ""


def _rest(definition: Node) -> tuple[Node, list[Node]]:
    """Return what has no line of its own: all else, and the objectives without the measure that passes them."""
    measure = {"satisfied_by_measure", "min_normalized_measure"}
    objectives: list[Node] = [
        {key: value for key, value in one.items() if not (one.get("primary") and key in measure)}
        for one in _list(definition.get("objectives"))
    ]
    return {key: value for key, value in definition.items() if key not in _TOLD_APART}, objectives


def _organization(content: Node) -> Node:
    return _object(content.get("organization"))


def _items(node: Node) -> Iterator[tuple[str, Node]]:
    waiting = list(reversed(_list(node.get("items"))))
    while waiting:
        item = waiting.pop()
        yield str(item.get("id", "")), item
        waiting += reversed(_list(item.get("children")))


def _object(value: object) -> Node:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Node]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _yes(value: object) -> str:
    return "yes" if value else "no"


def _text(value: object) -> str:
    if isinstance(value, list):
        value = ", ".join(str(one) for one in value)
    text = f"{value:g}" if isinstance(value, float) else "" if value is None else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
