"""`passback platforms`, as people and programs use it."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from passback.cli.platforms import platforms_group
from passback.db import Unscoped, unscoped
from passback.errors import PassbackError
from passback.lti.deployments import note_deployment
from passback.lti.models import Platform
from passback.lti.registration import keep_request
from passback.sandbox import drive
from passback.tenants import ensure_tenant
from tests.support.practice import practice_lms

ADD = [
    "add",
    "--issuer=https://lms.example",
    "--client-id=client",
    "--auth-url=https://lms.example/auth",
    "--token-url=https://lms.example/token",
    "--jwks-url=https://lms.example/keys",
]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(platforms_group, list(arguments))


def told(*arguments: str) -> Any:
    """Run a command with `--json` and return what it says."""
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.output.strip().splitlines()[-1])


def refused(*arguments: str) -> PassbackError:
    """Return the error that the root command turns into one line."""
    error = run(*arguments).exception
    assert isinstance(error, PassbackError), error
    return error


def test_invite_says_what_programs_rely_on_and_it_works(sqlite_app: Flask) -> None:
    made = told("invite")
    assert set(made) == {"registration_url"}
    assert made["registration_url"].startswith("http://localhost:8000/lti/register/")
    assert made["registration_url"] != told("invite")["registration_url"]
    with practice_lms(sqlite_app) as lms:
        client = sqlite_app.test_client(use_cookies=False)
        page = drive.send(client, "GET", lms.platform.registration.start(made["registration_url"]))
        form = page.forms()[0]
        assert drive.send(client, "POST", form.url, form.fields).status == 303
        (row,) = told("list")
        assert (row["issuer"], row["status"], row["product"]) == (lms.url, "active", "moodle")
        shown = told("show", row["id"])
        assert [one["status"] for one in shown["deployments"]] == ["active"]
        assert shown["jwks_url"] == lms.platform.jwks_url


def test_invite_in_words_and_for_an_unknown_tenant(sqlite_app: Flask) -> None:
    assert "/lti/register/" in run("invite", "--days", "3").output
    assert "3 days" in run("invite", "--days", "3").output
    assert refused("invite", "--tenant", "nobody").code == "unknown_tenant"
    assert run("invite", "--days", "0").exit_code == 2


def test_add_tells_what_the_lms_asks_for(sqlite_app: Flask) -> None:
    result = run(*ADD, "--deployment=1", "--deployment=2", "--product=Moodle", "--name=Our LMS")
    assert result.exit_code == 0, result.output
    for path in ("login", "launch", "jwks"):
        assert f"http://localhost:8000/lti/{path}" in result.output
    shown = told("show", "client")
    assert [one["deployment_id"] for one in shown["deployments"]] == ["2", "1"]
    assert (shown["name"], shown["product"], shown["status"]) == ("Our LMS", "moodle", "active")
    assert refused(*ADD).code == "platform_exists"
    assert "Our LMS" in run("show", "https://lms.example").output


def test_add_knows_what_is_always_the_same(sqlite_app: Flask) -> None:
    result = run("add", "--lms=blackboard", "--client-id=app", "--deployment=one")
    assert result.exit_code == 0, result.output
    assert "Tool JWKS URL: http://localhost:8000/lti/jwks" in result.output
    assert "Then: " in result.output
    shown = told("show", "app")
    assert (shown["issuer"], shown["product"], shown["new_deployments"]) == (
        "https://blackboard.com",
        "blackboardlearn",
        "inbox",
    )
    assert shown["jwks_url"].endswith("/applications/app/jwks.json")
    assert told("add", "--lms=moodle", "--base=moodle.example", "--client-id=m")["issuer"] == "https://moodle.example"
    assert refused("add", "--lms=moodle", "--client-id=m").code == "connect_field"
    assert refused("add", "--client-id=m").code == "connect_field"
    assert "There is one for: blackboard" in refused("add", "--lms=nothing", "--client-id=m").advice


def test_disable_and_approve(sqlite_app: Flask) -> None:
    told(*ADD)
    assert told("disable", "client")["status"] == "disabled"
    assert told("list")[0]["status"] == "disabled"
    assert told("approve", "client")["status"] == "active"
    assert refused("disable", "nobody").code == "not_found"


def test_a_registration_that_waits_is_listed_approved_or_declined(sqlite_app: Flask) -> None:
    with practice_lms(sqlite_app) as lms, sqlite_app.app_context():
        for address in (f"{lms.url}/.well-known/openid-configuration", "https://declined.example/c"):
            with unscoped(Unscoped.REGISTRATION, write=True) as session:
                keep_request(session, address, lms.platform.registration.token())
        rows = {row["name"]: row for row in told("list")}
        assert {row["status"] for row in rows.values()} == {"waiting"}
        assert told("disable", rows["https://declined.example/c"]["id"])["status"] == "declined"
        approved = told("approve", rows[f"{lms.url}/.well-known/openid-configuration"]["id"])
        assert (approved["issuer"], approved["status"]) == (lms.url, "active")
        assert [row["status"] for row in told("list")] == ["active"]


def test_deployments_are_assigned_and_blocked(sqlite_app: Flask) -> None:
    told(*ADD)
    with unscoped(Unscoped.REGISTRATION, write=True) as session:
        ensure_tenant(session, "second", "Second")
        platform = session.query(Platform).one()
        ids = [str(note_deployment(session, platform, name, None).id) for name in ("a", "b")]
    assert [row["status"] for row in told("deployments", "--status", "inbox")] == ["inbox", "inbox"]
    told("deployments", "--assign", ids[0], "--tenant", "second")
    told("deployments", "--block", ids[1])
    rows = {row["deployment_id"]: row["status"] for row in told("deployments")}
    assert rows == {"a": "active", "b": "blocked"}
    assert refused("deployments", "--assign", ids[0]).code == "deployment_taken"


@pytest.mark.parametrize("command", [["list"], ["deployments"]])
def test_an_empty_list_says_so(sqlite_app: Flask, command: list[str]) -> None:
    assert run(*command).output.startswith("No ")
    assert told(*command) == []
