"""The ground the platform's parts stand on: configuration, clock, lock, kept state."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import RLock
from urllib.parse import urlencode

from pydantic import TypeAdapter, ValidationError

from passback.sandbox.model import State
from passback.sandbox.profiles import MOODLE, StrictnessProfile
from passback.sandbox.seed import first_state

_STATE = TypeAdapter(State)


@dataclass(frozen=True)
class SandboxConfig:
    """How a practice LMS is set up.

    Args:
        url: where it is reached, without a trailing slash.
        profile: whose behaviour it shows.
        auth_url: origin of its authentication endpoint, where that is another host, as Canvas's for all schools.
        issuer: its `iss`; "": the profile's shared issuer, else `url`.
        state_file: where it keeps its state between runs; None keeps it in memory.
        tool_url: what the registration form is filled with.
        name: what its pages are called.
        fetch_seconds: how long it waits for a tool's JWKS.
    """

    url: str = "http://127.0.0.1:8080"
    profile: StrictnessProfile = field(default=MOODLE)
    auth_url: str = ""
    issuer: str = ""
    state_file: Path | None = None
    tool_url: str = "http://localhost:8000"
    name: str = "Practice LMS"
    fetch_seconds: float = 5.0


class BrokenStateError(Exception):
    """The state file cannot be read; it is left as it is."""


class Clock:
    """The LMS's clock; `offset` makes it wrong on purpose."""

    def __init__(self) -> None:
        self.offset = timedelta(0)

    def now(self) -> datetime:
        """Return this LMS's idea of now, in UTC."""
        return datetime.now(UTC) + self.offset

    def timestamp(self) -> int:
        """Return now as whole seconds since 1970."""
        return int(self.now().timestamp())


class Core:
    """Configuration, clock and the state with its lock; every change is kept in the state file where there is one."""

    def __init__(self, config: SandboxConfig) -> None:
        self.config = config
        self.profile = config.profile
        self.clock = Clock()
        self._lock = RLock()
        self._state = self._load()

    @property
    def issuer(self) -> str:
        """The `iss` of everything this LMS signs."""
        return self.config.issuer or self.profile.shared_issuer or self.config.url

    @property
    def auth_origin(self) -> str:
        """Where tools send authentication requests; from there alone they believe what a page keeps for them."""
        return self.config.auth_url or self.config.url

    def url(self, path: str, **query: str) -> str:
        """Return the absolute URL of `path`."""
        return f"{self.config.url}{path}" + (f"?{urlencode(query)}" if query else "")

    @contextmanager
    def read(self) -> Iterator[State]:
        """Hold the state still."""
        with self._lock:
            yield self._state

    @contextmanager
    def change(self) -> Iterator[State]:
        """Hold the state, and keep what was changed; a change that raises is not written to the file."""
        with self._lock:
            yield self._state
            self._state.revision += 1
            self._save()

    def new_id(self) -> str:
        """Return a small number, unique in this LMS, as text."""
        with self._lock:
            self._state.counter += 1
            return str(self._state.counter)

    def _load(self) -> State:
        path = self.config.state_file
        if path is None or not path.exists():
            return first_state()
        try:
            return _STATE.validate_json(path.read_bytes())
        except ValidationError as error:
            msg = f"{path} is not a practice LMS's state: {error.error_count()} things in it are wrong"
            raise BrokenStateError(msg) from error

    def _save(self) -> None:
        path = self.config.state_file
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(path.name + ".new")
        fresh.touch(mode=0o600)
        fresh.write_bytes(_STATE.dump_json(self._state, indent=1))
        fresh.replace(path)
