"""A filled-in guide becomes a platform, or says which field is wrong, by the LMS's own name for it."""

from dataclasses import replace

import pytest

from passback.lti.connecting import details_from
from passback.lti.profiles import BUILTIN, guided
from passback.lti.registering_errors import ConnectFieldError
from passback.plugin import ConnectGuide, LmsProfile

PROFILES = {one.product: one for one in BUILTIN}


def profile(name: str) -> LmsProfile:
    found = guided(PROFILES, name)
    assert found is not None
    return found


def test_blackboard_needs_its_client_id_only() -> None:
    found = details_from(profile("blackboard"), {"client_id": " fe3e-bd13\n"})
    assert found.issuer == "https://blackboard.com"
    assert found.client_id == "fe3e-bd13"
    assert found.jwks_url == "https://developer.blackboard.com/api/v1/management/applications/fe3e-bd13/jwks.json"
    assert found.auth_login_url == "https://developer.blackboard.com/api/v1/gateway/oidcauth"
    assert found.token_url == "https://developer.blackboard.com/api/v1/gateway/oauth2/jwttoken"
    assert (found.product, found.name) == ("blackboardlearn", "Blackboard")


def test_schoology_needs_its_client_id_only() -> None:
    found = details_from(profile("schoology"), {"client_id": "1"})
    assert found.issuer == "https://schoology.schoology.com"
    assert found.jwks_url == "https://lti-service.svc.schoology.com/lti-service/.well-known/jwks"


@pytest.mark.parametrize(
    "base", ["https://moodle.example", "moodle.example/", " https://moodle.example/ ", "https://moodle.example/?x#y"]
)
def test_an_address_is_mended_where_that_is_safe(base: str) -> None:
    found = details_from(profile("moodle"), {"base": base, "client_id": "c"})
    assert found.issuer == "https://moodle.example"
    assert found.token_url == "https://moodle.example/mod/lti/token.php"
    assert found.name == "moodle.example"


def test_a_moodle_below_a_path_keeps_it() -> None:
    found = details_from(profile("moodle"), {"base": "https://example.edu/moodle/", "client_id": "c"})
    assert (found.issuer, found.jwks_url) == (
        "https://example.edu/moodle",
        "https://example.edu/moodle/mod/lti/certs.php",
    )


def test_open_edx_is_asked_for_what_its_block_shows() -> None:
    given = {
        "base": "https://courses.example",
        "client_id": "c",
        "jwks_url": "https://courses.example/api/lti_consumer/v1/public_keysets/8e45",
        "token_url": "https://courses.example/api/lti_consumer/v1/token/8e45",
    }
    found = details_from(profile("openedx"), given)
    assert (found.issuer, found.token_url) == ("https://courses.example", given["token_url"])
    assert found.auth_login_url == "https://courses.example/api/lti_consumer/v1/launch/"


def test_an_issuer_is_kept_to_the_letter() -> None:
    given = {"base": "https://lms.example", "client_id": "c", "issuer": "https://lms.example/"}
    assert details_from(profile("moodle"), given).issuer == "https://lms.example/"


@pytest.mark.parametrize(
    ("name", "given", "field", "label"),
    [
        ("blackboard", {}, "client_id", "Application ID (it is the client ID)"),
        ("blackboard", {"client_id": "  "}, "client_id", "Application ID (it is the client ID)"),
        ("moodle", {"client_id": "c"}, "base", "The address of your Moodle (Platform ID)"),
        ("moodle", {"client_id": "c", "base": "https://"}, "base", "The address of your Moodle (Platform ID)"),
        ("moodle", {"client_id": "c", "base": "ftp://moodle.example"}, "base", "The address"),
        ("openedx", {"client_id": "c", "base": "https://a.example", "token_url": "u/t"}, "jwks_url", "Keyset URL"),
        ("blackboard", {"client_id": "x" * 2000}, "client_id", "Application ID"),
    ],
)
def test_a_field_that_cannot_be_right_is_named(name: str, given: dict[str, str], field: str, label: str) -> None:
    with pytest.raises(ConnectFieldError) as caught:
        details_from(profile(name), given)
    assert caught.value.field == field
    assert caught.value.advice.startswith(label)


def test_a_plugins_guide_works_like_core_s() -> None:
    guide = ConnectGuide("ilias", issuer="{base}", asks=(("base", "Address"), ("client_id", "Client")))
    addresses = {"auth_login_url": "{base}/auth", "token_url": "{base}/token", "jwks_url": "{base}/keys"}
    found = LmsProfile("ilias", "ILIAS", connect=replace(guide, **addresses))  # type: ignore[arg-type]
    assert details_from(found, {"base": "ilias.example", "client_id": "c"}).token_url == "https://ilias.example/token"
