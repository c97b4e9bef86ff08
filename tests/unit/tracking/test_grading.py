"""How outcomes become a grade: each rule of design §9 as a row, and what holds for any outcome."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passback.plugin import AttemptResult, Completion, GradeDecision, GradePolicy, GradeRule, Outcome, Success
from passback.tracking.grading import CompletionPolicy, PassPolicy, ScorePolicy, combine, is_done, verdict
from passback.tracking.outcome import normalised_score
from tests.unit.tracking.test_outcome import OUTCOMES

DONE, GOING, PASSED, FAILED = Completion.COMPLETED, Completion.INCOMPLETE, Success.PASSED, Success.FAILED
NOTHING = None
POLICIES: list[GradePolicy] = [ScorePolicy(), CompletionPolicy(), PassPolicy()]
AT = datetime(2026, 3, 1, tzinfo=UTC)


def decide(policy: GradePolicy, *, ended: bool = False, rule: GradeRule | None = None, **said: Any) -> GradeDecision:
    outcome = Outcome(**{"completion": GOING, **said}).with_(ended=ended)
    return policy.decide(AttemptResult(1, outcome, ended), rule or GradeRule())


@pytest.mark.parametrize(
    ("said", "open_", "left"),
    [
        # before any result nothing is sent; the session's end sends the score there is
        ({}, NOTHING, NOTHING),
        ({"score_scaled": 0.8}, NOTHING, (0.8, True)),
        ({"score_raw": 0}, NOTHING, (0.0, True)),
        # a verdict is final at once
        ({"score_scaled": 0.8, "success": PASSED}, (0.8, True), (0.8, True)),
        ({"score_scaled": 0.3, "success": FAILED}, (0.3, True), (0.3, True)),
        ({"score_scaled": 0.0, "success": FAILED, "completion": DONE}, (0.0, True), (0.0, True)),
        # completed with a score: it may still change while the learner is there
        ({"score_scaled": 0.8, "completion": DONE}, (0.8, False), (0.8, True)),
        # completed without any score counts full, but only after the session
        ({"completion": DONE}, NOTHING, (1.0, True)),
        ({"completion": DONE, "success": PASSED}, NOTHING, (1.0, True)),
        ({"completion": DONE, "success": FAILED}, NOTHING, (0.0, True)),
        # a pass with the course's own "incomplete" is not the end
        ({"completion": GOING, "success": PASSED}, NOTHING, NOTHING),
    ],
)
def test_score(said: dict[str, Any], open_: tuple[float, bool] | None, left: tuple[float, bool] | None) -> None:
    for ended, wanted in ((False, open_), (True, left)):
        decision = decide(ScorePolicy(), ended=ended, **said)
        assert decision.scaled == (wanted[0] if wanted else None), f"ended: {ended}"
        if wanted:
            assert decision.final == wanted[1], f"ended: {ended}"
        else:
            assert decision.reason


@pytest.mark.parametrize("success", [Success.UNKNOWN, PASSED, FAILED])
@pytest.mark.parametrize("ended", [False, True])
def test_where_a_score_has_ever_been_reported_a_completion_waits_for_one(success: Success, ended: bool) -> None:
    """Rustici's golf sample says "completed" on arriving at its quiz: stopping there must never show 100."""
    rule = GradeRule(reports_score=True)
    decision = decide(ScorePolicy(), ended=ended, rule=rule, completion=DONE, success=success)
    assert decision.scaled is None
    assert "no score yet" in decision.reason
    assert decide(ScorePolicy(), ended=ended, rule=rule, completion=DONE, success=success, score_raw=70).scaled == 0.7


def test_the_reason_says_how_far_it_is() -> None:
    assert decide(ScorePolicy(), score_scaled=0.8).reason == "80 so far, not finished"
    assert decide(ScorePolicy(), score_raw=66.7).reason == "66.7 so far, not finished"
    assert decide(ScorePolicy()).reason == "not finished"
    assert decide(ScorePolicy(), completion=DONE, score_scaled=0.8).reason == "80 so far, not finished"
    assert decide(ScorePolicy(), ended=True, completion=DONE, score_scaled=0.8).reason == ""


@pytest.mark.parametrize(
    ("said", "scaled"),
    [
        ({}, None),
        ({"score_scaled": 1.0}, None),
        ({"completion": DONE}, 1.0),
        ({"completion": DONE, "success": FAILED, "score_scaled": 0.1}, 1.0),
        ({"completion": Completion.UNKNOWN, "success": PASSED}, 1.0),
        ({"completion": GOING, "success": PASSED}, None),
    ],
)
@pytest.mark.parametrize("ended", [False, True])
def test_completion(said: dict[str, Any], scaled: float | None, ended: bool) -> None:
    assert decide(CompletionPolicy(), ended=ended, **said).scaled == scaled


