"""What was registered changes: by registering again, by a form, by pushing our configuration to the LMS."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select

from passback.cli.platforms import platforms_group
from passback.db import Unscoped, tenant_session, unscoped
from passback.errors import PassbackError
from passback.lti.deployments import list_deployments
from passback.lti.invitations import invite
from passback.lti.models import Platform, ServiceToken
from passback.lti.platforms import find_platform
from passback.lti.registration import approve_request, keep_request
from passback.lti.registration_changes import replace_platform
from passback.sandbox import drive, profiles
from passback.sandbox.faults import Fault
from passback.sandbox.server import SandboxServer
from passback.staff.models import AuditEntry
from passback.staff.service import Role
from passback.tenants import ensure_tenant
from passback.tracking.models import Learner
from tests.functional.lms.contract import agree, invitation, platforms
from tests.functional.test_admin import post, signed_in
from tests.support.lti import make_choice
from tests.support.practice import practice_lms

MANAGED = replace(
    profiles.MOODLE,
    name="managed",
    registration=replace(profiles.MOODLE.registration or profiles.RegistrationRules(), managed=True),
)


@pytest.fixture(autouse=True)
def managed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An LMS that follows RFC 7592."""
    monkeypatch.setitem(profiles.PROFILES, "managed", MANAGED)


@pytest.fixture
def lms(sqlite_app: Flask) -> Iterator[SandboxServer]:
    """A practice LMS whose registrations can be changed, and which has registered."""
    with practice_lms(sqlite_app, "managed") as server:
        assert agree(sqlite_app, server.platform.registration.start(invitation())).status == 200
        yield server


def run(*arguments: str) -> Any:
    result = CliRunner().invoke(platforms_group, [*arguments, "--json"])
    if result.exception is not None and isinstance(result.exception, PassbackError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return json.loads(result.output.strip().splitlines()[-1])


def actions() -> list[str]:
    with unscoped(Unscoped.INSTALLATION) as session:
        return [one.action for one in session.scalars(select(AuditEntry).order_by(AuditEntry.at))]


def test_the_present_configuration_is_pushed(lms: SandboxServer) -> None:
    (tool,) = lms.platform.tools.all()
    lms.platform.tools.change(tool.id, scopes=[], redirect_uris=["https://old.example/launch"], name="Old name")
    (before,) = platforms()
    assert run("update-registration", str(before.id))["client_id"] == tool.client_id
    (after,) = lms.platform.tools.all()
    assert (after.name, after.redirect_uris) == ("Passback", ["http://localhost:8000/lti/launch"])
    assert len(after.scopes) == 5
    put = lms.platform.log.of("registration")[-1]
    assert (put.method, json.loads(put.body)["client_id"]) == ("PUT", tool.client_id)
    assert "registration.updated" in actions()


def test_its_token_is_sealed_and_a_new_one_is_kept(lms: SandboxServer) -> None:
    (before,) = platforms()
    first = lms.platform.tools.all()[0].management_token
    assert first
    assert first not in before.registration_token
    run("update-registration", before.client_id)
    second = lms.platform.tools.all()[0].management_token
    assert second != first
    run("update-registration", before.client_id)
    assert lms.platform.tools.all()[0].management_token not in {first, second}
    assert lms.platform.tools.all()[0].management_token not in json.dumps(run("show", before.client_id))


def test_an_lms_that_forgot_the_registration_says_so_and_nothing_changes(lms: SandboxServer) -> None:
    (tool,) = lms.platform.tools.all()
    lms.platform.tools.change(tool.id, management_token="another")
    with pytest.raises(PassbackError) as caught:
        run("update-registration", tool.client_id)
    assert caught.value.code == "registration_forgotten"
    assert "Register it again" in caught.value.advice


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault(400, body="scope is unknown"), "registration_refused"),
        (Fault(503), "registration_refused"),
        (Fault(times=1, drop=True), "configuration_unreachable"),
        (Fault(302, location="http://169.254.169.254/"), "registration_refused"),
    ],
)
def test_a_refused_change_leaves_the_registration_usable(lms: SandboxServer, fault: Fault, code: str) -> None:
    (row,) = platforms()
    lms.faults.add("registration", fault)
    with pytest.raises(PassbackError) as caught:
        run("update-registration", str(row.id))
    assert caught.value.code == code
    run("update-registration", str(row.id))


def test_an_lms_without_a_way_says_what_to_do_instead(sqlite_app: Flask) -> None:
    with practice_lms(sqlite_app) as server:
        agree(sqlite_app, server.platform.registration.start(invitation()))
        with pytest.raises(PassbackError) as caught:
            run("update-registration", server.url)
    assert caught.value.code == "registration_fixed"


