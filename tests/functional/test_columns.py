"""Columns of the gradebook: found again, never made twice, told where there are several, chosen by a teacher."""

from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from passback.db import Unscoped, tenant_session, unscoped
from passback.lti import duplicates
from passback.lti import reconciliation_view as view
from passback.lti.ags import target_of
from passback.lti.course_access import CourseAccess, course_url
from passback.lti.line_items import columns, find
from passback.lti.models import ResourceLink
from passback.lti.reconciling import reconcile
from passback.sandbox.faults import Fault
from passback.sandbox.model import LineItem
from passback.staff.models import AuditEntry
from passback.staff.service import Role
from passback.tenants import ensure_tenant
from tests.functional.test_admin import post, signed_in
from tests.support.lms_gradebook import Gradebook
from tests.support.lti import make_choice

PRODUCTS = ["moodle", "canvas", "openedx", "sakai", "blackboard"]


def second_column(book: Gradebook, *, label: str = "Toys again", **more: object) -> LineItem:
    """Have somebody make a second column for the link."""
    asked = {"label": label, "scoreMaximum": 10, "resourceLinkId": book.link.id, "tag": "passback", **more}
    return book.server.platform.gradebook.add_column(book.link.course_id, book.school.tool.id, asked)  # type: ignore[arg-type]


def compare(book: Gradebook) -> None:
    book.clock.shift(120)
    reconcile(book.school.tenant_id, book.context_id)


def told(book: Gradebook) -> list[tuple[str, str]]:
    with tenant_session(book.school.tenant_id) as session:
        return [(row.kind, row.activity) for row in view.findings(session, book.context_id)]


def page_url(book: Gradebook) -> str:
    """Return the address of the teachers' page."""
    with tenant_session(book.school.tenant_id) as session:
        link = session.scalars(select(ResourceLink).where(ResourceLink.link_id == book.link.id)).one()
        access = CourseAccess(book.school.tenant_id, link.id, "", "TEST-CODE", ())
        return course_url(access).partition("localhost:8000")[2] + "/grades"


def choose(book: Gradebook, client: FlaskClient, at: int = 0) -> int:
    """Press the page's button for a further column."""
    url = page_url(book)
    forms = [part.partition('"')[0] for part in client.get(url).text.split('action="')[1:]]
    wanted = [form for form in forms if "/columns/" in form]
    return client.post(wanted[at]).status_code


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_second_column_is_told_and_a_teacher_sends_the_grades_there_in(
    open_gradebook: Callable[..., Gradebook], product: str
) -> None:
    book = open_gradebook(product)
    book.grade(0.8)
    book.drain(after=2)
    first, second = book.column, second_column(book)
    compare(book)
    assert told(book) == [("duplicate", "Toys: Toys again (10)")]
    client = book.school.app.test_client()
    assert "No grades go to “Toys again (10)”" in client.get(page_url(book)).text
    gradebook = book.server.platform.gradebook
    assert gradebook.result(second.id, book.school.learner.id) is None

    assert choose(book, client) == 303
    book.drain(after=5)
    sent, kept = (gradebook.result(one.id, book.school.learner.id) for one in (second, first))
    assert sent is not None
    assert kept is not None
    assert (sent.score, kept.score) == (8.0, 80.0), "what the former column shows stays"
    assert "No grades go to “Toys (100)”" in client.get(page_url(book)).text

    book.launch()  # the LMS may name its own column again: the teacher's choice stands
    book.grade(0.9)
    book.drain(after=5)
    sent, kept = (gradebook.result(one.id, book.school.learner.id) for one in (second, first))
    assert sent is not None
    assert kept is not None
    assert (sent.score, kept.score) == (9.0, 80.0)
    compare(book)
    assert told(book) == [("duplicate", "Toys: Toys (100)")]
    with unscoped(Unscoped.INSTALLATION) as session:
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "line_item.chosen"))
    assert entry.actor == "lti:TEST-CODE"


