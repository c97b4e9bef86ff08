"""What a platform says of itself is checked before anything is sent to it."""

from typing import Any

import pytest
from pydantic import JsonValue

from passback.lti.platforms import PlatformDetailsError
from passback.lti.profiles import BUILTIN
from passback.lti.registration_messages import (
    PLATFORM_CONFIGURATION,
    TOOL_CONFIGURATION,
    ConfigurationError,
    ForeignEndpointError,
    IssuerMismatchError,
    details_of,
    read_configuration,
    related,
    tool_registration,
    wanted_scopes,
)

PROFILES = {one.product: one for one in BUILTIN}
HOST = "https://lms.example.edu"
URL = f"{HOST}/mod/lti/openid-configuration.php"


def configuration(**changes: Any) -> dict[str, Any]:
    found = {
        "issuer": HOST,
        "authorization_endpoint": f"{HOST}/auth",
        "token_endpoint": f"{HOST}/token",
        "jwks_uri": f"{HOST}/certs",
        "registration_endpoint": f"{HOST}/register",
        **changes,
    }
    return {name: value for name, value in found.items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"issuer": None}, ConfigurationError),
        ({"issuer": 7}, ConfigurationError),
        ({"jwks_uri": None}, ConfigurationError),
        ({"jwks_uri": "javascript:alert(1)"}, ConfigurationError),
        ({"token_endpoint": "file:///etc/passwd"}, ConfigurationError),
        ({"token_endpoint": "https://user:pass@lms.example.edu/"}, ConfigurationError),
        ({"issuer": "https://other.example.edu"}, IssuerMismatchError),
        ({"issuer": "https://canvas.instructure.com"}, IssuerMismatchError),
        ({"issuer": "https://edu"}, IssuerMismatchError),
        ({"issuer": "not a url"}, IssuerMismatchError),
        ({"registration_endpoint": "https://other.example.edu/register"}, ForeignEndpointError),
    ],
)
def test_a_configuration_that_is_refused(changes: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        read_configuration(configuration(**changes), URL, PROFILES)


@pytest.mark.parametrize("body", [None, [], "text", 5, {}])
def test_what_is_no_configuration_is_refused(body: JsonValue) -> None:
    with pytest.raises(ConfigurationError):
        read_configuration(body, URL, PROFILES)


@pytest.mark.parametrize(
    "odd", [{"scopes_supported": "text"}, {"scopes_supported": [1, None]}, {PLATFORM_CONFIGURATION: {"version": 5}}]
)
def test_odd_details_are_taken_as_they_come(odd: dict[str, Any]) -> None:
    found = read_configuration(configuration(**odd), URL, PROFILES)
    assert found.scopes_supported == []
    assert tool_registration("https://tool.example", found, PROFILES)["scope"]


def test_canvas_shares_one_issuer_and_has_its_endpoints_elsewhere() -> None:
    canvas = {
        "product_family_code": "canvas",
        "messages_supported": [
            {"type": "LtiDeepLinkingRequest", "placements": ["assignment_selection", "homework_submission"]}
        ],
    }
    body = configuration(
        issuer="https://canvas.instructure.com",
        authorization_endpoint="https://sso.canvaslms.com/api/lti/authorize_redirect",
        **{PLATFORM_CONFIGURATION: canvas},
    )
    found = read_configuration(body, URL, PROFILES)
    asked: Any = tool_registration("https://tool.example", found, PROFILES)
    tool = asked[TOOL_CONFIGURATION]
    assert tool["messages"][1]["placements"] == ["assignment_selection"]
    assert tool["https://canvas.instructure.com/lti/privacy_level"] == "public"
    assert found.approved_hosts(URL) == {"lms.example.edu"}


def test_brightspace_names_the_audience_of_its_tokens() -> None:
    body = configuration(authorization_server="https://api.brightspace.com/auth/token")
    details, deployment = details_of(read_configuration(body, URL, PROFILES), {"client_id": "c"}, name="x")
    assert details.token_audience == "https://api.brightspace.com/auth/token"
    assert deployment == ""


def test_canvas_names_a_bare_host_which_is_no_audience() -> None:
    """Its token endpoint takes its own address only (Canvas, `client_credentials_provider.rb`)."""
    body = configuration(authorization_server="canvas.instructure.com")
    details, _deployment = details_of(read_configuration(body, URL, PROFILES), {"client_id": "c"}, name="x")
    assert details.token_audience == ""


def test_only_scopes_that_the_platform_has_are_asked_for() -> None:
    """Sakai refuses the whole registration or token for one scope too many."""
    score = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
    assert wanted_scopes(["openid", score]) == [score]
    assert len(wanted_scopes([])) == 5


@pytest.mark.parametrize("answer", [None, [], {}, {"client_id": ""}, {"client_id": {}}, {"client_id": None}])
def test_an_answer_without_client_id_is_refused(answer: JsonValue) -> None:
    with pytest.raises(ConfigurationError):
        details_of(read_configuration(configuration(), URL, PROFILES), answer, name="x")


@pytest.mark.parametrize(("deployment", "expected"), [("1", "1"), (1, "1"), (None, ""), ({}, ""), ([], "")])
def test_the_deployment_id_of_an_answer(deployment: JsonValue, expected: str) -> None:
    answer: JsonValue = {"client_id": "c", TOOL_CONFIGURATION: {"deployment_id": deployment}}
    assert details_of(read_configuration(configuration(), URL, PROFILES), answer, name="x")[1] == expected


def test_only_public_key_algorithms_are_agreed() -> None:
    body = configuration(id_token_signing_alg_values_supported=["none", "HS256", "RS256", "ES256"])
    details, _deployment = details_of(read_configuration(body, URL, PROFILES), {"client_id": "c"}, name="x")
    assert details.algorithms == ("RS256", "ES256")
    with pytest.raises(PlatformDetailsError):
        details_of(read_configuration(body, URL, PROFILES), {"client_id": " "}, name="x")


@pytest.mark.parametrize(
    ("host", "own", "expected"),
    [
        ("lms.edu", "lms.edu", True),
        ("LMS.edu.", "lms.edu", True),
        ("auth.lms.edu", "lms.edu", True),
        ("uni.edu", "lms.uni.edu", True),
        ("edu", "lms.edu", False),
        ("evillms.edu", "lms.edu", False),
        ("other.edu", "lms.edu", False),
        ("10.0.0.1", "10.0.0.2", False),
        ("", "lms.edu", False),
        ("", "", False),
    ],
)
def test_related_hosts(host: str, own: str, expected: bool) -> None:
    assert related(host, own) is expected


def test_the_domain_has_the_tools_port() -> None:
    """Moodle compares it with the host and port of the target."""
    found = read_configuration(configuration(), URL, PROFILES)
    for url, domain in [("http://localhost:8000", "localhost:8000"), ("https://tool.example", "tool.example")]:
        asked: Any = tool_registration(url, found, PROFILES)
        assert asked[TOOL_CONFIGURATION]["domain"] == domain
        assert asked[TOOL_CONFIGURATION]["target_link_uri"] == asked["redirect_uris"][0] == f"{url}/lti/launch"
