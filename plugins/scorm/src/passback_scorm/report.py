"""An attempt in SCORM's own words, for people."""

from passback.plugin import AttemptReport, JsonObject, State
from passback_scorm.interactions import interactions, objectives
from passback_scorm.rte.text import readable
from passback_scorm.runtime import CELL, model_of
from passback_scorm.sco import load_sco
from passback_scorm.settings import course_settings
from passback_scorm.timespan import spoken_timespan
from passback_scorm.verdict import STATUS

_SHORT = 200


def attempt_report(state: State) -> AttemptReport:
    """Return the rows that support staff read first, and all records as details."""
    sco = load_sco(state.cells.get(CELL))
    model = model_of(sco)
    answers, goals = interactions(model), objectives(model)
    suspend_data = model.text("cmi.suspend_data")
    rows = [
        ("Status", sco.lms_status or model.text(STATUS) or "not attempted"),
        ("Score", _score(*(model.text(f"cmi.core.score.{part}") for part in ("raw", "min", "max")))),
        ("Time", spoken_timespan(sco.total(measure=course_settings(state).wall_clock_time))),
        ("Place", model.text("cmi.core.lesson_location")),
        ("Saved data", f"{len(suspend_data):,} characters" if suspend_data else ""),
        ("Comments", model.text("cmi.comments")),
        *((f"Objective {goal.get('id', goal['index'])}", _goal(goal)) for goal in goals),
        *((f"Question {answer.get('id', answer['index'])}", _answer(answer)) for answer in answers),
    ]
    details: JsonObject = {"interactions": list(answers), "objectives": list(goals), "elements": len(model.values)}
    return AttemptReport(tuple((_short(label), _short(text)) for label, text in rows if text), details)


def _score(raw: str, low: str, high: str) -> str:
    if not raw:
        return ""
    return f"{raw} ({low or 0} to {high})" if high else raw


def _goal(goal: JsonObject) -> str:
    score = _score(*(str(goal.get(f"score.{part}", "")) for part in ("raw", "min", "max")))
    return ", ".join(part for part in (str(goal.get("status", "")), score) if part) or "not attempted"


def _answer(answer: JsonObject) -> str:
    return ": ".join(str(answer[part]) for part in ("result", "student_response") if part in answer) or "not answered"


def _short(text: str) -> str:
    text = readable(text)
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 1]}…"