def test_staff_of_the_installation_may_choose_too(gradebook: Gradebook) -> None:
    gradebook.grade(0.8)
    gradebook.drain(after=2)
    second = second_column(gradebook)
    compare(gradebook)
    browser = signed_in(gradebook.school.app, Role.DEVELOPER)
    page = f"/admin/t/default/reconciliation/{gradebook.context_id}"
    text = browser.get(page).text
    assert "Toys: Toys again (10)" in text
    (action,) = {part.partition('"')[0] for part in text.split('action="')[1:] if "/columns/" in part.partition('"')[0]}
    assert "The grades go to that column now." in post(browser, action, page).text
    gradebook.drain(after=5)
    sent = gradebook.server.platform.gradebook.result(second.id, gradebook.school.learner.id)
    assert sent is not None
    assert sent.score == 8.0
    reporter = signed_in(gradebook.school.app, Role.REPORTER)
    assert "/columns/" not in reporter.get(page).text
    assert reporter.post(action).status_code in {400, 403}


def test_a_column_that_went_meanwhile_is_not_chosen(gradebook: Gradebook) -> None:
    gradebook.grade(0.8)
    gradebook.drain(after=2)
    second = second_column(gradebook)
    compare(gradebook)
    client = gradebook.school.app.test_client()
    gradebook.server.platform.gradebook.remove_column(second.id)
    assert choose(gradebook, client) == 404
    assert gradebook.delivery.line_item.count("/lineitem") == 2
    assert f"/{gradebook.column.id}/" in gradebook.delivery.line_item
    compare(gradebook)
    assert told(gradebook) == []


def test_a_chosen_column_that_is_deleted_gives_way_to_the_one_that_is_left(gradebook: Gradebook) -> None:
    gradebook.grade(0.8)
    gradebook.drain(after=2)
    second = second_column(gradebook)
    compare(gradebook)
    assert choose(gradebook, gradebook.school.app.test_client()) == 303
    gradebook.drain(after=5)
    gradebook.server.platform.gradebook.remove_column(second.id)
    gradebook.grade(0.9)
    gradebook.drain(after=5)
    gradebook.drain(after=60)
    assert gradebook.shown == 90.0


def test_only_who_teaches_there_chooses(gradebook: Gradebook) -> None:
    gradebook.grade(0.8)
    gradebook.drain(after=2)
    second_column(gradebook)
    compare(gradebook)
    client, url = gradebook.school.app.test_client(), page_url(gradebook).removesuffix("/grades")
    assert client.post(f"{url}/columns/{uuid4()}").status_code == 404
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        other = ensure_tenant(session, "other").id
    make_choice(other)
    with tenant_session(gradebook.school.tenant_id) as session:
        (finding,) = duplicates.extras(session, gradebook.context_id)
    strange = course_url(CourseAccess(other, finding.link_id, "", "", ())).partition("localhost:8000")[2]
    assert client.post(f"{strange}/columns/{finding.id}").status_code in {403, 404}


@pytest.mark.parametrize("fault", [Fault(403), Fault.html(times=9), Fault(times=9, drop=True)])
def test_an_lms_that_does_not_list_columns_is_compared_all_the_same(gradebook: Gradebook, fault: Fault) -> None:
    gradebook.grade(0.8)
    gradebook.drain(after=2)
    second_column(gradebook)
    gradebook.server.faults.add("lineitems", fault)
    compare(gradebook)
    assert told(gradebook) == []
    assert gradebook.delivery.state == "read_back"


def test_a_column_that_lost_its_link_is_found_by_its_resource_id(gradebook: Gradebook) -> None:
    """Moodle unbinds a column from its activity when somebody changes it without naming the link."""
    with tenant_session(gradebook.school.tenant_id) as session:
        target = replace(target_of(session, session.scalars(select(ResourceLink)).one()), url="")
    book = gradebook.server.platform.gradebook
    book.remove_column(gradebook.column.id)
    assert find(target) == ""
    assert columns(target) == []
    stranger = {"label": "Toys", "scoreMaximum": 10, "resourceId": str(uuid4()), "tag": "passback"}
    book.add_column(gradebook.link.course_id, gradebook.school.tool.id, stranger)
    assert find(target) == "", "another activity's column is none of ours"
    mine = {**stranger, "resourceId": target.resource_id}
    unbound = book.add_column(gradebook.link.course_id, gradebook.school.tool.id, mine)
    assert f"/{unbound.id}/" in find(target)
