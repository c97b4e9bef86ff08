"""Dynamic Registration by real HTTP: what is registered, what waits, what is never fetched, and how failures read."""

import base64
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from threading import Thread
from urllib.parse import parse_qsl, urlsplit

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from passback.clock import utc_now
from passback.db import Unscoped, unscoped
from passback.lti.deployments import list_deployments
from passback.lti.invitations import invite, list_requests
from passback.lti.models import Deployment, Invitation, Platform
from passback.lti.platforms import disable_platform, list_platforms
from passback.lti.registration import MAX_WAITING, approve_request, keep_request
from passback.outbound import authority
from passback.sandbox import drive
from passback.sandbox.faults import Fault
from passback.sandbox.server import SandboxServer
from passback.tenants import ensure_tenant
from tests.support.practice import practice_lms

APP = "http://localhost:8000"


@pytest.fixture
def lms(sqlite_app: Flask) -> Iterator[SandboxServer]:
    """A practice LMS with Moodle's behaviour."""
    with practice_lms(sqlite_app) as server:
        yield server


@pytest.fixture
def browser(sqlite_app: Flask) -> FlaskClient:
    """An administrator's browser that keeps no cookie: the page is framed."""
    return sqlite_app.test_client(use_cookies=False)


def invitation(slug: str = "default") -> str:
    """Make a registration URL."""
    with unscoped(Unscoped.REGISTRATION, write=True) as session:
        return invite(session, ensure_tenant(session, slug).id, actor="test")


def agree(browser: FlaskClient, url: str) -> drive.Reply:
    """Open the page that the LMS opens, agree, and follow to the last page."""
    page = drive.send(browser, "GET", url)
    assert page.status == 200, page.text
    form = page.forms()[0]
    return drive.follow(browser, drive.send(browser, "POST", form.url, form.fields))


def platforms() -> list[Platform]:
    with unscoped(Unscoped.REGISTRATION) as session:
        return list_platforms(session)


def fetched(lms: SandboxServer) -> int:
    """How often the LMS was asked for anything."""
    return len(lms.platform.log.of("discovery")) + len(lms.platform.log.of("registration"))


