"""PyLTI1p3 2.0.0 as it comes, to compare with: a launch of its Flask kind, and its service connector."""

from typing import Any

import requests
from joserfc import jwt
from joserfc.jwk import Key, KeySet, RSAKey
from pylti1p3.contrib.flask import FlaskMessageLaunch, FlaskRequest
from pylti1p3.registration import Registration
from pylti1p3.service_connector import ServiceConnector
from pylti1p3.session import SessionService
from pylti1p3.tool_config import ToolConfDict

from passback.clock import utc_now
from passback.sandbox.keys import new_key
from passback.testing.certification.bench import Bench

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
LMS, OTHER_LMS = "https://lms.example", "https://other.example"
KEY = RSAKey.generate_key(2048, {"kid": "k"})
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "other"})


def claims(**changes: Any) -> dict[str, Any]:
    """Return a right launch's claims; None removes one."""
    now = utc_now().timestamp()
    usual = {
        "iss": LMS,
        "aud": "client",
        "sub": "5",
        "iat": now,
        "exp": now + 60,
        "nonce": "n",
        LTI + "deployment_id": "1",
        LTI + "version": "1.3.0",
        LTI + "message_type": "LtiResourceLinkRequest",
        LTI + "roles": ["Learner"],
        LTI + "target_link_uri": "https://tool.example/lti/launch",
        LTI + "resource_link": {"id": "7"},
        **changes,
    }
    return {name: value for name, value in usual.items() if value is not None}


def signed(given: dict[str, Any], key: Key = KEY, **header: Any) -> str:
    """Return a token."""
    return jwt.encode({"alg": "RS256", "kid": key.kid, **header}, given, key, algorithms=["RS256"])


def published(key: Key = KEY, **changes: Any) -> dict[str, Any]:
    """Return what a platform publishes of a key."""
    return {**key.as_dict(private=False), "alg": "RS256", **changes}


class Original:
    """A browser's session with a tool that is made with PyLTI1p3 alone; nonce "n" and state "s" were given out."""

    def __init__(self, *keys: dict[str, Any], key_set_url: str | None = None) -> None:
        def platform(*published_keys: dict[str, Any]) -> dict[str, Any]:
            return {
                "client_id": "client",
                "auth_login_url": f"{LMS}/auth?site=3",
                "auth_token_url": f"{LMS}/token",
                "key_set_url": key_set_url,
                "key_set": None if key_set_url else {"keys": list(published_keys)},
                "deployment_ids": ["1"],
            }

        own = platform(*(keys or (published(),)))
        self.config = ToolConfDict({LMS: own, OTHER_LMS: platform(published(OTHER_KEY))})
        self.session: dict[str, Any] = {}
        self.cookies = {"lti1p3-s": "s"}
        self.http = Recording()
        SessionService(self.request({})).save_nonce("n")

    def launch(self, token: str, state: str = "s") -> FlaskMessageLaunch:
        """Return the launch, not validated yet."""
        return FlaskMessageLaunch(
            self.request({"id_token": token, "state": state}), self.config, requests_session=self.http
        )

    def request(self, data: dict[str, str]) -> FlaskRequest:
        """Return a request of this browser's."""
        return FlaskRequest(cookies=self.cookies, session=self.session, request_data=data, request_is_secure=False)


class Recording(requests.Session):
    """Real HTTP; `calls` says with which arguments."""

    def __init__(self, most: int = 50) -> None:
        super().__init__()
        self.trust_env = False
        self.calls: list[dict[str, Any]] = []
        self.most = most

    def request(self, method: str, url: str, **how: Any) -> requests.Response:  # type: ignore[override]
        """Make a call, as long as there are not too many."""
        self.calls.append({"method": method, "url": url, **how})
        if len(self.calls) > self.most:
            raise RecursionError("more calls than anybody needs")
        how["timeout"] = how.get("timeout") or 10
        return super().request(method, url, **how)


def connector(bench: Bench, http: requests.Session | None = None) -> ServiceConnector:
    """Return PyLTI1p3's connector to the practice LMS, which knows its key."""
    key = new_key("pylti1p3's own")
    keys = [*bench.client.get("http://localhost:8000/lti/jwks").get_json()["keys"], key.as_dict(private=False)]
    bench.lms.tool_keys.cached[bench.tool.id] = KeySet.import_key_set({"keys": keys})
    registration = Registration()
    registration.set_client_id(bench.tool.client_id).set_auth_token_url(bench.lms.token_url)
    registration.set_tool_private_key(key.as_pem(private=True).decode())
    registration.get_kid = lambda: key.kid
    return ServiceConnector(registration, http or Recording())
