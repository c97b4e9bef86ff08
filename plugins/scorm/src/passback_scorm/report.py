"""An attempt in SCORM's own words, for people: of a course of one SCO here, of several by what this module offers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from passback.plugin import AttemptReport, JsonObject, State
from passback_scorm.interactions import comments, interactions, objectives
from passback_scorm.rte.model import DataModel
from passback_scorm.rte.text import readable
from passback_scorm.runtime import CELL, model_of
from passback_scorm.sco import load_sco
from passback_scorm.settings import course_settings
from passback_scorm.timespan import spoken_timespan
from passback_scorm.verdict import STATUS

_SHORT = 200
MOST_ROWS = 500
"""A page has so many lines at most; the details hold everything."""
Row = tuple[str, str]


@dataclass(frozen=True)
class Part:
    """One activity of a course of several: how it stands, in words and in the standard's terms, and its records."""

    id: str
    title: str
    standing: str
    terms: JsonObject
    model: DataModel | None = None


def attempt_report(state: State) -> AttemptReport:
    """Return the rows that support staff read first, and all records as details."""
    sco = load_sco(state.cells.get(CELL))
    model = model_of(sco)
    suspend_data = model.text("cmi.suspend_data")
    rows = [
        ("Status", sco.lms_status or model.text(STATUS) or "not attempted"),
        ("Score", _score(*(model.text(f"cmi.core.score.{part}") for part in ("raw", "min", "max")))),
        ("Time", spoken_timespan(sco.total(measure=course_settings(state).wall_clock_time))),
        ("Place", model.text("cmi.core.lesson_location")),
        ("Saved data", f"{len(suspend_data):,} characters" if suspend_data else ""),
        *_records(model),
    ]
    return AttemptReport(_shown(rows), {**_details(model), "elements": len(model.values)})


def course_report(parts: Iterable[Part], current: str) -> AttemptReport:
    """Return the report of a course of several activities: each one's standing, then its records."""
    parts = list(parts)
    rows: list[Row] = [(part.title, part.standing) for part in parts]
    for part in parts:
        if part.model is not None:
            rows += [(f"{part.title}: {label}", text) for label, text in _records(part.model)]
    activities: list[JsonObject] = [
        {"id": part.id, "title": part.title, **part.terms, **(_details(part.model) if part.model else {})}
        for part in parts
    ]
    return AttemptReport(_shown(rows), {"current": current, "activities": list(activities)})


def _records(model: DataModel) -> Iterator[Row]:
    for comment in comments(model):
        yield "Comments", str(comment.get("comment", ""))
    for goal in objectives(model):
        yield f"Objective {goal.get('id', goal['index'])}", _goal(goal)
    for answer in interactions(model):
        yield f"Question {answer.get('id', answer['index'])}", _answer(answer)


def _details(model: DataModel) -> JsonObject:
    return {
        "interactions": list(interactions(model)),
        "objectives": list(objectives(model)),
        "comments": list(comments(model)),
    }


def _shown(rows: Iterable[Row]) -> tuple[Row, ...]:
    told = [(_short(label), _short(text)) for label, text in rows if text]
    more = len(told) - MOST_ROWS
    return (*told[:MOST_ROWS], ("More", f"{more:,} further lines")) if more > 0 else tuple(told)


def _score(raw: str, low: str, high: str) -> str:
    if not raw:
        return ""
    return f"{raw} ({low or 0} to {high})" if high else raw


def _goal(goal: JsonObject) -> str:
    score = _score(*(str(goal.get(f"score.{part}", "")) for part in ("raw", "min", "max")))
    scaled = str(goal.get("score.scaled", ""))
    statuses = (str(goal.get(name, "")) for name in ("status", "completion_status", "success_status"))
    return ", ".join(part for part in (*statuses, score or scaled) if part) or "not attempted"


def _answer(answer: JsonObject) -> str:
    parts = ("result", "student_response", "learner_response")
    return ": ".join(str(answer[part]) for part in parts if part in answer) or "not answered"


def _short(text: str) -> str:
    text = readable(text)
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 1]}…"