def test_the_administrator_pushes_it_too(sqlite_app: Flask, lms: SandboxServer) -> None:
    (tool,) = lms.platform.tools.all()
    lms.platform.tools.change(tool.id, name="Old name")
    (row,) = platforms()
    page = f"/admin/platforms/{row.id}"
    shown = post(signed_in(sqlite_app, Role.ADMINISTRATOR), f"{page}/update-registration", page)
    assert "present configuration" in shown.text
    assert lms.platform.tools.all()[0].name == "Passback"


# --- The same LMS registers again ------------------------------------------------------------------------------------


def again(app: Flask, lms: SandboxServer) -> drive.Reply:
    """Register a new tool of the same LMS with a fresh registration URL, and return the page that asks."""
    return agree(app, lms.platform.registration.start(invitation()))


def answer(app: Flask, page: drive.Reply, button: int) -> drive.Reply:
    browser = app.test_client(use_cookies=False)
    form = page.forms()[button]
    return drive.follow(browser, drive.send(browser, "POST", page.url, form.fields))


def test_a_second_registration_asks_first(sqlite_app: Flask, lms: SandboxServer) -> None:
    (first,) = platforms()
    page = again(sqlite_app, lms)
    assert "was connected to Passback before" in page.text
    assert first.client_id in page.text
    assert "data-lti-close" not in page.text
    assert sorted(one.status for one in platforms()) == ["active", "pending"]


def test_replaced_people_keep_their_work(sqlite_app: Flask, lms: SandboxServer) -> None:
    (first,) = platforms()
    old_tool = lms.platform.tools.all()[0]
    tenant_id = first.tenant_id
    assert tenant_id is not None
    _course, choice = make_choice(tenant_id)
    how = {"custom": {"passback_item": str(choice)}}
    learner, course = lms.platform.learners[0], lms.platform.course.id
    client = sqlite_app.test_client()
    link = lms.platform.links.add(course, old_tool.id, "Toys", **how)  # type: ignore[arg-type]
    assert drive.launch(client, lms.platform, learner, link).reply.status == 303
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        session.query(ServiceToken).delete()
    done = answer(sqlite_app, again(sqlite_app, lms), 0)
    assert 'data-lti-close="now"' in done.text
    (row,) = platforms()
    new_tool = lms.platform.tools.all()[1]
    assert (row.id, row.client_id, row.status) == (first.id, new_tool.client_id, "active")
    with unscoped(Unscoped.REGISTRATION) as session:
        known = {one.deployment_id for one in list_deployments(session, platform_id=row.id)}
    assert known == {*old_tool.deployments, *new_tool.deployments}
    new_link = lms.platform.links.add(course, new_tool.id, "Toys", **how)  # type: ignore[arg-type]
    assert drive.launch(client, lms.platform, learner, new_link).reply.status == 303
    with tenant_session(tenant_id) as session:
        assert [one.subject for one in session.scalars(select(Learner))] == [learner.id]
    assert "platform.replaced" in actions()


def test_both_are_kept_if_wanted(sqlite_app: Flask, lms: SandboxServer) -> None:
    done = answer(sqlite_app, again(sqlite_app, lms), 1)
    assert 'data-lti-close="now"' in done.text
    assert [one.status for one in platforms()] == ["active", "active"]
    assert "platform.kept_beside" in actions()


def test_an_answer_counts_once(sqlite_app: Flask, lms: SandboxServer) -> None:
    page = again(sqlite_app, lms)
    answer(sqlite_app, page, 0)
    late = answer(sqlite_app, page, 1)
    assert late.status == 404
    assert len(platforms()) == 1


def test_another_institutions_registration_never_meets_this_one(sqlite_app: Flask, lms: SandboxServer) -> None:
    with unscoped(Unscoped.REGISTRATION, write=True) as session:
        url = invite(session, ensure_tenant(session, "second").id, actor="test")
    page = agree(sqlite_app, lms.platform.registration.start(url))
    assert 'data-lti-close="now"' in page.text
    first, second = sorted(platforms(), key=lambda one: one.created_at)
    with unscoped(Unscoped.REGISTRATION, write=True) as session:
        second = session.get_one(Platform, second.id)
        second.status = "pending"
        with pytest.raises(PassbackError) as caught:
            replace_platform(session, session.get_one(Platform, first.id), second, actor="test")
    assert caught.value.code == "not_the_same_lms"


