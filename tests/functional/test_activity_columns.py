"""A course that counts by activity: each has a column of its own in the gradebook of the practice LMS."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations
from uuid import UUID

import pytest
from sqlalchemy import select

from passback.clock import utc_now
from passback.content.models import Course, CourseVersion
from passback.db import JsonObject, tenant_session
from passback.delivery.models import ScoreDelivery
from passback.lti import reconciliation_view as view
from passback.lti.course_access import CourseAccess, course_url
from passback.lti.models import ActivityColumn, LinkChoice, ResourceLink
from passback.lti.picker_form import PickerInputError, check_columns
from passback.lti.reconciling import reconcile
from passback.player.result import find_result
from passback.player.tokens import Entry
from passback.sandbox.faults import Fault
from passback.sandbox.model import User
from passback.tracking import pipeline
from passback.tracking.journal import IncomingEvent
from passback.tracking.models import ActivityGrade, Learner, Placement, Registration
from passback.tracking.registrations import get_registration
from passback.tracking.sessions import open_session
from tests.functional.test_deep_linking import Picker, words
from tests.support.lms_gradebook import Gradebook

PARTS = ("one", "two", "three")


def content(parts: Sequence[str]) -> JsonObject:
    made: list[JsonObject] = [{"id": one, "title": one.title(), "start": f"{one}.html"} for one in parts]
    activities = [
        {"id": one, "title": one.title(), "href": f"{one}.html", "tracked": True, "children": []} for one in parts
    ]
    return {"data": {"parts": made}, "activities": activities, "title": "Parts"}  # type: ignore[dict-item]


def add_version(tenant_id: UUID, course_id: UUID, number: int, parts: Sequence[str]) -> None:
    with tenant_session(tenant_id, write=True) as session:
        session.add(
            CourseVersion(
                course_id=course_id,
                number=number,
                content=content(parts),
                warnings=[],
                package_sha256="0" * 64,
                package_name="parts.zip",
                file_count=1,
                total_bytes=1,
            )
        )


def make_course(tenant_id: UUID, parts: Sequence[str] = PARTS) -> UUID:
    with tenant_session(tenant_id, write=True) as session:
        course = Course(title="Parts", content_type="parts")
        session.add(course)
        session.flush()
        course_id = course.id
    add_version(tenant_id, course_id, 1, parts)
    return course_id


def choose(tenant_id: UUID, course_id: UUID, **settings: object) -> str:
    with tenant_session(tenant_id, write=True) as session:
        choice = LinkChoice(course_id=course_id, **settings)
        session.add(choice)
        session.flush()
        return str(choice.id)


@dataclass
class Class:
    """Learners at a link to a course of parts, and what the LMS's gradebook shows of them."""

    book: Gradebook
    course_id: UUID

    @property
    def tenant_id(self) -> UUID:
        return self.book.school.tenant_id

    def learner(self, at: int) -> User:
        return self.book.school.lms.learners[at]

    def begin(self, at: int = 0) -> UUID:
        """Launch as a learner and open a session."""
        self.book.launch(self.learner(at))
        return self.open(at)

    def registration(self, at: int = 0) -> UUID:
        with tenant_session(self.tenant_id) as session:
            query = select(Registration.id).join(Learner, Learner.id == Registration.learner_id)
            mine = query.where(Learner.subject == self.learner(at).id, Registration.course_id == self.course_id)
            return session.scalars(mine).one()

    def open(self, at: int = 0, **how: bool) -> UUID:
        registration_id = self.registration(at)
        with tenant_session(self.tenant_id, write=True) as session:
            return open_session(session, get_registration(session, registration_id), take_over=True, **how).id

    def say(self, play: UUID, *events: IncomingEvent, leaving: bool = False) -> None:
        pipeline.record(self.tenant_id, play, events, leaving=leaving)

    def shown(self, at: int = 0) -> dict[str, float | None]:
        """What the gradebook shows a learner, by the name of the column."""
        gradebook = self.book.server.platform.gradebook
        found = {}
        for column in gradebook.columns(self.book.link.course_id):
            if column.link_id == self.book.link.id:
                result = gradebook.result(column.id, self.learner(at).id)
                found[column.label] = result.score if result else None
        return found

    def grades(self, at: int = 0) -> dict[str, tuple[float | None, bool]]:
        registration_id = self.registration(at)
        with tenant_session(self.tenant_id) as session:
            query = select(ActivityGrade).where(ActivityGrade.registration_id == registration_id)
            return {one.activity: (one.scaled, one.final) for one in session.scalars(query)}

    def owed(self, at: int = 0) -> dict[str, str]:
        registration_id = self.registration(at)
        with tenant_session(self.tenant_id) as session:
            query = select(ScoreDelivery).where(ScoreDelivery.registration_id == registration_id)
            return {one.activity: one.state for one in session.scalars(query)}


