"""Teachers delete and re-add activities: what was begun at the old place is not lost at the new one."""

import pytest
from sqlalchemy import select

from passback.content.models import Course
from passback.db import tenant_session
from passback.delivery import owed
from passback.delivery.models import ScoreDelivery
from passback.tracking import grading_service
from passback.tracking.errors import PlacementMoveError
from passback.tracking.models import Placement, Registration
from passback.tracking.placements import direct_placement, move_registrations
from tests.support.play import Desk, add_course, add_desk, page, score


def move(old: Desk, new: Desk) -> int:
    with tenant_session(old.tenant_id, write=True) as session:
        places = [session.get(Placement, desk.placement_id) for desk in (old, new)]
        return move_registrations(session, *places)  # type: ignore[arg-type]


def test_a_course_has_one_placement_without_an_lms(desk: Desk) -> None:
    course_id = add_course(desk.tenant_id)
    found = set()
    for _ in range(2):
        with tenant_session(desk.tenant_id, write=True) as session:
            found.add(direct_placement(session, session.get(Course, course_id)).id)  # type: ignore[arg-type]
    assert len(found) == 1


def test_a_registration_moves_with_its_grade_decided_by_the_new_rule(desk: Desk) -> None:
    session = desk.open()
    desk.send(session, [page(1, 1, of=1), score(2, 0.6)], leaving=True)
    new = add_desk(desk.tenant_id, course_id=desk.course_id, learner="somebody else", counts="completion")
    assert move(desk, new) == 1
    assert desk.registration().placement_id == new.placement_id
    assert desk.grade().scaled == 1.0  # type: ignore[union-attr]


def test_who_has_begun_at_both_keeps_everything(desk: Desk) -> None:
    old_session = desk.open()
    desk.send(old_session, [page(1, 1, of=1), score(2, 0.9)])
    new = add_desk(desk.tenant_id, course_id=desk.course_id)
    new_session = new.open()
    new.send(new_session, [page(1, 1), score(2, 0.3)])

    assert move(desk, new) == 1

    with tenant_session(desk.tenant_id) as session:
        assert session.scalars(select(Registration.id)).all() == [new.registration_id]
    first, second = new.attempts()
    assert (first.number, first.outcome["score_scaled"]) == (1, 0.9)
    assert (second.number, second.outcome["score_scaled"]) == (2, 0.3)
    assert (new.registration().attempts, new.registration().success) == (2, "passed")
    assert new.grade().scaled == 0.9  # type: ignore[union-attr]
    assert new.send(old_session, [score(3, 1.0)]).applied == 3, "who is still in it goes on"
    assert new.send(new_session, [page(3, 2)]).applied == 3
    assert new.grade().scaled == 1.0  # type: ignore[union-attr]


@pytest.mark.parametrize("begun_there", [True, False])
def test_a_grade_set_by_hand_moves_along(desk: Desk, begun_there: bool) -> None:
    desk.send(desk.open(), [score(1, 0.2)])
    new = add_desk(desk.tenant_id, course_id=desk.course_id)
    if begun_there:
        new.send(new.open(), [score(1, 0.3)])
    with tenant_session(desk.tenant_id, write=True) as session:
        owed.expect_score(
            session,
            registration_id=new.registration_id,
            sender="nobody",
            destination="lms",
            line_item="https://lms.example/line/2",
            user_id="u1",
        )
    with tenant_session(desk.tenant_id, write=True) as session:
        grading_service.override(session, desk.registration_id, 0.7, by="cli", reason="oral exam")
    move(desk, new)
    grade = new.grade()
    assert grade is not None
    assert (grade.scaled, grade.override_reason) == (0.7, "oral exam")
    with tenant_session(desk.tenant_id) as session:
        assert session.scalars(select(ScoreDelivery.wanted)).one() == grade.version


def test_only_between_placements_of_one_course(desk: Desk) -> None:
    with pytest.raises(PlacementMoveError):
        move(desk, desk)
    with pytest.raises(PlacementMoveError):
        move(desk, add_desk(desk.tenant_id))
