"""Staff sign in with their organisation's accounts: the whole way, against a provider that answers on a port."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from werkzeug.test import TestResponse

from passback.db import Unscoped, unscoped
from passback.sandbox.keys import new_key
from passback.settings import OidcSettings
from passback.staff import service
from passback.staff.service import Role
from tests.conftest import make_settings, run_app
from tests.support.oidc_provider import CLIENT, SECRET, OidcProvider

TOOL = "http://localhost:8000"


@pytest.fixture
def provider() -> Iterator[OidcProvider]:
    with OidcProvider() as running:
        yield running


@pytest.fixture
def app(tmp_path: Path, sqlite_url: str, provider: OidcProvider) -> Iterator[Flask]:
    oidc = OidcSettings(issuer=provider.url, client_id=CLIENT, client_secret=SecretStr(SECRET), label="Example School")
    yield from run_app(make_settings(tmp_path, database_url=sqlite_url, oidc=oidc))


@pytest.fixture
def ada(app: Flask) -> None:
    """Somebody who was invited by e-mail and has no password."""
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        service.create_user(session, email="ada@example.org", role=Role.ADMINISTRATOR)


def subject_of(email: str) -> str | None:
    with unscoped(Unscoped.INSTALLATION) as session:
        return service.find_user(session, email).oidc_subject


def start(browser: FlaskClient) -> str:
    """Press the button; return where the browser is sent."""
    answer = browser.get("/sign-in/oidc")
    assert answer.status_code == 302
    return answer.location


def back(start_url: str) -> str:
    """Sign in at the provider; return the path that it sends the browser back to."""
    answer = requests.get(start_url, allow_redirects=False, timeout=60)
    assert answer.status_code == 302
    return answer.headers["Location"].removeprefix(TOOL)


def go(browser: FlaskClient) -> TestResponse:
    """Take the whole way."""
    return browser.get(back(start(browser)))


def is_in(browser: FlaskClient) -> bool:
    return browser.get("/admin/people").status_code == 200


def assert_refused(answer: TestResponse, browser: FlaskClient) -> None:
    assert answer.status_code == 502
    assert "sign-in did not work" in answer.text
    assert "oidc_failed" in answer.text
    assert not is_in(browser)


def test_somebody_invited_signs_in_and_is_known_by_the_subject_from_then_on(
    app: Flask, ada: None, provider: OidcProvider
) -> None:
    browser = app.test_client()
    assert "Sign in with Example School" in browser.get("/sign-in").text
    answer = go(browser)
    assert (answer.status_code, answer.location) == (302, "/admin/")
    assert is_in(browser)
    assert subject_of("ada@example.org") == "u-1"
    assert provider.asked["redirect_uri"] == f"{TOOL}/sign-in/oidc/back"
    assert provider.asked["code_challenge_method"] == "S256"
    assert "openid" in provider.asked["scope"].split()

    provider.person = {"sub": "u-1", "email": "ada.lovelace@example.org", "email_verified": False}
    renamed = app.test_client()
    assert go(renamed).status_code == 302
    assert is_in(renamed)

    provider.person = {"sub": "u-2", "email": "ada@example.org", "email_verified": True}
    namesake = app.test_client()
    assert go(namesake).status_code == 403, "the address is another subject's already"
    assert not is_in(namesake)
    assert subject_of("ada@example.org") == "u-1"


@pytest.mark.parametrize(
    ("next_", "lands"),
    [
        ("/admin/t/default/launches?code=7KQ2-MX9P", "/admin/t/default/launches?code=7KQ2-MX9P"),
        ("https://elsewhere.example/", "/admin/"),
        ("//elsewhere.example/", "/admin/"),
    ],
)
def test_people_land_where_they_wanted_to_go_and_nowhere_else(app: Flask, ada: None, next_: str, lands: str) -> None:
    browser = app.test_client()
    button = re.search(r'href="(/sign-in/oidc[^"]*)"', browser.get("/sign-in", query_string={"next": next_}).text)
    assert button is not None
    answer = browser.get(back(browser.get(TOOL + unescape(button[1])).location))
    assert (answer.status_code, answer.location) == (302, lands)
    assert is_in(browser)


@pytest.mark.parametrize(
    "person",
    [
        {"sub": "u-1", "email": "ada@example.org", "email_verified": False},
        {"sub": "u-1", "email": "ada@example.org"},
        {"sub": "u-1", "email": "ada@example.org", "email_verified": "false"},
        {"sub": "u-1", "email": "eve@example.org", "email_verified": True},
        {"sub": "u-1"},
    ],
    ids=["unverified", "not said", "text", "unknown", "no address"],
)
def test_who_was_not_invited_is_told_so(
    app: Flask, ada: None, provider: OidcProvider, person: dict[str, object]
) -> None:
    provider.person = person
    browser = app.test_client()
    answer = go(browser)
    assert answer.status_code == 403
    assert "no one has given this account a role here" in answer.text
    assert not is_in(browser)
    assert subject_of("ada@example.org") is None


def test_a_closed_account_stays_closed(app: Flask, ada: None) -> None:
    assert go(app.test_client()).status_code == 302
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        service.create_user(session, email="bob@example.org", role=Role.ADMINISTRATOR)
        service.disable(session, service.find_user(session, "ada@example.org"))
    assert go(app.test_client()).status_code == 403


def test_only_the_browser_that_started_comes_back_and_only_once(app: Flask, ada: None) -> None:
    browser, other = app.test_client(), app.test_client()
    returned = back(start(browser))
    assert_refused(other.get(returned), other)
    assert browser.get(returned).status_code == 302
    again = app.test_client()
    start(again)
    assert_refused(again.get(returned), again)
    forged = back(start(again)).partition("state=")[0] + "state=guessed"
    assert_refused(again.get(forged), again)


@pytest.mark.parametrize("query", ["", "?code=x", "?state=x", "?error=access_denied", "?code=&state=%00"])
def test_an_address_that_no_provider_made_is_explained(app: Flask, ada: None, query: str) -> None:
    browser = app.test_client()
    start(browser)
    assert_refused(browser.get(f"/sign-in/oidc/back{query}"), browser)


@pytest.mark.parametrize(
    "change",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another-client"},
        {"aud": "another-client", "azp": CLIENT},
        {"aud": None},
        {"iss": "https://elsewhere.example"},
        {"exp": 1},
        {"exp": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_this_sign_in_is_refused(
    app: Flask, ada: None, provider: OidcProvider, change: dict[str, object]
) -> None:
    provider.change = change
    browser = app.test_client()
    assert_refused(go(browser), browser)
    assert subject_of("ada@example.org") is None


@pytest.mark.parametrize("kid", ["first", "unknown"])
def test_a_token_signed_by_another_key_is_refused(app: Flask, ada: None, provider: OidcProvider, kid: str) -> None:
    provider.key = new_key(kid)
    browser = app.test_client()
    assert_refused(go(browser), browser)


def test_an_unsigned_token_is_refused(app: Flask, ada: None, provider: OidcProvider) -> None:
    provider.alg = "none"
    browser = app.test_client()
    assert_refused(go(browser), browser)


def test_a_new_key_of_the_provider_is_fetched(app: Flask, ada: None, provider: OidcProvider) -> None:
    assert go(app.test_client()).status_code == 302
    provider.rotate(new_key("second"))
    assert go(app.test_client()).status_code == 302


def test_a_provider_that_is_down_is_named_and_asked_again_later(app: Flask, ada: None, provider: OidcProvider) -> None:
    browser = app.test_client()
    provider.down = True
    assert_refused(browser.get("/sign-in/oidc"), browser)
    provider.down = False
    returned = back(start(browser))
    provider.down = True
    assert_refused(browser.get(returned), browser)
    provider.down = False
    assert go(browser).status_code == 302


def test_a_provider_that_speaks_for_another_issuer_is_refused(app: Flask, ada: None, provider: OidcProvider) -> None:
    provider.discovery = {"issuer": "https://elsewhere.example"}
    provider.change = {"iss": "https://elsewhere.example"}
    browser = app.test_client()
    assert_refused(browser.get("/sign-in/oidc"), browser)


@pytest.mark.parametrize("discovery", [{"authorization_endpoint": None}, {"authorization_endpoint": 7}])
def test_a_discovery_document_without_sense_is_explained(
    app: Flask, ada: None, provider: OidcProvider, discovery: dict[str, object]
) -> None:
    provider.discovery = discovery
    browser = app.test_client()
    assert_refused(browser.get("/sign-in/oidc"), browser)


def test_without_the_right_secret_nobody_comes_in(tmp_path: Path, sqlite_url: str, provider: OidcProvider) -> None:
    oidc = OidcSettings(issuer=f"{provider.url}/", client_id=CLIENT, client_secret=SecretStr("wrong"))
    for app in run_app(make_settings(tmp_path, database_url=sqlite_url, oidc=oidc)):
        browser = app.test_client()
        assert_refused(go(browser), browser)
