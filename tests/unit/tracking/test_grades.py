"""Grades as they are kept and owed: what stays, what replaces it, and what staff set by hand."""

from datetime import UTC, datetime

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from passback.content.models import CourseVersion
from passback.db import tenant_session
from passback.delivery import owed
from passback.delivery.models import ScoreDelivery
from passback.staff.models import AuditEntry
from passback.tracking import grading_service
from passback.tracking.errors import OverrideRefusedError
from passback.tracking.models import Placement
from passback.tracking.sessions import close_idle
from tests.support.play import LATER, Desk, add_course, add_desk, page, score

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def owing(desk: Desk) -> Desk:
    """A desk whose grade somebody waits for."""
    with tenant_session(desk.tenant_id, write=True) as session:
        owed.expect_score(
            session,
            registration_id=desk.registration_id,
            sender="nobody",
            destination="lms",
            line_item="https://lms.example/line/1",
            user_id="u1",
        )
    return desk


def delivery(desk: Desk) -> ScoreDelivery:
    with tenant_session(desk.tenant_id) as session:
        return session.scalars(select(ScoreDelivery)).one()


def given_(desk: Desk) -> tuple[float | None, bool]:
    grade = desk.grade()
    assert grade is not None
    return grade.scaled, grade.final


def test_what_is_owed_follows_the_grade_and_nothing_else(owing: Desk) -> None:
    session = owing.open()
    owing.send(session, [page(1, 1)])
    assert (owing.grade().version, delivery(owing).wanted) == (0, 0)  # type: ignore[union-attr]
    owing.send(session, [score(2, 0.8)])
    version = owing.grade().version  # type: ignore[union-attr]
    assert delivery(owing).wanted == version > 0
    owing.send(session, [score(2, 0.8), page(3, 2)], leaving=True)
    assert owing.grade().version == version, "the same grade is not owed twice"  # type: ignore[union-attr]


def test_stopping_on_the_quiz_page_never_shows_100(desk: Desk) -> None:
    """Rustici's golf sample: "completed" on arriving at its quiz. Its files say that it reports a score."""
    golf = add_desk(desk.tenant_id, course_id=add_course(desk.tenant_id, reports_score=True))
    with time_machine.travel(NOW, tick=False) as clock:
        session = golf.open()
        golf.send(session, [page(1, 1, of=1)])
        assert given_(golf) == (None, False)
        golf.send(session, leaving=True)
        assert given_(golf) == (None, False)
        assert golf.grade().reason == "no score yet; this course reports one"  # type: ignore[union-attr]
        again = golf.open()
        clock.shift(LATER)
        close_idle()
        assert given_(golf) == (None, False)
        golf.send(again, [score(1, 0.6)])
        assert given_(golf) == (0.6, True)


def test_the_first_score_of_any_learner_makes_completions_wait(desk: Desk) -> None:
    session = desk.open()
    desk.send(session, [score(1, 0.9)])
    with tenant_session(desk.tenant_id) as reading:
        assert reading.scalars(select(CourseVersion.reports_score)).one()
    other = add_desk(desk.tenant_id, course_id=desk.course_id, learner="other")
    other.send(other.open(), [page(1, 1, of=1)], leaving=True)
    assert given_(other) == (None, False)


def test_where_no_score_is_known_completion_counts_after_leaving(desk: Desk) -> None:
    session = desk.open()
    desk.send(session, [page(1, 1, of=1)])
    assert given_(desk) == (None, False)
    desk.send(session, leaving=True)
    assert given_(desk) == (1.0, True)


def test_coming_back_takes_no_grade_away(desk: Desk) -> None:
    session = desk.open()
    desk.send(session, [page(1, 1), score(2, 0.3)], leaving=True)
    assert given_(desk) == (0.3, True)
    version = desk.grade().version  # type: ignore[union-attr]
    desk.open()
    assert (given_(desk), desk.grade().version) == ((0.3, True), version)  # type: ignore[union-attr]


def test_a_value_that_may_change_replaces_no_final_one(sqlite_diary: Desk) -> None:
    from tests.support.play import event

    desk = sqlite_diary
    desk.send(desk.open(), [event(1, "diary.done"), event(2, "diary.score", scaled=0.5)], leaving=True)
    assert given_(desk) == (0.5, True)
    session = desk.open()
    desk.send(session, [event(1, "diary.score", scaled=0.9)])
    assert given_(desk) == (0.5, True)
    desk.send(session, leaving=True)
    assert given_(desk) == (0.9, True)


