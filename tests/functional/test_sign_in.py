"""Signing in: the first administrator, passwords, forms, sessions, OpenID Connect."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from passback.db import Unscoped, unscoped
from passback.staff import service
from passback.staff.errors import EmailError
from passback.staff.service import Role
from passback.web.auth import safe_next
from passback.web.sign_in import setup_url

PASSWORD = "correct horse battery"


@pytest.fixture
def ada(sqlite_app: Flask) -> None:
    """An administrator."""
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        service.create_user(session, email="ada@example.org", password=PASSWORD, role=Role.ADMINISTRATOR)


@pytest.fixture
def browser(sqlite_app: Flask) -> FlaskClient:
    return sqlite_app.test_client()


def form_token(browser: FlaskClient, path: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(path).text)
    assert found
    return found[1]


def enter(browser: FlaskClient, password: str = PASSWORD, next_: str = "") -> int:
    token = form_token(browser, "/sign-in")
    fields = {"csrf_token": token, "email": "ada@example.org", "password": password, "next": next_}
    return browser.post("/sign-in", data=fields).status_code


def test_the_right_password_signs_in_and_out(ada: None, browser: FlaskClient) -> None:
    assert enter(browser) == 302
    with browser.session_transaction(base_url="http://localhost:8000") as session:
        assert "user" in session
    signed = form_token(browser, "/sign-in")
    assert browser.post("/sign-out", data={"csrf_token": signed}).status_code == 302
    with browser.session_transaction(base_url="http://localhost:8000") as session:
        assert "user" not in session


def test_the_wrong_password_says_whose_side_it_is_on(ada: None, browser: FlaskClient) -> None:
    token = form_token(browser, "/sign-in")
    answer = browser.post("/sign-in", data={"csrf_token": token, "email": "ada@example.org", "password": "wrong"})
    assert answer.status_code == 401
    assert "do not belong together" in answer.text


def test_a_form_from_another_site_is_refused(ada: None, browser: FlaskClient) -> None:
    answer = browser.post("/sign-in", data={"email": "ada@example.org", "password": PASSWORD})
    assert answer.status_code == 400
    assert "came from another site" in answer.text


def test_guessing_is_limited(ada: None, browser: FlaskClient) -> None:
    codes = [enter(browser, "wrong") for _ in range(11)]
    assert codes[:10] == [401] * 10
    assert codes[10] == 429


def test_the_first_administrator_comes_in_by_the_printed_address_and_only_once(
    sqlite_app: Flask, browser: FlaskClient
) -> None:
    address = setup_url().removeprefix("http://localhost:8000")
    assert browser.get("/setup/guessed").status_code == 404
    fields = {"csrf_token": form_token(browser, address), "email": "first@example.org", "password": PASSWORD}
    assert browser.post(address, data=fields).status_code == 302
    assert browser.get(address).status_code == 404


def test_openid_connect_is_not_there_unless_configured(browser: FlaskClient) -> None:
    assert browser.get("/sign-in/oidc").status_code == 404


@pytest.mark.parametrize(
    "evil",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "/\r\n\\evil.example", "javascript:alert(1)", ""],
)
def test_signing_in_never_leads_to_another_site(evil: str) -> None:
    assert safe_next(evil) == "/admin/"


def test_health_answers_on_any_host(sqlite_app: Flask, browser: FlaskClient) -> None:
    assert browser.get("/healthz", base_url="http://10.0.0.7").json == {"status": "ok"}
    ready = browser.get("/readyz", base_url="http://10.0.0.7")
    assert (ready.status_code, ready.json["checks"]["database"]) == (200, "ok")


def test_without_any_account_the_sign_in_says_how_to_make_the_first(sqlite_app: Flask, browser: FlaskClient) -> None:
    assert "Nobody has an account yet." in browser.get("/sign-in").text
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        service.create_user(session, email="ann@example.org", password=PASSWORD, role=Role.ADMINISTRATOR)
    assert "Nobody has an account yet." not in browser.get("/sign-in").text


@pytest.mark.parametrize("address", ["ann", "ann@", "@example.org", "ann ng@example.org", "a@b@c"])
def test_an_account_needs_an_address_that_the_sign_in_takes(sqlite_app: Flask, address: str) -> None:
    with pytest.raises(EmailError), unscoped(Unscoped.INSTALLATION, write=True) as session:
        service.create_user(session, email=address, password=PASSWORD, role=Role.REPORTER)


def test_a_nul_in_a_form_is_refused_on_every_database(client: FlaskClient) -> None:
    fields = {"csrf_token": form_token(client, "/sign-in"), "email": "a\0b@example.org", "password": PASSWORD}
    assert client.post("/sign-in", data=fields).status_code == 400
