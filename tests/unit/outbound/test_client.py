"""Outbound calls: guarded against forbidden addresses, bounded in time and size, never inside a transaction."""

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

import pytest
from flask import Flask

from passback.db import TransactionError, tenant_session
from passback.outbound import (
    USER_AGENT,
    HttpClient,
    OutboundError,
    OutboundRefusedError,
    OutboundTimeoutError,
    authority,
    guard,
)


class Handler(BaseHTTPRequestHandler):
    """Answers by path; keeps what was asked."""

    seen: list[tuple[str, dict[str, str]]]

    def do_GET(self) -> None:
        self.server.seen.append((self.path, dict(self.headers)))  # type: ignore[attr-defined]
        match self.path:
            case "/bomb":
                self._send(gzip.compress(b"0" * 9_000_000), encoding="gzip")
            case "/redirect":
                self._send(b"", status=302, location="http://169.254.169.254/latest/meta-data")
            case "/silent":
                self.server.release.wait(10)  # type: ignore[attr-defined]
            case "/cookie":
                self._send(b"{}", cookie="a=b")
            case _:
                self._send(b'{"hello": "world"}')

    def _send(
        self, body: bytes, *, status: int = 200, encoding: str = "", location: str = "", cookie: str = ""
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in {"Content-Encoding": encoding, "Location": location, "Set-Cookie": cookie}.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    """A server on a private address, as the attacker's target would be."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.seen, httpd.release = [], threading.Event()  # type: ignore[attr-defined]
        threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True).start()
        yield httpd
        httpd.release.set()  # type: ignore[attr-defined]
        httpd.shutdown()


def url(server: ThreadingHTTPServer, path: str = "/", host: str = "127.0.0.1") -> str:
    return f"http://{host}:{server.server_port}{path}"


@pytest.fixture
def approved(server: ThreadingHTTPServer) -> HttpClient:
    return HttpClient([f"127.0.0.1:{server.server_port}"])


def test_an_approved_host_is_called_with_our_user_agent(server: ThreadingHTTPServer, approved: HttpClient) -> None:
    answer = approved.request("GET", url(server), headers={"X-Test": "1"})
    assert answer.json() == {"hello": "world"}
    assert server.seen[0][1]["User-Agent"] == USER_AGENT  # type: ignore[attr-defined]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f000001", "127.1"])
def test_a_private_address_is_refused_and_not_even_connected_to(server: ThreadingHTTPServer, host: str) -> None:
    for scheme in ("http", "https"):
        with pytest.raises(OutboundError):
            HttpClient().request("GET", url(server, host=host).replace("http", scheme, 1))
    assert server.seen == []  # type: ignore[attr-defined]


def test_approval_is_for_the_port_too(server: ThreadingHTTPServer) -> None:
    client = HttpClient(["127.0.0.1:1"])
    with pytest.raises(OutboundRefusedError):
        client.request("GET", url(server))


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "fe80::1",
        "224.0.0.1",
        "0.0.0.0",
        "::",
        "::ffff:169.254.169.254",
        "2002:a9fe:a9fe::1",
        "64:ff9b::169.254.169.254",
    ],
)
def test_metadata_and_multicast_are_refused_even_for_approved_hosts(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setattr(guard.socket, "getaddrinfo", answers(address))
    with pytest.raises(OutboundRefusedError):
        guard.permitted_address("lms.example", 443, private=True)


@pytest.mark.parametrize(
    "address",
    ["10.1.2.3", "192.168.0.1", "127.0.0.1", "::1", "fc00::1", "100.64.0.1", "64:ff9b::10.1.2.3", "::127.0.0.1"],
)
def test_private_ranges_need_an_approval(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setattr(guard.socket, "getaddrinfo", answers(address))
    with pytest.raises(OutboundRefusedError):
        guard.permitted_address("lms.example", 443, private=False)
    assert guard.permitted_address("lms.example", 443, private=True) == address


def test_a_name_with_a_public_and_a_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard.socket, "getaddrinfo", answers("93.184.216.34", "10.0.0.1"))
    with pytest.raises(OutboundRefusedError):
        guard.permitted_address("lms.example", 443, private=False)


def answers(*addresses: str) -> Callable[..., list[tuple[object, ...]]]:
    return lambda *_args, **_kwargs: [(socket.AF_INET, 1, 6, "", (one, 443)) for one in addresses]


def test_redirects_are_answers_not_orders(server: ThreadingHTTPServer, approved: HttpClient) -> None:
    assert approved.request("GET", url(server, "/redirect")).status == 302


def test_a_packed_bomb_is_cut_off(server: ThreadingHTTPServer, approved: HttpClient) -> None:
    with pytest.raises(OutboundError, match="larger"):
        approved.request("GET", url(server, "/bomb"), max_bytes=1_000_000)


def test_silence_is_a_time_out(server: ThreadingHTTPServer, approved: HttpClient) -> None:
    with pytest.raises(OutboundTimeoutError):
        approved.request("GET", url(server, "/silent"), read_seconds=0.2)


def test_no_cookie_is_kept(server: ThreadingHTTPServer, approved: HttpClient) -> None:
    approved.request("GET", url(server, "/cookie"))
    approved.request("GET", url(server, "/"))
    assert "Cookie" not in server.seen[1][1]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "bad", ["ftp://a.example/x", "file:///etc/passwd", "//a.example", "http://u:p@a.example/", "x"]
)
def test_other_urls_are_refused(bad: str) -> None:
    with pytest.raises(OutboundRefusedError):
        HttpClient().request("GET", bad)


def test_no_call_within_a_write_transaction(
    sqlite_app: Flask, server: ThreadingHTTPServer, approved: HttpClient
) -> None:
    with pytest.raises(TransactionError), tenant_session(UUID(int=1), write=True):
        approved.request("GET", url(server))


def test_authority_drops_only_the_default_port() -> None:
    assert authority("https://LMS.example:443/a") == "lms.example"
    assert authority("http://lms.example:443/a") == "lms.example:443"
    assert authority("http://127.0.0.1:8080/x") == "127.0.0.1:8080"


@pytest.mark.parametrize(
    "url",
    [
        "https://a b",
        "https://lms.example/a b",
        "https://lms.ex\r\nample/",
        "http://\0",
        "https://lms.example/\0",
        " https://x",
    ],
)
def test_an_address_with_blanks_or_control_characters_is_no_url(url: str) -> None:
    with pytest.raises(OutboundRefusedError):
        authority(url)