def test_when_the_learner_did_it(desk: Desk) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        session = desk.open()
        desk.send(session, [page(1, 1), score(2, 0.8)])
        clock.shift(60)
        desk.send(session, leaving=True)
    assert desk.grade().learner_done_at == NOW  # type: ignore[union-attr]


def test_a_grade_set_by_hand_stays_is_audited_and_owed(owing: Desk) -> None:
    owing.send(owing.open(), [page(1, 1), score(2, 0.3)], leaving=True)
    with tenant_session(owing.tenant_id, write=True) as session:
        grading_service.override(session, owing.registration_id, 0.95, by="staff 1", reason=" ill that day ")
    grade = owing.grade()
    assert grade is not None
    assert (grade.scaled, grade.final, grade.overridden_by, grade.override_reason) == (
        0.95, True, "staff 1", "ill that day"
    )  # fmt: skip
    assert delivery(owing).wanted == grade.version

    owing.send(owing.open(), [score(1, 1.0)], leaving=True)
    assert given_(owing) == (0.95, True)

    with tenant_session(owing.tenant_id, write=True) as session:
        grading_service.withdraw_override(session, owing.registration_id, by="staff 1")
    assert given_(owing) == (1.0, True)
    assert delivery(owing).wanted == owing.grade().version  # type: ignore[union-attr]
    with tenant_session(owing.tenant_id) as reading:
        audited = [(one.action, one.actor, one.details) for one in reading.scalars(select(AuditEntry))]
    assert audited == [
        ("grade.override", "staff 1", {"before": 0.3, "after": 0.95, "reason": "ill that day"}),
        ("grade.override_withdrawn", "staff 1", {"before": 0.95}),
    ]


def test_a_grade_by_hand_before_the_first_attempt(desk: Desk) -> None:
    with tenant_session(desk.tenant_id, write=True) as session:
        grading_service.override(session, desk.registration_id, 0, by="cli", reason="never came")
    assert given_(desk) == (0.0, True)


@pytest.mark.parametrize(("scaled", "reason"), [(1.1, "x"), (-0.1, "x"), (float("nan"), "x"), (0.5, "  ")])
def test_an_override_needs_a_number_and_a_reason(desk: Desk, scaled: float, reason: str) -> None:
    with (
        pytest.raises(OverrideRefusedError),
        tenant_session(desk.tenant_id, write=True) as session,
    ):
        grading_service.override(session, desk.registration_id, scaled, by="cli", reason=reason)
    assert desk.grade() is None


def test_another_rule_decides_anew_and_may_take_away(desk: Desk) -> None:
    desk.send(desk.open(), [page(1, 1), score(2, 0.3)], leaving=True)
    with tenant_session(desk.tenant_id, write=True) as session:
        session.get(Placement, desk.placement_id).counts = "completion"  # type: ignore[union-attr]
        session.flush()
        assert grading_service.regrade_placement(session, desk.placement_id) == 1
    grade = desk.grade()
    assert grade is not None
    assert (grade.scaled, grade.reason) == (None, "left before the end")


def test_a_rule_of_a_plugin_that_is_gone_holds_nothing_up(desk: Desk) -> None:
    odd = add_desk(desk.tenant_id, course_id=desk.course_id, counts="curve")
    assert odd.send(odd.open(), [score(1, 0.7)]).applied == 1
    assert odd.grade().reason == "the plugin that grades by 'curve' is not loaded"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("which", "scaled"), [("best", 0.9), ("last", 0.6), ("first", 0.9), ("average", pytest.approx(0.75))]
)
def test_which_attempt_counts(app: Flask, desk: Desk, which: str, scaled: float) -> None:
    twice = add_desk(desk.tenant_id, course_id=desk.course_id, which_attempt=which)
    twice.send(twice.open(), [page(1, 1, of=1), score(2, 0.9)], leaving=True)
    session = twice.open(new_attempt=True)
    assert given_(twice) == (0.9, True), "an attempt that has just begun takes nothing away"
    twice.send(session, [page(1, 1, of=1), score(2, 0.6)], leaving=True)
    assert given_(twice) == (scaled, True)
    assert twice.registration().score_scaled == scaled
    assert twice.registration().attempts == 2
