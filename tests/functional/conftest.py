"""A practice LMS on a port, and a school that uses it."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from passback.sandbox.server import SandboxServer
from tests.support.lms_gradebook import Gradebook, gradebooks
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


@pytest.fixture
def open_gradebook(sqlite_app: Flask) -> Iterator[Callable[..., Gradebook]]:
    """Make a gradebook in an LMS that behaves like a product."""
    with gradebooks(sqlite_app) as make:
        yield make


@pytest.fixture
def gradebook(open_gradebook: Callable[..., Gradebook]) -> Gradebook:
    """A gradebook in Moodle."""
    return open_gradebook()
