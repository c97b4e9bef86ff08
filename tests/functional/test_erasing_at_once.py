"""Somebody is erased while their browser still sends and their LMS still launches: nothing of them is left behind."""

import threading
import time
from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, text

from passback.db import db, tenant_session
from passback.errors import PassbackError
from passback.sandbox.server import SandboxServer
from passback.tracking.erasing import erase
from passback.tracking.holdings import Person, amounts, find_person
from passback.tracking.models import Attempt, Learner, Registration, StateCell, StoredEvent
from passback.tracking.work import lock_attempt
from tests.support.lti import School, make_school
from tests.support.play import Desk, page


@pytest.fixture
def school(app: Flask, lms_server: SandboxServer) -> School:
    """A school on either database."""
    lms_server.faults.clear()
    return make_school(app, lms_server.platform)


def together(app: Flask, *calls: Callable[[], None]) -> list[Exception]:
    """Run calls in threads that start at one moment; return what they raised."""
    start, raised = threading.Barrier(len(calls)), list[Exception]()

    def run(call: Callable[[], None]) -> None:
        start.wait()
        with app.app_context():
            try:
                call()
            except Exception as error:  # noqa: BLE001 - the test looks at every one
                raised.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def at_work(school: School) -> tuple[Desk, UUID, Person]:
    school.launch(client=school.app.test_client())
    with tenant_session(school.tenant_id) as session:
        row = session.scalars(select(Registration)).one()
        person = find_person(session, f"lti:{school.platform_id}", school.learner.id)
    desk = Desk(school.tenant_id, row.course_id, row.placement_id, row.id)
    playing = desk.open()
    desk.send(playing, [page(1, 1)])
    return desk, playing, person


def test_events_that_arrive_meanwhile_leave_nothing(school: School) -> None:
    desk, playing, person = at_work(school)

    def send() -> None:
        for number in range(2, 12):
            desk.send(playing, [page(number, number)])

    def remove() -> None:
        with tenant_session(school.tenant_id, write=True) as session:
            erase(session, person, by="test")

    raised = together(school.app, send, remove)
    assert all(isinstance(error, PassbackError) for error in raised), raised
    with tenant_session(school.tenant_id) as session:
        assert amounts(session, person) == {"learner": 1}, "the row that means nobody"
        assert [session.scalars(select(kind.id)).all() for kind in (Attempt, StoredEvent, StateCell)] == [[], [], []]


def test_who_records_at_that_moment_gets_to_what_is_kept_across_courses(school: School) -> None:
    """Recording holds the attempt and then wants the learner: an erasure that waits for the one holds not the other."""
    if db.engine.dialect.name == "sqlite":
        return  # its write transactions are one at a time
    desk, _playing, person = at_work(school)

    def remove() -> None:
        with school.app.app_context(), tenant_session(school.tenant_id, write=True) as session:
            erase(session, person, by="test")

    erasing = threading.Thread(target=remove)
    with tenant_session(school.tenant_id, write=True) as session:
        assert person.learner
        lock_attempt(session, desk.attempts()[-1].id)
        erasing.start()
        wait_for_a_waiting_one()
        shared = select(Learner.id).where(Learner.id == person.learner.id)
        assert session.scalars(shared.with_for_update(key_share=True, nowait=True)).all()
    erasing.join()
    assert desk.attempts() == []


def wait_for_a_waiting_one() -> None:
    """Look until a transaction of this database waits for another's lock."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with db.engine.connect() as connection:
            if connection.execute(waiting).scalar_one():
                return
    raise AssertionError("nobody waits")


def test_two_erasures_at_once_are_one(school: School) -> None:
    _desk, _playing, person = at_work(school)
    removed = []

    def remove() -> None:
        with tenant_session(school.tenant_id, write=True) as session:
            removed.append(erase(session, person, by="test").removed.get("registration", 0))

    assert together(school.app, remove, remove) == []
    assert sorted(removed) == [0, 1]


def test_a_launch_at_the_same_moment_works_and_nothing_old_is_left(school: School) -> None:
    desk, _playing, person = at_work(school)

    def remove() -> None:
        with tenant_session(school.tenant_id, write=True) as session:
            erase(session, person, by="test")

    replies = []
    client = school.app.test_client()
    raised = together(school.app, remove, lambda: replies.append(school.launch(client=client).reply.status))
    assert raised == []
    assert replies == [303]
    with tenant_session(school.tenant_id) as session:
        assert session.scalars(select(Attempt.id).where(Attempt.registration_id == desk.registration_id)).all() == []
