"""The picker between two ends that are real: the practice LMS's deep linking request and its check of the answer."""

import io
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from flask import Flask
from joserfc import jws
from sqlalchemy import func, select

from passback.clock import utc_now
from passback.content.models import Course
from passback.content.service import archive_course
from passback.db import Unscoped, tenant_session, unscoped
from passback.lti.models import ContentSelection, LinkChoice, ResourceLink
from passback.sandbox import drive
from passback.sandbox.model import Link
from passback.staff.models import AuditEntry
from passback.tenants import ensure_tenant
from passback.testing.packages import make_zip
from passback.tracking.models import Learner, Placement, Registration
from tests.support.lti import School, make_choice, make_school
from tests.support.practice import practice_lms

DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
LTI = "https://purl.imsglobal.org/spec/lti/claim/"
TOY = {"toy.json": json.dumps({"title": "Bees & <Wasps>", "start": "index.html"}), "index.html": "<p>toy"}
FORM: dict[str, Any] = {
    "action": "choose",
    "counts": "score",
    "points": "100",
    "pass_mark": "",
    "which_attempt": "best",
    "max_attempts": "0",
}


@pytest.fixture
def school(sqlite_app: Flask) -> Iterator[School]:
    """A school whose LMS runs for real."""
    with ExitStack() as stack:
        server = stack.enter_context(practice_lms(sqlite_app))
        yield make_school(sqlite_app, server.platform)


class Picker:
    """An open picker in a browser that keeps no cookie at all."""

    def __init__(self, school: School, **how: Any) -> None:
        self.school = school
        self.client = school.app.test_client(use_cookies=False)
        trip = school.deep_link(**how)
        assert trip.reply.status == 303, trip.reply.text
        self.url = trip.reply.location

    def page(self, query: str = "") -> drive.Reply:
        return drive.send(self.client, "GET", self.url + query)

    def post(self, **fields: Any) -> drive.Reply:
        """Send the form; `course` may be a list."""
        answer = self.client.post(self.url, data={**FORM, **fields})
        return drive.Reply(answer.status_code, self.url, dict(answer.headers), answer.text, answer)

    def choose(self, **fields: Any) -> list[Link]:
        """Send the form and have the LMS take and save the answer."""
        reply = self.post(**fields)
        assert reply.status == 200, words(reply)
        return drive.answer_picker(self.school.lms, reply)

    def upload(self, data: bytes, name: str = "bees.zip", *, script: bool = False) -> Any:
        headers = {"Accept": "application/json" if script else "text/html"}
        return self.client.post(self.url + "/upload", data={"package": (io.BytesIO(data), name)}, headers=headers)


def words(page: drive.Reply) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text.partition("<main")[2])).split())


def claims_of(reply: drive.Reply) -> dict[str, Any]:
    form = next(form for form in reply.forms() if "JWT" in form.fields)
    token: dict[str, Any] = json.loads(jws.extract_compact(form.fields["JWT"].encode()).payload)
    return token


def test_a_choice_is_placed_graded_and_launches(school: School) -> None:
    (link,) = Picker(school).choose(course=str(school.course_id), points="12,5", pass_mark="60", max_attempts="3")
    assert (link.title, link.url) == ("Toy course", "http://localhost:8000/lti/launch")
    column = school.lms.links.column(link.id)
    assert column
    choice_id = link.custom["passback_item"]
    assert (column.score_maximum, column.tag, column.resource_id) == (12.5, "passback", choice_id)
    assert school.launch(link=link).reply.status == 303
    with tenant_session(school.tenant_id) as session:
        row = session.scalars(select(ResourceLink).where(ResourceLink.link_id == link.id)).one()
        placement = session.get_one(Placement, row.placement_id)
        assert (placement.points, placement.pass_mark, placement.max_attempts) == (12.5, 0.6, 3)
        assert (placement.counts, placement.which_attempt) == ("score", "best")
        assert placement.course_id == school.course_id


@pytest.mark.parametrize(("counts", "which"), [("completion", "last"), ("pass", "average"), ("score", "first")])
def test_what_counts_is_kept(school: School, counts: str, which: str) -> None:
    (link,) = Picker(school).choose(course=str(school.course_id), counts=counts, which_attempt=which)
    with tenant_session(school.tenant_id) as session:
        choice = session.get_one(LinkChoice, UUID(link.custom["passback_item"]))
        assert (choice.counts, choice.which_attempt) == (counts, which)
    assert school.lms.links.column(link.id) is not None


def test_a_link_that_does_not_count_has_no_column(school: School) -> None:
    (link,) = Picker(school).choose(course=str(school.course_id), counts="none")
    assert school.lms.links.column(link.id) is None
    assert school.launch(link=link).reply.status == 303


def test_several_at_once_where_the_lms_takes_several(school: School) -> None:
    second, _choice = make_choice(school.tenant_id, "Second")
    links = Picker(school).choose(course=[str(school.course_id), str(second)])
    assert [link.title for link in links] == ["Toy course", "Second"]
    assert len({link.custom["passback_item"] for link in links}) == 2


