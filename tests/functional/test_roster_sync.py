"""Rosters from a real practice LMS into both databases: whole or not at all, and only what differs is written."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from passback.db import tenant_session
from passback.delivery.models import ScoreDelivery
from passback.errors import NotFoundError, PassbackError
from passback.lti import rosters
from passback.lti.models import Context, ResourceLink
from passback.lti.nrps import Reading
from passback.lti.roster_errors import RosterUnderWayError
from passback.lti.roster_models import Roster, RosterMember
from passback.lti.rosters import Changes, sync_roster
from passback.lti.score_answers import REASONS
from passback.sandbox.faults import Fault
from passback.sandbox.model import Role, User
from passback.tracking.models import Learner, Registration
from tests.support.lti import School, make_school
from tests.support.practice import practice_lms

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def school(app: Flask) -> Iterator[School]:
    """A school at noon whose instructor has opened the course."""
    with time_machine.travel(NOON, tick=False), practice_lms(app) as server:
        school = make_school(app, server.platform)
        school.launch(school.lms.instructor)
        yield school


def context_of(school: School) -> UUID:
    with tenant_session(school.tenant_id) as session:
        return session.scalars(select(Context.id)).one()


def sync(school: School, waits: list[float] | None = None) -> Changes:
    return sync_roster(school.tenant_id, context_of(school), wait=(waits if waits is not None else []).append)


def failed(school: School) -> PassbackError:
    with pytest.raises(PassbackError) as error:
        sync(school)
    return error.value


def roster(school: School) -> Roster:
    with tenant_session(school.tenant_id) as session:
        return session.scalars(select(Roster)).one()


def members(school: School) -> dict[str, RosterMember]:
    with tenant_session(school.tenant_id) as session:
        return {row.user_id: row for row in session.scalars(select(RosterMember))}


def asked(school: School) -> list[str]:
    return [one.query for one in school.lms.log.of("nrps")]


def test_everybody_is_read_with_role_and_names(school: School) -> None:
    assert sync(school) == Changes(members=4, added=4)
    kept = members(school)
    assert {key: row.role for key, row in kept.items()} == {
        "2": "staff",
        "3": "learner",
        "4": "learner",
        "5": "learner",
    }
    assert (kept["5"].name, kept["3"].family_name, kept["3"].email) == ("نور الهدى 🦉", "", "")
    row = roster(school)
    assert (row.state, row.read_at, row.read, row.pages, row.error) == ("current", NOON, 4, 1, "")
    assert row.due_at is not None
    assert NOON + timedelta(hours=12) < row.due_at < NOON + timedelta(hours=18), "the next night"
    assert row.lease_until is None


def test_a_second_reading_writes_what_differs(school: School) -> None:
    sync(school)
    new = school.lms.add_user("Zoë")
    with school.lms.core.change() as state:
        state.users["3"].name = "Koesno"
        state.courses[school.lms.course.id].suspended.append("4")
        state.courses[school.lms.course.id].members["5"] = Role.INSTRUCTOR
    assert sync(school) == Changes(members=4, added=1, changed=2, gone=1)
    kept = members(school)
    assert (kept["3"].name, kept["5"].role, kept["4"].gone_at) == ("Koesno", "staff", NOON)
    assert kept[new.id].gone_at is None
    with school.lms.core.change() as state:
        state.courses[school.lms.course.id].suspended.clear()
    assert sync(school) == Changes(members=5, changed=1)
    assert members(school)["4"].gone_at is None
    assert sync(school) == Changes(members=5)


def test_somebody_whom_the_lms_calls_deleted_has_left(school: School) -> None:
    sync(school)
    body = '{"members": [{"user_id": "3", "roles": ["Learner"], "status": "Deleted"}]}'
    school.lms.faults.add("nrps", Fault(200, body=body, content_type="application/json"))
    assert sync(school).changed == 1
    assert members(school)["3"].gone_at == NOON


def test_a_part_that_came_before_the_failure_is_not_used(school: School) -> None:
    sync(school)
    school.lms.add_user("New")
    school.lms.faults.add("nrps", Fault(link='<?limit=500&from=2>; rel="next"'))
    school.lms.faults.add("nrps", Fault(500))
    assert failed(school).code == "roster_later"
    assert len(members(school)) == 4
    row = roster(school)
    assert (row.pages, row.read, row.error_status) == (1, 5, 500), "how far it came can be told"


def test_an_lms_that_offers_no_roster_says_so(school: School) -> None:
    with tenant_session(school.tenant_id, write=True) as session:
        session.scalars(select(ResourceLink)).one().memberships_url = ""
    error = failed(school)
    assert (error.code, roster(school).error) == ("roster_missing", "roster_missing")
    assert "Names and Role" in error.advice


def test_a_platform_that_was_switched_off_is_not_called(school: School) -> None:
    school.change_platform(status="disabled")
    calls = len(asked(school))
    assert failed(school).code == "platform_disabled"
    assert len(asked(school)) == calls


def test_one_reading_at_a_time(school: School) -> None:
    tenant_id, context_id = school.tenant_id, context_of(school)

    def meanwhile(_reading: Reading) -> None:
        with pytest.raises(RosterUnderWayError):
            sync_roster(tenant_id, context_id)

    assert sync_roster(tenant_id, context_id, on_page=meanwhile).members == 4


def test_a_reading_whose_lease_ran_out_gives_way(school: School) -> None:
    tenant_id, context_id = school.tenant_id, context_of(school)

    def overtaken(_reading: Reading) -> None:
        with time_machine.travel(NOON + timedelta(minutes=10), tick=False):
            assert sync_roster(tenant_id, context_id).members == 4

    with pytest.raises(RosterUnderWayError):
        sync_roster(tenant_id, context_id, on_page=overtaken)
    assert roster(school).state == "current"


def test_another_tenants_course_is_unknown(school: School) -> None:
    with pytest.raises(NotFoundError):
        sync_roster(school.tenant_id, UUID(int=1))


def test_many_members_take_batches(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rosters, "BATCH", 2)
    for number in range(4):
        school.lms.add_user(f"Learner {number}")
    assert sync(school).added == 8
    with school.lms.core.change() as state:
        state.courses[school.lms.course.id].suspended.extend(["3", "4", "5"])
    assert sync(school).gone == 3


def owe(school: School, user_id: str, *, state: str = "parked", reason: str = rosters.NOT_GRADABLE) -> UUID:
    """Have a learner's grade parked; return the delivery's id."""
    with tenant_session(school.tenant_id, write=True) as session:
        link = session.scalars(select(ResourceLink)).one()
        learner = Learner(source=f"lti:{school.platform_id}", subject=user_id)
        session.add(learner)
        session.flush()
        row = Registration(learner_id=learner.id, course_id=school.course_id, placement_id=link.placement_id)
        session.add(row)
        session.flush()
        delivery = ScoreDelivery(
            registration_id=row.id,
            sender="ags",
            destination=f"lti:{school.platform_id}",
            line_item=link.line_item_url,
            user_id=user_id,
            state=state,
            reason_class=reason,
        )
        session.add(delivery)
        session.flush()
        return delivery.id


def state_of(school: School, delivery_id: UUID) -> str:
    with tenant_session(school.tenant_id) as session:
        return session.get_one(ScoreDelivery, delivery_id).state


def test_grades_that_the_lms_refused_for_a_learner_go_out_again_when_the_roster_names_them(school: School) -> None:
    assert rosters.NOT_GRADABLE in REASONS, "the word of whoever parks them"
    sync(school)
    late = owe(school, "200")
    elsewhere = owe(school, "201")
    otherwise = owe(school, "202", reason="line_item_gone")
    assert sync(school).tried_again == 0, "nothing has changed"
    with school.lms.core.change() as state:
        for user_id in ("200", "202"):
            state.users[user_id] = User(user_id, f"user{user_id}", f"User {user_id}")
            state.courses[school.lms.course.id].members[user_id] = Role.LEARNER
    assert sync(school).tried_again == 1
    assert [state_of(school, one) for one in (late, elsewhere, otherwise)] == ["queued", "parked", "parked"]


def test_so_they_do_when_a_teacher_becomes_a_learner_or_somebody_comes_back(school: School) -> None:
    sync(school)
    with school.lms.core.change() as state:
        state.courses[school.lms.course.id].suspended.append("3")
        state.courses[school.lms.course.id].members["4"] = Role.INSTRUCTOR
    sync(school)
    back, learns = owe(school, "3"), owe(school, "4")
    with school.lms.core.change() as state:
        state.courses[school.lms.course.id].suspended.clear()
        state.courses[school.lms.course.id].members["4"] = Role.LEARNER
    assert sync(school).tried_again == 2
    assert (state_of(school, back), state_of(school, learns)) == ("queued", "queued")


def test_a_roster_never_holds_a_grade_back(school: School) -> None:
    sync(school)
    queued = owe(school, "3", state="queued", reason="")
    with school.lms.core.change() as state:
        state.courses[school.lms.course.id].suspended.append("3")
    assert sync(school).gone == 1
    assert state_of(school, queued) == "queued"
