"""SCORM 2004 in a real Chromium: two SCOs, sequencing, the run time's API, leaving and coming back."""

from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, expect
from plugins.scorm.tests.courses_2004 import two_scos

from passback.db import tenant_session
from passback.player.entry import entry_url
from passback.testing.packages import make_zip
from passback.tracking.report import RegistrationReport, registration_report
from tests.support.live import LiveTool
from tests.support.road import answer_all
from tests.support.shared import shared_path

pytestmark = pytest.mark.browser


@pytest.fixture
def registration(scorm_tool: LiveTool, tmp_path: Path) -> UUID:
    package = tmp_path / "steps.zip"
    package.write_bytes(make_zip(two_scos()))
    with package.open("rb") as file:
        return scorm_tool.register(scorm_tool.import_file(file, package.name).course_id)


def report(tool: LiveTool, registration: UUID) -> RegistrationReport:
    with tool.app.app_context(), tenant_session(tool.tenant_id) as session:
        return registration_report(session, registration)


def opened(tool: LiveTool, page: Page, registration: UUID) -> FrameLocator:
    page.goto(tool.launch_url(registration))
    return page.frame_locator("#content")


def expect_sco(page: Page, name: str, entry: str = "") -> None:
    content = page.frame_locator("#content")
    expect(content.locator("#where")).to_have_text(name)
    if entry:
        expect(content.locator("#entry")).to_have_text(entry)


def test_the_second_opens_once_the_first_is_passed(
    scorm_tool: LiveTool, browser: BrowserContext, registration: UUID
) -> None:
    page = browser.new_page()
    content = opened(scorm_tool, page, registration)
    expect_sco(page, "first", "ab-initio")
    expect(page.locator("#menu")).to_contain_text("The test not available yet")
    content.get_by_role("button", name="Fail").click()
    content.get_by_role("button", name="End").click()
    expect(page.locator("#notices")).to_contain_text("You have reached the end")
    page.reload()
    expect_sco(page, "first")
    content.get_by_role("button", name="Pass").click()
    expect(page.locator("#menu")).not_to_contain_text("The test not available yet")
    page.get_by_role("button", name="Next").click()
    expect_sco(page, "second", "ab-initio")
    content.get_by_role("button", name="Pass").click()
    expect(page.locator("#saved")).to_have_text("Saved")
    found = report(scorm_tool, registration)
    assert (found.completion, found.success, found.score_scaled) == ("completed", "passed", 0.9)


def test_what_is_suspended_is_resumed(scorm_tool: LiveTool, browser: BrowserContext, registration: UUID) -> None:
    page = browser.new_page()
    content = opened(scorm_tool, page, registration)
    content.get_by_role("button", name="Pass").click()
    content.get_by_role("button", name="On by itself").click()
    expect_sco(page, "second")
    content.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Not finished yet")).to_be_visible()
    opened(scorm_tool, page, registration)
    expect_sco(page, "second", "resume here")


def test_a_tab_that_was_closed_comes_back_to_its_place(
    scorm_tool: LiveTool, browser: BrowserContext, registration: UUID
) -> None:
    page = browser.new_page()
    opened(scorm_tool, page, registration)
    expect_sco(page, "first", "ab-initio")
    expect(page.locator("#saved")).to_have_text("Saved")
    page.close()
    page = browser.new_page()
    opened(scorm_tool, page, registration)
    expect_sco(page, "first", "resume here")


def test_the_end_of_the_course_leads_to_the_result(
    scorm_tool: LiveTool, browser: BrowserContext, registration: UUID
) -> None:
    page = browser.new_page()
    content = opened(scorm_tool, page, registration)
    content.get_by_role("button", name="Fail").click()
    page.get_by_role("button", name="End the course").click()
    expect(page.get_by_text("Not finished yet")).to_be_visible()
    assert "/result/" in page.url


def test_a_preview_shows_every_part(scorm_tool: LiveTool, browser: BrowserContext, tmp_path: Path) -> None:
    package = tmp_path / "steps.zip"
    package.write_bytes(make_zip(two_scos()))
    with package.open("rb") as file:
        course = scorm_tool.import_file(file, package.name)
    with scorm_tool.app.app_context():
        url = entry_url(tenant_id=scorm_tool.tenant_id, course_version_id=course.version_id, preview=True)
    page = browser.new_page()
    page.goto(url)
    expect_sco(page, "first")
    page.get_by_role("navigation").get_by_role("button", name="The test").click()
    expect_sco(page, "second")


def test_a_real_course_is_played_to_its_end(scorm_tool: LiveTool, browser: BrowserContext) -> None:
    """Rustici's golf course for SCORM 2004 3rd Edition, one SCO with its own pages and quiz."""
    path = shared_path("content/RuntimeBasicCalls_SCORM20043rdEdition.zip")
    with path.open("rb") as file:
        registration = scorm_tool.register(scorm_tool.import_file(file, path.name).course_id)
    page = browser.new_page()
    page.goto(scorm_tool.launch_url(registration))
    content = page.frame_locator("#content")
    following = content.get_by_role("button", name="Next ->")
    following.wait_for()
    while content.locator("body").evaluate("() => currentPage < pageArray.length - 1"):
        following.click()
    content.frame_locator("#contentFrame").locator("input[value='Submit Answers']").wait_for()
    quiz = next(frame for frame in page.frames if "assessmenttemplate" in frame.url)
    answer_all(quiz, right=True)
    content.get_by_role("button", name="Exit").click()
    expect(page.locator("#saved")).to_have_text("Saved")
    found = report(scorm_tool, registration)
    assert (found.completion, found.success, found.score_scaled) == ("completed", "passed", 1.0)
