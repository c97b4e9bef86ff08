"""A practice LMS on a port, and a school that uses it."""

from collections.abc import Iterator

import pytest
from flask import Flask

from passback.sandbox.server import SandboxServer
from tests.support.lti import School, make_school


@pytest.fixture(scope="session")
def lms_server() -> Iterator[SandboxServer]:
    """The practice LMS; every school registers a tool of its own with it."""
    with SandboxServer() as server:
        yield server


@pytest.fixture
def school(sqlite_app: Flask, lms_server: SandboxServer) -> Iterator[School]:
    """A school whose LMS is registered with the tool."""
    lms_server.faults.clear()
    yield make_school(sqlite_app, lms_server.platform)
    lms_server.faults.clear()
