"""Time limits in a real Chromium, whose clock is turned on: a warning, the end, and content that is closed."""

from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from plugins.scorm.tests.test_limits import limited_12, limited_2004

from passback.db import tenant_session
from passback.testing.packages import make_zip
from passback.tracking.report import registration_report
from tests.support.live import LiveTool

pytestmark = pytest.mark.browser


def opened(tool: LiveTool, page: Page, folder: Path, files: dict[str, str]) -> UUID:
    package = folder / "limited.zip"
    package.write_bytes(make_zip(files))
    with package.open("rb") as file:
        registration = tool.register(tool.import_file(file, package.name).course_id)
    page.clock.install()
    page.goto(tool.launch_url(registration))
    expect(page.frame_locator("#content").locator("#where")).to_have_text("first")
    return registration


def test_a_part_of_a_12_course_is_closed_after_a_warning(
    scorm_tool: LiveTool, browser: BrowserContext, tmp_path: Path
) -> None:
    page = browser.new_page()
    registration = opened(scorm_tool, page, tmp_path, limited_12())
    page.clock.fast_forward("09:01")
    expect(page.locator("#notices")).to_contain_text("The time for “First steps” is nearly over: 1 min left.")
    expect(page.locator("#say")).to_contain_text("nearly over")
    expect(page.locator("#content")).to_be_visible()
    page.clock.fast_forward("01:00")
    expect(page.locator("#panel")).to_contain_text("The time for “First steps” is over. It has been closed")
    expect(page.locator("#panel-title")).to_be_focused()
    expect(page.locator("#content")).to_have_count(0)
    page.locator("#panel").get_by_role("button", name="Leave").click()
    expect(page.get_by_text("Not finished yet")).to_be_visible()
    with scorm_tool.app.app_context(), tenant_session(scorm_tool.tenant_id) as session:
        assert registration_report(session, registration).completion == "incomplete"


def test_an_activity_of_a_2004_course_ends_and_the_course_goes_on(
    scorm_tool: LiveTool, browser: BrowserContext, tmp_path: Path
) -> None:
    page = browser.new_page()
    opened(scorm_tool, page, tmp_path, limited_2004())
    page.clock.fast_forward("10:01")
    expect(page.locator("#panel")).to_contain_text("The time for “First steps” is over.")
    page.locator("#panel").get_by_role("button", name="Next").click()
    expect(page.locator("#panel")).to_contain_text("Choose a part from the contents")
    expect(page.locator("#menu")).to_contain_text("First steps in progress")
    page.get_by_role("navigation").get_by_role("button", name="First steps").click()
    expect(page.frame_locator("#content").locator("#where")).to_have_text("first")


def test_a_limit_that_lets_the_learner_go_on(scorm_tool: LiveTool, browser: BrowserContext, tmp_path: Path) -> None:
    page = browser.new_page()
    opened(scorm_tool, page, tmp_path, limited_12("continue,message"))
    page.clock.fast_forward("10:01")
    expect(page.locator("#notices")).to_contain_text("The time for “First steps” is over. You may go on.")
    page.frame_locator("#content").get_by_role("button", name="Pass").click()
    expect(page.locator("#menu")).to_contain_text("First steps passed")
