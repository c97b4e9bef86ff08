"""Who learns in an LMS course: lists and numbers, on both databases, from a roster and what was recorded."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from flask import Flask

from passback.content.models import Course
from passback.db import TenantSession, Unscoped, tenant_session, unscoped
from passback.delivery.models import ScoreDelivery
from passback.errors import NotFoundError
from passback.lti import course_view
from passback.lti.course_rows import CoursePlace, LearnerRow, Numbers, Show, Standing
from passback.lti.models import Context, Deployment, LinkChoice, Platform, ResourceLink
from passback.lti.roster_models import Roster, RosterMember
from passback.tenants import ensure_tenant
from passback.tracking.models import Grade, Learner, Placement, Registration

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass
class Class:
    """An LMS course with one placement."""

    tenant_id: UUID
    source: str
    context: Context
    placement: Placement
    roster: Roster | None = None

    def look(self, session: TenantSession) -> CoursePlace:
        (place,) = course_view.places_of(session, self.context.id)
        return course_view.look_at(session, course_view.find_context(session, self.context.id), place)

    def read_roster(self) -> None:
        """Have a roster that was read at noon."""
        with tenant_session(self.tenant_id, write=True) as session:
            self.roster = Roster(context_id=self.context.id, state="current", read_at=NOON)
            session.add(self.roster)

    def enrol(self, user_id: str, name: str = "", *, role: str = "learner", **more: Any) -> None:
        assert self.roster is not None
        with tenant_session(self.tenant_id, write=True) as session:
            sort_name = (name or user_id).casefold()
            row = RosterMember(roster_id=self.roster.id, user_id=user_id, name=name, sort_name=sort_name, role=role)
            for key, value in more.items():
                setattr(row, key, value)
            session.add(row)

    def open(self, user_id: str, name: str = "", *, grade: float | None = None, state: str = "", **rollup: Any) -> None:
        """Have somebody open the course; `rollup` is what their registration shows."""
        with tenant_session(self.tenant_id, write=True) as session:
            learner = Learner(source=self.source, subject=user_id, name=name)
            session.add(learner)
            session.flush()
            made: dict[str, Any] = {"created_at": NOON - timedelta(hours=1), **rollup}
            row = Registration(
                learner_id=learner.id, course_id=self.placement.course_id, placement_id=self.placement.id, **made
            )
            session.add(row)
            session.flush()
            if grade is not None:
                session.add(Grade(registration_id=row.id, version=1, scaled=grade))
            if state:
                session.add(
                    ScoreDelivery(
                        registration_id=row.id,
                        sender="ags",
                        destination="lti:x",
                        line_item=f"https://lms.test/{user_id}",
                        user_id=user_id,
                        state=state,
                        reason_class="learner_not_gradable" if state == "parked" else "",
                        sent_scaled=grade if state == "accepted" else None,
                    )
                )

    def listed(self, show: Show = Show.ALL, **page: Any) -> list[str]:
        with tenant_session(self.tenant_id) as session:
            return [row.user_id for row in course_view.learners(session, self.look(session), show=show, **page)]

    def others(self, show: Show = Show.ALL, **page: Any) -> list[LearnerRow]:
        with tenant_session(self.tenant_id) as session:
            return course_view.others(session, self.look(session), show=show, **page)

    def row(self, user_id: str) -> LearnerRow:
        with tenant_session(self.tenant_id) as session:
            rows = course_view.learners(session, self.look(session))
        return next(row for row in rows if row.user_id == user_id)

    def numbers(self) -> Numbers:
        with tenant_session(self.tenant_id) as session:
            return course_view.numbers(session, self.look(session))


def make_class(slug: str = "default") -> Class:
    with unscoped(Unscoped.INSTALLATION, write=True) as database:
        tenant_id = ensure_tenant(database, slug).id
        platform = Platform(
            issuer=f"https://{slug}.test", client_id=slug, auth_login_url="x", token_url="x", jwks_url="x", name="LMS"
        )
        database.add(platform)
        database.flush()
        deployment = Deployment(platform_id=platform.id, deployment_id="1", tenant_id=tenant_id)
        database.add(deployment)
    with tenant_session(tenant_id, write=True) as session:
        course = Course(title="Fire safety", content_type="toy")
        session.add(course)
        session.flush()
        context = Context(deployment_id=deployment.id, context_id="C1", title="Practice 101")
        placement = Placement(course_id=course.id, title="Fire safety", kind="lti")
        choice = LinkChoice(course_id=course.id)
        session.add_all([context, placement, choice])
        session.flush()
        link = ResourceLink(
            deployment_id=deployment.id,
            context_id=context.id,
            link_id="L1",
            placement_id=placement.id,
            choice_id=choice.id,
        )
        session.add(link)
    return Class(tenant_id, f"lti:{platform.id}", context, placement)


@pytest.fixture
def room(app: Flask) -> Iterator[Class]:
    """A class whose roster was read at noon: one never started, one under way, one done, one left, one inactive."""
    with time_machine.travel(NOON, tick=False):
        made = make_class()
        made.read_roster()
        made.enrol("1", "Never Started")
        made.enrol("2", "Under Way")
        made.enrol("3", "All Done")
        made.enrol("4", "Gone Away", gone_at=NOON)
        made.enrol("5", "Not Active", status="inactive")
        made.enrol("6", "A Teacher", role="staff")
        made.enrol("7", "Left without a trace", gone_at=NOON)
        made.enrol("8", role="unknown")
        made.open("2", started_at=NOON, completion="incomplete", progress=0.4)
        made.open("3", started_at=NOON, completion="completed", success="passed", grade=0.8, state="accepted")
        made.open("4", started_at=NOON, completion="completed", grade=0.5, state="queued")
        made.open("5", started_at=None)
        made.open("9", "In no roster", started_at=NOON, grade=1.0, state="parked")
        made.open("10", "Came later", created_at=NOON + timedelta(minutes=1))
        yield made


def test_everybody_is_listed_by_name_and_who_left_without_a_trace_is_not(room: Class) -> None:
    assert room.listed() == ["8", "3", "4", "1", "5", "2"]
    assert [row.user_id for row in room.others()] == ["9", "10"]


@pytest.mark.parametrize(
    ("show", "listed", "others"),
    [
        (Show.NOT_STARTED, ["8", "1", "5"], ["10"]),
        (Show.UNDER_WAY, ["2"], ["9"]),
        (Show.DONE, ["3"], []),
        (Show.LEFT, ["4"], []),
        (Show.ATTENTION, ["4", "5"], ["9"]),
    ],
)
def test_lists_can_be_narrowed(room: Class, show: Show, listed: list[str], others: list[str]) -> None:
    assert room.listed(show) == listed
    assert [row.user_id for row in room.others(show)] == others


def test_numbers_are_those_of_the_lists(room: Class) -> None:
    assert room.numbers() == Numbers(learners=7, not_started=4, under_way=2, done=1, left=1, attention=3)


def test_what_a_row_says(room: Class) -> None:
    never, done, left = room.row("1"), room.row("3"), room.row("4")
    assert (never.registration, never.has_started, never.may_be_refused, never.sent) == (None, False, False, ())
    assert (done.standing, done.is_done, done.may_be_refused, done.grade) == (Standing.ACTIVE, True, False, 0.8)
    assert [(one.state, one.state_text, one.scaled) for one in done.sent] == [("accepted", "accepted by the LMS", 0.8)]
    assert (left.standing, left.may_be_refused, left.sent[0].state) == (Standing.LEFT, True, "queued")
    assert (room.row("5").standing, room.row("5").may_be_refused) == (Standing.INACTIVE, True)
    assert (room.row("8").standing, room.row("8").name) == (Standing.NO_ROLE, "")


def test_a_teacher_who_has_opened_it_as_a_learner_is_listed_with_a_warning(room: Class) -> None:
    room.open("6", started_at=NOON)
    row = room.row("6")
    assert (row.name, row.standing, row.may_be_refused) == ("A Teacher", Standing.NO_ROLE, True)
    assert "6" in room.listed(Show.ATTENTION)


def test_who_is_in_no_roster_is_warned_about_unless_they_came_after_it_was_read(room: Class) -> None:
    unlisted, later = room.others()
    assert (unlisted.standing, unlisted.may_be_refused, unlisted.sent[0].state) == (Standing.NOT_LISTED, True, "parked")
    assert (later.standing, later.may_be_refused) == (Standing.UNKNOWN, False)


def test_pages_follow_each_other_without_gap_or_repeat(room: Class) -> None:
    room.enrol("11", "Never Started")  # a namesake
    seen: list[str] = []
    after = None
    while True:
        with tenant_session(room.tenant_id) as session:
            rows = course_view.learners(session, room.look(session), after=after, limit=2)
        if not rows:
            break
        seen += [row.user_id for row in rows]
        after = rows[-1].key
    assert seen == ["8", "3", "4", "1", "11", "5", "2"]
    first = room.others(limit=1)
    assert [row.user_id for row in room.others(after=first[0].key)] == ["10"]


def test_without_a_roster_those_who_came_are_all_there_are(app: Flask) -> None:
    made = make_class()
    made.open("1", "Ada", started_at=NOON)
    assert made.listed() == []
    assert [(row.user_id, row.standing) for row in made.others()] == [("1", Standing.UNKNOWN)]
    assert made.numbers() == Numbers(learners=1, under_way=1)


def test_another_tenants_class_is_neither_seen_nor_counted(room: Class) -> None:
    other = make_class("other")
    with tenant_session(other.tenant_id) as session:
        assert [one.context.id for one in course_view.list_courses(session)] == [other.context.id]
        assert course_view.places_of(session, room.context.id) == []
        with pytest.raises(NotFoundError):
            course_view.find_context(session, room.context.id)


def test_the_list_of_courses_counts_learners(room: Class) -> None:
    with tenant_session(room.tenant_id) as session:
        (one,) = course_view.list_courses(session)
        assert (one.context.title, one.learners, one.placements, one.platform) == ("Practice 101", 5, 1, "LMS")
        assert course_view.list_courses(session, after=one.context.id) == []
