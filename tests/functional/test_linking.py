"""What an answer of the picker asks of the LMS, and what becomes of it: settings of each course, dates, windows,
pictures, and links that are chosen anew."""

import io
import re
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from passback.clock import utc_now
from passback.db import tenant_session
from passback.lti.models import LinkChoice, ResourceLink
from passback.sandbox import drive
from passback.sandbox.model import Link
from passback.testing.packages import make_zip
from passback.tracking.models import Placement, Registration
from tests.functional.test_deep_linking import DL, FORM, TOY, Picker, claims_of, settings, words
from tests.support.lti import School, make_choice, make_school
from tests.support.play import Desk, page, score
from tests.support.practice import practice_lms

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 320, 180) + b"\x08\x02\x00\x00\x00rest"


@pytest.fixture
def school(sqlite_app: Flask) -> Iterator[School]:
    """A school whose LMS runs for real."""
    with ExitStack() as stack:
        server = stack.enter_context(practice_lms(sqlite_app))
        yield make_school(sqlite_app, server.platform)


def items_of(reply: drive.Reply) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = claims_of(reply)[f"{DL}content_items"]
    return found


def placement_of(school: School, link: Link) -> Placement:
    with tenant_session(school.tenant_id) as session:
        row = session.scalars(select(ResourceLink).where(ResourceLink.link_id == link.id)).one()
        return session.get_one(Placement, row.placement_id)


def choose_anew(school: School, link: Link) -> Picker:
    """Open the picker from a link that has content already."""
    picker = Picker.__new__(Picker)
    picker.school, picker.client = school, school.app.test_client(use_cookies=False)
    trip = school.launch(school.lms.instructor, link, message_type="LtiDeepLinkingRequest")
    picker.url = trip.reply.location
    assert "/lti/pick/" in picker.url, trip.reply.text
    return picker


# --- Several courses, each with its own settings ----------------------------------------------------------------------


def test_each_course_has_its_own_settings(school: School) -> None:
    second, _choice = make_choice(school.tenant_id, "Second")
    picker, first = Picker(school), school.course_id
    chosen = [str(first), str(second)]
    page = picker.post(action="each", course=chosen, points="30")
    assert page.status == 200
    assert page.text.count('value="30"') == 2, "what was filled in for all is where each begins"
    fields = {f"{name}:{course}": value for course in chosen for name, value in FORM.items() if name != "action"}
    fields |= {f"title:{first}": "Bees, week 1", f"points:{first}": "5", f"counts:{second}": "completion"}
    fields |= {f"text:{first}": "Read it first.", f"max_attempts:{second}": "2"}
    one, two = picker.choose(course=chosen, **fields)
    assert (one.title, one.description, two.title) == ("Bees, week 1", "Read it first.", "Second")
    column = school.lms.links.column(one.id)
    assert column is not None
    assert (column.score_maximum, column.label) == (5.0, "Bees, week 1")
    for link in (one, two):
        assert school.launch(link=link).reply.status == 303
    assert placement_of(school, one).points == 5.0
    assert (placement_of(school, two).counts, placement_of(school, two).max_attempts) == ("completion", 2)


def test_a_mistake_in_the_settings_of_one_course_keeps_the_others(school: School) -> None:
    second, _choice = make_choice(school.tenant_id, "Second")
    chosen = [str(school.course_id), str(second)]
    fields = {f"{name}:{course}": value for course in chosen for name, value in FORM.items() if name != "action"}
    reply = Picker(school).post(course=chosen, **{**fields, f"points:{chosen[0]}": "7", f"points:{chosen[1]}": "much"})
    assert reply.status == 422
    assert "Points: a number" in words(reply)
    assert "Settings for each course" in words(reply)
    assert 'value="7"' in reply.text


def test_one_item_only_unless_the_lms_says_otherwise(school: School) -> None:
    picker = Picker(school, overrides=settings(school, accept_multiple=None))  # LTI DL 2.0 §4.4.1: false is the default
    assert 'type="radio" name="course"' in picker.page().text


