"""A roster is read whole or not at all, whatever an LMS answers; each LMS's own way of handing it out."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from passback.db import tenant_session
from passback.errors import PassbackError
from passback.lti import profiles
from passback.lti.models import Context, ResourceLink
from passback.lti.roster_models import Roster, RosterMember
from passback.lti.rosters import Changes, sync_roster
from passback.sandbox.faults import Fault
from tests.support.lti import School, make_school
from tests.support.practice import practice_lms

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def school(sqlite_app: Flask) -> Iterator[School]:
    """A school at noon whose instructor has opened the course."""
    with time_machine.travel(NOON, tick=False), practice_lms(sqlite_app) as server:
        school = make_school(sqlite_app, server.platform)
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


@pytest.mark.parametrize(
    ("product", "pages", "limit"), [("canvas", 3, "100"), ("openedx", 3, "100"), ("sakai", 1, "500")]
)
def test_pages_by_product(sqlite_app: Flask, product: str, pages: int, limit: str) -> None:
    with practice_lms(sqlite_app, product) as server:
        school = make_school(sqlite_app, server.platform)
        school.change_platform(product=server.platform.core.profile.product_family_code.lower())
        for number in range(220):
            school.lms.add_user(f"Learner {number}")
        school.launch(school.lms.instructor)
        assert sync(school).members == 224
        assert len(asked(school)) == pages
        assert asked(school)[0] == f"limit={limit}"
        assert roster(school).pages == pages


def test_canvas_hands_out_pages_whether_it_is_asked_or_not(school: School) -> None:
    """An LMS that ignores `limit` is followed all the same: `next` decides, not a count."""
    for number in range(30):
        school.lms.add_user(f"Learner {number}")
    url = school.lms.core.url(f"/lti/services/CourseSection/2/bindings/{school.tool.id}/memberships", limit="7")
    with tenant_session(school.tenant_id, write=True) as session:
        session.scalars(select(ResourceLink)).one().memberships_url = url
    seen: list[tuple[int, int]] = []
    changes = sync_roster(
        school.tenant_id, context_of(school), on_page=lambda reading: seen.append((reading.pages, len(reading.members)))
    )
    assert changes.members == 34
    assert seen == [(1, 7), (2, 14), (3, 21), (4, 28), (5, 34)]


BROKEN = {
    "a sign-in page": (Fault.html(), "roster_answer"),
    "cut off": (Fault.malformed('{"members": [{"user_id": "3"'), "roster_answer"),
    "no members": (Fault.malformed('{"id": "x"}'), "roster_answer"),
    "members without ids": (Fault.malformed('{"members": [{}, {"name": "x"}]}'), "roster_answer"),
    "a redirect": (Fault.redirect("https://lms.example/login"), "roster_answer"),
    "forbidden": (Fault(403), "roster_refused"),
    "too large": (Fault.above_limit(), "roster_too_large"),
    "gone": (Fault(404), "roster_gone"),
    "down": (Fault(500), "roster_later"),
    "silent": (Fault(drop=True), "roster_later"),
    "another host": (Fault(link='<https://evil.example/>; rel="next"'), "pages_broken"),
    "itself": (Fault(link='<?limit=500>; rel="next"'), "pages_broken"),
    "curly quotes": (Fault(link="<?from=2>; rel=“next”".encode().decode("latin-1")), "pages_broken"),
    "ever the same": (None, "pages_broken"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_what_is_no_whole_roster_leaves_the_old_one_whole(school: School, fault: str) -> None:
    sync(school)
    before = {key: (row.name, row.gone_at) for key, row in members(school).items()}
    with school.lms.core.change() as state:
        state.courses[school.lms.course.id].suspended.append("4")
        state.users["3"].name = "Somebody else"
    made, code = BROKEN[fault]
    for link in range(5 if made is None else 0):
        school.lms.faults.add("nrps", Fault(link=f'<?limit=500&again={link}>; rel="next"'))
    if made is not None:
        school.lms.faults.add("nrps", made)
    try:
        assert failed(school).code == code
    finally:
        school.lms.faults.clear()
    assert {key: (row.name, row.gone_at) for key, row in members(school).items()} == before
    row = roster(school)
    assert (row.state, row.error, row.read_at, row.lease_until) == ("failed", code, NOON, None)
    assert row.due_at is not None
    assert row.due_at > NOON
    assert sync(school).gone == 1, "the next reading is whole again"
    assert roster(school).error == ""


def test_a_busy_lms_is_waited_for_as_long_as_it_asks(school: School) -> None:
    waits: list[float] = []
    school.lms.faults.add("nrps", Fault.rate_limit(7))
    school.lms.faults.add("nrps", Fault(503))
    assert sync(school, waits).members == 4
    assert waits == [7.0, 10.0]


def test_a_long_wait_is_a_later_reading(school: School) -> None:
    school.lms.faults.add("nrps", Fault.rate_limit(7200))
    assert failed(school).code == "roster_later"
    assert roster(school).due_at == NOON + timedelta(hours=2)


def test_patience_ends(school: School) -> None:
    waits: list[float] = []
    school.lms.faults.add("nrps", Fault.rate_limit(1, times=9))
    with pytest.raises(PassbackError):
        sync(school, waits)
    school.lms.faults.clear()
    assert waits == [1.0] * 5


def test_open_edx_is_asked_for_pages_where_it_refuses_everybody_at_once(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiles, "DEFAULT", replace(profiles.DEFAULT, roster_page=0))
    school.lms.faults.add("nrps", Fault.above_limit())
    assert sync(school).members == 4
    assert asked(school)[-2:] == ["", "limit=100"]
