"""Reading records out of the flat data model: answered questions, objectives, comments, as either version has them."""

import re
from collections.abc import Iterable, Iterator

from passback.plugin import JsonObject
from passback_scorm.rte.model import DataModel
from passback_scorm.rte.text import readable

_FIELDS = (
    *("id", "type", "description", "time", "timestamp", "weighting", "student_response", "learner_response"),
    *("result", "latency"),
)
_OBJECTIVE = (
    *("id", "description", "status", "success_status", "completion_status"),
    *("score.scaled", "score.raw", "score.min", "score.max", "progress_measure"),
)
_RESULT = re.compile(r"cmi\.interactions\.([0-9]+)\.result")


def answered(model: DataModel, changed: Iterable[str]) -> Iterator[JsonObject]:
    """Yield the interactions whose result is among the `changed` elements, in their order."""
    matches = (_RESULT.fullmatch(name) for name in changed)
    for index in sorted(int(match[1]) for match in matches if match):
        yield interaction(model, index)


def interactions(model: DataModel) -> list[JsonObject]:
    """Return every interaction."""
    return [interaction(model, index) for index in range(model.counts.get("cmi.interactions", 0))]


def interaction(model: DataModel, index: int) -> JsonObject:
    """Return one interaction with its correct responses and objectives; what was not written is left out."""
    base = f"cmi.interactions.{index}"
    record: JsonObject = {"index": index} | _written(model, base, _FIELDS)
    for array, part in (("correct_responses", "pattern"), ("objectives", "id")):
        count = model.counts.get(f"{base}.{array}", 0)
        if count:
            record[array] = [readable(model.text(f"{base}.{array}.{n}.{part}")) for n in range(count)]
    return record


def objectives(model: DataModel) -> list[JsonObject]:
    """Return every objective."""
    count = model.counts.get("cmi.objectives", 0)
    return [{"index": index} | _written(model, f"cmi.objectives.{index}", _OBJECTIVE) for index in range(count)]


def comments(model: DataModel) -> list[JsonObject]:
    """Return the learner's comments: the one text of SCORM 1.2, or the records of SCORM 2004."""
    array, fields = "cmi.comments_from_learner", ("comment", "location", "timestamp")
    found = [{"index": n} | _written(model, f"{array}.{n}", fields) for n in range(model.counts.get(array, 0))]
    text = model.text("cmi.comments")
    return [{"index": 0, "comment": readable(text)}] if text else found


def _written(model: DataModel, base: str, fields: Iterable[str]) -> JsonObject:
    found = ((field, model.text(f"{base}.{field}")) for field in fields)
    return {field: readable(text) for field, text in found if text}
