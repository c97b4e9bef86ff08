"""The guided forms: every LMS's own names, addresses that are known, mistakes said beside their field."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from passback.db import Unscoped, unscoped
from passback.lti.deployments import list_deployments
from passback.lti.models import Platform
from passback.lti.platforms import disable_platform
from passback.staff.service import Role
from passback.tenants import ensure_tenant
from tests.functional.lms.contract import platforms
from tests.functional.test_admin import post, signed_in
from tests.support.practice import practice_lms

PAGE = "/admin/platforms/connect/"
GUIDES = ["blackboard", "brightspace", "canvas", "moodle", "openedx", "sakai", "schoology"]


@pytest.fixture
def staff(sqlite_app: Flask) -> FlaskClient:
    """An administrator's browser."""
    return signed_in(sqlite_app, Role.ADMINISTRATOR)


def tenant() -> str:
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        return str(ensure_tenant(session).id)


@pytest.mark.parametrize("lms", GUIDES)
def test_every_guide_opens_with_buttons_that_copy(staff: FlaskClient, lms: str) -> None:
    page = staff.get(PAGE + lms)
    assert page.status_code == 200
    shown = re.findall(r'readonly value="([^"]+)"', page.text)
    assert "http://localhost:8000/lti/launch" in shown
    assert len(re.findall(r'data-copy="#tell-', page.text)) == len(shown)
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert f'href="{PAGE}{lms}"' in staff.get("/admin/platforms/").text


def test_there_is_none_for_others_and_none_for_strangers(sqlite_app: Flask, staff: FlaskClient) -> None:
    assert staff.get(PAGE + "nothing").status_code == 404
    assert sqlite_app.test_client().get(PAGE + "moodle").status_code == 302


def test_canvas_gets_the_address_of_its_json(staff: FlaskClient) -> None:
    assert 'value="http://localhost:8000/lti/config/canvas"' in staff.get(PAGE + "canvas").text


def test_an_lms_is_connected_tested_and_told_what_next(sqlite_app: Flask, staff: FlaskClient) -> None:
    with practice_lms(sqlite_app, "openedx") as lms:
        tool = lms.platform.tools.add(
            initiate_login_uri="http://localhost:8000/lti/login",
            redirect_uris=["http://localhost:8000/lti/launch"],
            jwks_uri="http://localhost:8000/lti/jwks",
        )
        fields = {
            "base": f" {lms.url}/ ",
            "client_id": tool.client_id,
            "deployment_id": tool.deployments[0],
            "jwks_url": lms.platform.jwks_url,
            "token_url": lms.platform.token_url,
            "auth_login_url": lms.platform.auth_url,
        }
        page = post(staff, PAGE + "openedx", PAGE + "openedx", tenant=tenant(), **fields)
    assert page.status_code == 200, page.text
    assert "is connected" in page.text
    assert "keys: works" in page.text
    assert "token: works" in page.text
    assert "Deep Linking Launch" in page.text
    (row,) = platforms()
    assert (row.issuer, row.client_id, row.product) == (lms.url, tool.client_id, "openedx")
    with unscoped(Unscoped.REGISTRATION) as session:
        assert [one.status for one in list_deployments(session)] == ["active"]


def test_a_mistake_is_said_beside_its_field_and_the_rest_stays(staff: FlaskClient) -> None:
    fields = {"base": "https://", "client_id": "abc", "tenant": tenant()}
    page = post(staff, PAGE + "moodle", PAGE + "moodle", **fields)
    assert page.status_code == 400
    assert 'id="base-wrong"' in page.text
    assert "It is not a web address" in page.text
    assert 'value="abc"' in page.text
    assert platforms() == []


def test_blackboards_second_institution_brings_its_deployment_only(
    staff: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("passback.lti.diagnosis._run", lambda _known: [])  # it would call Blackboard
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        first, second = str(ensure_tenant(session).id), str(ensure_tenant(session, "second", "Second").id)
    url = PAGE + "blackboard"
    assert post(staff, url, url, client_id="app", deployment_id="one", tenant=first).status_code == 200
    assert post(staff, url, url, client_id="app", deployment_id="two", tenant=second).status_code == 200
    taken = post(staff, url, url, client_id="app", deployment_id="one", tenant=second)
    assert (taken.status_code, "belongs to another tenant" in taken.text) == (409, True)
    (row,) = platforms()
    assert (row.tenant_id, row.issuer) == (None, "https://blackboard.com")
    with unscoped(Unscoped.REGISTRATION) as session:
        found = {one.deployment_id: str(one.tenant_id) for one in list_deployments(session)}
    assert found == {"one": first, "two": second}
    with unscoped(Unscoped.REGISTRATION, write=True) as session:
        disable_platform(session, session.get_one(Platform, row.id), actor="test")
    off = post(staff, url, url, client_id="app", deployment_id="three", tenant=first)
    assert (off.status_code, "switched off" in off.text) == (403, True)


def test_what_is_connected_already_is_said(staff: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("passback.lti.diagnosis._run", lambda _known: [])
    url = PAGE + "schoology"
    assert post(staff, url, url, client_id="app", tenant=tenant()).status_code == 200
    assert "registered already" in post(staff, url, url, client_id="app", tenant=tenant()).text
