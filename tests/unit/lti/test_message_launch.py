"""PyLTI1p3's message launch with every step of its verification replaced: one test per override.

The whole, with real tokens, is `tests/functional/test_bad_launches.py`.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from pylti1p3.message_launch import MessageLaunch

from passback.clock import utc_now
from passback.lti import errors
from passback.lti.claims import DEPLOYMENT_ID
from passback.lti.message_launch import Login, State, VerifiedLaunch
from passback.lti.models import Deployment, Platform
from passback.lti.platform_keys import PlatformKeys
from passback.sealing import hash_token

KEY = RSAKey.generate_key(2048, {"kid": "k"})
LTI = "https://purl.imsglobal.org/spec/lti/claim/"
NOW = utc_now()
CLAIMS: dict[str, Any] = {
    "iss": "https://lms.example",
    "aud": ["other", "client"],
    "azp": "client",
    "sub": "5",
    "iat": NOW.timestamp(),
    "exp": NOW.timestamp() + 60,
    "nonce": "n",
    LTI + "deployment_id": "1",
    LTI + "version": "1.3.0",
    LTI + "message_type": "LtiResourceLinkRequest",
    LTI + "roles": ["Instructor"],
    LTI + "target_link_uri": "https://tool.example/lti/launch",
    LTI + "resource_link": {"id": "7"},
}


class Keys(PlatformKeys):
    def find(self, url: str, kid: str, algorithm: str, *, approved_hosts: Any = ()) -> tuple[RSAKey, ...]:
        assert (url, kid, algorithm) == ("https://lms.example/jwks", "k", "RS256")
        return (KEY,)


def platform(**changes: Any) -> Platform:
    given = {"issuer": "https://lms.example", "client_id": "client", "algorithms": ["RS256"], "status": "active"}
    row = {"id": uuid4(), "jwks_url": "https://lms.example/jwks", "approved_hosts": [], **given, **changes}
    return Platform(**row)


def login(**changes: Any) -> Login:
    state = State("s", hash_token("n"), "", "", NOW + timedelta(minutes=10))
    row = platform()
    return replace(Login(state, row, Deployment(id=uuid4(), status="active")), **changes)


def launch(**claims: Any) -> VerifiedLaunch:
    token = jwt.encode({"alg": "RS256", "kid": "k"}, {**CLAIMS, **claims}, KEY, algorithms=["RS256"])
    made = VerifiedLaunch({"id_token": token, "state": "s"}, Keys(), tool_url="https://tool.example", now=NOW)
    return made.validate_jwt_format()


def test_the_steps_run_in_order_and_what_stays_of_the_object_works() -> None:
    verified = launch().validate(login())
    expected = ["state", "platform", "signature", "issuer", "audience", "times", "nonce", "deployment", "message"]
    assert verified.passed == expected
    assert isinstance(verified, MessageLaunch)
    assert verified.get_launch_data()["sub"] == "5"
    assert verified.check_teacher_access()
    assert not verified.check_student_access()
    assert not verified.has_ags()


def test_validate_runs_again_from_the_start() -> None:
    verified = launch()
    with pytest.raises(errors.NonceError):
        verified.validate(login(state=replace(login().state, nonce_hash=hash_token("other"))))
    assert len(verified.validate(login()).passed) == 9


def test_validate_jwt_format_reads_once_and_refuses_what_is_critical() -> None:
    token = jwt.encode({"alg": "RS256", "kid": "k", "crit": ["kid"]}, CLAIMS, KEY, algorithms=["RS256"])
    made = VerifiedLaunch({"id_token": token}, Keys(), tool_url="https://tool.example", now=NOW)
    with pytest.raises(errors.TokenMalformedError):
        made.validate_jwt_format()


def test_validate_state_wants_it_unused_and_young() -> None:
    used = replace(login().state, used=True)
    with pytest.raises(errors.StateUsedError):
        launch().validate(login(state=used))
    with pytest.raises(errors.StateExpiredError):
        launch().validate(login(state=replace(login().state, expires_at=NOW)))


def test_validate_registration_wants_the_platform_active() -> None:
    with pytest.raises(errors.PlatformPendingError):
        launch().validate(login(platform=platform(status="pending")))


def test_validate_jwt_signature_takes_agreed_algorithms_only() -> None:
    with pytest.raises(errors.TokenAlgorithmError):
        launch().validate(login(platform=platform(algorithms=["ES256"])))


def test_validate_nonce_wants_the_one_of_this_login() -> None:
    with pytest.raises(errors.NonceError):
        launch(nonce="another").validate(login())


def test_validate_deployment_leaves_an_unknown_one_to_the_caller_and_refuses_a_blocked_one() -> None:
    assert launch().validate(login(deployment=None)).claims[DEPLOYMENT_ID] == "1"
    with pytest.raises(errors.DeploymentBlockedError):
        launch().validate(login(deployment=Deployment(id=uuid4(), status="blocked")))


def test_validate_message_does_not_take_roles_as_a_text() -> None:
    with pytest.raises(errors.RolesError):
        launch(**{LTI + "roles": "Instructor"}).validate(login())


def test_get_client_id_is_the_registered_one_wherever_it_stands() -> None:
    assert launch().validate(login()).get_client_id() == "client"


@pytest.mark.parametrize("name", ["get_public_key", "save_launch_data", "get_service_connector"])
def test_what_must_not_be_used_refuses(name: str) -> None:
    with pytest.raises(NotImplementedError):
        getattr(launch(), name)()


def test_fetch_public_key_makes_no_call() -> None:
    with pytest.raises(NotImplementedError):
        launch().fetch_public_key("https://lms.example/jwks")


def test_cookies_session_and_http_of_pylti1p3_are_out_of_reach() -> None:
    made = cast("Any", launch())
    for name in ("_cookie_service", "_session_service", "_tool_config", "_requests_session"):
        with pytest.raises(AttributeError, match="does not use"):
            _ = getattr(made, name).get
