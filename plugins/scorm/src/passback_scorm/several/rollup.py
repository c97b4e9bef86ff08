"""What the SCOs of a course come to together (SCORM 1.2 says nothing of it; the methods are the usual ones)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from passback.plugin import Completion, Success


class ScoreMethod(StrEnum):
    """How the course's score is made of those that SCOs reported."""

    AVERAGE = "average"
    WEIGHTED = "weighted"
    HIGHEST = "highest"
    LOWEST = "lowest"
    SUM = "sum"
    LAST = "last"


class CompletionMethod(StrEnum):
    """When the course is complete."""

    ALL = "all"
    ANY = "any"
    PERCENTAGE = "percentage"


class StatusMethod(StrEnum):
    """When the course is passed."""

    ALL_PASSED = "all_passed"
    ANY_PASSED = "any_passed"
    SCORE_THRESHOLD = "score_threshold"
    COMPLETION_ONLY = "completion_only"


@dataclass(frozen=True)
class RollupRule:
    """How a course counts.

    Args:
        threshold: share of SCOs, 0..100, that `PERCENTAGE` asks for.
        passing_score: course score, 0..100, that `SCORE_THRESHOLD` asks for.
        done: statuses of a SCO that count as complete.
    """

    score: ScoreMethod = ScoreMethod.AVERAGE
    completion: CompletionMethod = CompletionMethod.ALL
    status: StatusMethod = StatusMethod.ALL_PASSED
    threshold: float = 100.0
    passing_score: float = 80.0
    done: frozenset[str] = frozenset({"completed", "passed", "failed"})


@dataclass(frozen=True)
class Part:
    """One SCO as the rollup sees it.

    Args:
        status: `cmi.core.lesson_status`, or "" before it was opened.
        score: 0..100, None where it reported none.
        weight: its share in a weighted score.
        order: counts up with each report, so that the last one can be told.
    """

    status: str = ""
    score: float | None = None
    weight: float = 1.0
    order: int = 0


@dataclass(frozen=True)
class Rollup:
    """What a course has come to. `score` 0..100 (a sum may say more: it is cut there), `progress` 0..1."""

    completion: Completion
    success: Success
    score: float | None
    progress: float
    done: int
    total: int


def roll_up(parts: Sequence[Part], rule: RollupRule, *, total: int | None = None) -> Rollup:
    """Return what `parts` come to by `rule`; a course without parts has not been attempted.

    Args:
        total: how many parts the course has, where those that were never opened are left out.
    """
    done = sum(part.status in rule.done for part in parts)
    total = len(parts) if total is None else total
    progress = done / total if total else 0.0
    score = _score(parts, rule.score)
    complete = _complete(done, total, rule)
    touched = any(part.status not in {"", "not attempted"} for part in parts)
    completion = Completion.COMPLETED if complete else Completion.INCOMPLETE if touched else Completion.NOT_ATTEMPTED
    return Rollup(completion, _success(parts, rule, score, complete=complete), score, progress, done, total)


def _complete(done: int, total: int, rule: RollupRule) -> bool:
    if not total:
        return False
    if rule.completion is CompletionMethod.ANY:
        return done > 0
    if rule.completion is CompletionMethod.PERCENTAGE:
        return done * 100 >= rule.threshold * total
    return done == total


def _score(parts: Sequence[Part], method: ScoreMethod) -> float | None:
    reported = [(part, part.score) for part in parts if part.score is not None]
    scores = [score for _part, score in reported]
    if not scores:
        return None
    simple = {
        ScoreMethod.HIGHEST: max(scores),
        ScoreMethod.LOWEST: min(scores),
        ScoreMethod.SUM: min(100.0, sum(scores)),
    }
    if method in simple:
        return simple[method]
    if method is ScoreMethod.LAST:
        return max(reported, key=lambda one: one[0].order)[1]
    weights = [part.weight for part, _score in reported] if method is ScoreMethod.WEIGHTED else []
    if sum(weights) > 0:
        return sum(weight * score for weight, score in zip(weights, scores, strict=True)) / sum(weights)
    return sum(scores) / len(scores)


def _success(parts: Sequence[Part], rule: RollupRule, score: float | None, *, complete: bool) -> Success:
    verdicts = {part.status for part in parts if part.status in {"passed", "failed"}}
    if rule.status is StatusMethod.ANY_PASSED and "passed" in verdicts:
        return Success.PASSED
    if not complete:
        return Success.UNKNOWN
    if rule.status is StatusMethod.COMPLETION_ONLY:
        return Success.PASSED
    if rule.status is StatusMethod.SCORE_THRESHOLD:
        return Success.UNKNOWN if score is None else _verdict(score >= rule.passing_score)
    return _verdict("failed" not in verdicts) if verdicts else Success.UNKNOWN


def _verdict(passed: bool) -> Success:
    return Success.PASSED if passed else Success.FAILED
