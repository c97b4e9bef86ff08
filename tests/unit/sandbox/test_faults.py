"""Faults on purpose: what a tool sees of each, over a test client and over a socket."""

import json
from typing import Any

import pytest
import requests

from passback.sandbox.claims import memberships_url
from passback.sandbox.core import SandboxConfig
from passback.sandbox.faults import AREAS, Fault
from passback.sandbox.server import SandboxServer
from tests.unit.sandbox.conftest import LMS, Lms


def test_the_next_requests_fail_and_the_one_after_works(lms: Lms) -> None:
    lms.token()
    lms.platform.faults.add("score", Fault(status=503, times=2))
    assert [lms.score("3").status_code for _ in range(3)] == [503, 503, 200]
    assert [entry.status for entry in lms.platform.log.of("score")] == [503, 503, 200]
    assert [entry.fault for entry in lms.platform.log.of("score")] == [True, True, False]


def test_a_fault_can_wait_its_turn(lms: Lms) -> None:
    lms.platform.faults.add("nrps", Fault(status=500, skip=1))
    url = memberships_url(lms.platform.core, lms.platform.course, lms.tool)
    assert [lms.call("GET", url).status_code for _ in range(3)] == [200, 500, 200]


def test_without_commit_nothing_was_stored(lms: Lms) -> None:
    lms.platform.faults.add("score", Fault(status=503))
    lms.score("3")
    assert lms.shown("3") is None


def test_rate_limits_say_when_to_come_back(lms: Lms) -> None:
    lms.token()
    lms.platform.faults.add("score", Fault.rate_limit(retry_after=7))
    answer = lms.score("3")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")


def test_an_expired_token_stays_expired(lms: Lms) -> None:
    lms.token()
    lms.platform.faults.add("score", Fault.expired_token())
    assert lms.score("3").status_code == 401
    assert lms.score("3").status_code == 401
    lms.tokens.clear()
    assert lms.score("3").status_code == 200


def test_a_lost_answer_was_stored_all_the_same(lms: Lms) -> None:
    lms.token()
    lms.platform.faults.add("score", Fault.lost_answer())
    with pytest.raises(ConnectionResetError):
        lms.score("3", 8)
    assert lms.shown("3") == 80


def test_malformed_answers_and_redirects(lms: Lms) -> None:
    lms.platform.faults.add("token", Fault.malformed())
    answer = lms.ask_token()
    assert answer.status_code == 200
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(answer.text)
    lms.platform.faults.add("jwks", Fault.redirect("http://169.254.169.254/latest"))
    answer = lms.client.get(f"{LMS}/lti/jwks")
    assert (answer.status_code, answer.headers["Location"]) == (302, "http://169.254.169.254/latest")


def test_an_unknown_area_is_an_error(lms: Lms) -> None:
    with pytest.raises(ValueError, match="no area 'scores'"):
        lms.platform.faults.add("scores", Fault())


@pytest.mark.parametrize("area", AREAS)
def test_every_area_meets_its_faults(lms: Lms, area: str) -> None:
    lms.token()
    lms.platform.faults.add(area, Fault(status=503))
    calls: dict[str, Any] = {
        "token": lms.ask_token,
        "score": lambda: lms.score("3"),
        "results": lambda: lms.call("GET", lms.item_url("/results")),
        "lineitems": lambda: lms.call("GET", lms.item_url()),
        "jwks": lambda: lms.client.get(f"{LMS}/lti/jwks"),
        "nrps": lambda: lms.call("GET", memberships_url(lms.platform.core, lms.platform.course, lms.tool)),
        "registration": lambda: lms.client.post(f"{LMS}/lti/register"),
        "notices": lambda: lms.client.get(f"{LMS}/lti/notice-handlers/{lms.tool.id}"),
        "discovery": lambda: lms.client.get(f"{LMS}/.well-known/openid-configuration"),
    }
    assert calls[area]().status_code == 503
    assert list(lms.platform.faults.pending()) == []


def test_over_a_socket_the_connection_just_ends_and_a_silence_ends_with_the_server(
    platform_key: dict[str, Any],
) -> None:
    with SandboxServer(config=SandboxConfig()) as server:
        with server.platform.core.change() as state:
            state.keys = [platform_key]
        assert requests.get(f"{server.url}/lti/jwks", timeout=60).status_code == 200
        server.faults.add("jwks", Fault(drop=True))
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{server.url}/lti/jwks", timeout=60)
        server.faults.add("jwks", Fault(hang_seconds=60))
        with pytest.raises(requests.Timeout):
            requests.get(f"{server.url}/lti/jwks", timeout=0.05)
        assert server.url in server.platform.auth_url
