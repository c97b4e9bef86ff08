"""The cache of platforms' keys, against a real key set on a real port."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import time_machine
from flask import Flask
from joserfc.jwk import ECKey, RSAKey

from passback.lti.errors import KeyUnknownError, KeyUnsuitableError, PlatformKeysError
from passback.lti.platform_keys import PlatformKeys

START = 1_790_000_000
RSA = {kid: RSAKey.generate_key(2048, {"kid": kid}) for kid in ("a", "b")}


class Publisher:
    """A key set endpoint that counts and can be told what to answer."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = [public("a")]
        self.status, self.headers, self.body, self.asked = 200, {}, None, 0
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                publisher.asked += 1
                body = publisher.body if publisher.body is not None else json.dumps({"keys": publisher.keys}).encode()
                self.send_response(publisher.status)
                for name, value in publisher.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks?site=1"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    @property
    def approved(self) -> list[str]:
        return [f"127.0.0.1:{self.server.server_port}", "127.0.0.1"]


def public(name: str, **changes: Any) -> dict[str, Any]:
    key = {**RSA[name].as_dict(private=False), "alg": "RS256", "use": "sig", **changes}
    return {field: value for field, value in key.items() if value is not None}


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    made = Publisher()
    yield made
    made.server.shutdown()
    made.server.server_close()
    made.thread.join()


@pytest.fixture
def find(publisher: Publisher, sqlite_app: Flask) -> Iterator[Any]:
    keys = PlatformKeys()
    with time_machine.travel(START, tick=False) as clock:

        def look(kid: str = "a", at: float = 0, algorithm: str = "RS256") -> int:
            clock.move_to(START + at)
            return len(keys.find(publisher.url, kid, algorithm, approved_hosts=publisher.approved))

        yield look


def test_a_key_set_is_fetched_once_while_it_is_fresh(find: Any, publisher: Publisher) -> None:
    publisher.headers = {"Cache-Control": "public, max-age=600"}
    assert [find(at=at) for at in (0, 1, 599)] == [1, 1, 1]
    assert publisher.asked == 1
    find(at=601)
    assert publisher.asked == 2


@pytest.mark.parametrize(
    ("header", "fresh"),
    [
        ("max-age=0", 60),
        ("max-age=5", 60),
        ("no-cache", 60),
        ("no-store, max-age=600", 60),
        ("MAX-AGE = 600", 600),
        ("max-age=999999999", 86400),
        ("max-age=nonsense", 3600),
        ("", 3600),
    ],
)
def test_how_long_a_key_set_is_fresh(find: Any, publisher: Publisher, header: str, fresh: int) -> None:
    publisher.headers = {"Cache-Control": header} if header else {}
    find()
    find(at=fresh - 1)
    assert publisher.asked == 1
    find(at=fresh)
    assert publisher.asked == 2


def test_a_key_that_was_just_rotated_in_is_fetched_at_once(find: Any, publisher: Publisher) -> None:
    find()
    publisher.keys = [public("b")]
    assert find("b", at=1) == 1
    assert publisher.asked == 2


def test_an_unknown_key_is_asked_about_every_30_seconds_at_most(find: Any, publisher: Publisher) -> None:
    find()
    for at in (1, 2, 15, 30.9):
        with pytest.raises(KeyUnknownError):
            find("nobody's", at=at)
    assert publisher.asked == 2
    with pytest.raises(KeyUnknownError):
        find("nobody's", at=31.1)
    assert publisher.asked == 3
    assert find(at=31.2) == 1