def settings(school: School, **changes: Any) -> dict[str, Any]:
    """Return overrides of a deep linking request's settings; None removes one."""
    usual = school.lms.claims(school.lms.instructor, tool=school.tool)[f"{DL}deep_linking_settings"]
    changed = {**usual, **changes}  # type: ignore[dict-item]
    return {"deep_linking_settings": {name: value for name, value in changed.items() if value is not None}}


@pytest.mark.parametrize("multiple", [False, "false"])
def test_one_only_where_the_lms_takes_one(school: School, multiple: object) -> None:
    second, _choice = make_choice(school.tenant_id, "Second")
    picker = Picker(school, overrides=settings(school, accept_multiple=multiple))
    assert 'type="radio" name="course"' in picker.page().text
    reply = picker.post(course=[str(school.course_id), str(second)])
    assert reply.status == 422
    assert "Choose fewer courses" in words(reply)


@pytest.mark.parametrize("data", ["", "opaque ✓ &amp;", None])
def test_data_comes_back_only_where_it_was_given(school: School, data: str | None) -> None:
    picker = Picker(school, overrides=settings(school, data=data))
    claims = claims_of(picker.post(course=str(school.course_id)))
    assert claims.get(f"{DL}data", None) == data
    assert (f"{DL}data" in claims) is (data is not None)


def test_the_answer_is_signed_and_dated_as_the_strictest_lms_wants_it(school: School) -> None:
    reply = Picker(school).post(course=str(school.course_id))
    claims = claims_of(reply)
    now = int(utc_now().timestamp())
    assert claims["aud"] == school.lms.issuer
    assert claims["iss"] == school.tool.client_id
    assert now - 30 <= claims["iat"] < now
    assert now < claims["exp"] <= now + 600
    assert claims[f"{LTI}deployment_id"] == school.tool.deployments[0]
    form = reply.forms()[0]
    token = jws.extract_compact(form.fields["JWT"].encode())
    keys = school.client.get("/lti/jwks").get_json()["keys"]
    assert token.headers()["kid"] in {key["kid"] for key in keys}
    assert "<script>" not in reply.text
    assert "form-action" not in reply.headers["Content-Security-Policy"]


def test_an_lms_that_takes_no_line_items_gets_none(school: School) -> None:
    picker = Picker(school, overrides=settings(school, accept_lineitem=False))
    (item,) = claims_of(picker.post(course=str(school.course_id)))[f"{DL}content_items"]
    assert "lineItem" not in item


def test_cancel_closes_the_lmss_dialog_without_a_link(school: School) -> None:
    picker = Picker(school)
    before = len(school.lms.links.of_course(school.lms.course.id))
    assert picker.choose(action="cancel") == []
    assert len(school.lms.links.of_course(school.lms.course.id)) == before


def test_reloading_and_going_back_do_no_harm(school: School) -> None:
    picker = Picker(school)
    assert picker.page().status == picker.page().status == 200
    picker.post(course=str(school.course_id))
    assert len(picker.choose(course=str(school.course_id))) == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"course": []}, "Choose a course"),
        ({"course": "x"}, "choose again"),
        ({"points": "0"}, "Points"),
        ({"points": "-1"}, "Points"),
        ({"points": "nan"}, "Points"),
        ({"points": "inf"}, "Points"),
        ({"points": "a lot"}, "Points"),
        ({"pass_mark": "101"}, "Pass mark"),
        ({"max_attempts": "-1"}, "Attempts allowed"),
        ({"counts": "luck"}, "choose again"),
        ({"which_attempt": "luckiest"}, "choose again"),
    ],
)
def test_a_wrong_form_says_what_to_put_right_and_keeps_the_rest(
    school: School, fields: dict[str, Any], said: str
) -> None:
    reply = Picker(school).post(**{"course": str(school.course_id), "points": "42", **fields})
    assert reply.status == 422
    assert said in words(reply)
    if "points" not in fields:
        assert 'value="42"' in reply.text


def test_only_the_tenants_own_courses_are_shown_and_taken(school: School) -> None:
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        other = ensure_tenant(session, "other").id
    foreign, _choice = make_choice(other, "Foreign secrets")
    picker = Picker(school)
    assert "Foreign secrets" not in picker.page().text
    for course in (foreign, uuid4()):
        assert picker.post(course=str(course)).status == 404
    with tenant_session(school.tenant_id, write=True) as session:
        archive_course(session, school.course_id)
    assert picker.post(course=str(school.course_id)).status == 404
    with tenant_session(school.tenant_id) as session:
        assert session.scalars(select(func.count()).select_from(LinkChoice)).one() == 1  # the school's own


def test_search_without_script(school: School) -> None:
    make_choice(school.tenant_id, "Zebras")
    picker = Picker(school)
    assert "Zebras" in words(picker.page("?q=zeb"))
    assert "Toy course" not in words(picker.page("?q=zeb"))
    assert "No course has this" in words(picker.page("?q=quagga"))