def test_the_lms_is_told_what_was_chosen(school: School) -> None:
    claims = claims_of(Picker(school).post(course=str(school.course_id)))
    assert claims[f"{DL}msg"] == "Chosen: Toy course."
    assert "1 chosen" in claims[f"{DL}log"]
    assert "Nothing was chosen" in claims_of(Picker(school).post(action="cancel"))[f"{DL}msg"]


def test_learners_choose_no_content_whatever_button_their_lms_shows_them(school: School) -> None:
    trip = drive.launch(school.client, school.lms, school.learner, tool=school.tool)
    assert trip.reply.status == 403 or "/lti/pick/" not in trip.reply.location
    assert "Only those who teach" in words(trip.reply)
    for roles in ([], ["http://example.org/roles#Wizard"]):  # the LMS asked, and knows why
        assert "/lti/pick/" in school.deep_link(overrides={"roles": roles}).reply.location


def test_a_link_that_does_not_count_says_so(school: School) -> None:
    (link,) = Picker(school).choose(course=str(school.course_id), counts="none")
    desk = Desk(school.tenant_id, school.course_id, placement_of_launched(school, link), played(school, link))
    desk.send(desk.open(), [page(1, 1), score(2, 0.5)], leaving=True)
    grade = desk.grade()
    assert grade is not None
    assert (grade.scaled, grade.reason) == (None, "this link does not count")


# --- How and when it is shown -----------------------------------------------------------------------------------------


def test_a_window_of_its_own_where_the_lms_knows_it(school: School) -> None:
    (link,) = Picker(school).choose(course=str(school.course_id), target="window", width="900", height="700")
    assert (link.container, link.width, link.height) == ("window", 900, 700)
    picker = Picker(school, overrides=settings(school, accept_presentation_document_targets=["iframe"]))
    assert 'value="window"' not in picker.page().text
    (item,) = items_of(picker.post(course=str(school.course_id), target="window"))
    assert not {"window", "iframe"} & set(item)


DATES = {
    "available_from": "2027-01-10T08:00",
    "available_until": "2027-02-10T08:00",
    "submission_until": "2027-02-01T23:59",
    "zone": "Europe/Berlin",
}


def test_dates_go_to_the_lms_and_stay_with_the_placement(school: School) -> None:
    (link,) = Picker(school).choose(course=str(school.course_id), **DATES)
    assert link.dates == {
        "available.startDateTime": "2027-01-10T07:00:00+00:00",
        "available.endDateTime": "2027-02-10T07:00:00+00:00",
        "submission.endDateTime": "2027-02-01T22:59:00+00:00",
    }
    assert school.launch(link=link).reply.status == 303
    placement = placement_of(school, link)
    assert placement.available_from == datetime(2027, 1, 10, 7, tzinfo=UTC)
    assert placement.submission_from is None
    assert (placement.zone, placement.keeps_out) == ("Europe/Berlin", False)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"available_from": "soon"}, "Available from: a date"),
        ({"available_from": "1950-01-01T00:00"}, "Available from: a date"),
        ({"available_until": "2027-01-10T08:00"}, "must be later"),
        ({"zone": "Europe/Atlantis"}, "time zone"),
        ({"width": "-1"}, "Width"),
    ],
)
def test_dates_that_cannot_be(school: School, fields: dict[str, str], said: str) -> None:
    reply = Picker(school).post(course=str(school.course_id), **{**DATES, **fields})
    assert reply.status == 422
    assert said in words(reply)
    assert 'value="2027-02-01T23:59"' in reply.text


def test_a_date_that_was_moved_in_the_lms_is_taken_over(school: School) -> None:
    (link,) = Picker(school).choose(course=str(school.course_id), **DATES)
    school.launch(link=link)
    for moment in ("2027-03-01T22:59:00+00:00", "2027-03-02T22:59:00+00:00"):  # the second finds a known learner
        changed = school.lms.links.change(link.id, dates={**link.dates, "submission.endDateTime": moment})
        school.launch(link=changed)
        assert placement_of(school, link).submission_until == datetime.fromisoformat(moment)
    school.launch(link=school.lms.links.change(link.id, dates={}))  # it says nothing: what is known stays
    assert placement_of(school, link).submission_until == datetime(2027, 3, 2, 22, 59, tzinfo=UTC)


