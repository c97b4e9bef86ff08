"""Fixtures of browser tests: the tool on a port of its own, a framing site, Chromium."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, expect, sync_playwright

from passback.sandbox.profiles import StrictnessProfile
from tests.conftest import TOY, make_settings
from tests.support.live import ARGUMENTS, CHROMIUM, PATIENCE, LiveTool, open_browser, serve_frame, start_tool
from tests.support.road import CHROMIUM_NAMES, https_names, resolve_test_names, start_road
from tests.support.schools import OpenSchool, School, place_toys, refuse_all_but_the_lms

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright's driver."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture
def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def live_app(tmp_path: Path, sqlite_url: str, free_port: int) -> Iterator[LiveTool]:
    """The tool on `http://localhost:<port>` and `http://*.localhost:<port>`, with the toy content type."""
    settings = make_settings(
        tmp_path,
        database_url=sqlite_url,
        port=free_port,
        url=f"http://localhost:{free_port}",
        content_url=f"http://*.localhost:{free_port}",
    )
    with start_tool(settings, extra_plugins=TOY) as tool:
        yield tool


@pytest.fixture
def scorm_tool(tmp_path: Path, sqlite_url: str, free_port: int) -> Iterator[LiveTool]:
    """The same with the installed SCORM plugin."""
    settings = make_settings(
        tmp_path,
        database_url=sqlite_url,
        plugins="scorm",
        port=free_port,
        url=f"http://localhost:{free_port}",
        content_url=f"http://*.localhost:{free_port}",
    )
    with start_tool(settings) as running:
        yield running


@pytest.fixture
def lms_page() -> Iterator[str]:
    """The address of a page on `127.0.0.1`, another site than the tool's, that frames `?<address>`."""
    with serve_frame() as address:
        yield address


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """A running Chromium; each test has a profile of its own in it."""
    launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield launched
    launched.close()


@pytest.fixture
def browser(chromium: Browser) -> Iterator[BrowserContext]:
    """A fresh profile of Chromium as it comes."""
    context = chromium.new_context()
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


@pytest.fixture
def chromium_without_scripts(chromium: Browser) -> Iterator[BrowserContext]:
    """A profile that runs no scripts."""
    context = chromium.new_context(java_script_enabled=False)
    yield context
    context.close()


@pytest.fixture
def strict_browser(playwright: Playwright, tmp_path: Path) -> Iterator[BrowserContext]:
    """Chromium with third-party cookies, and so all storage in frames of other sites, blocked."""
    with open_browser(playwright, tmp_path / "strict browser", block_third_party=True) as context:
        yield context


@pytest.fixture
def open_school(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenSchool]:
    """Start an LMS that behaves like a product, with the tool registered and the course placed."""
    resolve_test_names(monkeypatch)
    names = https_names(tmp_path)
    assert names.certificate is not None
    settings = make_settings(
        tmp_path,
        database_url=sqlite_url,
        url=names.tool,
        content_url=names.content,
        port=names.port,
        ca_bundle=str(names.certificate.certificate),
    )
    with ExitStack() as stack:

        def _open(profile: StrictnessProfile, *, auth_host: str = "") -> School:
            auth_url = f"https://{auth_host}:{names.lms_port}" if auth_host else ""
            road = stack.enter_context(
                start_road(names, settings, profile=profile, auth_url=auth_url, extra_plugins=TOY)
            )
            return School(road, place_toys(road))

        yield _open


@pytest.fixture
def usual(playwright: Playwright, tmp_path: Path) -> Iterator[BrowserContext]:
    """Chromium that blocks third-party cookies: partitioned ones are kept."""
    with open_browser(
        playwright, tmp_path / "usual", block_third_party=True, args=CHROMIUM_NAMES, ignore_https_errors=True
    ) as context:
        yield context


@pytest.fixture
def refusing(playwright: Playwright, tmp_path: Path) -> Iterator[BrowserContext]:
    """Chromium that keeps cookies and storage for the LMS only (people have to sign in there)."""
    profile = tmp_path / "refusing"
    refuse_all_but_the_lms(profile)
    with open_browser(playwright, profile, args=CHROMIUM_NAMES, ignore_https_errors=True) as context:
        yield context
