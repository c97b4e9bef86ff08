"""How outcomes become a grade. Pure functions: the built-in policies, and which attempt counts (design §9).

Nothing is sent before a verdict, a completion or the session's end. In score mode a completion without a score waits
for the score where the course version has ever reported one, and counts full only after the session has ended
elsewhere: a course may say "completed" on arriving at its quiz (a sample of Rustici's does).
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from passback.plugin import (
    AttemptResult,
    Completion,
    GradeDecision,
    GradePolicy,
    GradeRule,
    Outcome,
    Success,
    hookimpl,
)
from passback.tracking.outcome import clip, normalised_score

Item = TypeVar("Item")

TOLERANCE = 1e-9
"""0.1 + 0.2 is no fail at a pass mark of 0.3."""
NOT_STARTED = "not started"


def verdict(outcome: Outcome, pass_mark: float | None) -> Success:
    """Return passed or failed: by the pass mark where there is one and a score to hold against it, else the content's.

    Before the end a score may still change, so that the mark decides once the content has judged or is done.
    """
    score = normalised_score(outcome)
    if pass_mark is None or score is None:
        return outcome.success
    if not _is_settled(outcome):
        return Success.UNKNOWN
    return Success.PASSED if score + TOLERANCE >= pass_mark else Success.FAILED


def is_done(outcome: Outcome, pass_mark: float | None) -> bool:
    """Say whether a learner has nothing left to do in this attempt: passed, and not incomplete by the content."""
    return verdict(outcome, pass_mark) is Success.PASSED and outcome.completion is not Completion.INCOMPLETE


def _is_settled(outcome: Outcome) -> bool:
    return outcome.ended or outcome.success is not Success.UNKNOWN or outcome.completion is Completion.COMPLETED


class ScorePolicy:
    """The score counts."""

    key = "score"
    label = "The score"

    def decide(self, attempt: AttemptResult, rule: GradeRule) -> GradeDecision:
        """Decide one attempt by its score; completion stands in where the course knows no scores."""
        outcome, ended = attempt.outcome, attempt.session_ended
        score = normalised_score(outcome)
        if not (ended or _is_settled(outcome)):
            return _wait(outcome, so_far(score))
        if score is not None:
            final = ended or outcome.success is not Success.UNKNOWN
            return _grade(outcome, score, final=final, reason="" if final else so_far(score))
        if rule.reports_score:
            return _wait(outcome, "no score yet; this course reports one")
        return self._without_score(outcome, ended=ended)

    def _without_score(self, outcome: Outcome, *, ended: bool) -> GradeDecision:
        if not ended:
            return _wait(outcome, "completed, not left yet: a score may follow" if _reached(outcome) else so_far(None))
        if outcome.success is Success.FAILED:
            return _grade(outcome, 0.0, reason="failed without a score")
        if _reached(outcome):
            return _grade(outcome, 1.0, reason="completed; this course reports no score")
        return _wait(outcome, "left before the end")


class CompletionPolicy:
    """Completing counts, whatever the score."""

    key = "completion"
    label = "Completion"

    def decide(self, attempt: AttemptResult, rule: GradeRule) -> GradeDecision:  # noqa: ARG002 - the protocol's
        """Decide one attempt: full once it is completed, nothing before."""
        if _reached(attempt.outcome):
            return _grade(attempt.outcome, 1.0)
        return _wait(attempt.outcome, "left before the end" if attempt.session_ended else "not completed yet")


class PassPolicy:
    """Passing counts, all or nothing."""

    key = "pass"
    label = "Passed or failed"

    def decide(self, attempt: AttemptResult, rule: GradeRule) -> GradeDecision:
        """Decide one attempt: full if passed, 0 if failed, nothing without a verdict."""
        outcome = attempt.outcome.with_(ended=attempt.outcome.ended or attempt.session_ended)
        score, judged = normalised_score(outcome), outcome.success is not Success.UNKNOWN
        match verdict(outcome, rule.pass_mark):
            case Success.PASSED:
                return _grade(attempt.outcome, 1.0, final=judged or outcome.ended)
            case Success.FAILED if judged or outcome.ended:
                return _grade(attempt.outcome, 0.0)
            case _:
                return _wait(attempt.outcome, "no verdict yet" if outcome.ended else so_far(score))


def _reached(outcome: Outcome) -> bool:
    """Completed; a pass counts as that where the content has not said otherwise."""
    if outcome.completion is Completion.COMPLETED:
        return True
    return outcome.success is Success.PASSED and outcome.completion is not Completion.INCOMPLETE


def so_far(score: float | None) -> str:
    """Return why nothing is sent yet, for people: "80 so far, not finished"."""
    return "not finished" if score is None else f"{score * 100:.4g} so far, not finished"


def _grade(outcome: Outcome, scaled: float, *, final: bool = True, reason: str = "") -> GradeDecision:
    return GradeDecision(clip(scaled), final, reason, completed=_is_over(outcome), at=outcome.at)


def _wait(outcome: Outcome, reason: str) -> GradeDecision:
    return GradeDecision(None, False, reason, completed=_is_over(outcome), at=outcome.at)


def _is_over(outcome: Outcome) -> bool:
    return _reached(outcome) or outcome.success is not Success.UNKNOWN


def goes(items: Sequence[Item], replaced: Sequence[bool]) -> list[list[Item]]:
    """Put attempts that gave way to another version of the course together with the attempt that came after.

    Who has to begin anew because the course was changed is on the same go: the first one, and one of those that an
    average is made of.

    Args:
        items: one for each attempt, in their order.
        replaced: which of them gave way.
    """
    found: list[list[Item]] = [[]]
    for item, gave_way in zip(items, replaced, strict=True):
        found[-1].append(item)
        if not gave_way:
            found.append([])
    return found if found[-1] else found[:-1]


def merge_replaced(
    decisions: Sequence[GradeDecision], replaced: Sequence[bool], rule: GradeRule
) -> Sequence[GradeDecision]:
    """Return one decision for each go where the rule counts them: its best one."""
    if rule.which_attempt not in {"first", "average"}:
        return decisions
    best = GradeRule(which_attempt="best")
    return [combine(go, best) for go in goes(decisions, replaced)]


def combine(decisions: Sequence[GradeDecision], rule: GradeRule) -> GradeDecision:
    """Return the registration's grade from those of its attempts, in their order.

    An attempt without a grade yet does not count: with `last`, the one before it stands until the new one has one; with
    `average` it is left out. `first` is the first attempt alone.
    """
    if not decisions:
        return GradeDecision(None, False, NOT_STARTED)
    if rule.which_attempt == "first":
        return decisions[0]
    graded = [one for one in decisions if one.scaled is not None]
    if not graded:
        return decisions[-1]
    if rule.which_attempt == "average":
        return _average(graded)
    if rule.which_attempt == "last":
        return graded[-1]
    return max(graded, key=lambda one: (one.scaled or 0.0, one.final))


def _average(graded: Sequence[GradeDecision]) -> GradeDecision:
    scaled = sum(one.scaled or 0.0 for one in graded) / len(graded)
    return GradeDecision(
        clip(scaled),
        all(one.final for one in graded),
        f"average of {len(graded)} attempts" if len(graded) > 1 else graded[0].reason,
        completed=any(one.completed for one in graded),
        at=max((one.at for one in graded if one.at), default=None),
    )


class CoreGrading:
    """The policies that core brings, as a plugin."""

    @hookimpl
    def register_grade_policies(self) -> Iterable[GradePolicy]:
        """Return score, completion and pass."""
        return (ScorePolicy(), CompletionPolicy(), PassPolicy())
