"""What came in from tools, for tests and for the faults page."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

KEPT = 2000


@dataclass(frozen=True)
class LoggedRequest:
    """One request to a service and what it got. `fault` names an injected fault; headers have lower-case names."""

    at: datetime
    area: str
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: str
    status: int
    reason: str = ""
    fault: bool = False


@dataclass
class RequestLog:
    """The newest requests, the oldest first."""

    entries: deque[LoggedRequest] = field(default_factory=lambda: deque(maxlen=KEPT))

    def add(self, entry: LoggedRequest) -> None:
        """Keep one."""
        self.entries.append(entry)

    def of(self, area: str) -> list[LoggedRequest]:
        """Return the requests to one area."""
        return [entry for entry in list(self.entries) if entry.area == area]

    def clear(self) -> None:
        """Forget them."""
        self.entries.clear()

    def __iter__(self) -> Iterator[LoggedRequest]:
        return iter(list(self.entries))