def test_the_first_course_is_uploaded_in_the_picker(school: School) -> None:
    with tenant_session(school.tenant_id, write=True) as session:
        archive_course(session, school.course_id)
    picker = Picker(school)
    assert "There is no course yet" in words(picker.page())
    answer = picker.upload(make_zip(TOY))
    assert answer.status_code == 303
    page = drive.send(picker.client, "GET", "http://localhost:8000" + answer.headers["Location"])
    (course,) = re.findall(r'value="([0-9a-f-]{36})" checked', page.text)
    assert "Bees & <Wasps>" in words(page)
    assert "<Wasps>" not in page.text
    (link,) = picker.choose(course=course)
    assert link.title == "Bees & <Wasps>"


def test_an_upload_by_script_answers_with_json(school: School) -> None:
    picker = Picker(school)
    answer = picker.upload(make_zip(TOY), script=True).get_json()
    assert answer["title"] == "Bees & <Wasps>"
    assert f"course={answer['course']}" in answer["next"]
    refused = picker.upload(make_zip({"readme.txt": "no course"}), script=True)
    assert refused.status_code == 422
    assert refused.get_json()["code"] == "not_a_course"


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 broken", make_zip({"../../evil": "x"})])
def test_a_broken_package_is_explained_in_the_picker(school: School, data: bytes) -> None:
    answer = Picker(school).upload(data)
    assert 400 <= answer.status_code < 500
    assert 'role="alert"' in answer.text
    assert "Toy course" in answer.text  # the list is still there
    with tenant_session(school.tenant_id) as session:
        assert session.scalars(select(func.count()).select_from(Course)).one() == 1


def test_a_closed_or_foreign_picker_says_so(school: School) -> None:
    picker = Picker(school)
    wrong = drive.send(picker.client, "GET", picker.url[:-3] + "abc")
    assert wrong.status == 403
    assert "no longer open" in words(wrong)
    with time_machine.travel(utc_now(), tick=False) as clock:
        clock.shift(13 * 3600)
        assert picker.page().status == 403
        assert picker.post(course=str(school.course_id)).status == 403
        assert picker.upload(make_zip(TOY)).status_code == 403


def test_nothing_of_the_lmss_session_key_is_readable_in_the_database(school: School) -> None:
    picker = Picker(school)
    with tenant_session(school.tenant_id) as session:
        row = session.scalars(select(ContentSelection)).one()
    assert "sesskey" not in row.task
    assert picker.url.rpartition("/")[2] not in row.token_hash


def test_only_the_lms_may_frame_the_picker(school: School) -> None:
    policy = Picker(school).page().headers["Content-Security-Policy"]
    assert school.lms.config.url in policy.partition("frame-ancestors")[2]
    assert "*" not in policy.partition("frame-ancestors")[2]


class Bound:
    """Staff before a link that has no content."""

    def __init__(self, school: School) -> None:
        self.school = school
        self.link = school.add_link("Empty")
        trip = school.launch(school.lms.instructor, self.link)
        assert trip.reply.status == 303
        self.url = trip.reply.location
        self.client = school.app.test_client(use_cookies=False)

    def post(self, **fields: Any) -> Any:
        return self.client.post(self.url, data={**FORM, **fields})


def test_staff_fill_a_link_without_content_and_go_on_to_its_preview(school: School) -> None:
    bound = Bound(school)
    answer = bound.post(course=str(school.course_id), counts="completion", points="10")
    assert answer.status_code == 303
    assert "/open/" in answer.headers["Location"]
    with tenant_session(school.tenant_id) as session:
        row = session.scalars(select(ResourceLink).where(ResourceLink.link_id == bound.link.id)).one()
        placement = session.get_one(Placement, row.placement_id)
        assert (placement.course_id, placement.counts, placement.points) == (school.course_id, "completion", 10.0)
        assert session.scalars(select(Learner)).all() == session.scalars(select(Registration)).all() == []
    learner = school.launch(link=bound.link)
    assert "/open/" in learner.reply.location
    with tenant_session(school.tenant_id) as session:
        (registration,) = session.scalars(select(Registration))
        assert registration.placement_id == placement.id


def test_cancelling_leaves_the_link_empty_and_goes_back_to_the_lms(school: School) -> None:
    bound = Bound(school)
    answer = bound.post(action="cancel")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(school.lms.config.url)
    assert "/lti/pick/" in school.launch(school.lms.instructor, bound.link).reply.location


def test_a_link_takes_one_course_only(school: School) -> None:
    second, _choice = make_choice(school.tenant_id, "Second")
    assert Bound(school).post(course=[str(school.course_id), str(second)]).status_code == 422


def test_a_choice_is_written_down_without_a_name(school: School) -> None:
    Picker(school).choose(course=str(school.course_id))
    with unscoped(Unscoped.INSTALLATION) as session:
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "course.placed"))
    assert entry.actor == f"lti:{school.platform_id}"
    assert entry.tenant_id == school.tenant_id
