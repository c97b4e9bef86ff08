"""Deployments that nobody announced: who they say they are, approved, refused, or let in by the platform's rule."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from passback.db import Unscoped, tenant_session, unscoped
from passback.lti.deployments import list_deployments
from passback.lti.models import Deployment
from passback.sandbox.model import Link
from passback.staff.models import AuditEntry
from passback.staff.service import Role
from passback.tenants import ensure_tenant
from passback.tracking.models import Learner
from tests.functional.test_admin import post, signed_in
from tests.support.lti import School, make_school
from tests.support.practice import practice_lms

PAGE = "/admin/platforms/"
SAID = {
    "tool_platform": {
        "name": "South\x00 College <b>",
        "description": "One of many",
        "guid": "south-1",
        "url": "https://south.example",
    }
}
PLATFORM = "https://purl.imsglobal.org/spec/lti/claim/tool_platform"


@pytest.fixture
def school(sqlite_app: Flask) -> Iterator[School]:
    """A school on an LMS whose new deployments wait."""
    with practice_lms(sqlite_app, "blackboard") as server:
        school = make_school(sqlite_app, server.platform)
        school.change_platform(tenant_id=None)
        yield school


@pytest.fixture
def staff(sqlite_app: Flask) -> FlaskClient:
    """An administrator's browser."""
    return signed_in(sqlite_app, Role.ADMINISTRATOR)


def waiting() -> list[Deployment]:
    with unscoped(Unscoped.REGISTRATION) as session:
        return list_deployments(session, status="inbox")


def elsewhere(school: School) -> Link:
    """A link of another deployment of the same client."""
    return school.add_link(
        custom={"passback_item": str(school.choice_id)}, deployment_id=school.lms.tools.deploy(school.tool.id)
    )


def launch(school: School, link: Link) -> int:
    return int(school.launch(link=link, overrides={PLATFORM: SAID["tool_platform"]}).reply.status)


def test_it_says_who_it_is_and_nothing_is_kept_of_the_person(school: School, staff: FlaskClient) -> None:
    link = elsewhere(school)
    assert launch(school, link) == 403
    (one,) = waiting()
    assert (one.name, one.guid, one.url) == ("South College <b> (One of many)", "south-1", "https://south.example")
    assert one.asked_at is not None
    page = staff.get(PAGE).text
    assert "South College &lt;b&gt; (One of many)" in page
    assert "south-1" in page
    assert "1 deployment waits" in staff.get("/admin/t/default/").text
    with tenant_session(school.tenant_id) as session:
        assert session.scalars(select(Learner)).all() == []


def test_what_is_no_address_is_not_shown_as_one(school: School) -> None:
    link = elsewhere(school)
    claims = {"name": ["a", "list"], "url": "javascript:alert(1)", "guid": 7}
    school.launch(link=link, overrides={PLATFORM: claims})  # type: ignore[dict-item]
    (one,) = waiting()
    assert (one.name, one.url, one.guid) == ("", "", "")


def test_approved_it_comes_in_at_once(school: School, staff: FlaskClient) -> None:
    link = elsewhere(school)
    launch(school, link)
    (one,) = waiting()
    assert post(staff, f"{PAGE}deployments/{one.id}/assign", PAGE, tenant=str(school.tenant_id)).status_code == 200
    assert (launch(school, link), waiting()) == (303, [])
    with unscoped(Unscoped.INSTALLATION) as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "deployment.assigned")).one()
        assert (entry.subject, entry.tenant_id) == (str(one.id), school.tenant_id)


def test_refused_it_stays_out_and_is_not_asked_about_again(school: School, staff: FlaskClient) -> None:
    link = elsewhere(school)
    launch(school, link)
    (one,) = waiting()
    post(staff, f"{PAGE}deployments/{one.id}/block", PAGE)
    assert (launch(school, link), waiting()) == (403, [])
    with unscoped(Unscoped.INSTALLATION) as session:
        assert session.scalars(select(AuditEntry).where(AuditEntry.action == "deployment.blocked")).one()


def test_it_never_moves_to_another_institution(school: School, staff: FlaskClient) -> None:
    link = elsewhere(school)
    launch(school, link)
    (one,) = waiting()
    post(staff, f"{PAGE}deployments/{one.id}/assign", PAGE, tenant=str(school.tenant_id))
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        other = ensure_tenant(session, "second").id
    page = post(staff, f"{PAGE}deployments/{one.id}/assign", PAGE, tenant=str(other))
    assert "belongs to another tenant" in page.text


def test_a_platform_whose_rule_is_to_approve_lets_it_in_and_says_so(school: School) -> None:
    school.change_platform(tenant_id=school.tenant_id)
    assert launch(school, elsewhere(school)) == 303
    with unscoped(Unscoped.INSTALLATION) as session:
        (row,) = session.scalars(select(Deployment))
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "deployment.approved")).one()
    assert (row.status, row.tenant_id, row.guid) == ("active", school.tenant_id, "south-1")
    assert (entry.actor, entry.subject) == ("launch", str(row.id))
