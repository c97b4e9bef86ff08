"""From what a SCO reported to an outcome: lesson_status, mastery, auto-completion."""

import math
from dataclasses import dataclass

from passback.plugin import Completion, Outcome, Success
from passback_scorm.rte.model import DataModel
from passback_scorm.settings import ScormSettings

STATUS = "cmi.core.lesson_status"
UNDECIDED = frozenset({"", "not attempted", "incomplete", "browsed"})
_MEANING = {
    "passed": (Completion.COMPLETED, Success.PASSED),
    "completed": (Completion.COMPLETED, Success.UNKNOWN),
    "failed": (Completion.COMPLETED, Success.FAILED),
}
_COMPLETIONS = (Completion.UNKNOWN, Completion.NOT_ATTEMPTED, Completion.INCOMPLETE, Completion.COMPLETED)
_SUCCESSES = (Success.UNKNOWN, Success.FAILED, Success.PASSED)


@dataclass(frozen=True)
class Score:
    """A score as content wrote it; `raw` is never None, 0 is a score."""

    raw: float
    minimum: float | None = None
    maximum: float | None = None


def read_score(model: DataModel) -> Score | None:
    """Return the score in the data model, None while raw is blank or was never written."""
    raw, low, high = (_number(model.text(f"cmi.core.score.{part}")) for part in ("raw", "min", "max"))
    return None if raw is None else Score(raw, low, high)


def lesson_status(model: DataModel, settings: ScormSettings, mastery: float | None, *, finishing: bool) -> str:
    """Return the status that counts: content's own, or ours where the standard gives the LMS the last word.

    SCORM 1.2 RTE 3.4.4, cmi.core.lesson_status: on LMSFinish a mastery score decides by the raw score, and a status
    that was never set becomes `completed`. Two things are left alone: a pause (exit `suspend` with nothing decided),
    and a score below the mark while the SCO still runs (real quizzes write it question by question).
    """
    status = model.text(STATUS)
    score = read_score(model)
    paused = model.text("cmi.core.exit") == "suspend" and status in UNDECIDED
    if mastery is not None and settings.mastery_override and score is not None:
        passed = score.raw >= mastery
        if status in {"passed", "failed"} or (finishing and not paused):
            return "passed" if passed else "failed"
        if status == "completed" and passed:
            return "passed"
    if finishing and not paused and settings.auto_complete and status in {"", "not attempted"}:
        return "completed"
    return status


def judge(outcome: Outcome, status: str, score: Score | None, settings: ScormSettings) -> Outcome:
    """Return what `outcome` becomes by a status and a score. A status is never taken back (design §9)."""
    completion, success = _MEANING.get(status, (Completion.INCOMPLETE, Success.UNKNOWN))
    if status == "failed" and not settings.failed_is_completed:
        completion = Completion.INCOMPLETE
    if score is not None:
        outcome = outcome.with_(score_raw=score.raw, score_min=score.minimum, score_max=score.maximum)
    outcome = raised(outcome, completion, success)
    return outcome.with_(progress=1.0 if outcome.completion is Completion.COMPLETED else None)


def raised(outcome: Outcome, completion: Completion, success: Success) -> Outcome:
    """Return the outcome with the better of its own and the given statuses: none is ever taken back (design §9)."""
    return outcome.with_(
        completion=max(completion, outcome.completion, key=_COMPLETIONS.index),
        success=max(success, outcome.success, key=_SUCCESSES.index),
    )


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
