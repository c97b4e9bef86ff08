"""Service tokens: one request however many ask, one token per registration and set of scopes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import select

from passback.clock import utc_now
from passback.db import Unscoped, unscoped
from passback.lti import tokens
from passback.lti.models import Platform, ServiceToken
from passback.lti.platforms import PlatformDetails, add_platform
from passback.lti.services import AGS, ServiceClient
from passback.outbound import HttpAnswer, OutboundRefusedError
from passback.sandbox.faults import Fault
from passback.sandbox.server import SandboxServer
from tests.support.practice import practice_lms

SCORE, RESULT = f"{AGS}score", f"{AGS}result.readonly"


@dataclass
class School:
    """A platform's row and the practice LMS behind it."""

    platform: Platform
    server: SandboxServer

    def asked(self) -> list[Any]:
        return self.server.platform.log.of("token")


@pytest.fixture
def school(sqlite_app: Flask) -> Iterator[School]:
    with practice_lms(sqlite_app) as server:
        yield School(add(server), server)


def add(server: SandboxServer, product: str = "moodle") -> Platform:
    lms = server.platform
    tool = lms.tools.add(
        initiate_login_uri="http://localhost:8000/lti/login",
        redirect_uris=["http://localhost:8000/lti/launch"],
        jwks_uri="http://localhost:8000/lti/jwks",
    )
    details = PlatformDetails(lms.issuer, tool.client_id, lms.auth_url, lms.token_url, lms.jwks_url, product=product)
    with unscoped(Unscoped.REGISTRATION, write=True) as session:
        return add_platform(session, details, tenant_id=None, actor="test")


def test_ten_threads_ask_once(sqlite_app: Flask, school: School) -> None:
    def _ask(_number: int) -> str:
        with sqlite_app.app_context():
            return tokens.service_token(school.platform, [SCORE, RESULT])

    with ThreadPoolExecutor(10) as pool:
        found = set(pool.map(_ask, range(10)))
    assert len(found) == len(school.asked()) == 1


def test_tokens_are_kept_apart_by_registration_and_scopes(school: School) -> None:
    """Schools on Canvas share one issuer: a token per issuer would post one school's score with another's token."""
    other = add(school.server)
    found = {
        tokens.service_token(school.platform, [SCORE]),
        tokens.service_token(school.platform, [RESULT, SCORE]),
        tokens.service_token(school.platform, [SCORE, RESULT, SCORE]),
        tokens.service_token(other, [SCORE]),
    }
    assert len(found) == len(school.asked()) == 3


def test_a_token_that_somebody_else_replaced_is_not_dropped(school: School) -> None:
    old = tokens.service_token(school.platform, [SCORE])
    tokens.drop_token(school.platform, [SCORE], old)
    new = tokens.service_token(school.platform, [SCORE])
    assert new != old
    tokens.drop_token(school.platform, [SCORE], old)
    assert tokens.service_token(school.platform, [SCORE]) == new
    assert len(school.asked()) == 2


def test_a_token_sealed_with_another_key_counts_as_none(school: School) -> None:
    tokens.service_token(school.platform, [SCORE])
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        session.scalars(select(ServiceToken)).one().token = "sealed elsewhere"
    tokens.service_token(school.platform, [SCORE])
    assert len(school.asked()) == 2


@pytest.mark.parametrize(
    ("said", "kept"),
    [("NaN", 540), ("Infinity", 540), ("1e999", 540), ("9" * 400, 540), ("-5", 540), ('"soon"', 540), ("7200", 7140)],
)
def test_a_lifetime_without_sense_keeps_no_score_from_going_out(school: School, said: str, kept: int) -> None:
    body = f'{{"access_token": "t", "expires_in": {said}}}'
    school.server.faults.add("token", Fault.malformed(body))
    with time_machine.travel(utc_now(), tick=False):
        assert tokens.service_token(school.platform, [SCORE]) == "t"
        with unscoped(Unscoped.INSTALLATION) as session:
            expires_at = session.scalars(select(ServiceToken)).one().expires_at
        assert (expires_at - utc_now()).total_seconds() == pytest.approx(kept, abs=1e-3)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7.0),
        ("\xb2", None),
        ("9" * 5000, 86400.0),
        ("-1", None),
        ("Wed, 21 Oct 99999999999 07:28:00 GMT", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("soon", None),
    ],
)
def test_how_long_to_wait(said: str, seconds: float | None) -> None:
    assert tokens.retry_after(HttpAnswer(429, {"retry-after": said}, b"", "https://lms.example/")) == seconds


def test_a_clock_a_little_ahead_of_moodles_still_gets_a_token(school: School) -> None:
    """Moodle refuses an assertion whose iat is ahead of its clock."""
    school.server.platform.clock.offset = timedelta(seconds=-5)
    assert tokens.service_token(school.platform, [SCORE])


def test_the_refusal_keeps_only_the_error_word(school: School) -> None:
    school.server.platform.tools.remove(school.server.platform.tools.by_client(school.platform.client_id).id)  # type: ignore[union-attr]
    with pytest.raises(tokens.TokenRefusedError) as caught:
        tokens.service_token(school.platform, [SCORE])
    assert caught.value.http_status == 400
    assert len(caught.value.detail) < 80


@pytest.mark.parametrize(
    ("product", "audience", "expected"),
    [
        ("moodle", "", "{token_url}"),
        ("moodle", "https://auth.example", "https://auth.example"),
        ("desire2learn", "", "https://api.brightspace.com/auth/token"),
    ],
)
def test_the_assertion_is_made_out_to(
    sqlite_app: Flask, school: School, product: str, audience: str, expected: str
) -> None:
    with time_machine.travel(utc_now(), tick=False):
        school.platform.product, school.platform.token_audience = product, audience
        jwks = sqlite_app.test_client().get("/lti/jwks").get_json()
        claims = jwt.decode(tokens._assertion(school.platform), KeySet.import_key_set(jwks)).claims
    assert claims["aud"] == expected.format(token_url=school.platform.token_url)
    assert claims["iss"] == claims["sub"] == school.platform.client_id
    assert claims["exp"] - claims["iat"] <= 600


def test_a_private_address_that_was_not_approved_gets_no_assertion(school: School) -> None:
    """X26: the token URL is the platform's word until an administrator approves its hosts."""
    school.platform.approved_hosts = []
    with pytest.raises(OutboundRefusedError):
        tokens.service_token(school.platform, [SCORE])
    assert school.asked() == []


def test_a_401_that_stays_costs_one_more_token_and_no_loop(school: School) -> None:
    school.server.faults.add("lineitems", Fault(401, times=9))
    url = school.server.platform.core.url("/lti/services/1/lineitems")
    client = ServiceClient(school.platform, [SCORE])
    assert client.call("GET", url).status == 401
    assert len(school.asked()) == 2, "the first one was dropped"