def score(sequence: int, part: str, value: float) -> IncomingEvent:
    return IncomingEvent(sequence, "parts.score", part, utc_now(), {"score": value})


def done(sequence: int, part: str) -> IncomingEvent:
    return IncomingEvent(sequence, "parts.done", part, utc_now(), {})


def go(sequence: int, part: str) -> IncomingEvent:
    return IncomingEvent(sequence, "parts.go", "", utc_now(), {"request": "choice", "target": part})


def open_class(book: Gradebook, parts: Sequence[str] = PARTS, **settings: object) -> Class:
    settings = {"columns": "activity", **settings}
    course_id = make_course(book.school.tenant_id, parts)
    choice = choose(book.school.tenant_id, course_id, **settings)
    book.link = book.school.add_link("Parts", custom={"passback_item": choice})
    return Class(book, course_id)


@pytest.fixture
def parts(open_gradebook: Callable[..., Gradebook]) -> Class:
    return open_class(open_gradebook("moodle", launched=False))


@pytest.mark.parametrize("product", ["moodle", "canvas", "blackboard"])
def test_each_activity_of_each_learner_reaches_a_column_of_its_own(
    open_gradebook: Callable[..., Gradebook], product: str
) -> None:
    parts = open_class(open_gradebook(product, launched=False))
    first, second = parts.begin(0), parts.begin(1)
    parts.say(first, score(1, "one", 0.5), done(2, "one"), go(3, "two"), score(4, "two", 0.8), done(5, "two"))
    parts.say(second, score(1, "one", 1.0), done(2, "one"), leaving=True)
    parts.book.drain(after=2)
    parts.book.drain(after=10)
    assert parts.shown(0) == {"Parts: One": 50.0, "Parts: Two": 80.0}, "a column appears with its first grade"
    assert parts.shown(1) == {"Parts: One": 100.0, "Parts: Two": None}
    assert parts.owed(1) == {"one": "accepted", "two": "waiting", "three": "waiting"}

    parts.say(first, go(6, "three"), score(7, "three", 0.3), done(8, "three"), leaving=True)
    parts.book.drain(after=10)
    parts.book.drain(after=10)
    assert parts.shown(0) == {"Parts: One": 50.0, "Parts: Two": 80.0, "Parts: Three": 30.0}
    posts = parts.book.calls("score")
    parts.begin(0)
    parts.begin(1)
    parts.book.drain(after=60)
    assert parts.book.calls("score") == posts, "nothing is sent again"
    assert "" not in parts.owed(0), "no grade of the course as a whole"


def test_nothing_is_sent_of_an_activity_before_it_is_decided_or_left(parts: Class) -> None:
    play = parts.begin()
    parts.say(play, score(1, "one", 0.4))
    assert parts.grades() == {"one": (None, False)}
    parts.say(play, go(2, "two"))
    assert parts.grades()["one"] == (0.4, True), "it was left"
    assert parts.grades()["two"] == (None, False)
    parts.say(play, score(3, "two", 0.9), leaving=True)
    assert parts.grades()["two"] == (0.9, True), "the session is over"


def test_the_order_in_which_sends_arrive_changes_nothing(open_gradebook: Callable[..., Gradebook]) -> None:
    book = open_gradebook("moodle", launched=False)
    sends = [
        [score(1, "one", 0.5), done(2, "one")],
        [go(3, "two"), score(4, "two", 0.9)],
        [score(5, "two", 0.7), done(6, "two"), go(7, "three"), score(8, "three", 0.2)],
    ]
    found = set()
    for order in permutations(sends):
        parts = open_class(book)
        play = parts.begin()
        for send in order:
            parts.say(play, *send)
            parts.say(play, *send)  # and each of them twice
        parts.say(play, leaving=True)
        found.add(tuple(sorted(parts.grades().items())))
    assert found == {(("one", (0.5, True)), ("three", (0.2, True)), ("two", (0.7, True)))}


