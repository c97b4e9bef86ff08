"""What teachers see of their learners' grades on the way, and what they may do about it."""

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from sqlalchemy import select

from passback.db import tenant_session
from passback.sandbox import drive
from passback.sandbox.faults import Fault
from passback.sandbox.model import Link
from passback.staff.models import AuditEntry
from tests.support.lms_gradebook import Gradebook


@pytest.fixture
def parked(gradebook: Gradebook) -> Gradebook:
    """The LMS has refused the learner's grade."""
    gradebook.server.faults.add("score", Fault(400))
    gradebook.grade(0.7)
    gradebook.drain()
    assert gradebook.delivery.state == "parked"
    return gradebook


def page_of(book: Gradebook, link: Link | None = None, **how: object) -> str:
    """Launch as the instructor and return the address of the grades."""
    reply = book.school.launch(book.school.lms.instructor, link=link or book.link, **how).reply
    assert reply.status == 303
    return f"{reply.location}/grades"


def read(book: Gradebook, url: str) -> drive.Reply:
    return drive.send(book.school.client, "GET", url)


def press(book: Gradebook, url: str, label: str) -> drive.Reply:
    """Press the button that says `label`."""
    page = read(book, url)
    form = re.search(rf'<form method="post" action="([^"]+)"><button[^>]*>{label}', page.text)
    assert form, page.text
    return drive.send(book.school.client, "POST", f"http://localhost:8000{form[1]}", {})


@pytest.mark.parametrize("label", ["Send again", "Send all parked again"])
def test_a_teacher_sees_what_is_parked_and_sends_it_again(parked: Gradebook, label: str) -> None:
    url = page_of(parked)
    assert "does not take a grade for this person" in read(parked, url).text
    assert press(parked, url, label).status == 303
    parked.drain(after=5)
    assert parked.shown == 70.0
    assert "Nothing has to be looked at" in read(parked, url).text
    everything = read(parked, f"{url}?show=all").text
    assert "accepted by the LMS" in everything
    assert parked.school.learner.name in everything
    with tenant_session(parked.school.tenant_id) as session:
        noted = session.scalars(select(AuditEntry).where(AuditEntry.action == "delivery.sent_again")).one()
    assert noted.actor.startswith("lti:")


def test_the_learners_page_leads_there(parked: Gradebook) -> None:
    url = page_of(parked)
    assert url.removeprefix("http://localhost:8000") in read(parked, url.removesuffix("/grades")).text


def test_the_page_may_be_framed_by_the_lms_alone(parked: Gradebook) -> None:
    policy = read(parked, page_of(parked)).headers["Content-Security-Policy"]
    assert f"frame-ancestors {parked.server.platform.issuer}" in policy


def test_another_course_is_not_theirs(parked: Gradebook) -> None:
    other = parked.school.lms.add_course("Another", dict(parked.school.lms.course.members))
    link = parked.school.lms.links.add(
        other.id, parked.school.tool.id, "Elsewhere", custom={"passback_item": str(parked.school.choice_id)}
    )
    url = page_of(parked, link)
    assert parked.school.learner.name not in read(parked, f"{url}?show=all").text
    for target in (f"{url}/{parked.delivery.id}", f"{url}/{uuid4()}"):
        assert drive.send(parked.school.client, "POST", target, {}).status == 404
    assert drive.send(parked.school.client, "POST", url, {}).status == 303
    assert parked.delivery.state == "parked"


def test_launches_without_a_course_share_no_grades(parked: Gradebook) -> None:
    remove = ("context",)
    learner, link = parked.school.learner, parked.school.add_link("Nowhere", custom=dict(parked.link.custom))
    assert parked.school.launch(learner, link=parked.link, remove=remove).reply.status == 303
    url = page_of(parked, link, remove=remove)
    assert learner.name not in read(parked, f"{url}?show=all").text


@pytest.mark.parametrize("change", [lambda token: token[:-2], lambda token: f"{token}x", lambda _token: "none"])
def test_a_forged_address_opens_nothing(parked: Gradebook, change: Callable[[str], str]) -> None:
    token = page_of(parked).removesuffix("/grades").rsplit("/", 1)[1]
    url = f"http://localhost:8000/lti/course/{change(token)}/grades"
    assert read(parked, url).status == 403
    assert drive.send(parked.school.client, "POST", url, {}).status == 403
    assert parked.delivery.state == "parked"


def test_an_address_ends_after_twelve_hours(parked: Gradebook) -> None:
    url = page_of(parked)
    parked.clock.shift(12 * 3600 + 60)
    assert drive.send(parked.school.client, "POST", url, {}).status == 403
