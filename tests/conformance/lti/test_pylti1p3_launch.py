"""Why each step of PyLTI1p3's message launch is replaced: what 2.0.0 does as it comes, and what Passback does instead.

Every test first shows the original wrong on a token; `ours` then runs the cases of `passback certify` that ask for the
right thing. One test per override of `passback.lti.message_launch.VerifiedLaunch` and `passback.lti.roles.Role`.
"""

import json
from typing import Any

import pytest
from pylti1p3.contrib.flask import FlaskMessageLaunch
from pylti1p3.exception import LtiException
from pylti1p3.roles import AbstractRole

from passback.lti.message import View
from passback.lti.message_launch import VerifiedLaunch
from passback.lti.roles import Role, view_of
from passback.testing.certification import Installation, find_cases, run_case
from tests.support.pylti1p3_alone import LTI, OTHER_KEY, OTHER_LMS, Original, claims, published, signed

MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"


def ours(installation: Installation, *cases: str) -> None:
    """Assert that Passback is right about these cases."""
    for case in find_cases(cases):
        evidence = run_case(installation, case)
        assert evidence.passed, evidence.line()


def takes(launch: FlaskMessageLaunch) -> bool:
    """Say whether PyLTI1p3 accepts a launch."""
    try:
        launch.validate()
    except LtiException:
        return False
    return True


def test_the_original_is_set_up_rightly() -> None:
    """A right launch passes and a forged one does not, so that the rest of this file says something."""
    assert takes(Original().launch(signed(claims())))
    assert not takes(Original().launch(signed(claims(), OTHER_KEY, kid="k")))
    assert not takes(Original().launch(signed(claims(nonce="never given out"))))


def test_validate(installation: Installation) -> None:
    """It asks for neither exp nor iat, and for no age: a token holds for ever, or for ten years."""
    for changes in ({"exp": None}, {"iat": None}, {"iat": 1_000_000_000.0}, {"exp": 5_000_000_000.0}):
        assert takes(Original().launch(signed(claims(**changes)))), changes
    ours(installation, "X6", "X7", "X10")


def test_validate_state(installation: Installation) -> None:
    """A state never ends, and the same launch passes again and again, without any cookie."""
    browser = Original()
    token = signed(claims())
    assert takes(browser.launch(token))
    browser.cookies.clear()
    assert takes(browser.launch(token))
    ours(installation, "X12-consumed", "X12-expired", "X12-other-browser", "X31-reload")


def test_validate_jwt_format(installation: Installation) -> None:
    """A payload that is JSON and no object passes, and what reads it then fails with an error of Python's."""
    launch = Original().launch("e30.W10.AA")
    launch.set_auto_validation(enable=False).validate_jwt_format()
    with pytest.raises(AttributeError):
        launch.get_iss()
    ours(installation, "B5")


def test_validate_registration(installation: Installation) -> None:
    """It asks the token which platform it is from: a login at one LMS is answered by another."""
    browser = Original()
    assert takes(browser.launch(signed(claims(iss=OTHER_LMS), OTHER_KEY)))
    ours(installation, "X14", "X15")


def test_validate_jwt_signature(installation: Installation) -> None:
    """No leeway: three seconds ahead, or ten too late, are refused."""
    now = claims()["iat"]
    assert not takes(Original().launch(signed(claims(iat=now + 3))))
    assert not takes(Original().launch(signed(claims(exp=now - 10))))
    ours(installation, "X8", "X9")


def test_validate_nonce(installation: Installation) -> None:
    """A nonce is never used up and belongs to no state: a token passes with another login's state."""
    browser = Original()
    token = signed(claims())
    assert takes(browser.launch(token))
    browser.cookies["lti1p3-another state"] = "another state"
    assert takes(browser.launch(token, state="another state"))
    ours(installation, "X11")


def test_validate_deployment(installation: Installation) -> None:
    """Deployments are a list in a file: one that Canvas has just made is a fault without a way out."""
    assert not takes(Original().launch(signed(claims(**{LTI + "deployment_id": "2"}))))
    ours(installation, "X16-unknown")


