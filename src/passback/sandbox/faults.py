"""Faults on purpose: what the next requests to a service get instead of a right answer."""

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Event, RLock

AREAS = ("token", "score", "results", "lineitems", "jwks", "nrps", "registration", "discovery", "notices")


@dataclass
class Fault:
    """What to do instead of answering.

    Args:
        status: the answer's HTTP status.
        times: for how many requests.
        retry_after: seconds (or an HTTP date) for the Retry-After header; None: no header.
        body: the answer's body as it is, for malformed answers.
        content_type: its media type.
        location: a Location header, for redirects.
        cache_control: a Cache-Control header.
        commit: first do what was asked, then fail.
        hang_seconds: stay silent for so long before closing the connection; ends early when the server stops.
        drop: close the connection without an answer.
        revoke_tokens: every access token given out so far stops working.
        skip: let so many requests pass first.
        link: answer rightly, but with this Link header ("": without one).
        relabel: answer rightly, but call it this Content-Type.
    """

    status: int = 503
    times: int = 1
    retry_after: int | str | None = None
    body: str = ""
    content_type: str = "text/plain"
    location: str = ""
    cache_control: str = ""
    commit: bool = False
    hang_seconds: float = 0.0
    drop: bool = False
    revoke_tokens: bool = False
    skip: int = 0
    link: str | None = None
    relabel: str = ""

    @classmethod
    def rate_limit(cls, retry_after: int | str = 30, times: int = 1) -> "Fault":
        """Answer 429 with Retry-After."""
        return cls(429, times, retry_after)

    @classmethod
    def expired_token(cls, times: int = 1) -> "Fault":
        """Answer 401 and forget every access token."""
        return cls(401, times, revoke_tokens=True)

    @classmethod
    def lost_answer(cls, times: int = 1, hang_seconds: float = 0.0) -> "Fault":
        """Do what was asked and never answer: the time-out after commit."""
        return cls(times=times, commit=True, drop=True, hang_seconds=hang_seconds)

    @classmethod
    def malformed(cls, body: str = '{"error" : ""kid" invalid', times: int = 1, status: int = 200) -> "Fault":
        """Answer with something that is not JSON."""
        return cls(status, times, body=body, content_type="application/json")

    @classmethod
    def redirect(cls, location: str, times: int = 1, status: int = 302) -> "Fault":
        """Send the caller elsewhere."""
        return cls(status, times, location=location)

    @classmethod
    def html(cls, times: int = 1, status: int = 200) -> "Fault":
        """Answer with a web page, as a proxy or a sign-in page in between does."""
        return cls(status, times, body="<!doctype html><title>Sign in</title>", content_type="text/html")

    @classmethod
    def above_limit(cls, times: int = 1) -> "Fault":
        """Refuse the roster of a large course, as Open edX does (lti-consumer-xblock, `LtiNrpsContextMembership…`)."""
        body = '{"error": "above_response_limit", "explanation": "Too many users."}'
        return cls(403, times, body=body, content_type="application/json")


@dataclass
class Faults:
    """What is queued per area; see `AREAS`. Set `stopping` to end every silence at once."""

    queued: dict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    stopping: Event = field(default_factory=Event)
    _lock: RLock = field(default_factory=RLock)

    def add(self, area: str, fault: Fault) -> None:
        """Queue a fault for the next requests to `area`.

        Raises:
            ValueError: there is no such area.
        """
        if area not in AREAS:
            msg = f"no area {area!r}; one of {', '.join(AREAS)}"
            raise ValueError(msg)
        with self._lock:
            self.queued[area].append(fault)

    def take(self, area: str) -> Fault | None:
        """Return the fault that this request to `area` gets, and count it."""
        with self._lock:
            queue = self.queued[area]
            if not queue:
                return None
            fault = queue[0]
            if fault.skip > 0:
                fault.skip -= 1
                return None
            fault.times -= 1
            if fault.times <= 0:
                queue.popleft()
            return fault

    def clear(self) -> None:
        """Forget all that is queued."""
        with self._lock:
            self.queued.clear()

    def pending(self) -> Iterator[tuple[str, Fault]]:
        """Yield what is queued, with its area."""
        with self._lock:
            waiting = [(area, fault) for area, queue in self.queued.items() for fault in queue]
        yield from waiting