@pytest.mark.parametrize(("which", "expected"), [("best", 0.9), ("last", 0.4), ("first", 0.9), ("average", 0.65)])
def test_the_attempt_that_counts_does_so_for_each_activity(
    open_gradebook: Callable[..., Gradebook], which: str, expected: float
) -> None:
    parts = open_class(open_gradebook("moodle", launched=False), which_attempt=which)
    play = parts.begin()
    parts.say(play, *(done(n, one) for n, one in enumerate(PARTS, 1)), score(4, "one", 0.9), leaving=True)
    again = parts.open(new_attempt=True)
    parts.say(again, score(1, "one", 0.4), done(2, "one"), leaving=True)
    assert parts.grades()["one"] == (pytest.approx(expected), True)


def test_a_later_session_never_takes_a_grade_away_and_a_late_send_of_an_older_one_can_raise_it(parts: Class) -> None:
    old = parts.begin()
    parts.say(old, score(1, "one", 0.8), done(2, "one"))
    new = parts.open()
    parts.say(new, score(1, "one", 0.1), leaving=True)
    assert parts.grades()["one"] == (0.8, True)
    parts.say(old, score(3, "one", 0.95))
    assert parts.grades()["one"] == (0.95, True)


def test_a_score_whose_answer_is_lost_is_not_counted_twice(parts: Class) -> None:
    play = parts.begin()
    parts.book.server.faults.add("score", Fault.lost_answer())
    parts.book.server.faults.add("lineitems", Fault.lost_answer())
    parts.say(play, score(1, "one", 0.5), done(2, "one"), leaving=True)
    for _ in range(5):
        parts.book.drain(after=400)
    assert parts.shown() == {"Parts: One": 50.0}
    assert parts.owed()["one"] in {"accepted", "read_back"}
    gradebook = parts.book.server.platform.gradebook
    assert len(gradebook.columns(parts.book.link.course_id)) == 2  # the school's own toys


def test_a_new_version_brings_columns_and_takes_none_away(parts: Class) -> None:
    play = parts.begin()
    parts.say(play, score(1, "one", 0.5), done(2, "one"), leaving=True)
    parts.book.drain(after=2)
    add_version(parts.tenant_id, parts.course_id, 2, ["two", "three", "four"])
    second = parts.begin(1)
    parts.say(second, score(1, "four", 0.6), done(2, "four"), leaving=True)
    parts.begin(0)
    parts.book.drain(after=10)
    parts.book.drain(after=10)
    assert parts.shown(0)["Parts: One"] == 50.0, "its activity is gone, the grade stands"
    assert parts.shown(1) == {"Parts: One": None, "Parts: Four": 60.0}
    assert parts.owed(0)["one"] == "accepted"


def test_choosing_anew_turns_what_was_done_into_columns_and_back(open_gradebook: Callable[..., Gradebook]) -> None:
    parts = open_class(open_gradebook("moodle", launched=False), columns="course")
    play = parts.begin()
    parts.say(play, score(1, "one", 0.5), *(done(n, one) for n, one in enumerate(PARTS, 2)), leaving=True)
    parts.book.drain(after=2)
    assert parts.shown() == {"Parts": 100.0}
    before = parts.book.link
    for columns in ("activity", "course"):
        choice = choose(parts.tenant_id, parts.course_id, columns=columns)
        with parts.book.server.platform.core.change():
            parts.book.link.custom["passback_item"] = choice
        parts.book.launch(parts.learner(1))  # another learner's launch is enough
        parts.book.drain(after=10)
        parts.book.drain(after=10)
        if columns == "activity":
            assert parts.shown()["Parts: One"] == 50.0
            assert parts.owed()[""] == "superseded"
    assert parts.book.link is before
    assert set(parts.owed().values()) == {"superseded", "accepted"}
    assert parts.owed()[""] == "accepted"
    with tenant_session(parts.tenant_id) as session:
        link = session.scalars(select(ResourceLink).where(ResourceLink.link_id == parts.book.link.id)).one()
        ours = set(session.scalars(select(ActivityColumn.line_item_url)))
        assert link.line_item_url not in ours, "the course's grade never goes to an activity's column"


