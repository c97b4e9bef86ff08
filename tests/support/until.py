"""Waiting for threads and processes in tests: until something is so, not for a while."""

import threading
import time
from collections.abc import Callable

_nothing = threading.Event()


def until(holds: Callable[[], object], *, seconds: float = 60.0) -> None:
    """Return as soon as `holds()` is true; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        _nothing.wait(0.01)
