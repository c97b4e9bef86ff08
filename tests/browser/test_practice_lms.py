"""The practice LMS's own pages in Chromium: a gradebook that updates by itself, and pages that fit a phone."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from passback.sandbox.links import Column
from passback.sandbox.model import Link, Tool
from passback.sandbox.scores import Score
from passback.sandbox.server import SandboxServer

pytestmark = pytest.mark.browser

NOWHERE = "http://localhost:1"


@pytest.fixture
def lms() -> Iterator[SandboxServer]:
    """A running practice LMS."""
    with SandboxServer() as server:
        yield server


@pytest.fixture
def placed(lms: SandboxServer) -> Link:
    """A graded link of a tool."""
    tool: Tool = lms.platform.tools.add(
        name="Passback",
        initiate_login_uri=f"{NOWHERE}/login",
        redirect_uris=[f"{NOWHERE}/launch"],
        jwks_uri=f"{NOWHERE}/jwks",
    )
    title = "A title that is one long word: " + "Donaudampfschifffahrtsgesellschaft" * 3
    return lms.platform.links.add("2", tool.id, title, column=Column())


def sign_in(page: Page, lms: SandboxServer, name: str) -> None:
    page.goto(f"{lms.url}/sign-in")
    page.get_by_role("button", name=re.compile(f"^Sign in\\s+as {name}")).click()
    page.wait_for_url("**/course/**")


def test_the_gradebook_shows_a_score_without_a_reload_and_leaves_an_open_form_alone(
    browser: BrowserContext, lms: SandboxServer, placed: Link
) -> None:
    page = browser.new_page()
    sign_in(page, lms, "Ines")
    page.goto(f"{lms.url}/grades")
    row = page.get_by_role("row").filter(has_text="Sukarno")
    row.get_by_text("Change", exact=True).click()
    row.get_by_label("Points").fill("12")
    column = lms.platform.links.column(placed.id)
    assert column is not None
    comment = "<b>80</b> & more"
    score = Score("3", datetime.now(UTC), "Completed", "FullyGraded", 8, 10, comment)
    lms.platform.gradebook.score(column.id, score)
    expect(row.get_by_text("80 / 100")).to_be_visible()
    expect(row.get_by_text(comment)).to_be_visible()
    assert row.get_by_label("Points").input_value() == "12"
    row.get_by_role("button", name="Enter by hand").click()
    expect(row.get_by_text("12 / 100")).to_be_visible()
    expect(row.get_by_text("changed by hand")).to_be_visible()


def test_every_page_fits_320_pixels_and_reports_no_error(
    browser: BrowserContext, lms: SandboxServer, placed: Link
) -> None:
    page = browser.new_page()
    page.set_viewport_size({"width": 320, "height": 640})
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    sign_in(page, lms, "Ines")
    paths = ["/", "/course/2/add", f"/link/{placed.id}/edit", "/course/2/grades", "/tools", "/faults", "/sign-in"]
    for path in (*paths, "/lti/return?course=2&lti_msg=Saved"):
        page.goto(f"{lms.url}{path}")
        assert page.get_by_role("heading", level=1).count() == 1, path
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
    assert faults == []


def test_the_registration_page_believes_the_tools_origin_only(browser: BrowserContext, lms: SandboxServer) -> None:
    page = browser.new_page()
    page.add_init_script("addEventListener('message', (event) => (window.heard ??= []).push(event.origin))")
    close = "<script>top.postMessage({subject: 'org.imsglobal.lti.close'}, '*')</script>"
    shown = ["<iframe src='http://other.localhost:1/'></iframe>"]
    page.route("http://other.localhost:1/**", lambda route: route.fulfill(body=close, content_type="text/html"))
    page.route("http://tool.localhost:1/**", lambda route: route.fulfill(body=shown[-1], content_type="text/html"))
    sign_in(page, lms, "Site Administrator")
    register(page, lms)
    page.wait_for_function("window.heard?.includes('http://other.localhost:1')")
    assert urlsplit(page.url).path == "/tools/register"
    shown.append(close)
    register(page, lms)
    page.wait_for_url(re.compile("/tools$"))


def register(page: Page, lms: SandboxServer) -> None:
    page.goto(f"{lms.url}/tools?start")
    page.get_by_label("The tool's registration URL").fill("http://tool.localhost:1/register")
    page.get_by_role("button", name="Register", exact=True).click()
