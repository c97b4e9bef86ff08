"""Submission review: a teacher opens a learner's work from the gradebook, and nothing is recorded by it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from passback.db import Unscoped, tenant_session, unscoped
from passback.delivery import engine
from passback.lti import records
from passback.lti.message import ITEM, SUBMISSION_REVIEW
from passback.lti.models import Deployment, ResourceLink
from passback.plugin import AttemptReport, Timeline, TimelineEntry
from passback.sandbox import drive
from passback.sandbox.model import User
from passback.tenants import ensure_tenant
from passback.tracking.models import Learner, Registration
from tests.support.counted import counted
from tests.support.lti import TOOL, School, make_choice, make_school
from tests.support.play import Desk, page, score
from tests.support.practice import practice_lms
from tests.support.toy import ToyContentType

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
INSTITUTION = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#"


@pytest.fixture
def school(app: Flask) -> Iterator[School]:
    """A school at noon whose first learner has a graded attempt."""
    with time_machine.travel(NOON, tick=False), practice_lms(app) as server:
        school = make_school(app, server.platform)
        school.launch(client=app.test_client())
        with tenant_session(school.tenant_id) as session:
            row = session.scalars(select(Registration)).one()
        desk = Desk(school.tenant_id, row.course_id, row.placement_id, row.id)
        desk.send(desk.open(), [page(1, 1, of=1), score(2, 0.8)], leaving=True)
        engine.drain()
        yield school


def review(school: School, user: User | None = None, for_user: str = "", **how: Any) -> drive.Reply:
    """Ask to see somebody's work, as the instructor the first learner's unless said otherwise."""
    how.setdefault("message_type", SUBMISSION_REVIEW)
    asked = user or school.lms.instructor
    return school.launch(asked, for_user=for_user or school.learner.id, **how).reply


def shown(school: School, reply: drive.Reply) -> drive.Reply:
    assert reply.status == 303, reply.text
    assert "/lti/review/" in reply.location
    return drive.send(school.client, "GET", reply.location)


def refused(reply: drive.Reply) -> str:
    """Return the stable word of a refusal; its page says whose side it is on and has a code."""
    assert "Launch code: " in reply.text
    assert "on the side of" in reply.text or "The cause is in" in reply.text
    return reply.text.split(" · ")[-1].split("<")[0]


def test_the_newest_attempt_is_told_step_by_step(school: School) -> None:
    page = shown(school, review(school)).text
    assert "What the course said to Passback" in page
    assert "&lt;b&gt;1&lt;/b&gt; of" in page
    assert page.count("<bdi>toy.page</bdi>") == 1


def test_a_teacher_sees_the_attempt_and_the_way_of_the_grade(school: School) -> None:
    page = shown(school, review(school))
    assert page.status == 200
    for told in (school.learner.name, "Attempt 1", "80 %", "completed", "accepted by the LMS", "The LMS accepted"):
        assert told in page.text
    assert f"frame-ancestors {school.lms.issuer}" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"
    assert not page.forms(), "there is nothing to change here"


def test_an_answer_that_was_cut_in_two_is_shown_as_far_as_it_goes(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = "Bees \ud83d"
    monkeypatch.setattr(ToyContentType, "report", lambda *_: AttemptReport(((half, half),), {half: [half]}))
    told = Timeline((TimelineEntry(NOON, half, half),), (half,))
    monkeypatch.setattr(ToyContentType, "timeline", lambda *_: told)
    answer = shown(school, review(school))
    assert answer.status == 200
    assert answer.text.count("Bees \ufffd") == 5


def test_looking_records_nothing(school: School) -> None:
    before = counted()
    for _twice in range(2):
        shown(school, review(school))
    assert counted() == before
    engine.drain()
    with unscoped(Unscoped.INSTALLATION) as session:
        found = [one for one in records.recent(session) if one.facts["message"] == SUBMISSION_REVIEW]
    assert [(one.verdict, one.facts["way"]) for one in found] == [("accepted", "review")] * 2
    assert "user" not in str(found[0].facts), "whose work it was is nobody's business afterwards"


def test_the_link_is_known_by_its_line_item_where_the_platform_leaves_it_out(school: School) -> None:
    page = shown(school, review(school, remove=["resource_link", "context"]))
    assert school.learner.name in page.text


def test_a_learner_sees_their_own_work_and_nobody_elses(school: School) -> None:
    assert "Attempt 1" in shown(school, review(school, school.learner)).text
    other = school.lms.learners[1]
    assert refused(review(school, other)) == "review_refused"
    assert refused(review(school, other, as_learner=True)) == "review_refused"


@pytest.mark.parametrize(
    "roles", [[MEMBERSHIP + "Mentor"], [INSTITUTION + "Faculty"], [], [MEMBERSHIP + "Learner", INSTITUTION + "Staff"]]
)
def test_who_does_not_teach_in_the_course_sees_no_work(school: School, roles: list[str]) -> None:
    assert refused(review(school, overrides={"roles": roles})) == "review_refused"


def test_a_teacher_who_switched_to_the_learners_role_sees_no_learners_work(school: School) -> None:
    """Moodle sends `Learner` with the teacher's own sub."""
    assert refused(review(school, as_learner=True)) == "review_refused"


