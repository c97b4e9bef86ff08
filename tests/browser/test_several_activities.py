"""A course of several activities in a real Chromium: menu, buttons, going on, offline, phone."""

import json
from uuid import UUID

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, expect

from passback.player.entry import entry_url
from tests.support.live import LiveTool

pytestmark = pytest.mark.browser

PART = """<!doctype html><title>Part</title><h1 id="where">%s</h1>
<button id="done">Done</button><button id="finish">Finish</button><button id="close">Close</button>
<script>
const api = parent.Parts;
where.dataset.said = api.said();
done.onclick = () => api.done();
finish.onclick = () => api.finish();
document.getElementById("close").onclick = () => window.close();
addEventListener("unload", () => { if (document.title === "leaves late") api.done(); });
</script>"""
PARTS = [
    {"id": "one", "title": "First steps", "start": "one.html"},
    {"id": "two", "title": "A closer look", "start": "two.html"},
    {"id": "three", "title": "The test", "start": "three.html", "needs": "two"},
]


@pytest.fixture
def registration(live_app: LiveTool) -> UUID:
    files = {f"{part['id']}.html": PART % part["title"] for part in PARTS}
    made = {"title": "Bees", "parts": PARTS}
    course = live_app.import_package({"parts.json": json.dumps(made), **files})
    return live_app.register(course.course_id)


def open_course(tool: LiveTool, page: Page, registration: UUID) -> FrameLocator:
    page.goto(tool.launch_url(registration))
    return page.frame_locator("#content")


def expect_part(page: Page, title: str) -> None:
    expect(page.frame_locator("#content").locator("#where")).to_have_text(title)
    expect(page.locator("#menu [aria-current]")).to_contain_text(title)


def test_on_and_back_by_buttons_and_menu(live_app: LiveTool, browser: BrowserContext, registration: UUID) -> None:
    page = browser.new_page()
    content = open_course(live_app, page, registration)
    expect_part(page, "First steps")
    expect(page.get_by_role("button", name="Previous")).to_be_disabled()
    page.get_by_role("button", name="Next").click()
    expect_part(page, "A closer look")
    expect(page.locator("#say")).to_have_text("A closer look")
    expect(page.get_by_role("button", name="Next")).to_be_disabled()  # the test needs this part
    expect(page.locator("#menu")).to_contain_text("The test not available yet")
    content.locator("#done").click()
    page.get_by_role("navigation").get_by_role("button", name="First steps").click()
    expect_part(page, "First steps")
    page.get_by_role("navigation").get_by_role("button", name="The test").click()
    expect_part(page, "The test")
    expect(page.locator("#menu")).to_contain_text("A closer look completed")


def test_a_part_knows_what_was_said_in_it_and_the_course_resumes_there(
    live_app: LiveTool, browser: BrowserContext, registration: UUID
) -> None:
    page = browser.new_page()
    content = open_course(live_app, page, registration)
    page.get_by_role("button", name="Next").click()
    expect(content.locator("#where")).to_have_attribute("data-said", "false")
    content.locator("#done").click()
    expect(page.locator("#saved")).to_have_text("Saved")
    page.reload()
    expect_part(page, "A closer look")
    expect(content.locator("#where")).to_have_attribute("data-said", "true")


def test_offline_between_two_parts_goes_on_by_itself(
    live_app: LiveTool, browser: BrowserContext, registration: UUID
) -> None:
    page = browser.new_page()
    content = open_course(live_app, page, registration)
    expect_part(page, "First steps")
    browser.set_offline(True)
    content.locator("#done").click()
    page.get_by_role("button", name="Next").click()
    expect(page.locator("#saved")).to_contain_text("Not saved yet")
    expect(page.locator("#content")).to_have_count(0)
    browser.set_offline(False)
    expect_part(page, "A closer look")
    expect(page.locator("#menu")).to_contain_text("First steps completed")


def test_what_a_part_says_in_its_unload_counts(live_app: LiveTool, browser: BrowserContext, registration: UUID) -> None:
    page = browser.new_page()
    content = open_course(live_app, page, registration)
    expect_part(page, "First steps")
    content.locator("body").evaluate("() => { document.title = 'leaves late'; }")
    page.get_by_role("button", name="Next").click()
    expect_part(page, "A closer look")
    expect(page.locator("#menu")).to_contain_text("First steps completed")


def test_the_end_leads_to_the_result(live_app: LiveTool, browser: BrowserContext, registration: UUID) -> None:
    page = browser.new_page()
    open_course(live_app, page, registration)
    page.get_by_role("button", name="End the course").click()
    expect(page.get_by_text("Not finished yet")).to_be_visible()
    assert "/result/" in page.url


def test_a_finished_part_offers_the_next(live_app: LiveTool, browser: BrowserContext, registration: UUID) -> None:
    page = browser.new_page()
    content = open_course(live_app, page, registration)
    content.locator("#finish").click()
    expect(page.locator("#notices")).to_contain_text("You have finished this part.")
    page.locator("#notices").get_by_role("button", name="Next").click()
    expect_part(page, "A closer look")


def test_a_preview_goes_everywhere_and_leaves_no_trace(live_app: LiveTool, browser: BrowserContext) -> None:
    files = {f"{part['id']}.html": PART % part["title"] for part in PARTS}
    course = live_app.import_package({"parts.json": json.dumps({"title": "Bees", "parts": PARTS}), **files})
    page = browser.new_page()
    with live_app.app.app_context():
        url = entry_url(tenant_id=live_app.tenant_id, course_version_id=course.version_id, preview=True)
    page.goto(url)
    expect_part(page, "First steps")
    page.get_by_role("button", name="Next").click()
    expect_part(page, "A closer look")
    page.get_by_role("button", name="Previous").click()
    expect_part(page, "First steps")


def test_on_a_phone_the_menu_is_a_drawer(live_app: LiveTool, browser: BrowserContext, registration: UUID) -> None:
    page = browser.new_page()
    page.set_viewport_size({"width": 390, "height": 780})
    open_course(live_app, page, registration)
    menu, opener = page.locator("#menu"), page.get_by_role("button", name="Contents")
    expect(menu).to_be_hidden()
    opener.click()
    expect(menu).to_be_visible()
    expect(opener).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(opener).to_be_focused()
    opener.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect_part(page, "A closer look")
    expect(menu).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