@pytest.mark.parametrize(
    "changes",
    [
        {LTI + "roles": "Learner"},
        {LTI + "target_link_uri": None},
        {LTI + "target_link_uri": "https://elsewhere.example/"},
        {
            LTI + "message_type": "LtiDeepLinkingRequest",
            "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings": {
                "accept_types": ["ltiResourceLink"],
                "accept_presentation_document_targets": ["iframe"],
                "deep_link_return_url": "",
            },
        },
    ],
    ids=["roles as a text", "no target", "another's target", "deep linking without a way back"],
)
def test_validate_message(installation: Installation, changes: dict[str, Any]) -> None:
    assert takes(Original().launch(signed(claims(**changes))))
    ours(installation, "X19-text", "X22", "X27-return")


def test_get_client_id(installation: Installation) -> None:
    """The first of the audience, whoever that is; and azp is not looked at."""
    assert not takes(Original().launch(signed(claims(aud=["another", "client"], azp="client"))))
    assert takes(Original().launch(signed(claims(azp="another"))))
    assert takes(Original().launch(signed(claims(aud=["client", "another"], azp="another"))))
    ours(installation, "X13")


def test_get_public_key(installation: Installation) -> None:
    """A key for encryption verifies; of two keys of one name only the first is tried; a weak one will do."""
    assert takes(Original(published(use="enc")).launch(signed(claims())))
    same_name = published(OTHER_KEY, kid="k")
    assert not takes(Original(same_name, published()).launch(signed(claims())))
    ours(installation, "X5-use", "X25-same-kid")


def test_fetch_public_key(installation: Installation) -> None:
    """Fetched anew for each launch, without a time-out; with a cache, a rotated key is unknown for two hours."""
    lms = installation.server.platform
    key = lms.keys.current()
    browser = Original(key_set_url=lms.jwks_url)
    for _launch in range(3):
        assert takes(browser.launch(signed(claims(), key)))
        browser.config = Original(key_set_url=lms.jwks_url).config  # each request of a web application makes its own
    assert [call["url"] for call in browser.http.calls] == [lms.jwks_url] * 3
    assert all("timeout" not in call for call in browser.http.calls)
    ours(installation, "X25-kept", "X25-rotated", "X25-timeout")


def test_save_launch_data() -> None:
    """All claims go into the session: names, and the return URL with the LMS's session key. Ours refuses."""
    browser = Original()
    secret = {LTI + "launch_presentation": {"return_url": "https://lms.example/return?sesskey=secret"}}
    assert takes(browser.launch(signed(claims(name="Zoë", **secret))))
    assert "sesskey=secret" in json.dumps(browser.session)
    assert "Zo\\u00eb" in json.dumps(browser.session)
    with pytest.raises(NotImplementedError):
        VerifiedLaunch.save_launch_data(object.__new__(VerifiedLaunch))


def test_get_service_connector() -> None:
    """A connector for each call, with tokens and connections of its own. Ours refuses: `services` has a store."""
    launch = Original().launch(signed(claims()))
    launch.validate()
    assert launch.get_service_connector() is not launch.get_service_connector()
    with pytest.raises(NotImplementedError):
        VerifiedLaunch.get_service_connector(object.__new__(VerifiedLaunch))


def test_parse_role_str() -> None:
    """A role in the course is taken for a short name, and an assistant for nobody's."""
    original = AbstractRole({})
    assert original.parse_role_str(f"{MEMBERSHIP}#Learner") == ("Learner", None)
    assert original.parse_role_str(f"{MEMBERSHIP}/Instructor#TeachingAssistant") == ("TeachingAssistant", "membership")
    assert (Role(f"{MEMBERSHIP}#Learner").name, Role(f"{MEMBERSHIP}#Learner").type) == ("Learner", "membership")
    assert Role(f"{MEMBERSHIP}/Instructor#TeachingAssistant").name == "Instructor"
    assert view_of([f"{MEMBERSHIP}/Instructor#PrimaryInstructor"])[0] is View.STAFF


def test_there_is_a_test_for_each_override() -> None:
    mine = {name for name in vars(VerifiedLaunch) if not name.startswith("_")} | {"parse_role_str"}
    overridden = {name for name in mine if hasattr(FlaskMessageLaunch, name) or hasattr(AbstractRole, name)}
    assert sorted(f"test_{name}" for name in overridden if f"test_{name}" not in globals()) == []
    assert len(overridden) == 14