def test_a_platform_that_is_down_is_served_from_the_old_set(find: Any, publisher: Publisher) -> None:
    find()
    publisher.status = 503
    assert find(at=3600) == 1
    assert publisher.asked == 2
    assert find(at=3620) == 1
    assert publisher.asked == 2, "not with every launch"
    assert find(at=3631) == 1
    assert publisher.asked == 3
    with pytest.raises(PlatformKeysError):
        find(at=3600 + 86400 + 1)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, None),
        (404, b"no"),
        (200, b"<html>Sign in</html>"),
        (200, b"[]"),
        (200, b'{"keys": {}}'),
        (200, b'{"keys": "x"}'),
        (200, b"\xff\xfe"),
        (200, b'{"keys": [' + b"1," * 3_000_000 + b"1]}"),
        (302, b""),
    ],
)
def test_an_answer_that_is_no_key_set(find: Any, publisher: Publisher, status: int, body: bytes | None) -> None:
    publisher.status, publisher.body = status, body
    publisher.headers = {"Location": "http://127.0.0.1:1/"} if status == 302 else {}
    with pytest.raises(PlatformKeysError):
        find()
    publisher.status, publisher.body, publisher.headers = 200, None, {}
    with pytest.raises(PlatformKeysError):
        find(at=10)
    assert publisher.asked == 1, "a broken platform is not asked with every launch"
    assert find(at=31) == 1


def test_a_redirect_is_not_followed(find: Any, publisher: Publisher) -> None:
    """X25: it would lead around the guard, whatever lies at its end."""
    publisher.status, publisher.headers = 302, {"Location": publisher.url}
    with pytest.raises(PlatformKeysError):
        find()
    assert publisher.asked == 1


def test_a_platform_that_is_down_when_a_key_is_unknown_keeps_the_known_ones(find: Any, publisher: Publisher) -> None:
    find()
    publisher.status = 503
    with pytest.raises(KeyUnknownError):
        find("b", at=1)
    assert find(at=2) == 1
    publisher.status, publisher.keys = 200, [public("a"), public("b")]
    assert find("b", at=32) == 1


def test_a_host_that_was_not_approved_is_not_called(publisher: Publisher, sqlite_app: Flask) -> None:
    with pytest.raises(PlatformKeysError):
        PlatformKeys().find(publisher.url, "a", "RS256")
    assert publisher.asked == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"use": "enc"},
        {"alg": "RS512"},
        {"alg": "RSA-OAEP"},
        {"kty": "EC"},
        {"key_ops": ["encrypt"]},
        {"n": "AQAB"},
        {"n": None},
        {"n": 5},
    ],
)
def test_a_key_for_something_else_is_not_used(find: Any, publisher: Publisher, changes: dict[str, Any]) -> None:
    publisher.keys = [public("a", **changes)]
    with pytest.raises(KeyUnsuitableError):
        find()


@pytest.mark.parametrize("changes", [{"use": None}, {"alg": None}, {"use": None, "alg": None, "x5t": "x", "own": [1]}])
def test_a_key_that_says_less_is_used(find: Any, publisher: Publisher, changes: dict[str, Any]) -> None:
    publisher.keys = [public("a", **changes)]
    assert find() == 1


def test_two_keys_of_one_name_are_both_tried(find: Any, publisher: Publisher) -> None:
    publisher.keys = [public("a"), public("b", kid="a"), public("b", kid="a", use="enc"), 7, {"kid": "a"}]  # type: ignore[list-item]
    assert find() == 2


def test_an_elliptic_key_is_used_where_that_was_agreed(find: Any, publisher: Publisher) -> None:
    publisher.keys = [ECKey.generate_key("P-256", {"kid": "e"}).as_dict(private=False)]
    assert find("e", algorithm="ES256") == 1
    with pytest.raises(KeyUnsuitableError):
        find("e", algorithm="RS256")


def test_an_empty_set_knows_nobody(find: Any, publisher: Publisher) -> None:
    publisher.keys = []
    with pytest.raises(KeyUnknownError):
        find()


def test_many_launches_at_once_fetch_once(publisher: Publisher, sqlite_app: Flask) -> None:
    keys, found = PlatformKeys(), []

    def run() -> None:
        with sqlite_app.app_context():
            found.append(len(keys.find(publisher.url, "a", "RS256", approved_hosts=publisher.approved)))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * 8
    assert publisher.asked == 1