def test_staff_decide_what_an_approved_request_is(sqlite_app: Flask, lms: SandboxServer) -> None:
    (first,) = platforms()
    with unscoped(Unscoped.REGISTRATION, write=True) as session:
        address = f"{lms.url}/.well-known/openid-configuration"
        request = keep_request(session, address, lms.platform.registration.token())
        tenant_id = ensure_tenant(session).id
    new = approve_request(request.id, tenant_id)
    assert new.status == "pending"
    browser = signed_in(sqlite_app, Role.ADMINISTRATOR)
    page = f"/admin/platforms/{new.id}"
    assert "was connected before" in browser.get(page).text
    assert "say what the new registration is" in browser.get("/admin/platforms/").text
    shown = post(browser, f"{page}/replace", page, old=str(first.id))
    assert "has the new registration" in shown.text
    assert [(one.id, one.client_id) for one in platforms()] == [(first.id, new.client_id)]


def test_the_command_line_decides_too(sqlite_app: Flask, lms: SandboxServer) -> None:
    (first,) = platforms()
    again(sqlite_app, lms)
    (new,) = [one for one in platforms() if one.status == "pending"]
    assert run("approve", str(new.id), "--replaces", str(first.id))["id"] == str(first.id)
    assert len(platforms()) == 1


# --- The form --------------------------------------------------------------------------------------------------------


def test_an_administrator_changes_addresses_and_they_are_tested(sqlite_app: Flask, lms: SandboxServer) -> None:
    (row,) = platforms()
    browser, page = signed_in(sqlite_app, Role.ADMINISTRATOR), f"/admin/platforms/{row.id}/change"
    fields = {name: getattr(row, name) for name in ("name", "product", "auth_login_url", "token_url", "jwks_url")}
    shown = post(browser, page, page, **fields | {"token_url": f"{lms.url}/nowhere"}, tenant=str(row.tenant_id))
    assert "Saved, and tested" in shown.text
    assert "token: " in shown.text
    (after,) = platforms()
    assert (after.token_url, after.tenant_id) == (f"{lms.url}/nowhere", row.tenant_id)
    assert "platform.changed" in actions()


def test_what_is_no_address_is_said_and_what_was_typed_stays(sqlite_app: Flask, lms: SandboxServer) -> None:
    (row,) = platforms()
    browser, page = signed_in(sqlite_app, Role.ADMINISTRATOR), f"/admin/platforms/{row.id}/change"
    fields = {name: getattr(row, name) for name in ("name", "product", "auth_login_url", "jwks_url")}
    shown = post(browser, page, page, **fields, token_url="javascript:alert(1)")
    assert shown.status_code == 400
    assert 'value="javascript:alert(1)"' in shown.text
    assert platforms()[0].token_url == row.token_url


def test_a_changed_host_is_approved_and_the_former_is_not_any_more(sqlite_app: Flask, lms: SandboxServer) -> None:
    (row,) = platforms()
    run("change", str(row.id), "--token-url", "http://10.0.0.9/token", "--jwks-url", "http://10.0.0.9/keys")
    assert "10.0.0.9" in platforms()[0].approved_hosts
    run("change", str(row.id), "--token-url", row.token_url, "--jwks-url", row.jwks_url)
    assert platforms()[0].approved_hosts == row.approved_hosts
    assert run("change", str(row.id), "--name", row.name, "--product", "Moodle")["changed"] == []


def test_what_launches_are_signed_with_can_be_changed_but_not_to_nothing(lms: SandboxServer) -> None:
    (row,) = platforms()
    run("change", str(row.id), "--algorithm", "RS256", "--algorithm", "ES256")
    assert platforms()[0].algorithms == ["RS256", "ES256"]
    for weak in ("none", "HS256"):
        with pytest.raises(PassbackError) as caught:
            run("change", str(row.id), "--algorithm", weak)
        assert caught.value.code == "platform_details"
    assert platforms()[0].algorithms == ["RS256", "ES256"]


def test_whose_new_deployments_are_is_a_choice(sqlite_app: Flask, lms: SandboxServer) -> None:
    (row,) = platforms()
    (tool,) = lms.platform.tools.all()
    assert run("change", str(row.id), "--new-deployments", "inbox")["changed"] == ["new_deployments"]
    deployment = lms.platform.tools.deploy(tool.id)
    link = lms.platform.links.add(lms.platform.course.id, tool.id, "Elsewhere", deployment_id=deployment)
    trip = drive.launch(sqlite_app.test_client(), lms.platform, lms.platform.instructor, link)
    assert trip.reply.status == 403
    with unscoped(Unscoped.REGISTRATION) as session:
        assert [one.deployment_id for one in list_deployments(session, status="inbox")] == [deployment]
        assert find_platform(session, row.id).tenant_id is None
    assert "platform.deployments_wait" in actions()
