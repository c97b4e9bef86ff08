"""Activities that count on their own, on both databases; those that do not cost nothing."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
import time_machine
from sqlalchemy import Engine, event, select

from passback.clock import utc_now
from passback.content.models import Course, CourseVersion
from passback.db import db, tenant_session
from passback.delivery import owed
from passback.delivery.models import ScoreDelivery
from passback.tracking import grading_service
from passback.tracking.journal import IncomingEvent
from passback.tracking.models import ActivityGrade, ActivityResult, Placement
from passback.tracking.sessions import close_idle
from tests.support.play import LATER, Desk, add_desk, page

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PARTS = ("one", "two", "three")


def add_parts(tenant_id: UUID) -> UUID:
    activities = [{"id": one, "title": one, "href": f"{one}.html", "tracked": True, "children": []} for one in PARTS]
    parts = [{"id": one, "title": one, "start": f"{one}.html"} for one in PARTS]
    with tenant_session(tenant_id, write=True) as session:
        course = Course(title="Parts", content_type="parts")
        session.add(course)
        session.flush()
        session.add(
            CourseVersion(
                course_id=course.id,
                number=1,
                content={"data": {"parts": parts}, "activities": activities, "title": "Parts"},
                warnings=[],
                package_sha256="",
                package_name="parts.zip",
                file_count=1,
                total_bytes=1,
            )
        )
        return course.id


@pytest.fixture
def parts(tenant_id: UUID) -> Desk:
    """A learner at a course whose activities count, and somebody who waits for each grade."""
    desk = add_desk(tenant_id, course_id=add_parts(tenant_id), columns="activity")
    expect(desk)
    return desk


def expect(desk: Desk, parts: tuple[str, ...] = PARTS) -> None:
    columns = [owed.Column(one, one.title(), f"https://lms.example/{one}") for one in parts]
    with tenant_session(desk.tenant_id, write=True) as session:
        owed.expect_activity_scores(
            session,
            columns,
            registration_id=desk.registration_id,
            sender="nobody",
            destination="lms",
            user_id="u1",
        )


def said(sequence: int, kind: str, part: str, **data: float) -> IncomingEvent:
    return IncomingEvent(sequence, f"parts.{kind}", part, utc_now(), dict(data))


def grades(desk: Desk) -> dict[str, tuple[float | None, bool, int]]:
    with tenant_session(desk.tenant_id) as session:
        query = select(ActivityGrade).where(ActivityGrade.registration_id == desk.registration_id)
        return {one.activity: (one.scaled, one.final, one.version) for one in session.scalars(query)}


def wanted(desk: Desk) -> dict[str, tuple[str, int]]:
    with tenant_session(desk.tenant_id) as session:
        return {one.activity: (one.state, one.wanted) for one in session.scalars(select(ScoreDelivery))}


def test_what_is_owed_follows_each_grade_and_no_other(parts: Desk) -> None:
    play = parts.open()
    parts.send(play, [said(1, "score", "one", score=0.5)])
    assert grades(parts)["one"] == (None, False, 0)
    parts.send(play, [said(2, "done", "one")])
    assert grades(parts)["one"] == (0.5, False, 1), "completed with a score that may still change"
    parts.send(play, [said(3, "score", "two", score=0.9)], leaving=True)
    assert {name: scaled for name, (scaled, _final, _version) in grades(parts).items()} == {"one": 0.5, "two": 0.9}
    assert {name: version for name, (_state, version) in wanted(parts).items()} == {
        name: grades(parts)[name][2] if name in grades(parts) else 0 for name in PARTS
    }


def test_silence_ends_the_activities_too(parts: Desk) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        parts.send(parts.open(), [said(1, "score", "one", score=0.5)])
        assert grades(parts)["one"][0] is None
        clock.shift(LATER)
        close_idle()
        assert grades(parts)["one"][:2] == (0.5, True)


def test_a_completion_waits_where_others_have_had_a_score_there(parts: Desk) -> None:
    play = parts.open()
    parts.send(play, [said(1, "score", "two", score=0.9)], leaving=True)
    other = add_desk(parts.tenant_id, course_id=parts.course_id, learner="other", columns="activity")
    play = other.open()
    other.send(play, [said(1, "done", "one"), said(2, "done", "two")], leaving=True)
    assert grades(other)["one"][0] == 1.0, "nobody has ever had a score there"
    assert grades(other)["two"][0] is None


def test_a_rule_that_changes_decides_each_grade_again(parts: Desk) -> None:
    parts.send(parts.open(), [said(1, "score", "one", score=0.5), said(2, "done", "one")], leaving=True)
    with tenant_session(parts.tenant_id, write=True) as session:
        session.scalars(select(Placement).where(Placement.id == parts.placement_id)).one().counts = "completion"
        session.flush()
        grading_service.regrade_placement(session, parts.placement_id)
    assert grades(parts)["one"][:2] == (1.0, True)


def test_expecting_again_moves_nothing_and_a_course_that_counts_as_a_whole_takes_all_back(parts: Desk) -> None:
    before = wanted(parts)
    expect(parts)
    assert wanted(parts) == before
    expect(parts, ("one", "two"))
    assert wanted(parts)["three"][0] != "superseded", "an activity that left the course keeps its grade"
    with tenant_session(parts.tenant_id, write=True) as session:
        owed.expect_score(
            session,
            registration_id=parts.registration_id,
            sender="nobody",
            destination="lms",
            line_item="https://lms.example/whole",
            user_id="u1",
        )
    assert {name: state for name, (state, _version) in wanted(parts).items()} == {
        "": "queued",
        **dict.fromkeys(PARTS, "superseded"),
    }
    expect(parts)
    assert {name: state for name, (state, _version) in wanted(parts).items()} == {
        "": "superseded",
        **dict.fromkeys(PARTS, "queued"),
    }


def test_a_course_that_counts_as_a_whole_asks_nothing_of_activities(desk: Desk) -> None:
    play = desk.open()
    statements: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_more: object) -> None:
        statements.append(statement)

    engine: Engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        desk.send(play, [page(1, 1)], leaving=True)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert statements
    assert not [one for one in statements if "activity_result" in one or "activity_grade" in one]
    with tenant_session(desk.tenant_id) as session:
        assert not session.scalars(select(ActivityResult)).all()
