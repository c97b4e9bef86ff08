"""Eight at once: the locks hold on both databases."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, TypeVar
from uuid import UUID

from flask import Flask, current_app
from sqlalchemy import func, select

from passback.db import db, tenant_session
from passback.delivery.models import EventDelivery
from passback.tracking.learners import upsert_learner
from passback.tracking.models import Learner, Placement, Registration
from passback.tracking.registrations import ensure_registration
from tests.support.play import Desk, add_desk, event
from tests.unit.tracking.test_any_order import come_to

EIGHT = 8
Answer = TypeVar("Answer")


def at_once(work: Callable[[int], Answer]) -> list[Answer]:
    """Run `work` in eight threads that begin at the same moment."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    ready = Barrier(EIGHT)

    def run(number: int) -> Answer:
        with app.app_context():
            ready.wait()
            return work(number)

    with ThreadPoolExecutor(EIGHT) as threads:
        return list(threads.map(run, range(EIGHT)))


def said() -> list[Any]:
    kinds = [("diary.note", {}), ("diary.share", {}), ("diary.score", {"scaled": 0.4}), ("diary.note", {})]
    kinds += [("diary.score", {"scaled": 0.9}), ("diary.done", {}), ("diary.share", {}), ("diary.note", {})]
    return [event(number, kind, **data) for number, (kind, data) in enumerate(kinds, start=1)]


def test_eight_parallel_commits_of_one_session_are_the_serial_fold(diary: Desk) -> None:
    events = said()
    serial = add_desk(diary.tenant_id, course_id=diary.course_id, learner="serial")
    one, other = serial.open(), diary.open()
    for each in events:
        serial.send(one, [each])

    def send(number: int) -> int:
        order = random.Random(number)
        applied = 0
        for _ in range(3):  # every send carries what is not acknowledged, cut somewhere
            applied = max(applied, diary.send(other, events[applied : order.randint(applied + 1, 8)]).applied)
            if applied == len(events):
                break
        return diary.send(other, events).applied

    assert at_once(send) == [8] * EIGHT
    assert come_to(diary, other) == come_to(serial, one)
    with tenant_session(diary.tenant_id) as session:
        noted = select(func.count()).where(EventDelivery.lane == str(diary.registration_id))
        same = select(func.count()).where(EventDelivery.lane == str(serial.registration_id))
        assert session.scalars(noted).one() == session.scalars(same).one() > 0


def test_parallel_attempts_share_a_learners_cell(diary: Desk) -> None:
    desks = [add_desk(diary.tenant_id, course_id=diary.course_id) for _ in range(EIGHT)]
    opened = [desk.open() for desk in desks]
    at_once(lambda number: desks[number].send(opened[number], [event(1, "diary.share"), event(2, "diary.share")]))
    shared = diary_cells(desks[0])
    assert sorted(shared) == [1] * EIGHT + [2] * EIGHT, "no update was lost"


def diary_cells(desk: Desk) -> list[int]:
    return desk.cells()[("learner", "diary:shared")]["notes"]  # type: ignore[return-value]


def test_a_double_click_opens_one_attempt(desk: Desk) -> None:
    opened = at_once(lambda _number: desk.open(take_over=True))
    assert len(desk.attempts()) == 1
    states = sorted(desk.session(session).status for session in opened)
    assert states == ["open"] + ["superseded"] * (EIGHT - 1)


def test_a_double_click_registers_once(desk: Desk) -> None:
    def register(_number: int) -> UUID:
        with tenant_session(desk.tenant_id, write=True) as session:
            placement = session.get(Placement, desk.placement_id)
            assert placement is not None
            learner = upsert_learner(session, source="lti:1", subject="new", name="Nía")
            return ensure_registration(session, learner=learner, course_id=desk.course_id, placement=placement).id

    assert len(set(at_once(register))) == 1
    with tenant_session(desk.tenant_id) as session:
        assert session.scalars(select(func.count()).select_from(Learner).where(Learner.subject == "new")).one() == 1
        assert session.scalars(select(func.count()).select_from(Registration)).one() == 2


def test_no_connection_is_kept(desk: Desk) -> None:
    desk.send(desk.open(), [event(1)])
    assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