@pytest.mark.parametrize(
    ("said", "mark", "open_", "left"),
    [
        ({"success": PASSED}, None, 1.0, 1.0),
        ({"success": FAILED}, None, 0.0, 0.0),
        ({"completion": DONE, "score_scaled": 0.9}, None, None, None),
        ({"completion": DONE, "score_scaled": 0.9}, 0.7, 1.0, 1.0),
        ({"completion": DONE, "score_scaled": 0.6}, 0.7, None, 0.0),
        ({"score_scaled": 0.9}, 0.7, None, 1.0),
        ({"score_scaled": 0.1 + 0.2}, 0.3, None, 1.0),
        ({"success": PASSED, "score_scaled": 0.6}, 0.7, 0.0, 0.0),
        ({"success": FAILED, "score_scaled": 0.8}, 0.7, 1.0, 1.0),
        ({"success": PASSED}, 0.7, 1.0, 1.0),
        ({}, 0.7, None, None),
    ],
)
def test_passing(said: dict[str, Any], mark: float | None, open_: float | None, left: float | None) -> None:
    rule = GradeRule(pass_mark=mark)
    assert decide(PassPolicy(), rule=rule, **said).scaled == open_
    assert decide(PassPolicy(), rule=rule, ended=True, **said).scaled == left


def test_the_mark_decides_only_once_the_score_stands() -> None:
    assert verdict(Outcome(score_scaled=0.9), 0.7) is Success.UNKNOWN
    assert verdict(Outcome(score_scaled=0.9, ended=True), 0.7) is PASSED
    assert is_done(Outcome(score_scaled=0.9, success=FAILED, completion=DONE), 0.7)
    assert not is_done(Outcome(success=PASSED, completion=GOING), None)


def given_(scaled: float | None, final: bool = True, at: datetime | None = None) -> GradeDecision:
    return GradeDecision(scaled, final, "" if scaled is not None else "not finished", at=at)


@pytest.mark.parametrize(
    ("which", "decisions", "scaled", "final"),
    [
        ("best", [given_(0.4), given_(0.9), given_(0.6)], 0.9, True),
        ("best", [given_(0.4), given_(None)], 0.4, True),
        ("best", [given_(0.4), given_(0.9, final=False)], 0.9, False),
        ("last", [given_(0.9), given_(0.6)], 0.6, True),
        ("last", [given_(0.9), given_(None)], 0.9, True),
        ("first", [given_(0.2), given_(0.9)], 0.2, True),
        ("first", [given_(None), given_(0.9)], None, False),
        ("average", [given_(0.5), given_(1.0), given_(None)], 0.75, True),
        ("average", [given_(0.5), given_(1.0, final=False)], 0.75, False),
        ("average", [given_(None)], None, False),
    ],
)
def test_which_attempt_counts(which: Any, decisions: list[GradeDecision], scaled: float | None, final: bool) -> None:
    combined = combine(decisions, GradeRule(which_attempt=which))
    assert combined.scaled == scaled
    if scaled is not None:
        assert combined.final == final


def test_no_attempt_is_no_grade() -> None:
    assert combine([], GradeRule()) == GradeDecision(None, False, "not started")


def test_an_average_is_dated_by_its_newest_attempt() -> None:
    combined = combine([given_(0.2, at=AT), given_(0.4, at=AT.replace(day=5))], GradeRule(which_attempt="average"))
    assert combined.at == AT.replace(day=5)


RULES = st.builds(
    GradeRule,
    pass_mark=st.none() | st.floats(0, 1),
    which_attempt=st.sampled_from(["best", "last", "first", "average"]),
    reports_score=st.booleans(),
)


@given(st.sampled_from(POLICIES), OUTCOMES, RULES)
def test_whatever_a_learner_did(policy: GradePolicy, outcome: Outcome, rule: GradeRule) -> None:
    decision = policy.decide(AttemptResult(1, outcome, outcome.ended), rule)
    assert decision == policy.decide(AttemptResult(1, outcome, outcome.ended), rule)
    if decision.scaled is None:
        assert decision.reason, "nothing is withheld without a reason"
        assert not decision.final
        return
    assert 0 <= decision.scaled <= 1
    settled = outcome.success is not Success.UNKNOWN or outcome.completion is DONE or outcome.ended
    assert settled, "nothing is sent before a verdict, a completion or the session's end"
    if policy.key == "score" and rule.reports_score:
        assert normalised_score(outcome) is not None
    if policy.key == "score" and not outcome.ended and decision.scaled == 1:
        assert normalised_score(outcome) == 1, "no completion alone shows 100 while the learner is there"


@given(st.lists(st.builds(given_, st.none() | st.floats(0, 1), st.booleans()), max_size=5), RULES)
def test_the_grade_lies_within_its_attempts(decisions: list[GradeDecision], rule: GradeRule) -> None:
    combined = combine(decisions, rule)
    scores = [one.scaled for one in decisions if one.scaled is not None]
    if combined.scaled is None:
        assert not scores or rule.which_attempt == "first"
    else:
        assert min(scores) - 1e-9 <= combined.scaled <= max(scores) + 1e-9
