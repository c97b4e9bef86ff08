"""The practice LMS on a real port, calling back into a tool that runs in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from flask import Flask

from passback.sandbox.core import SandboxConfig
from passback.sandbox.drive import fetch_from
from passback.sandbox.keys import new_key
from passback.sandbox.profiles import PROFILES
from passback.sandbox.server import SandboxServer


@contextmanager
def practice_lms(app: Flask, product: str = "moodle") -> Iterator[SandboxServer]:
    """Run a practice LMS that behaves like `product` and fetches the key set of the tool `app`."""
    server = SandboxServer(config=SandboxConfig(profile=PROFILES[product]))
    server.platform.tool_keys.fetch = fetch_from(app)
    with server.platform.core.change() as state:
        state.keys = [_platform_key()]
    with server:
        yield server


@cache
def _platform_key() -> dict[str, Any]:
    """One key pair for all practice LMSs of the run: making one takes longer than most tests."""
    return new_key("platform").as_dict(private=True)
