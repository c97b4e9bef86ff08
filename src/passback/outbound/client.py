"""The one HTTP client for everything that leaves the house."""

import json
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import cast

import requests
from pydantic import JsonValue

from passback import __version__
from passback.db.tenancy import TransactionError, in_write_transaction
from passback.outbound.errors import OutboundAnswerError, OutboundError, OutboundRefusedError, OutboundTimeoutError
from passback.outbound.guard import GuardedAdapter, is_approved

CONNECT_SECONDS = 3.05
READ_SECONDS = 10.0
MAX_ANSWER_BYTES = 4 * 1024 * 1024
CHUNK_BYTES = 64 * 1024
USER_AGENT = f"Passback/{__version__}"


@dataclass(frozen=True)
class HttpAnswer:
    """What came back: status, headers (names in lower case), at most `max_bytes` of body, the URL that was called.

    `reason` is the status line's phrase: Moodle says there, and only there, why it refused a score. It may echo
    personal data and is for comparing only.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    reason: str = field(default="", repr=False)

    def json(self) -> JsonValue:
        """Return the body as JSON, judged by content alone: Moodle labels its tokens text/html.

        Raises:
            OutboundAnswerError: it is none.
        """
        try:
            return cast("JsonValue", json.loads(self.body))
        except (ValueError, RecursionError) as error:
            raise OutboundAnswerError("the answer is not JSON") from error


class HttpClient:
    """Pooled, bounded, guarded. Redirects are not followed: they would lead around the guard and change the method.

    Args:
        approved_hosts: hosts (with port, where it is not the default) that may have private addresses and plain http,
            for all calls.
        ca_bundle: file of CA certificates to trust; "" for the usual ones.
    """

    def __init__(self, approved_hosts: Collection[str] = (), *, ca_bundle: str = "") -> None:
        self._approved_hosts = frozenset(approved_hosts)
        self._public = _session(private=False, ca_bundle=ca_bundle)
        self._approved = _session(private=True, ca_bundle=ca_bundle)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
        approved_hosts: Collection[str] = (),
        read_seconds: float = READ_SECONDS,
        max_bytes: int = MAX_ANSWER_BYTES,
    ) -> HttpAnswer:
        """Make one call and return the answer, whatever its status.

        Args:
            form: fields to send form-encoded; excludes `body`.
            approved_hosts: hosts that may be private or plain http for this call (a platform's own).
            read_seconds: the longest silence, and a third of the longest whole answer.

        Raises:
            OutboundRefusedError: the guard forbids the address.
            OutboundTimeoutError: no answer in time; the call may have had its effect.
            OutboundAnswerError: an answer above `max_bytes`.
            OutboundError: no connection, or no valid answer.
        """
        if in_write_transaction():
            raise TransactionError("no network call while a write transaction is open")
        session = self._session_for(url, approved_hosts)
        with (
            _in_our_words(),
            session.request(
                method,
                url,
                headers=dict(headers or {}),
                data=dict(form) if form is not None else body,
                timeout=(CONNECT_SECONDS, read_seconds),
                allow_redirects=False,
                stream=True,
            ) as response,
        ):
            return _answer(url, response, max_bytes, deadline=time.monotonic() + 3 * read_seconds)

    def _session_for(self, url: str, approved_hosts: Collection[str]) -> requests.Session:
        if is_approved(url, self._approved_hosts | set(approved_hosts)):
            return self._approved
        if not url.lower().startswith("https://"):
            raise OutboundRefusedError("plain http is for approved hosts only")
        return self._public


@contextmanager
def _in_our_words() -> Iterator[None]:
    """Let no error of the library's out."""
    try:
        yield
    except requests.Timeout as error:
        raise OutboundTimeoutError(type(error).__name__) from error
    except (requests.RequestException, ValueError) as error:
        raise OutboundError(type(error).__name__) from error


def _session(*, private: bool, ca_bundle: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no proxy and no password of the environment's gets into a call by accident
    session.verify = ca_bundle or True
    # Moodle and Canvas answer 403 to clients without a User-Agent of their own (Canvas since January 2026).
    session.headers.update({"User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate"})
    adapter = GuardedAdapter(private=private)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


def _answer(url: str, response: requests.Response, max_bytes: int, *, deadline: float) -> HttpAnswer:
    content = _read(response, max_bytes, deadline=deadline)
    named = {name.lower(): value for name, value in response.headers.items()}
    return HttpAnswer(response.status_code, named, content, url, response.reason or "")


def _read(response: requests.Response, max_bytes: int, *, deadline: float) -> bytes:
    """Return the body, unpacked; stop at `max_bytes`, and at `deadline` where it drips in byte by byte."""
    parts: list[bytes] = []
    size = 0
    for part in response.iter_content(CHUNK_BYTES):
        size += len(part)
        if size > max_bytes:
            raise OutboundAnswerError(f"the answer is larger than {max_bytes} bytes")
        if time.monotonic() > deadline:
            raise OutboundTimeoutError("the answer took too long")
        parts.append(part)
    return b"".join(parts)
