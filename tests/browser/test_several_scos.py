"""SCORM 1.2 courses of several SCOs in a real Chromium: one of our own with prerequisites, and Rustici's 18."""

from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, expect
from plugins.scorm.tests.courses_12 import three_scos
from sqlalchemy import select

from passback.content.course_settings import change_settings
from passback.content.models import Course
from passback.db import tenant_session
from passback.player.entry import entry_url
from passback.plugin import Timeline
from passback.testing.packages import make_zip
from passback.tracking.report import RegistrationReport, registration_report
from passback.tracking.timeline import attempt_timeline
from tests.support.live import LiveTool
from tests.support.shared import shared_path

pytestmark = pytest.mark.browser


@pytest.fixture
def registration(scorm_tool: LiveTool, tmp_path: Path) -> UUID:
    return imported(scorm_tool, tmp_path)


def imported(tool: LiveTool, folder: Path) -> UUID:
    package = folder / "three.zip"
    package.write_bytes(make_zip(three_scos()))
    with package.open("rb") as file:
        return tool.register(tool.import_file(file, package.name).course_id)


def report(tool: LiveTool, registration: UUID) -> RegistrationReport:
    with tool.app.app_context(), tenant_session(tool.tenant_id) as session:
        return registration_report(session, registration)


def told(tool: LiveTool, registration: UUID) -> Timeline:
    with tool.app.app_context(), tenant_session(tool.tenant_id) as session:
        found = attempt_timeline(session, registration, 1)
        assert found is not None
        return found.told


def opened(tool: LiveTool, page: Page, registration: UUID) -> FrameLocator:
    page.goto(tool.launch_url(registration))
    return page.frame_locator("#content")


def expect_sco(page: Page, name: str, entry: str = "") -> None:
    content = page.frame_locator("#content")
    expect(content.locator("#where")).to_have_text(name)
    if entry:
        expect(content.locator("#entry")).to_have_text(entry)


def test_the_test_opens_once_both_steps_are_passed(
    scorm_tool: LiveTool, browser: BrowserContext, registration: UUID
) -> None:
    page = browser.new_page()
    content = opened(scorm_tool, page, registration)
    menu = page.locator("#menu")
    expect_sco(page, "first", "ab-initio")
    expect(menu).to_contain_text("The test not available yet")
    content.get_by_role("button", name="Louder").click()
    content.get_by_role("button", name="Pass").click()
    page.get_by_role("button", name="Next").click()
    expect_sco(page, "second", "ab-initio")
    expect(content.locator("#volume")).to_have_text("90")
    expect(page.get_by_role("button", name="Next")).to_be_disabled()
    content.get_by_role("button", name="Pass").click()
    expect(menu).not_to_contain_text("The test not available yet")
    menu.get_by_role("button", name="The test").click()
    expect_sco(page, "test", "ab-initio")
    content.get_by_role("button", name="Pass").click()
    expect(page.locator("#saved")).to_have_text("Saved")
    found = report(scorm_tool, registration)
    assert (found.completion, found.success, found.score_scaled) == ("completed", "passed", pytest.approx(0.8))


def test_a_step_that_leads_nowhere_is_told_until_the_next(
    scorm_tool: LiveTool, browser: BrowserContext, registration: UUID
) -> None:
    page = browser.new_page()
    opened(scorm_tool, page, registration)
    expect_sco(page, "first")
    page.evaluate("passbackPlayer.navigator('choice', 'test')")
    expect(page.locator("#notices")).to_contain_text("This part cannot be opened yet")
    expect(page.locator("#say")).to_contain_text("This part cannot be opened yet")
    expect_sco(page, "first")
    page.get_by_role("button", name="Next").click()
    expect_sco(page, "second")
    expect(page.locator("#notices")).not_to_contain_text("cannot be opened")


def test_the_end_of_a_sco_offers_the_next_one(
    scorm_tool: LiveTool, browser: BrowserContext, registration: UUID
) -> None:
    page = browser.new_page()
    content = opened(scorm_tool, page, registration)
    content.get_by_role("button", name="End").click()
    page.locator("#notices").get_by_role("button", name="Next").click()
    expect_sco(page, "second", "ab-initio")
    page.get_by_role("button", name="Previous").click()
    expect_sco(page, "first")
    expect(content.locator("#entry")).to_have_text(" here")  # it ended, so that it begins again, with what it kept
    page.get_by_role("button", name="Exit").click()
    expect(page.get_by_text("Not finished yet")).to_be_visible()
    said = [(entry.activity, entry.text) for entry in told(scorm_tool, registration).entries]
    assert said[:4] == [
        ("", "The course was opened"),
        ("First steps", "LMSInitialize"),
        ("First steps", "LMSSetValue cmi.core.lesson_location = “here”"),
        ("First steps", "LMSSetValue cmi.core.exit (0 characters)"),
    ]
    assert ("First steps", "LMSFinish") in said
    assert ("Second steps", "LMSInitialize") in said
    assert "“Second steps”: LMSFinish was never called" in " ".join(told(scorm_tool, registration).findings)


