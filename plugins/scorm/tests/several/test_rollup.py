"""What the SCOs of a 1.2 course come to."""

import pytest

from passback.plugin import Completion, Success
from passback_scorm.several.rollup import CompletionMethod, Part, RollupRule, ScoreMethod, StatusMethod, roll_up

PARTS = (
    Part("passed", 90, weight=3, order=1),
    Part("completed", None),
    Part("failed", 30, weight=1, order=5),
    Part("incomplete", 60, weight=0, order=2),
)


@pytest.mark.parametrize(
    ("method", "score"),
    [
        (ScoreMethod.AVERAGE, 60),
        (ScoreMethod.WEIGHTED, 75),
        (ScoreMethod.HIGHEST, 90),
        (ScoreMethod.LOWEST, 30),
        (ScoreMethod.SUM, 100),
        (ScoreMethod.LAST, 30),
    ],
)
def test_scores(method: ScoreMethod, score: float) -> None:
    assert roll_up(PARTS, RollupRule(score=method)).score == score


@pytest.mark.parametrize("method", list(ScoreMethod))
def test_a_score_of_zero_is_one_and_none_is_none(method: ScoreMethod) -> None:
    assert roll_up((Part("failed", 0),), RollupRule(score=method)).score == 0
    assert roll_up((Part("completed"),), RollupRule(score=method)).score is None
    assert roll_up((Part("passed", 50, weight=0),), RollupRule(score=method)).score == 50


@pytest.mark.parametrize(
    ("method", "threshold", "completion"),
    [
        (CompletionMethod.ALL, 0, Completion.INCOMPLETE),
        (CompletionMethod.ANY, 0, Completion.COMPLETED),
        (CompletionMethod.PERCENTAGE, 75, Completion.COMPLETED),
        (CompletionMethod.PERCENTAGE, 76, Completion.INCOMPLETE),
    ],
)
def test_completion(method: CompletionMethod, threshold: float, completion: Completion) -> None:
    rolled = roll_up(PARTS, RollupRule(completion=method, threshold=threshold))
    assert rolled.completion is completion
    assert (rolled.done, rolled.total, rolled.progress) == (3, 4, 0.75)


def test_which_statuses_are_done_can_be_said() -> None:
    rolled = roll_up(PARTS, RollupRule(done=frozenset({"passed"})))
    assert rolled.done == 1


@pytest.mark.parametrize(
    ("statuses", "method", "success"),
    [
        (("passed", "passed"), StatusMethod.ALL_PASSED, Success.PASSED),
        (("passed", "completed"), StatusMethod.ALL_PASSED, Success.PASSED),
        (("passed", "failed"), StatusMethod.ALL_PASSED, Success.FAILED),
        (("passed", "incomplete"), StatusMethod.ALL_PASSED, Success.UNKNOWN),
        (("failed", "incomplete"), StatusMethod.ALL_PASSED, Success.UNKNOWN),
        (("completed", "completed"), StatusMethod.ALL_PASSED, Success.UNKNOWN),
        (("passed", "failed"), StatusMethod.ANY_PASSED, Success.PASSED),
        (("failed", "failed"), StatusMethod.ANY_PASSED, Success.FAILED),
        (("failed", ""), StatusMethod.ANY_PASSED, Success.UNKNOWN),
        (("completed", "failed"), StatusMethod.COMPLETION_ONLY, Success.PASSED),
        (("completed", ""), StatusMethod.COMPLETION_ONLY, Success.UNKNOWN),
    ],
)
def test_success(statuses: tuple[str, ...], method: StatusMethod, success: Success) -> None:
    rolled = roll_up([Part(status) for status in statuses], RollupRule(status=method))
    assert rolled.success is success


@pytest.mark.parametrize(("score", "success"), [(80, Success.PASSED), (79.9, Success.FAILED), (None, Success.UNKNOWN)])
def test_success_by_score(score: float | None, success: Success) -> None:
    parts = (Part("completed", score), Part("completed"))
    assert roll_up(parts, RollupRule(status=StatusMethod.SCORE_THRESHOLD)).success is success


def test_an_untouched_and_an_empty_course() -> None:
    assert roll_up((Part(), Part()), RollupRule()).completion is Completion.NOT_ATTEMPTED
    assert roll_up((), RollupRule()).completion is Completion.NOT_ATTEMPTED


@pytest.mark.parametrize("rule", [RollupRule(completion=one) for one in CompletionMethod])
def test_parts_that_were_never_opened_need_not_be_named(rule: RollupRule) -> None:
    assert roll_up(PARTS, rule, total=6) == roll_up((*PARTS, Part(), Part()), rule)