@pytest.mark.parametrize("for_user", ["nobody", "0", "' OR 1=1", "ÿ"])
def test_somebody_without_work_has_a_clear_page(school: School, for_user: str) -> None:
    reply = review(school, for_user=for_user)
    assert (reply.status, refused(reply)) == (404, "review_nothing")
    assert "knows no work of this person" in reply.text


@pytest.mark.parametrize("about", [None, {}, "3", {"user_id": 3}, {"user_id": ""}, {"user_id": "x" * 256}, []])
def test_X30_a_review_must_say_whose_work(school: School, about: object) -> None:
    assert refused(review(school, overrides={"for_user": about})) == "for_user"


@pytest.mark.parametrize("endpoint", [None, {}, {"lineitem": None}, {"lineitem": "javascript:alert(1)"}, "x"])
def test_X30_a_review_must_say_which_column(school: School, endpoint: object) -> None:
    assert refused(review(school, overrides={AGS: endpoint})) == "line_item_missing"


def test_work_in_another_course_of_the_lms_is_not_shown(school: School) -> None:
    assert refused(review(school, overrides={"context": {"id": "another"}})) == "review_nothing"


def test_work_at_another_link_is_not_shown(school: School) -> None:
    other = school.add_link("Other", {ITEM: str(school.choice_id)})
    column = school.lms.links.column(school.link.id)
    assert column
    ags = {"lineitem": f"{school.lms.config.url}/lti/services/1/lineitems/{column.id}/lineitem?type_id=1"}
    assert refused(review(school, link=other, overrides={AGS: ags})) == "review_nothing"


def test_work_of_another_tenant_is_not_shown(school: School) -> None:
    """The same LMS, the same ids, another deployment of the tool that is another institution's."""
    second = school.lms.tools.deploy(school.tool.id)
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        other = ensure_tenant(session, "other").id
        session.add(Deployment(platform_id=school.platform_id, deployment_id=second, tenant_id=other))
    assert refused(review(school, overrides={"deployment_id": second})) == "review_nothing"


def test_an_address_is_for_one_person_and_twelve_hours(school: School) -> None:
    url = review(school).location
    for token in ("x", "a.b.c", url.rsplit("/", 1)[1][:-2]):
        assert drive.send(school.client, "GET", f"{TOOL}/lti/review/{token}").status == 403
    with time_machine.travel(NOON + timedelta(hours=12, minutes=1), tick=False):
        assert drive.send(school.client, "GET", url).status == 403
    for method in ("POST", "PUT", "DELETE"):
        assert school.app.test_client().open(url, method=method).status_code == 405


def test_an_ordinary_launch_that_names_somebody_opens_their_work_for_teachers_only(school: School) -> None:
    page = shown(school, review(school, message_type=""))
    assert "Attempt 1" in page.text
    nobody = review(school, message_type="", for_user="nobody")
    assert "/lti/course/" in nobody.location, "where there is no work, it is an ordinary launch"
    other = school.lms.learners[1]
    own = school.launch(other, for_user=school.learner.id, client=school.app.test_client()).reply
    assert "/open/" in own.location, "a learner gets the course, whomever the message names"
    with tenant_session(school.tenant_id) as session:
        assert len(session.scalars(select(Learner)).all()) == 2


def test_columns_ask_for_reviews_where_the_lms_can(school: School) -> None:
    """Moodle opens a review from a column that asks for it; Canvas is not told of what it does not know."""
    column = school.lms.gradebook.columns(school.lms.course.id)[0]
    assert not column.review, "this one was placed by hand"
    drive.answer_picker(school.lms, picked(school))
    assert [one.review for one in school.lms.gradebook.columns(school.lms.course.id)] == [False, True]
    school.change_platform(product="canvas")
    drive.answer_picker(school.lms, picked(school))
    assert [one.review for one in school.lms.gradebook.columns(school.lms.course.id)] == [False, True, False]


def picked(school: School) -> drive.Reply:
    """Choose the toy course in the picker and return the page that answers the LMS."""
    form_page = drive.follow(school.client, school.deep_link().reply)
    url = form_page.url
    fields = {"course": str(school.course_id), "counts": "score", "points": "100", "which_attempt": "best"}
    return drive.send(school.client, "POST", url, fields)


def test_a_column_that_passback_makes_asks_for_reviews(school: School) -> None:
    _course, choice = make_choice(school.tenant_id, "Ungraded")
    link = school.add_link("No column", {ITEM: str(choice)})
    school.launch(link=link, client=school.app.test_client())
    with tenant_session(school.tenant_id) as session:
        placement: UUID = session.scalars(
            select(ResourceLink.placement_id).where(ResourceLink.link_id == link.id)
        ).one()
        row = session.scalars(select(Registration).where(Registration.placement_id == placement)).one()
    desk = Desk(school.tenant_id, row.course_id, row.placement_id, row.id)
    desk.send(desk.open(), [page(1, 1, of=1), score(2, 0.5)], leaving=True)
    engine.drain()
    (made,) = school.lms.gradebook.columns(school.lms.course.id, link_id=link.id)
    assert made.review
