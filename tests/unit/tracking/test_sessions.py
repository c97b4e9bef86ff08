"""Opening, taking over, closing and coming back to."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask

from passback.db import tenant_session
from passback.plugin import Success
from passback.tracking import sessions
from passback.tracking.errors import AttemptRefusedError, NothingToReviewError, SessionBusyError
from passback.tracking.pipeline import launch_context
from passback.tracking.sessions import Standing, close_idle, close_session
from tests.support.play import LATER, Desk, add_desk, add_version, event, page, score

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
QUIET = timedelta(seconds=91)


def pass_it(desk: Desk, scaled: float = 0.8) -> None:
    desk.send(desk.open(), [page(1, 1, of=1), score(2, scaled)], leaving=True)


def test_what_an_opener_meets(desk: Desk) -> None:
    assert desk.standing() == Standing("start")
    with time_machine.travel(NOW, tick=False) as clock:
        session = desk.open(tab="one")
        assert desk.standing() == Standing("resume", busy=True, attempts=1)
        assert not desk.standing(tab="one").busy, "the same tab is no other window"
        clock.shift(QUIET)
        assert not desk.standing().busy
        desk.send(session)
        assert desk.standing().busy, "a heartbeat is a sign of life"
        desk.send(session, [page(1, 1, of=1), score(2, 0.8)], leaving=True)
    assert desk.standing() == Standing("passed", new_attempt_allowed=True, attempts=1)


def test_not_passed_goes_on_in_the_same_attempt(desk: Desk) -> None:
    desk.send(desk.open(), [page(1, 1), score(2, 0.2)], leaving=True)
    session = desk.open()
    assert desk.session(session).mode == "normal"
    assert len(desk.attempts()) == 1
    desk.send(session, [page(1, 2)])
    assert desk.cells()[("attempt", "pages")] == {"seen": [1, 2]}
    assert (desk.outcome().success, desk.outcome().score_scaled) == ("failed", 0.2)


def test_passed_is_reviewed_and_a_review_changes_nothing(desk: Desk) -> None:
    pass_it(desk)
    before = (desk.attempts()[0].outcome, desk.cells(), desk.grade().version)  # type: ignore[union-attr]
    session = desk.open()
    assert desk.session(session).mode == "review"
    receipt = desk.send(session, [page(1, 7), score(2, 0.1)], leaving=True)
    assert (receipt.applied, receipt.mode, receipt.status, receipt.grade) == (2, "review", "closed", None)
    assert receipt.outcome.score_scaled == 0.8
    assert (desk.attempts()[0].outcome, desk.cells(), desk.grade().version) == before  # type: ignore[union-attr]
    assert [one.kind for one in desk.events(session)] == ["session.started", "toy.page", "toy.score"]


def test_a_passed_attempt_that_was_paused_may_go_on_and_only_rises(desk: Desk) -> None:
    desk.send(desk.open(), [page(1, 1, of=1), score(2, 0.8), event(3, "toy.pause")], leaving=True)
    assert desk.standing() == Standing("passed", new_attempt_allowed=True, attempts=1, paused=True)
    assert desk.session(desk.open()).mode == "review", "unless it is asked for"
    again = desk.open(go_on=True)
    assert (desk.session(again).mode, len(desk.attempts())) == ("normal", 1)
    desk.send(again, [score(1, 0.3), event(2, "toy.pause", on=False)], leaving=True)
    outcome = desk.outcome()
    assert (outcome.success, outcome.score_scaled) == (Success.PASSED, 0.8)
    assert not desk.standing().paused
    assert desk.session(desk.open(go_on=True)).mode == "review"


def test_a_new_attempt_after_passing_takes_the_current_version(desk: Desk) -> None:
    pass_it(desk)
    with tenant_session(desk.tenant_id, write=True) as session:
        newest = add_version(session, desk.course_id, 2)
    pinned = desk.attempts()[0].course_version_id
    opened = desk.open(new_attempt=True)
    first, second = desk.attempts()
    assert (first.course_version_id, first.status) == (pinned, "ended")
    assert (second.course_version_id, second.number, second.status) == (newest, 2, "active")
    assert desk.cells() == {}, "it begins with nothing"
    with tenant_session(desk.tenant_id) as session:
        context = launch_context(session, desk.session(opened))
    assert (context.attempt_number, context.state.content["number"]) == (2, 2)
    registration = desk.registration()
    assert (registration.success, registration.score_scaled, registration.attempts) == ("passed", 0.8, 2)


def test_an_attempt_stays_on_its_version(desk: Desk) -> None:
    desk.send(desk.open(), [page(1, 1)], leaving=True)
    with tenant_session(desk.tenant_id, write=True) as session:
        add_version(session, desk.course_id, 2)
    opened = desk.open()
    with tenant_session(desk.tenant_id) as session:
        assert launch_context(session, desk.session(opened)).state.content["number"] == 1


def test_attempts_run_out(desk: Desk) -> None:
    limited = add_desk(desk.tenant_id, course_id=desk.course_id, max_attempts=2)
    pass_it(limited)
    assert limited.standing().new_attempt_allowed
    limited.send(limited.open(new_attempt=True), [page(1, 1, of=1), score(2, 0.9)], leaving=True)
    assert limited.standing() == Standing("used_up", attempts=2)
    with pytest.raises(AttemptRefusedError):
        limited.open(new_attempt=True)
    assert limited.session(limited.open()).mode == "review"


def test_a_running_attempt_is_not_left_behind(desk: Desk) -> None:
    session = desk.open()
    desk.send(session, [page(1, 1)])
    with pytest.raises(AttemptRefusedError):
        desk.open(new_attempt=True, take_over=True)
    desk.send(session, [score(2, 0.1)], leaving=True)
    assert desk.standing() == Standing("resume", new_attempt_allowed=True, attempts=1)
    desk.open(new_attempt=True)
    assert len(desk.attempts()) == 2


def test_reviewing_what_was_never_started(desk: Desk) -> None:
    with pytest.raises(NothingToReviewError):
        desk.open(mode="review")


def test_a_pass_mark_of_the_placement_decides_what_passed_means(desk: Desk) -> None:
    strict = add_desk(desk.tenant_id, course_id=desk.course_id, pass_mark=0.9)
    pass_it(strict)
    assert strict.outcome().success is Success.PASSED
    assert strict.standing().kind == "resume"


def test_another_window_asks_and_a_quiet_or_the_same_one_does_not(desk: Desk) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        first = desk.open(tab="one")
        with pytest.raises(SessionBusyError):
            desk.open(tab="two")
        with pytest.raises(SessionBusyError):
            desk.open()
        same = desk.open(tab="one")
        clock.shift(QUIET)
        quiet = desk.open(tab="two")
        visible = desk.open(tab="three", take_over=True)
        assert [desk.session(one).status for one in (first, same, quiet, visible)] == [*["superseded"] * 3, "open"]
        assert desk.send(first).status == "superseded", "it is told"
        assert len(desk.attempts()) == 1


def test_what_waits_behind_a_gap_is_applied_when_another_takes_over(desk: Desk) -> None:
    first = desk.open()
    desk.send(first, [page(2, 2), page(3, 3)])
    desk.open(take_over=True)
    assert desk.cells()[("attempt", "pages")] == {"seen": [2, 3]}


def test_late_events_of_a_superseded_session_raise_and_never_lower(desk: Desk) -> None:
    first = desk.open()
    desk.send(first, [page(1, 1)])
    second = desk.open(take_over=True)
    desk.send(second, [page(1, 5), score(2, 0.6)])

    receipt = desk.send(first, [page(2, 2), score(3, 0.2)])
    assert (receipt.status, receipt.applied) == ("superseded", 3)
    assert receipt.outcome.score_scaled == 0.6
    assert receipt.outcome.success is Success.PASSED
    receipt = desk.send(first, [score(4, 0.9)])
    assert receipt.outcome.score_scaled == 0.9
    assert desk.grade().scaled == 0.9  # type: ignore[union-attr]

    assert desk.cells()[("attempt", "pages")] == {"seen": [1, 5]}, "the newest session's state is its own"
    assert desk.session(first).branch["cells"] == [  # type: ignore[index]
        {"scope": "attempt", "key": "pages", "data": {"seen": [1, 2]}}
    ]
    assert [one.late for one in desk.events(first) if one.sequence > 0] == [False, True, True, True]


def test_late_events_of_a_branch_come_in_any_order_and_once(desk: Desk) -> None:
    first = desk.open()
    desk.open(take_over=True)
    assert desk.send(first, [score(3, 0.7)]).applied == 0
    assert desk.send(first, [page(1, 1), page(2, 2)]).applied == 3
    assert desk.send(first, [page(1, 1), page(2, 2), score(3, 0.7)]).applied == 3
    assert desk.outcome().score_scaled == 0.7


def test_late_events_of_the_last_attempt_stay_with_it(desk: Desk) -> None:
    session = desk.open()
    desk.send(session, [page(1, 1, of=1), score(2, 0.8)], leaving=True)
    desk.open(new_attempt=True)
    desk.send(session, [score(3, 1.0), page(4, 9)])
    first, second = desk.attempts()
    assert first.outcome["score_scaled"] == 1.0
    assert second.outcome["score_scaled"] is None
    assert desk.registration().score_scaled == 1.0


def test_half_an_hour_of_silence_closes_from_the_last_known_state(desk: Desk) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        session = desk.open()
        desk.send(session, [page(1, 1), score(2, 0.4), page(4, 4)])
        clock.shift(timedelta(minutes=29))
        close_idle()
        assert desk.session(session).status == "open"
        clock.shift(timedelta(minutes=2))
        close_idle()
        closed = desk.session(session)
        assert (closed.status, closed.closed_reason, closed.applied_seq) == ("closed", "idle", 4)
        assert desk.outcome().completion == "incomplete", "nothing is completed by silence"
        assert desk.cells()[("attempt", "pages")] == {"seen": [1, 4]}
        assert desk.grade().scaled == 0.4  # type: ignore[union-attr]
        close_idle()
        assert [one.sequence for one in desk.events(session)] == [-1, 0, 1, 2, 4]

        receipt = desk.send(session, [page(5, 5)])
        assert (receipt.status, receipt.applied) == ("open", 5)
        assert not desk.outcome().ended
        assert desk.attempts()[0].status == "active"


def test_a_heartbeat_wakes_a_session_that_fell_silent_but_not_one_that_was_left(desk: Desk) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        session = desk.open()
        clock.shift(LATER)
        close_idle()
        assert desk.send(session).status == "open"
        desk.send(session, leaving=True)
        assert desk.send(session).status == "closed"


def test_a_gap_in_a_session_that_is_over_does_not_wait_forever(desk: Desk) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        first = desk.open()
        desk.open(take_over=True)
        desk.send(first, [score(2, 0.7)])
        assert desk.outcome().score_scaled is None
        clock.shift(LATER)
        close_idle()
        assert desk.outcome().score_scaled == 0.7


def test_a_gap_in_a_review_that_is_over_counts_nowhere(desk: Desk) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        pass_it(desk, 0.6)
        before = (desk.attempts()[0].outcome, desk.cells(), desk.grade().version)  # type: ignore[union-attr]
        review = desk.open()
        assert desk.send(review, [page(2, 7), score(3, 1.0)], leaving=True).applied == 0
        clock.shift(LATER)
        close_idle()
        assert (desk.attempts()[0].outcome, desk.cells(), desk.grade().version) == before  # type: ignore[union-attr]
        assert desk.session(review).applied_seq == 3, "and it is not looked at again every minute"


def test_one_session_that_cannot_be_closed_does_not_keep_the_others_open(
    desk: Desk, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("passback.tracking.ending.AT_ONCE", 1)
    orphan = add_desk(desk.tenant_id, learner="orphan")
    with time_machine.travel(NOW, tick=False) as clock:
        broken = orphan.open()
        clock.shift(timedelta(seconds=1))
        fine = desk.open()
        with tenant_session(desk.tenant_id, write=True) as session:
            from passback.content.models import Course

            session.get(Course, orphan.course_id).content_type = "uninstalled"  # type: ignore[union-attr]
        clock.shift(LATER)
        close_idle()
    assert desk.session(fine).status == "closed"
    assert orphan.session(broken).status == "open"


def test_closing_by_hand_happens_once(desk: Desk) -> None:
    session_id = desk.open()
    for _ in range(2):
        with tenant_session(desk.tenant_id, write=True) as session:
            close_session(session, desk.session(session_id), "finished")
    assert desk.session(session_id).closed_reason == "finished"
    assert [one.data.get("reason") for one in desk.events(session_id)] == ["finished", None]


def test_the_job_is_registered(app: Flask) -> None:
    from passback.runtime import runtime

    jobs = [job for _name, jobs in runtime().plugins.collect("register_jobs") for job in jobs]
    assert sessions.close_idle in [job.run for job in jobs]


def test_launch_sees_the_start_of_its_session_and_no_key_of_the_lms(desk: Desk) -> None:
    opened = desk.open()
    desk.send(opened, [event(1, "toy.page", page=3, of=4)])
    with tenant_session(desk.tenant_id) as session:
        context = launch_context(session, desk.session(opened))
    assert context.state.outcome.completion == "incomplete"
    assert [dict(cell) for cell in context.state.cells.values()] == [{"seen": [3]}]
    assert context.learner.name == "Zoë"
    assert "learner" not in context.learner.id
    assert [activity.id for activity in context.activities] == ["toy"]