def test_a_course_that_goes_on_by_itself(scorm_tool: LiveTool, browser: BrowserContext, registration: UUID) -> None:
    with scorm_tool.app.app_context(), tenant_session(scorm_tool.tenant_id, write=True) as session:
        change_settings(session, session.scalars(select(Course)).one(), {"auto_progress": "true"}, by="cli")
    page = browser.new_page()
    content = opened(scorm_tool, page, registration)
    content.get_by_role("button", name="End").click()
    expect_sco(page, "second", "ab-initio")
    content.get_by_role("button", name="Pause").click()  # a pause is no end
    expect(page.locator("#saved")).to_have_text("Saved")
    expect_sco(page, "second")


def test_a_pause_stays_and_is_resumed(scorm_tool: LiveTool, browser: BrowserContext, registration: UUID) -> None:
    page = browser.new_page()
    content = opened(scorm_tool, page, registration)
    page.get_by_role("button", name="Next").click()
    expect_sco(page, "second")
    content.get_by_role("button", name="Pause").click()
    expect(page.locator("#saved")).to_have_text("Saved")
    expect(page.locator("#notices")).not_to_contain_text("end of")
    page.close()
    page = browser.new_page()
    opened(scorm_tool, page, registration)
    expect_sco(page, "second", "resume here")


def test_a_logout_leads_to_the_result(scorm_tool: LiveTool, browser: BrowserContext, registration: UUID) -> None:
    page = browser.new_page()
    opened(scorm_tool, page, registration).get_by_role("button", name="Log out").click()
    expect(page.get_by_text("Not finished yet")).to_be_visible()
    assert "/result/" in page.url


def test_a_preview_shows_every_part(scorm_tool: LiveTool, browser: BrowserContext, tmp_path: Path) -> None:
    package = tmp_path / "three.zip"
    package.write_bytes(make_zip(three_scos()))
    with package.open("rb") as file:
        course = scorm_tool.import_file(file, package.name)
    with scorm_tool.app.app_context():
        url = entry_url(tenant_id=scorm_tool.tenant_id, course_version_id=course.version_id, preview=True)
    page = browser.new_page()
    page.goto(url)
    expect_sco(page, "first")
    page.get_by_role("button", name="Next").click()
    expect_sco(page, "second")
    page.get_by_role("navigation").get_by_role("button", name="The test").click()
    expect_sco(page, "test")


@pytest.fixture
def golf(scorm_tool: LiveTool) -> UUID:
    """Rustici's course of 18 SCOs, which say LMSInitialize and LMSFinish and nothing else."""
    path = shared_path("content/RuntimeMinimumCalls_SCORM12.zip")
    with path.open("rb") as file:
        return scorm_tool.register(scorm_tool.import_file(file, path.name).course_id)


def test_a_real_course_is_played_by_its_menu(scorm_tool: LiveTool, browser: BrowserContext, golf: UUID) -> None:
    page = browser.new_page()
    content = opened(scorm_tool, page, golf)
    menu, heading = page.locator("#menu"), content.locator("h1")
    expect(heading).to_have_text("Play of the game")
    page.get_by_role("button", name="Next").click()
    expect(heading).to_have_text("Par")
    expect(menu.get_by_role("button", name="How to Play completed")).to_be_visible()
    menu.get_by_role("button", name="Playing Golf Quiz").click()
    expect(heading).to_have_text("Knowledge Check")
    page.get_by_role("button", name="Previous").click()
    expect(heading).to_contain_text("Rules")
    page.get_by_role("button", name="End the course").click()
    expect(page.get_by_text("Not finished yet")).to_be_visible()
    found = report(scorm_tool, golf)
    assert (found.completion, found.progress) == ("incomplete", pytest.approx(4 / 18))


@pytest.mark.parametrize("asked", [True, False])
def test_closing_the_tab_completes_nothing(
    scorm_tool: LiveTool, browser: BrowserContext, golf: UUID, *, asked: bool
) -> None:
    """With and without `beforeunload`, in which the course's pages say LMSFinish."""
    page = browser.new_page()
    content = opened(scorm_tool, page, golf)
    expect(content.locator("h1")).to_have_text("Play of the game")
    expect(page.locator("#saved")).to_have_text("Saved")
    with page.expect_event("close"):
        page.close(run_before_unload=asked)
    page = browser.new_page()
    content = opened(scorm_tool, page, golf)
    expect(content.locator("h1")).to_have_text("Play of the game")
    expect(page.locator("#menu")).to_contain_text("How to Play in progress")
    assert report(scorm_tool, golf).progress == 0