def test_a_copied_link_does_not_take_last_years_dates(school: School) -> None:
    (link,) = Picker(school).choose(course=str(school.course_id), keeps_out="yes", **DATES)
    copy = school.lms.links.duplicate(link.id)
    copy = school.lms.links.change(copy.id, dates={})
    for one in (link, copy):
        school.launch(link=one)
    assert placement_of(school, link).keeps_out
    placement = placement_of(school, copy)
    assert (placement.available_from, placement.keeps_out) == (None, False)


def test_learners_are_kept_out_only_where_staff_want_it(school: School) -> None:
    now = utc_now()
    past = {"available_until": (now - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M"), "zone": "UTC"}
    links = [Picker(school).choose(course=str(school.course_id), keeps_out=keep, **past)[0] for keep in ("", "yes")]
    shown, shut = (school.launch(link=link).reply.location for link in links)
    assert drive.send(school.client, "GET", shown).status == 303
    page = drive.send(school.client, "GET", shut)
    assert page.status == 200
    assert "not open just now" in words(page)
    assert re.search(r"It closed .*\(UTC\)", words(page))
    result = drive.send(school.client, "GET", shut.replace("/open/", "/result/"))
    assert "Available until" in words(result)
    with time_machine.travel(now - timedelta(days=2)):
        assert drive.send(school.client, "GET", school.launch(link=links[1]).reply.location).status == 303


def test_a_page_left_open_starts_nothing_after_the_end(school: School) -> None:
    now = utc_now()
    end = {"available_until": (now + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M"), "zone": "UTC"}
    (link,) = Picker(school).choose(course=str(school.course_id), keeps_out="yes", **end)
    opened = drive.send(school.client, "GET", school.launch(link=link).reply.location)
    page = drive.send(school.client, "GET", opened.location)
    assert "Available until" in page.text
    with time_machine.travel(now + timedelta(hours=2)):
        parts = urlsplit(opened.location)
        answer = school.client.post(f"{parts.path}boot", json={}, base_url=f"{parts.scheme}://{parts.netloc}")
    assert answer.status_code == 403
    assert answer.get_json()["code"] == "shut"


# --- Pictures ---------------------------------------------------------------------------------------------------------


def upload(picker: Picker, cover: bytes, **more: Any) -> Any:
    package = make_zip({**TOY, "cover.png": cover})
    return picker.client.post(
        picker.url + "/upload",
        data={"package": (io.BytesIO(package), "bees.zip"), **more},
        headers={"Accept": "application/json"},
    ).get_json()


def test_a_courses_picture_is_shown_by_the_lms(school: School) -> None:
    picker = Picker(school)
    (item,) = items_of(picker.post(course=upload(picker, PNG)["course"]))
    assert (item["thumbnail"]["width"], item["thumbnail"]["height"]) == (320, 180)
    parts = urlsplit(item["thumbnail"]["url"])
    assert parts.netloc != "localhost:8000", "never from the host where people sign in"
    base = f"{parts.scheme}://{parts.netloc}"
    answer = school.app.test_client().get(parts.path, base_url=base)
    assert (answer.status_code, answer.data, answer.mimetype) == (200, PNG, "image/png")
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    for path in (
        parts.path.replace("cover.png", "toy.json"),
        parts.path.replace("cover.png", "COVER.png"),
        "/picture/x/y",
    ):
        assert school.app.test_client().get(path, base_url=base).status_code == 404
    (link,) = drive.answer_picker(school.lms, picker.post(course=str(school.course_id)))
    assert link.thumbnail == ""


@pytest.mark.parametrize("cover", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", PNG + b"x" * 2**20, PNG[:20]])
def test_only_small_pngs_and_jpegs_are_pictures(school: School, cover: bytes) -> None:
    picker = Picker(school)
    (item,) = items_of(picker.post(course=upload(picker, cover)["course"]))
    assert "thumbnail" not in item


def test_what_was_found_is_said_and_the_rest_stays_chosen(school: School) -> None:
    picker = Picker(school)
    answer = upload(picker, PNG, course=str(school.course_id))
    page = drive.send(picker.client, "GET", "http://localhost:8000" + answer["next"])
    assert "Found: Bees & <Wasps>" in words(page)
    assert "3 files" in words(page)
    assert page.text.count("checked>") + page.text.count(" checked\n") >= 2
    for course in (answer["course"], str(school.course_id)):
        assert f'value="{course}" checked' in page.text


def placement_of_launched(school: School, link: Link) -> UUID:
    played(school, link)
    return placement_of(school, link).id


# --- Links that are chosen anew ---------------------------------------------------------------------------------------


def played(school: School, link: Link) -> UUID:
    """Have the learner launch a link, with half the points as the result; return the registration."""
    assert school.launch(link=link).reply.status == 303
    placement = placement_of(school, link)
    with tenant_session(school.tenant_id) as session:
        return session.scalars(select(Registration.id).where(Registration.placement_id == placement.id)).one()


def test_choosing_the_same_course_anew_keeps_attempts_and_column(school: School) -> None:
    (link,) = Picker(school).choose(course=str(school.course_id), points="10", pass_mark="60", **DATES)
    registration, before = played(school, link), placement_of(school, link)
    column = school.lms.links.column(link.id)
    picker = choose_anew(school, link)
    page = picker.page()
    assert "leads to “Toy course” now" in words(page)
    assert f'value="{school.course_id}" checked' in page.text
    for value in ("10", "60", "2027-02-01T23:59"):
        assert f'value="{value}"' in page.text
    assert "<option selected>Europe/Berlin" in page.text
    (again,) = picker.choose(course=str(school.course_id), points="20", counts="pass", pass_mark="40")
    assert again.id == link.id
    assert again.custom["passback_item"] != link.custom["passback_item"]
    assert played(school, again) == registration
    after = placement_of(school, again)
    assert after.id == before.id
    assert (after.points, after.counts, after.pass_mark, after.available_from) == (20.0, "pass", 0.4, None)
    now = school.lms.links.column(link.id)
    assert column
    assert now
    assert (now.id, now.score_maximum, now.resource_id) == (column.id, 20.0, column.resource_id)


def test_a_new_rule_decides_the_old_attempts_again(school: School) -> None:
    (link,) = Picker(school).choose(course=str(school.course_id), counts="completion")
    registration = played(school, link)
    desk = Desk(school.tenant_id, school.course_id, placement_of(school, link).id, registration)
    desk.send(desk.open(), [page(1, 1), score(2, 0.5)], leaving=True)
    grade = desk.grade()
    assert grade is not None
    assert grade.scaled is None, "left before the end: nothing by completion"
    (again,) = choose_anew(school, link).choose(course=str(school.course_id), counts="score")
    school.launch(link=again)
    grade = desk.grade()
    assert grade is not None
    assert grade.scaled == 0.5


def test_another_course_begins_anew_and_coming_back_finds_the_old_attempts(school: School) -> None:
    second, _choice = make_choice(school.tenant_id, "Second")
    (link,) = Picker(school).choose(course=str(school.course_id))
    first = played(school, link)
    (other,) = choose_anew(school, link).choose(course=str(second))
    assert played(school, other) != first
    (back,) = choose_anew(school, other).choose(course=str(school.course_id), points="50")
    assert played(school, back) == first
    assert placement_of(school, back).points == 50.0


def test_an_lms_that_does_not_say_which_link_is_chosen_anew(school: School) -> None:
    """Moodle sends no custom parameters of the activity: the same course keeps its placement all the same."""
    (link,) = Picker(school).choose(course=str(school.course_id))
    registration = played(school, link)
    reply = Picker(school).post(course=str(school.course_id), points="7")
    custom = {name: str(value) for name, value in items_of(reply)[0]["custom"].items()}
    changed = school.lms.links.change(link.id, custom=custom)
    assert played(school, changed) == registration
    assert placement_of(school, changed).points == 7.0


def test_what_another_tenant_chose_fills_in_nothing(school: School) -> None:
    stranger = school.add_link("Stranger", custom={"passback_item": "0198c0de-0000-7000-8000-000000000000"})
    page = choose_anew(school, stranger).page()
    assert page.status == 200
    assert "leads to" not in words(page)
    with tenant_session(school.tenant_id) as session:
        assert session.scalars(select(LinkChoice.title)).all() == [""]
