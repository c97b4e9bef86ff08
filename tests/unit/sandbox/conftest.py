"""A practice LMS in this process and a tool that is nothing but a key pair."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import RSAKey
from werkzeug.test import TestResponse

from passback.sandbox.app import create_sandbox
from passback.sandbox.core import SandboxConfig
from passback.sandbox.keys import new_key, sign
from passback.sandbox.links import Column
from passback.sandbox.model import Link, Tool
from passback.sandbox.platform import Platform
from passback.sandbox.profiles import PROFILES
from passback.sandbox.vocabulary import SCOPES, SCORE_TYPE

TOOL = "http://localhost:8000"
LMS = "http://127.0.0.1:8080"
NOW = 1_800_000_000


@pytest.fixture(scope="session")
def platform_key() -> dict[str, Any]:
    """One key pair for all platforms of the run: making one takes longer than most tests."""
    return new_key("platform").as_dict(private=True)


@pytest.fixture(scope="session")
def tool_key() -> RSAKey:
    """The tool's key pair."""
    return new_key("tool")


@dataclass
class Lms:
    """The practice LMS with one tool and one graded link; `call` is the tool's service call."""

    app: Flask
    platform: Platform
    tool: Tool
    link: Link
    key: RSAKey
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def column(self) -> str:
        """The id of the link's column."""
        found = self.platform.links.column(self.link.id)
        assert found
        return found.id

    @property
    def client(self) -> FlaskClient:
        """A browser without a cookie."""
        return self.app.test_client()

    def assertion(self, **changes: object) -> dict[str, Any]:
        """Return the claims of a right client assertion with `changes`; None removes one."""
        now = self.platform.clock.timestamp()
        claims = {
            "iss": self.tool.client_id,
            "sub": self.tool.client_id,
            "aud": self.platform.token_url,
            "iat": now,
            "exp": now + 60,
            "jti": f"jti {len(self.platform.tool_keys.seen)} {len(self.tokens)}",
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def ask_token(
        self, scope: str = " ".join(SCOPES), *, key: RSAKey | None = None, header: Any = None, **changes: object
    ) -> TestResponse:
        """Ask for an access token."""
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": sign(self.assertion(**changes), key or self.key, header),
            "scope": scope,
        }
        return self.client.post(f"{LMS}/lti/token", data=form)

    def token(self, scope: str = " ".join(SCOPES)) -> str:
        """Return an access token, asked for once per scope."""
        if scope not in self.tokens:
            self.tokens[scope] = json.loads(self.ask_token(scope).text)["access_token"]
        return self.tokens[scope]

    def call(self, method: str, url: str, *, accept: str = "*/*", body: Any = None, **options: Any) -> TestResponse:
        """Call a service with a good token, unless `headers` say otherwise."""
        headers = {"Accept": accept, "Authorization": f"Bearer {self.token()}", **options.pop("headers", {})}
        data = body if body is None or isinstance(body, (str, bytes)) else json.dumps(body)
        return self.client.open(url, method=method, headers=headers, data=data, **options)

    def item_url(self, part: str = "", column: str = "") -> str:
        """Return the column's URL, with `part` put before the query."""
        claim = self.platform.claims(self.platform.learners[0], self.link)
        url = claim["https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"]["lineitem"]  # type: ignore[index,call-overload]
        parts = urlsplit(str(url).replace(f"/{self.column}/", f"/{column or self.column}/"))
        return parts._replace(path=parts.path + part).geturl()

    def score(self, learner: str, given: float | None = 8, at: float = NOW, **changes: Any) -> TestResponse:
        """Post a final score of `given` out of 10, stamped `at` seconds since 1970."""
        body: dict[str, Any] = {
            "userId": learner,
            "timestamp": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"),
            "activityProgress": "Completed",
            "gradingProgress": "FullyGraded",
            "scoreGiven": given,
            "scoreMaximum": 10,
            **changes,
        }
        body = {name: value for name, value in body.items() if value is not None}
        return self.call("POST", self.item_url("/scores"), body=body, content_type=SCORE_TYPE)

    def shown(self, learner: str) -> float | None:
        """Return the grade that the gradebook shows."""
        result = self.platform.gradebook.result(self.column, learner)
        return result.score if result else None


@pytest.fixture
def make_lms(platform_key: dict[str, Any], tool_key: RSAKey) -> Callable[..., Lms]:
    """Make a practice LMS of a product (`make_lms("canvas")`); keyword arguments change its configuration."""

    def _make(product: str = "moodle", **changes: Any) -> Lms:
        config = replace(SandboxConfig(url=LMS, profile=PROFILES[product]), **changes)
        app = create_sandbox(config)
        app.testing = True
        platform: Platform = app.extensions["practice_lms"]
        with platform.core.change() as state:
            state.keys = state.keys or [platform_key]
        platform.tool_keys.fetch = lambda _url: json.dumps({"keys": [tool_key.as_dict(private=False)]}).encode()
        tool = platform.tools.add(
            name="Passback",
            initiate_login_uri=f"{TOOL}/lti/login",
            redirect_uris=[f"{TOOL}/lti/launch", f"{TOOL}/other"],
            jwks_uri=f"{TOOL}/lti/jwks",
        )
        link = platform.links.add(platform.course.id, tool.id, "Bees", column=Column(100.0, "bees", "final"))
        return Lms(app, platform, tool, link, tool_key)

    return _make


@pytest.fixture
def lms(make_lms: Callable[..., Lms]) -> Lms:
    """The practice LMS with Moodle's behaviour."""
    return make_lms()


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """A clock that stands at `NOW`."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller
