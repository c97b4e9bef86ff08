"""What an LMS that is set up by hand reads at `/lti/config/<lms>`."""

import json

import pytest
from flask import Flask

from passback.lti.services import WANTED_SCOPES

APP = "http://localhost:8000"
BY_HAND = ["blackboard", "brightspace", "canvas", "moodle", "openedx", "sakai", "schoology"]


def test_canvas_reads_its_configuration(sqlite_app: Flask) -> None:
    answer = sqlite_app.test_client().get("/lti/config/canvas")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert "Set-Cookie" not in answer.headers
    found = answer.get_json()
    assert (found["oidc_initiation_url"], found["target_link_uri"]) == (f"{APP}/lti/login", f"{APP}/lti/launch")
    assert found["public_jwk_url"] == f"{APP}/lti/jwks"
    assert found["scopes"] == list(WANTED_SCOPES)
    assert all(found[name] for name in ("title", "description"))
    assert "$Context.id.history" in found["custom_fields"].values()
    (extension,) = found["extensions"]
    assert (extension["platform"], extension["privacy_level"]) == ("canvas.instructure.com", "public")
    assert (extension["domain"], extension["tool_id"]) == ("localhost:8000", "passback")
    placements = {one["placement"]: one for one in extension["settings"]["placements"]}
    assert {name: one["message_type"] for name, one in placements.items()} == {
        "assignment_selection": "LtiDeepLinkingRequest",
        "link_selection": "LtiDeepLinkingRequest",
        "course_navigation": "LtiResourceLinkRequest",
    }
    assert placements["course_navigation"]["default"] == "disabled"
    assert {one["target_link_uri"] for one in placements.values()} == {f"{APP}/lti/launch"}


def test_each_address_in_it_answers(sqlite_app: Flask) -> None:
    client = sqlite_app.test_client()
    found = client.get("/lti/config/canvas.json").get_json()
    assert client.get(found["public_jwk_url"]).get_json()["keys"]
    assert client.get(found["oidc_initiation_url"]).status_code == 400  # a login that says nothing is refused in words


@pytest.mark.parametrize("lms", [one for one in BY_HAND if one != "canvas"])
def test_others_get_the_fields_of_their_form(sqlite_app: Flask, lms: str) -> None:
    found = sqlite_app.test_client().get(f"/lti/config/{lms}").get_json()
    entries = found["enter_in_the_lms"].values()
    assert {f"{APP}/lti/login", f"{APP}/lti/launch", f"{APP}/lti/jwks"} <= set(entries)
    assert "client_id" in found["copy_back"]
    assert "{" not in json.dumps(found["always_the_same"]).removeprefix("{")


def test_fields_come_in_the_order_of_the_form(sqlite_app: Flask) -> None:
    found = json.loads(sqlite_app.test_client().get("/lti/config/moodle").text)
    assert list(found["enter_in_the_lms"])[:4] == ["Tool name", "Tool URL", "LTI version", "Public key type"]


def test_the_list_and_an_lms_that_nobody_knows(sqlite_app: Flask) -> None:
    client = sqlite_app.test_client()
    assert sorted(client.get("/lti/config/").get_json()) == BY_HAND
    answer = client.get("/lti/config/nothing")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "unknown_lms")
    assert client.get("/lti/config/canvas", base_url="http://v.localhost:8000").status_code in {404, 421}