def test_pages_comparison_and_csv_name_the_activity(parts: Class) -> None:
    play = parts.begin()
    parts.say(play, score(1, "one", 0.5), done(2, "one"), go(3, "two"), score(4, "two", 0.8), leaving=True)
    parts.book.drain(after=2)
    parts.book.drain(after=10)
    gradebook = parts.book.server.platform.gradebook
    (two,) = [one for one in gradebook.columns(parts.book.link.course_id) if "Two" in one.label]
    gradebook.override(two.id, parts.learner(0).id, 11.0)
    parts.book.clock.shift(120)
    reconcile(parts.tenant_id, parts.book.context_id)
    with tenant_session(parts.tenant_id) as session:
        rows = view.findings(session, parts.book.context_id)
        link = session.scalars(select(ResourceLink).where(ResourceLink.link_id == parts.book.link.id)).one()
        access = CourseAccess(parts.tenant_id, link.id, "", "TEST-CODE", ())
        url = course_url(access).partition("localhost:8000")[2]
    assert [(row.kind, row.activity) for row in rows] == [("different", "Parts: Two")]
    assert "Parts: Two,different" in view.as_csv(rows)
    client = parts.book.school.app.test_client()
    page = client.get(f"{url}/grades?show=all").text
    assert all(f"Parts: {name}" in page for name in ("One", "Two", "Three"))
    assert "One:" in client.get(url).text
    result = find_result(Entry(tenant=str(parts.tenant_id), registration=str(parts.registration())))
    assert [(one.activity, one.percent) for one in result.by_activity] == [
        ("One", 50.0),
        ("Two", 80.0),
        ("Three", None),
    ]
    assert result.sent is None


def test_a_column_that_was_deleted_and_made_again_is_found_by_its_activity(parts: Class) -> None:
    play = parts.begin()
    parts.say(play, score(1, "one", 0.5), done(2, "one"), leaving=True)
    parts.book.drain(after=2)
    platform, tool = parts.book.server.platform, parts.book.school.tool.id
    old = next(one for one in platform.gradebook.columns(parts.book.link.course_id) if "One" in one.label)
    platform.gradebook.remove_column(old.id)
    asked = {"label": "Parts: One", "scoreMaximum": 100, "resourceLinkId": parts.book.link.id}
    other = {**asked, "label": "Parts: Two", "resourceId": f"{UUID(int=7)}/two", "tag": "passback-activity"}
    mine = {**asked, "resourceId": f"{UUID(int=7)}/one", "tag": "passback-activity"}
    for column in (other, mine):
        platform.gradebook.add_column(parts.book.link.course_id, tool, column)  # type: ignore[arg-type]
    again = parts.open(new_attempt=False)
    parts.say(again, score(1, "one", 0.9), leaving=True)
    for _ in range(3):
        parts.book.drain(after=60)
    assert parts.shown() == {"Parts: One": 90.0, "Parts: Two": None}


def test_what_cannot_have_such_columns_is_refused_in_words(parts: Class) -> None:
    for names, said in ((["one"], "does not tell several activities apart"), (range(51), "has 51 activities")):
        course_id = make_course(parts.tenant_id, [f"p{one}" for one in names])
        with tenant_session(parts.tenant_id) as session, pytest.raises(PickerInputError) as refused:
            check_columns(session, [LinkChoice(course_id=course_id, columns="activity")])
        assert said in refused.value.advice
    toys = parts.book.school.course_id
    with tenant_session(parts.tenant_id) as session:
        check_columns(session, [LinkChoice(course_id=parts.course_id, columns="activity")])
        check_columns(session, [LinkChoice(course_id=toys, columns="course")])
        with pytest.raises(PickerInputError):
            check_columns(session, [LinkChoice(course_id=toys, columns="activity")])


def test_the_picker_offers_it_where_it_can_be_and_the_lms_makes_no_column_of_the_course(parts: Class) -> None:
    alone = parts.book.school
    picker = Picker(alone)
    page = picker.page().text
    assert "One for each activity" in page
    assert "no grade of the course as a whole is sent" in page
    refused = picker.post(course=str(alone.course_id), columns="activity")
    assert refused.status == 422
    assert "does not tell several activities apart" in words(refused)
    assert picker.post(course=str(parts.course_id), columns="sideways").status == 422
    (link,) = picker.choose(course=str(parts.course_id), columns="activity")
    assert alone.lms.links.column(link.id) is None
    parts.book.link = link
    play = parts.begin()
    parts.say(play, score(1, "one", 0.5), done(2, "one"), leaving=True)
    parts.book.drain(after=5)
    assert parts.shown() == {f"{link.title}: One": 50.0}


def test_a_placement_that_counts_as_a_whole_keeps_no_books_of_activities(parts: Class) -> None:
    whole = open_class(parts.book, columns="course")
    play = whole.begin()
    whole.say(play, score(1, "one", 0.5), done(2, "one"), leaving=True)
    assert whole.grades() == {}
    with tenant_session(whole.tenant_id) as session:
        assert (
            session.scalars(select(Placement.columns).where(Placement.course_id == whole.course_id)).one() == "course"
        )
