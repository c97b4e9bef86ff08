"""Scores on one scale, and what is kept when sessions say different things."""

from datetime import UTC, datetime
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passback.plugin import Completion, Outcome, Success
from passback.tracking.outcome import Parts, carry_on, clean, dump, follow, load, normalised_score, raise_by
from passback.tracking.report import AttemptView

AT = datetime(2026, 3, 1, tzinfo=UTC)
SCORES = st.none() | st.floats(0, 1)
OUTCOMES = st.builds(
    Outcome,
    completion=st.sampled_from(Completion),
    success=st.sampled_from(Success),
    score_scaled=SCORES,
    score_raw=st.none() | st.sampled_from([0.0, 50.0, 80.0]),
    score_max=st.none() | st.sampled_from([100.0, 200.0]),
    progress=SCORES,
    duration_seconds=st.floats(0, 1e6),
    at=st.none() | st.just(AT),
    ended=st.booleans(),
)


@pytest.mark.parametrize(
    ("said", "scaled"),
    [
        ({"score_scaled": 0.5, "score_raw": 90}, 0.5),
        ({"score_scaled": -0.2}, 0),
        ({"score_raw": 0}, 0),
        ({"score_raw": 80}, 0.8),
        ({"score_raw": 8, "score_min": 0, "score_max": 10}, 0.8),
        ({"score_raw": 8, "score_max": 10}, 0.8),
        ({"score_raw": 15, "score_min": 10, "score_max": 20}, 0.5),
        ({"score_raw": 80, "score_min": 0, "score_max": 0}, 0.8),
        ({"score_raw": 80, "score_min": 100, "score_max": 50}, 0.8),
        ({"score_raw": 250}, 1),
        ({"score_raw": 5, "score_min": -1e308, "score_max": 1e308}, 0.05),
        ({"score_max": 10}, None),
        ({}, None),
    ],
)
def test_a_score_on_one_scale(said: dict[str, float], scaled: float | None) -> None:
    assert normalised_score(Outcome(**said)) == scaled  # type: ignore[arg-type]


def test_numbers_that_are_none_are_dropped() -> None:
    said = Outcome(score_scaled=nan, score_raw=10**400, score_max=inf, progress=7.0, duration_seconds=-5.0)
    assert clean(said) == Outcome(progress=1.0)


def test_a_score_said_in_pieces_takes_nothing_back() -> None:
    passed = follow(Outcome(), Outcome(success=Success.PASSED, score_raw=50))
    corrected = follow(passed, passed.with_(score_max=200.0))
    assert normalised_score(corrected) == 0.25


def test_within_a_session_the_last_score_counts_until_passed() -> None:
    outcome = follow(Outcome(), Outcome(completion=Completion.COMPLETED, score_scaled=1.0))
    outcome = follow(outcome, outcome.with_(score_scaled=0.4, success=Success.FAILED))
    assert (outcome.score_scaled, outcome.success) == (0.4, Success.FAILED)
    outcome = follow(outcome, outcome.with_(score_scaled=0.8, success=Success.PASSED))
    outcome = follow(outcome, outcome.with_(score_scaled=0.1, success=Success.FAILED))
    assert (outcome.score_scaled, outcome.success) == (0.8, Success.PASSED)


def test_a_failed_result_after_a_completion_without_score_is_no_downgrade() -> None:
    failed = Outcome(success=Success.FAILED, score_scaled=0.3)
    assert carry_on(Outcome(completion=Completion.COMPLETED), failed).success is Success.FAILED
    with_score = Outcome(completion=Completion.COMPLETED, score_scaled=0.6)
    assert carry_on(with_score, failed) == with_score


def test_a_score_left_with_before_any_result_is_not_kept_against_a_lower_one() -> None:
    """A course that counts down from 100 has said 100 before the learner was at the first question."""
    left_with = Outcome(completion=Completion.INCOMPLETE, score_scaled=1.0)
    live = Outcome(completion=Completion.COMPLETED, success=Success.FAILED, score_scaled=0.6)
    assert normalised_score(carry_on(left_with, live)) == 0.6


def test_the_time_of_a_result_is_when_it_came_about() -> None:
    earlier, later = AT, AT.replace(day=2)
    done = Outcome(completion=Completion.COMPLETED, score_scaled=0.8, at=earlier)
    assert carry_on(done, done.with_(at=later, duration_seconds=50.0)).at == earlier
    assert carry_on(done, done.with_(at=later, score_scaled=0.9)).at == later


@given(OUTCOMES, OUTCOMES)
def test_nothing_lowers_what_a_learner_has_left_with(left_with: Outcome, live: Outcome) -> None:
    raised = raise_by(left_with, live)
    assert (normalised_score(raised) or 0) >= (normalised_score(left_with) or 0)
    for outcome in (raised, carry_on(left_with, live)):
        assert outcome.progress is None or outcome.progress >= (left_with.progress or 0)
        assert left_with.completion is not Completion.COMPLETED or outcome.completion is Completion.COMPLETED
        assert left_with.success is not Success.PASSED or outcome.success is Success.PASSED
        assert left_with.success is Success.UNKNOWN or outcome.success is not Success.UNKNOWN
    if left_with.success is Success.PASSED:
        assert (normalised_score(carry_on(left_with, live)) or 0) >= (normalised_score(left_with) or 0)


@given(OUTCOMES, OUTCOMES, OUTCOMES)
def test_raising_twice_by_the_same_is_raising_once(one: Outcome, two: Outcome, three: Outcome) -> None:
    once = raise_by(raise_by(one, two), three)
    again = raise_by(raise_by(once, two), three)
    assert normalised_score(again) == normalised_score(once)
    assert (again.completion, again.success, again.progress) == (once.completion, once.success, once.progress)


@given(OUTCOMES, OUTCOMES, st.dictionaries(st.text("abc", min_size=1), OUTCOMES, max_size=3), st.booleans())
def test_parts_come_back_from_json_as_they_were(
    left_with: Outcome, live: Outcome, branches: dict[str, Outcome], closed: bool
) -> None:
    parts = Parts(left_with, live, closed, branches)
    assert Parts.from_json(parts.to_json()) == parts
    assert load(dump(parts.total())) == parts.total()
    assert Parts.from_json({}) == Parts()


def test_an_attempt_is_shown_with_the_score_that_counts() -> None:
    def view(outcome: Outcome) -> AttemptView:
        return AttemptView(1, 1, False, "ended", outcome, AT, None, None)

    assert view(Outcome(score_raw=25, score_min=0, score_max=100)).score == 0.25
    assert view(Outcome(score_scaled=0.5, score_raw=25)).score == 0.5
    assert view(Outcome()).score is None
