"""Dynamic Registration with the refusals Moodle was seen to make."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine

from passback.sandbox.keys import new_key, sign
from passback.sandbox.vocabulary import LINE_ITEM, MEMBERS_READ, SCORE
from tests.unit.sandbox.conftest import LMS, NOW, TOOL, Lms

CONFIGURATION = "https://purl.imsglobal.org/spec/lti-tool-configuration"


def wish(**changes: Any) -> dict[str, Any]:
    lti = {
        "domain": "localhost:8000",
        "target_link_uri": f"{TOOL}/lti/launch",
        "claims": ["iss", "sub", "name", "email"],
        "messages": [{"type": "LtiDeepLinkingRequest", "target_link_uri": f"{TOOL}/lti/launch"}],
        "custom_parameters": {"a": "1", "b": "x\ny=z"},
    }
    lti |= changes.pop("lti", {})
    asked = {
        "application_type": "web",
        "response_types": ["id_token"],
        "grant_types": ["implicit", "client_credentials"],
        "initiate_login_uri": f"{TOOL}/lti/login",
        "redirect_uris": [f"{TOOL}/lti/launch"],
        "client_name": "Passback",
        "jwks_uri": f"{TOOL}/lti/jwks",
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": f"{SCORE} {MEMBERS_READ}",
        CONFIGURATION: lti,
        **changes,
    }
    return {name: value for name, value in asked.items() if value is not None}


def register(lms: Lms, body: Any = None, token: str | None = None) -> Any:
    token = lms.platform.registration.token() if token is None else token
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    data = body if isinstance(body, bytes) else json.dumps(wish() if body is None else body)
    return lms.client.post(f"{LMS}/lti/register", data=data, headers=headers)


def test_discovery_says_where_everything_is(lms: Lms) -> None:
    found = lms.client.get(f"{LMS}/.well-known/openid-configuration").json
    assert found is not None
    assert found["issuer"] == LMS
    assert [
        found[name] for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "registration_endpoint")
    ] == [f"{LMS}/lti/{path}" for path in ("auth", "token", "jwks", "register")]
    platform = found["https://purl.imsglobal.org/spec/lti-platform-configuration"]
    assert platform["product_family_code"] == "moodle"


def test_the_registration_url_keeps_the_tools_own_query(lms: Lms) -> None:
    query = parse_qs(urlsplit(lms.platform.registration.start(f"{TOOL}/lti/register?invite=a%26b#x")).query)
    assert query["invite"] == ["a&b"]
    assert query["openid_configuration"] == [f"{LMS}/.well-known/openid-configuration"]
    assert query["registration_token"]


def test_a_registered_tool_is_pending_and_can_be_used_all_the_same(lms: Lms) -> None:
    answer = register(lms)
    assert answer.status_code == 200
    tool = lms.platform.tools.by_client(answer.json["client_id"])
    assert tool is not None
    assert not tool.active
    assert answer.json[CONFIGURATION]["deployment_id"] == tool.deployments[0] == tool.id
    assert tool.custom == {"a": "1", "b": "x", "y": "z"}
    assert (tool.send_name, tool.send_email) == (True, True)
    link = lms.platform.links.add("2", tool.id, "Pending")
    assert lms.platform.launches.initiate(lms.platform.learners[0], link).url == f"{TOOL}/lti/login"


def test_the_answers_scope_says_more_than_is_granted(lms: Lms) -> None:
    answer = register(lms)
    tool = lms.platform.tools.by_client(answer.json["client_id"])
    assert tool is not None
    assert LINE_ITEM in answer.json["scope"].split()
    assert tool.scopes == [SCORE, MEMBERS_READ]


def test_a_registration_token_works_once(lms: Lms) -> None:
    token = lms.platform.registration.token()
    assert register(lms, token=token).status_code == 200
    second = register(lms, token=token)
    assert (second.status_code, second.text, second.mimetype) == (401, "token_already_used", "text/html")
    assert len(lms.platform.tools.all()) == 2


def test_a_refused_registration_does_not_use_the_token_up(lms: Lms) -> None:
    token = lms.platform.registration.token()
    assert register(lms, wish(client_name=None), token).status_code == 400
    assert register(lms, token=token).status_code == 200


@pytest.mark.parametrize(
    "make_token",
    [
        lambda lms: "nonsense",
        lambda lms: sign({"sub": "x", "scope": "reg", "exp": 2**40, "jti": "1"}, new_key("platform")),
        lambda lms: sign({"sub": "x", "scope": "other", "exp": 2**40, "jti": "1"}, lms.platform.keys.current()),
        lambda lms: lms.platform.make_id_token(lms.platform.learners[0], lms.link),
    ],
)
def test_bad_tokens_get_the_html_404(lms: Lms, make_token: Callable[[Lms], str]) -> None:
    answer = register(lms, token=make_token(lms))
    assert (answer.status_code, answer.mimetype) == (404, "text/html")


def test_no_token_and_an_old_token(lms: Lms, clock: time_machine.Traveller) -> None:
    assert register(lms, token="").text == "missing_registration_token"
    old = lms.platform.registration.token()
    clock.move_to(NOW + 3600)
    assert register(lms, token=old).status_code == 404


@pytest.mark.parametrize(
    ("changes", "status", "text"),
    [
        ({"client_name": None}, 400, "missing required attribute client_name"),
        ({"redirect_uris": []}, 400, "missing required attribute redirect_uris"),
        ({"jwks_uri": None}, 400, "missing required attribute jwks_uri"),
        ({"response_types": ["code"]}, 400, "missing required attribute response_types"),
        ({"token_endpoint_auth_method": "none"}, 400, "private_key_jwt"),
        ({CONFIGURATION: None}, 400, "domain"),
        ({"lti": {"domain": "localhost"}}, 400, "domain_targetlinkuri_mismatch"),
        ({"lti": {"target_link_uri": "https://elsewhere.test/"}}, 400, "domain_targetlinkuri_mismatch"),
        ({"scope": [SCORE]}, 404, "Invalid request"),
    ],
)
def test_what_is_refused(lms: Lms, changes: dict[str, Any], status: int, text: str) -> None:
    answer = register(lms, wish(**changes))
    assert answer.status_code == status
    assert text in answer.text
    assert len(lms.platform.tools.all()) == 1


def test_a_body_that_is_no_json(lms: Lms) -> None:
    assert register(lms, b"{").status_code == 404
    assert register(lms, b"[]").status_code == 404


def test_names_are_sent_only_when_asked_for(lms: Lms) -> None:
    answer = register(lms, wish(lti={"claims": ["sub"]}, scope=None))
    tool = lms.platform.tools.by_client(answer.json["client_id"])
    assert tool is not None
    assert (tool.send_name, tool.send_email, tool.scopes) == (False, False, [])


def test_an_update_keeps_client_id_and_deployment(lms: Lms) -> None:
    token = lms.platform.registration.token(update=lms.tool.id)
    answer = register(lms, wish(client_name="Renamed"), token)
    assert answer.json["client_id"] == lms.tool.client_id
    tool = lms.platform.tools.get(lms.tool.id)
    assert tool is not None
    assert (tool.name, tool.deployments) == ("Renamed", lms.tool.deployments)
    assert len(lms.platform.tools.all()) == 1