def words(page: drive.Reply) -> str:
    """Return a page's text as people read it."""
    body = page.text.partition("<main")[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


@pytest.mark.parametrize("product", ["moodle", "canvas", "sakai", "blackboard"])
def test_an_invitation_registers_at_once(sqlite_app: Flask, browser: FlaskClient, product: str) -> None:
    with practice_lms(sqlite_app, product) as lms:
        page = agree(browser, lms.platform.registration.start(invitation()))
        assert page.status == 200, words(page)
        assert 'data-lti-close="now"' in page.text
        (tool,) = lms.platform.tools.all()
        (platform,) = platforms()
    assert (platform.issuer, platform.client_id) == (lms.platform.issuer, tool.client_id)
    assert (platform.auth_login_url, platform.token_url) == (lms.platform.auth_url, lms.platform.token_url)
    assert (platform.jwks_url, platform.status) == (lms.platform.jwks_url, "active")
    assert platform.product == lms.platform.config.profile.product_family_code.lower()
    assert platform.approved_hosts == [authority(lms.url)]
    with unscoped(Unscoped.REGISTRATION) as session:
        (deployment,) = list_deployments(session, platform_id=platform.id)
        assert (deployment.deployment_id, deployment.status) == (tool.deployments[0], "active")
        assert deployment.tenant_id == platform.tenant_id == ensure_tenant(session).id


def test_what_the_lms_is_asked_for(browser: FlaskClient, lms: SandboxServer) -> None:
    agree(browser, lms.platform.registration.start(invitation()))
    asked = json.loads(lms.platform.log.of("registration")[0].body)
    (tool,) = lms.platform.tools.all()
    assert asked["redirect_uris"] == [f"{APP}/lti/launch"]
    assert asked["token_endpoint_auth_method"] == "private_key_jwt"
    assert asked["scope"].split() == [
        "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem",
        "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly",
        "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly",
        "https://purl.imsglobal.org/spec/lti-ags/scope/score",
        "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly",
    ]
    configuration = asked["https://purl.imsglobal.org/spec/lti-tool-configuration"]
    assert configuration["domain"] == "localhost:8000"
    kinds = [one["type"] for one in configuration["messages"]]
    assert kinds == [
        "LtiResourceLinkRequest",
        "LtiDeepLinkingRequest",
        "LtiSubmissionReviewRequest",
        "DataPrivacyLaunchRequest",
    ]
    assert configuration["messages"][1]["placements"] == ["ContentArea"]
    assert (tool.send_name, tool.send_email, len(tool.scopes)) == (True, True, 5)
    assert tool.deep_linking_uri == f"{APP}/lti/launch"


def test_the_page_says_what_is_about_to_happen_and_does_nothing_yet(browser: FlaskClient, lms: SandboxServer) -> None:
    page = drive.send(browser, "GET", lms.platform.registration.start(invitation()))
    assert authority(lms.url) in words(page)
    assert "send results to the gradebook" in words(page)
    assert "not reached by https" in words(page)
    assert "frame-ancestors *" in page.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in page.headers
    assert fetched(lms) == 0


def test_the_registered_lms_launches_and_its_token_works(browser: FlaskClient, lms: SandboxServer) -> None:
    agree(browser, lms.platform.registration.start(invitation()))
    trip = drive.launch(browser.application.test_client(), lms.platform, lms.platform.instructor)
    assert trip.reply.status == 303
    assert "/lti/pick/" in trip.reply.location


def test_without_an_invitation_nothing_is_fetched_until_an_administrator_approves(
    browser: FlaskClient, lms: SandboxServer
) -> None:
    page = agree(browser, lms.platform.registration.start(f"{APP}/lti/register"))
    assert page.status == 200
    assert "has to approve" in words(page)
    assert "one hour" in words(page)
    assert (fetched(lms), platforms()) == (0, [])
    with unscoped(Unscoped.REGISTRATION, write=True) as session:
        (waiting,) = list_requests(session)
        tenant_id = ensure_tenant(session, "second").id
    token = dict(parse_qsl(urlsplit(lms.platform.registration.start("http://x")).query))["registration_token"]
    assert token.partition(".")[0] not in waiting.registration_token
    platform = approve_request(waiting.id, tenant_id)
    assert (platform.status, platform.tenant_id) == ("active", tenant_id)
    assert len(lms.platform.tools.all()) == 1
    with unscoped(Unscoped.REGISTRATION) as session:
        assert list_requests(session) == []
        assert list_requests(session, status="done")[0].registration_token == ""


def test_an_approval_after_moodles_hour_says_that_the_lms_starts_again(
    browser: FlaskClient, lms: SandboxServer
) -> None:
    with time_machine.travel(utc_now(), tick=False) as clock:
        agree(browser, lms.platform.registration.start(f"{APP}/lti/register"))
        clock.shift(timedelta(hours=2))
        with unscoped(Unscoped.REGISTRATION, write=True) as session:
            (waiting,) = list_requests(session)
            tenant_id = ensure_tenant(session).id
        with pytest.raises(Exception, match="404") as caught:
            approve_request(waiting.id, tenant_id)
    assert caught.value.code == "registration_token"  # type: ignore[attr-defined]
    assert "Start again" in caught.value.advice  # type: ignore[attr-defined]
    with unscoped(Unscoped.REGISTRATION) as session:
        assert [one.error for one in list_requests(session, status="failed")] == ["registration_token"]


def test_the_open_page_cannot_be_filled_up(browser: FlaskClient, lms: SandboxServer) -> None:
    for number in range(MAX_WAITING):
        keep(f"https://lms{number}.example/configuration")
    page = agree(browser, lms.platform.registration.start(f"{APP}/lti/register"))
    assert page.status == 429
    keep("https://lms0.example/configuration")  # one that waits already may ask again


def keep(url: str) -> None:
    with unscoped(Unscoped.REGISTRATION, write=True) as session:
        keep_request(session, url, "")


def test_an_lms_without_registration_token_can_register(
    browser: FlaskClient, lms: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Brightspace sends none."""
    token = lms.platform.registration.token()
    monkeypatch.setattr(
        type(lms.platform.registration), "_verify", lambda _self, authorization: _claims(token, authorization)
    )
    url = invitation() + f"?openid_configuration={lms.url}/.well-known/openid-configuration"
    page = agree(browser, url)
    assert page.status == 200, words(page)
    assert [one.client_id for one in platforms()] == [one.client_id for one in lms.platform.tools.all()]


def _claims(token: str, authorization: str) -> dict[str, object]:
    assert authorization == ""
    body = token.split(".")[1]
    claims: dict[str, object] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


def test_an_invitation_serves_one_lms(sqlite_app: Flask, browser: FlaskClient, lms: SandboxServer) -> None:
    url = invitation()
    assert "It has been used" not in browser.get(url).text
    agree(browser, lms.platform.registration.start(url))
    assert "It has been used" in browser.get(url).text
    with practice_lms(sqlite_app) as other:
        page = agree(browser, other.platform.registration.start(url))
        assert page.status == 403
        assert "used already" in words(page)
        assert fetched(other) == 0
    assert len(platforms()) == 1


def test_moodles_update_runs_the_same_url_again(browser: FlaskClient, lms: SandboxServer) -> None:
    url = invitation()
    agree(browser, lms.platform.registration.start(url))
    (before,) = platforms()
    (tool,) = lms.platform.tools.all()
    with unscoped(Unscoped.REGISTRATION, write=True) as session:
        session.get_one(Platform, before.id).token_url = "https://old.example/token"
    page = agree(browser, lms.platform.registration.start(url, update=tool.id))
    assert page.status == 200, words(page)
    (after,) = platforms()
    assert (after.id, after.client_id, after.token_url) == (before.id, before.client_id, lms.platform.token_url)


def test_a_new_tool_by_a_used_url_waits_for_approval(browser: FlaskClient, lms: SandboxServer) -> None:
    url = invitation()
    agree(browser, lms.platform.registration.start(url))
    page = agree(browser, lms.platform.registration.start(url))
    assert "waits for approval" in words(page)
    assert 'data-lti-close="now"' not in page.text
    assert sorted(one.status for one in platforms()) == ["active", "pending"]
    assert [one.approved_hosts for one in platforms() if one.status == "pending"] == [[]]


def test_a_switched_off_platform_does_not_come_back_by_registering_again(
    browser: FlaskClient, lms: SandboxServer
) -> None:
    url = invitation()
    agree(browser, lms.platform.registration.start(url))
    (tool,) = lms.platform.tools.all()
    with unscoped(Unscoped.REGISTRATION, write=True) as session:
        disable_platform(session, list_platforms(session)[0], actor="test")
    assert agree(browser, lms.platform.registration.start(url, update=tool.id)).status == 403
    page = agree(browser, lms.platform.registration.start(invitation(), update=tool.id))
    assert page.status == 403
    assert "switched off" in words(page)
    assert [one.status for one in platforms()] == ["disabled"]


@pytest.mark.parametrize("url", ["/lti/register/wrong", "/lti/register/" + "x" * 500])
def test_an_unknown_invitation_is_refused(browser: FlaskClient, lms: SandboxServer, url: str) -> None:
    page = drive.send(browser, "GET", lms.platform.registration.start(APP + url))
    assert page.status == 403
    assert "not valid" in words(page)


def test_an_expired_invitation_is_refused(browser: FlaskClient, lms: SandboxServer) -> None:
    url = invitation()
    with unscoped(Unscoped.REGISTRATION, write=True) as session:
        session.scalars(select(Invitation)).one().expires_at = utc_now()
    page = drive.send(browser, "GET", lms.platform.registration.start(url))
    assert page.status == 403
    assert "expired" in words(page)
    assert fetched(lms) == 0


def test_the_invitation_is_kept_where_only_its_hash_is_of_use(browser: FlaskClient) -> None:
    url = invitation()
    with unscoped(Unscoped.REGISTRATION) as session:
        row = session.scalars(select(Invitation)).one()
    assert url.rpartition("/")[2] not in str(vars(row))


FAILURES = [
    ("discovery", Fault(500), "configuration_unreachable", "could not read"),
    ("discovery", Fault(302, location="http://169.254.169.254/"), "configuration_unreachable", "could not read"),
    ("discovery", Fault(200, body="<html>login"), "configuration_unreachable", "could not read"),
    ("discovery", Fault(200, body="[]"), "configuration_invalid", "not one that"),
    ("discovery", Fault(200, body='{"issuer": 5}'), "configuration_invalid", "not one that"),
    ("discovery", Fault(times=1, drop=True), "configuration_unreachable", "could not read"),
    ("registration", Fault(401, body="token_already_used"), "registration_token", "token_already_used"),
    ("registration", Fault(404, body="<!DOCTYPE html><h1>Moodle</h1>"), "registration_token", "expired"),
    ("registration", Fault(400, body="missing required attribute domain"), "registration_refused", "attribute domain"),
    ("registration", Fault(422, body='{"error": "scopes are missing"}'), "registration_refused", "scopes are missing"),
    ("registration", Fault(500, body="<html>"), "registration_refused", "refused the registration"),
    ("registration", Fault(200, body="<html>ok"), "registration_lost", "nobody knows"),
    ("registration", Fault(200, body='{"client_name": "x"}'), "configuration_invalid", "not one that"),
]


@pytest.mark.parametrize(("area", "fault", "code", "said"), FAILURES)
def test_a_failure_says_whose_side_it_is_and_gives_the_invitation_back(
    browser: FlaskClient, lms: SandboxServer, area: str, fault: Fault, code: str, said: str
) -> None:
    url = invitation()
    lms.faults.add(area, fault)
    page = agree(browser, lms.platform.registration.start(url))
    assert page.status >= 400
    assert f"Code: {code}" in words(page)
    assert said in words(page)
    assert "the LMS" in words(page)
    assert "Moodle</h1>" not in page.text
    assert platforms() == []
    assert agree(browser, lms.platform.registration.start(url)).status == 200
    assert len(platforms()) == 1


def test_a_lost_answer_is_explained_and_the_url_still_works(
    browser: FlaskClient, lms: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("passback.lti.registration.READ_SECONDS", 0.2)
    url = invitation()
    lms.faults.add("registration", Fault(times=1, commit=True, hang_seconds=30, drop=True))
    page = agree(browser, lms.platform.registration.start(url))
    assert "Code: registration_lost" in words(page)
    assert "delete it" in words(page)
    assert len(lms.platform.tools.all()) == 1  # the LMS took it, but we never heard
    assert agree(browser, lms.platform.registration.start(url)).status == 200


def test_an_issuer_of_another_host_is_refused(sqlite_app: Flask, browser: FlaskClient, lms: SandboxServer) -> None:
    configuration = lms.platform.registration.configuration()
    lms.faults.add("discovery", Fault(200, body=json.dumps({**configuration, "issuer": "https://lms.example"})))
    page = agree(browser, lms.platform.registration.start(invitation()))
    assert "Code: issuer_mismatch" in words(page)
    assert lms.platform.log.of("registration") == []


def test_the_registration_token_goes_to_no_other_host(browser: FlaskClient, lms: SandboxServer) -> None:
    configuration = lms.platform.registration.configuration()
    foreign = {**configuration, "registration_endpoint": "https://evil.example/register"}
    lms.faults.add("discovery", Fault(200, body=json.dumps(foreign)))
    page = agree(browser, lms.platform.registration.start(invitation()))
    assert "Code: foreign_endpoint" in words(page)


def test_only_the_lmss_own_host_may_be_private(browser: FlaskClient, lms: SandboxServer) -> None:
    configuration = lms.platform.registration.configuration()
    elsewhere = {**configuration, "jwks_uri": "http://10.0.0.1/keys", "token_endpoint": "http://192.168.1.1/token"}
    lms.faults.add("discovery", Fault(200, body=json.dumps(elsewhere)))
    agree(browser, lms.platform.registration.start(invitation()))
    assert [one.approved_hosts for one in platforms()] == [[authority(lms.url)]]


@pytest.mark.parametrize("names_the_others_address", [False, True])
def test_another_host_cannot_take_over_a_registered_lms(
    sqlite_app: Flask, browser: FlaskClient, lms: SandboxServer, *, names_the_others_address: bool
) -> None:
    """Self-hosted Canvas keeps the cloud's issuer, so another server may name it, and any client id, too.

    Whoever has a host below a school's own may also name the school's token endpoint, which would cover that host.
    """
    with practice_lms(sqlite_app, "canvas") as canvas, practice_lms(sqlite_app, "canvas") as other:
        agree(browser, canvas.platform.registration.start(invitation()))
        (before,) = platforms()
        stolen = other.platform.tools.add(
            client_id=before.client_id, initiate_login_uri=APP, redirect_uris=[APP], jwks_uri=APP
        )
        if names_the_others_address:
            said = {**other.platform.registration.configuration(), "token_endpoint": f"{canvas.url}/lti/token"}
            other.faults.add("discovery", Fault(200, body=json.dumps(said)))
        page = agree(browser, other.platform.registration.start(invitation("second"), update=stolen.id))
        assert "Code: registered_elsewhere" in words(page)
        (after,) = platforms()
    assert (after.jwks_url, after.tenant_id) == (before.jwks_url, before.tenant_id)


@pytest.mark.parametrize(
    "address",
    [
        "ftp://lms.example/x",
        "https://user:secret@lms.example/",
        "file:///etc/passwd",
        "x" * 3000,
        "https://" + "a" * 3000,
    ],
)
def test_an_address_that_is_none_is_refused(browser: FlaskClient, address: str) -> None:
    page = drive.send(browser, "GET", f"{invitation()}?openid_configuration={address}")
    assert page.status == 400
    assert "Code: registration_address" in words(page)


@pytest.mark.parametrize("change", ["", "x", "forged"])
def test_a_forged_form_is_refused(browser: FlaskClient, lms: SandboxServer, change: str) -> None:
    page = drive.send(browser, "GET", lms.platform.registration.start(invitation()))
    token = page.forms()[0].fields["form"]
    answer = drive.send(browser, "POST", f"{APP}/lti/register", {"form": change and token + change})
    assert answer.status == 403
    assert fetched(lms) == 0


def test_the_bare_address_says_what_it_is_for(browser: FlaskClient) -> None:
    assert "paste it" in words(drive.send(browser, "GET", f"{APP}/lti/register"))
    assert "Default" in words(drive.send(browser, "GET", invitation()))


def test_two_at_once_register_one_tool(sqlite_app: Flask, browser: FlaskClient, lms: SandboxServer) -> None:
    url = invitation()
    starts = [lms.platform.registration.start(url) for _ in range(2)]
    forms = [drive.send(browser, "GET", start).forms()[0] for start in starts]
    answers: list[int] = []

    def _post(form: drive.Form) -> None:
        client = sqlite_app.test_client(use_cookies=False)
        answers.append(drive.send(client, "POST", form.url, form.fields).status)

    threads = [Thread(target=_post, args=(form,)) for form in forms]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 303 in answers
    assert [one.status for one in platforms()].count("active") == 1
    with unscoped(Unscoped.REGISTRATION) as session:
        assert session.scalars(select(Deployment)).first() is not None


def test_whoever_fetches_our_keys_first_finds_them(browser: FlaskClient) -> None:
    """An LMS keeps what it got for an hour: an empty set would lock it out for so long."""
    first = browser.get("/lti/jwks").get_json()["keys"]
    assert len(first) == 2
    assert browser.get("/lti/jwks").get_json()["keys"] == first
