"""The platform's clock by the answers of its services, beside that by its launches."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask

from passback.clock import utc_now
from passback.db import Unscoped, unscoped
from passback.lti.models import Platform
from passback.lti.service_clock import EVERY, SLOW, by_services, timed
from passback.outbound import HttpAnswer
from passback.staff.service import Role
from tests.functional.test_admin import signed_in
from tests.support.lti import School, make_school
from tests.support.practice import practice_lms

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def school(app: Flask) -> Iterator[School]:
    with time_machine.travel(NOON, tick=False), practice_lms(app) as server:
        yield make_school(app, server.platform)


def answered(school: School, date: str, *, took: timedelta = timedelta(0)) -> HttpAnswer:
    """Make a call whose answer has this `Date` and takes this long."""
    headers = {"date": date} if date else {}
    clock = time_machine.travel(utc_now() + took, tick=False)

    def call() -> HttpAnswer:
        clock.start()
        return HttpAnswer(200, headers, b"", "http://lms.example/")

    with unscoped(Unscoped.INSTALLATION) as session:
        platform = session.get_one(Platform, school.platform_id)
    try:
        return timed(platform, call)
    finally:
        clock.stop()


def known(school: School) -> Any:
    with unscoped(Unscoped.INSTALLATION) as session:
        row = by_services(session, school.platform_id)
    return None if row is None else (row.seconds, row.at)


def test_an_answer_says_how_far_the_clock_is_off(school: School) -> None:
    assert known(school) is None
    answered(school, "Sat, 21 Nov 2026 12:00:45 GMT")
    assert known(school) == (45.5, NOON)


def test_the_middle_of_the_call_counts(school: School) -> None:
    answered(school, "Sat, 21 Nov 2026 12:00:04 GMT", took=timedelta(seconds=8))
    assert known(school) == (0.5, NOON + timedelta(seconds=8))


@pytest.mark.parametrize("date", ["", "yesterday", "0", "Sat, 99 Nov 2026 99:99:99 GMT"])
def test_an_answer_without_a_date_says_nothing(school: School, date: str) -> None:
    assert answered(school, date).status == 200
    assert known(school) is None


def test_a_slow_answer_says_nothing(school: School) -> None:
    answered(school, "Sat, 21 Nov 2026 12:00:45 GMT", took=SLOW + timedelta(seconds=1))
    assert known(school) is None


def test_a_class_full_of_grades_writes_once_in_ten_minutes(school: School) -> None:
    for seconds in ("45", "46", "47"):
        answered(school, f"Sat, 21 Nov 2026 12:00:{seconds} GMT")
    assert known(school) == (45.5, NOON)
    with time_machine.travel(NOON + EVERY, tick=False):
        answered(school, "Sat, 21 Nov 2026 12:10:00 GMT")
        assert known(school) == (0.5, NOON + EVERY)


def test_a_platform_that_is_gone_costs_no_call(school: School) -> None:
    with unscoped(Unscoped.INSTALLATION) as session:
        platform = session.get_one(Platform, school.platform_id)
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        session.delete(session.get_one(Platform, school.platform_id))
    answer = HttpAnswer(200, {"date": "Sat, 21 Nov 2026 12:00:45 GMT"}, b"", "http://lms.example/")
    assert timed(platform, lambda: answer) is answer


def test_every_call_to_a_service_counts_and_the_platforms_page_says_it(school: School) -> None:
    school.launch(school.lms.instructor)
    from passback.lti.roster_jobs import read_due

    assert read_due() == 1
    seconds, _at = known(school)
    page = signed_in(school.app, Role.ADMINISTRATOR).get(f"/admin/platforms/{school.platform_id}").text
    assert f"By the newest answer of its services {seconds} s ahead" in page
