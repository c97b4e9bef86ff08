"""A teacher deletes an activity and adds it again: `passback registrations move` brings the learners along."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import select

from passback.cli.registrations import registrations_group
from passback.db import tenant_session
from passback.delivery import engine
from passback.delivery.models import ScoreDelivery
from passback.errors import PassbackError
from passback.lti.models import ResourceLink
from passback.sandbox.links import Column
from passback.sandbox.model import Link, Role
from passback.staff.models import AuditEntry
from passback.tracking.models import Registration
from tests.support.lti import School, make_choice, make_school
from tests.support.play import Desk, page, score
from tests.support.practice import practice_lms

START = datetime(2026, 11, 21, 9, tzinfo=UTC)


@pytest.fixture
def school(app: Flask) -> Iterator[School]:
    """A school on either database, at a fixed time."""
    with time_machine.travel(START, tick=False), practice_lms(app) as server:
        yield make_school(app, server.platform)


@pytest.fixture
def again(school: School) -> Link:
    """The activity that the teacher added instead of the first one."""
    return add_again(school, school.lms.course.id)


def add_again(school: School, course_id: str, choice: UUID | None = None) -> Link:
    custom = {"passback_item": str(choice or school.choice_id)}
    return school.lms.links.add(course_id, school.tool.id, "Toys again", custom=custom, column=Column(50.0))


def launch(school: School, link: Link, who: int = 0) -> None:
    reply = school.launch(school.lms.learners[who], link, client=school.app.test_client()).reply
    assert reply.status == 303


def place(school: School, link: Link) -> UUID:
    with tenant_session(school.tenant_id) as session:
        query = select(ResourceLink.placement_id).where(ResourceLink.link_id == link.id)
        return session.scalars(query).one()


def desk(school: School, link: Link) -> Desk:
    """Sit down as the only learner who is registered at a link."""
    with tenant_session(school.tenant_id) as session:
        row = session.scalars(select(Registration).where(Registration.placement_id == place(school, link))).one()
        return Desk(school.tenant_id, row.course_id, row.placement_id, row.id)


def play(school: School, link: Link, scaled: float) -> None:
    sat = desk(school, link)
    sat.send(sat.open(), [page(1, 1, of=1), score(2, scaled)], leaving=True)


def a_minute_later() -> time_machine.travel:
    """Let time pass: an LMS refuses two scores of a learner in one second."""
    return time_machine.travel(START + timedelta(minutes=1), tick=False)


def shown(school: School, link: Link) -> float | None:
    column = school.lms.links.column(link.id)
    assert column
    result = school.lms.gradebook.result(column.id, school.learner.id)
    return result.score if result else None


def run(*arguments: object) -> Result:
    return CliRunner().invoke(registrations_group, [str(argument) for argument in arguments])


def told(*arguments: object) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_the_new_link_gets_the_grade_although_nobody_launches_it_again(school: School, again: Link) -> None:
    launch(school, school.link)
    play(school, school.link, 0.8)
    engine.drain()
    assert shown(school, school.link) == 80.0
    launch(school, again, who=1)

    old, new = place(school, school.link), place(school, again)
    assert told("move", old, new) == {"from": str(old), "to": str(new), "moved": 1, "grades_left": 1}
    with a_minute_later():
        engine.drain()
    assert shown(school, again) == 40.0
    with tenant_session(school.tenant_id) as session:
        audited = session.scalars(select(AuditEntry).where(AuditEntry.action == "registrations.moved")).one()
    assert (audited.actor, audited.subject) == ("cli", f"placement:{old}")
    assert audited.details == {"to": str(new), "count": 1}


def test_registrations_that_are_moved_back_find_their_placement_and_their_column_again(
    school: School, again: Link
) -> None:
    launch(school, school.link)
    play(school, school.link, 0.8)
    engine.drain()
    launch(school, again, who=1)
    old, new = place(school, school.link), place(school, again)
    before = everybody(school)
    told("move", old, new)
    with a_minute_later():
        engine.drain()
        assert told("move", new, old)["grades_left"] == 1
        launch(school, school.link)
    assert {row for row in everybody(school) if row in before} == {before[0]}
    with time_machine.travel(START + timedelta(minutes=2), tick=False):
        engine.drain()
    assert (shown(school, school.link), shown(school, again)) == (80.0, 40.0)
    with tenant_session(school.tenant_id) as session:
        owed = session.scalars(select(ScoreDelivery).where(ScoreDelivery.user_id == school.learner.id)).all()
    assert [row.state for row in owed if row.state != "superseded"] == ["accepted"], "one way, to the first column"


def test_who_was_graded_at_both_has_the_better_one_at_the_new_link_only(school: School, again: Link) -> None:
    for link, scaled in ((school.link, 0.9), (again, 0.2)):
        launch(school, link)
        play(school, link, scaled)
    engine.drain()
    assert (shown(school, school.link), shown(school, again)) == (90.0, 10.0)
    told("move", place(school, school.link), place(school, again))
    with a_minute_later():
        engine.drain()
        assert shown(school, again) == 45.0
        launch(school, again)
        assert desk(school, again).registration().attempts == 2, "the next launch finds everything"
    with tenant_session(school.tenant_id) as session:
        rows = session.scalars(select(ScoreDelivery).where(ScoreDelivery.state != "superseded")).all()
    assert len(rows) == 1


def test_who_goes_on_after_the_move_is_graded_at_the_new_link(school: School, again: Link) -> None:
    launch(school, school.link)
    sat = desk(school, school.link)
    playing = sat.open()
    launch(school, again, who=1)
    told("move", place(school, school.link), place(school, again))
    sat.send(playing, [page(1, 1, of=1), score(2, 0.6)], leaving=True)
    engine.drain()
    assert (shown(school, school.link), shown(school, again)) == (None, 30.0)


def test_placements_are_listed_with_the_lmss_course_and_who_is_there(school: School, again: Link) -> None:
    launch(school, school.link)
    launch(school, school.link, who=1)
    launch(school, again)
    told("launch", school.course_id, "--learner", "ann")
    rows = told("placements", "--course", school.course_id)
    context = school.lms.course.title
    assert [tuple(row.values())[1:] for row in rows] == [
        ("Toys", "Toy course", context, 2),
        ("Toys again", "Toy course", context, 1),
        ("Toy course", "Toy course", "", 1),
    ]
    assert rows[0]["placement"] == str(place(school, school.link))
    other, _choice = make_choice(school.tenant_id, title="Another")
    assert told("placements", "--course", other) == []
    assert "Toys again" in run("placements").output


def refused(school: School, from_: UUID, to: UUID) -> str:
    """Try to move; return the code of the refusal. Nobody has moved."""
    before = everybody(school)
    error = run("move", from_, to).exception
    assert isinstance(error, PassbackError)
    assert everybody(school) == before
    return error.code


def everybody(school: School) -> list[tuple[UUID, UUID]]:
    with tenant_session(school.tenant_id) as session:
        return [(row.id, row.placement_id) for row in session.scalars(select(Registration).order_by(Registration.id))]


def test_only_within_one_course_here_and_one_in_the_lms(school: School) -> None:
    launch(school, school.link)
    old = place(school, school.link)
    elsewhere = school.lms.add_course("Another year", {school.learner.id: Role.LEARNER})
    next_year = add_again(school, elsewhere.id)
    _course, choice = make_choice(school.tenant_id, title="Another")
    other_course = add_again(school, school.lms.course.id, choice)
    launch(school, next_year)
    launch(school, other_course)
    direct = told("launch", school.course_id, "--learner", "ann")["registration"]
    with tenant_session(school.tenant_id) as session:
        direct_place = session.get_one(Registration, UUID(direct)).placement_id

    assert refused(school, old, place(school, next_year)) == "other_context"
    assert refused(school, old, direct_place) == "other_context"
    assert refused(school, direct_place, old) == "other_context"
    assert refused(school, old, place(school, other_course)) == "placement_move"
    assert refused(school, old, old) == "placement_move"
    assert refused(school, old, uuid4()) == "placement_unknown"
    assert refused(school, uuid4(), old) == "placement_unknown"
    assert run("move", old, "garbage").exit_code == 2
