"""The numbers: waits, giving up, pauses, stamps."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passback.delivery.policy import CLOCK_WAS_AHEAD, Policy, next_stamp

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("tries", "shortest", "longest"),
    [(1, 10, 15), (2, 20, 30), (3, 40, 60), (8, 1280, 1920), (9, 2400, 3600), (10, 2400, 3600), (500, 2400, 3600)],
)
def test_waits_double_from_ten_seconds_to_an_hour(tries: int, shortest: float, longest: float) -> None:
    assert Policy(jitter=lambda: 0.0).delay(tries) == pytest.approx(shortest)
    assert Policy(jitter=lambda: 1.0).delay(tries) == pytest.approx(longest)


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_a_failing_delivery_is_tried_for_three_days_and_not_for_four(jitter: float) -> None:
    policy = Policy(jitter=lambda: jitter)
    first = now = NOON
    tries = 1
    while not policy.gives_up(tries=tries, failing_since=first, now=now):
        now += timedelta(seconds=policy.delay(tries))
        tries += 1
    assert timedelta(days=3) <= now - first <= timedelta(days=3, hours=1)
    assert tries > 72


def test_days_in_which_nothing_was_tried_do_not_count() -> None:
    assert not Policy().gives_up(tries=2, failing_since=NOON, now=NOON + timedelta(days=30))


def test_a_destination_pauses_after_a_few_failures_and_ever_longer() -> None:
    policy = Policy()
    assert [policy.pause(failures) for failures in (1, 4, 5, 6, 7, 10, 900)] == [0, 0, 30, 60, 120, 600, 600]


@given(
    st.lists(st.floats(min_value=0, max_value=5, allow_nan=False), min_size=2, max_size=30),
    st.sampled_from([0.0, 0.5, 1.0, 2.5]),
)
def test_stamps_grow_by_a_second_at_least_and_never_run_ahead(steps: list[float], interval: float) -> None:
    now, last = NOON, None
    used: list[datetime] = []
    for step in steps:
        now += timedelta(seconds=step)
        moment, may_go = next_stamp(last, interval=interval, now=now)
        if not may_go:
            assert moment > now
            now = moment
            moment, may_go = next_stamp(last, interval=interval, now=now)
        assert may_go
        assert moment <= now
        assert moment.microsecond % 1000 == 0
        used.append(moment)
        last = moment
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(used)]
    assert all(gap >= max(1.0, interval) for gap in gaps)
    assert all(int(b.timestamp()) > int(a.timestamp()) for a, b in pairwise(used))


def test_a_clock_that_was_a_little_ahead_is_waited_for() -> None:
    ahead = NOON + CLOCK_WAS_AHEAD
    assert next_stamp(ahead, interval=1.0, now=NOON) == (ahead + timedelta(seconds=1), False)


@pytest.mark.parametrize("ahead", [timedelta(seconds=61), timedelta(hours=1), timedelta(days=4000)])
def test_a_clock_that_was_far_ahead_is_not_waited_for_and_the_stamp_still_grows(ahead: timedelta) -> None:
    last = NOON + ahead
    assert next_stamp(last, interval=1.0, now=NOON) == (last + timedelta(seconds=1), True)
    assert next_stamp(last, interval=7.0, now=NOON) == (last + timedelta(seconds=7), True)
