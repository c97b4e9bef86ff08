"""The self-check in Chromium: it says what this browser holds back, and a launch's record may keep it."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, Dialog, FrameLocator, Locator, Page, expect

from passback.clock import utc_now
from passback.db import Unscoped, unscoped
from passback.lti import debugger, records
from passback.sandbox.profiles import MOODLE, SAKAI
from tests.support.live import LiveTool
from tests.support.schools import OpenSchool, in_lms

pytestmark = pytest.mark.browser


def result(place: Page | FrameLocator, name: str) -> Locator:
    """Return the line that says what a test found."""
    return place.locator(f"[data-check={name}] [data-result]:visible")


def found(place: Page | FrameLocator, *names: str) -> dict[str, str | None]:
    """Wait for the tests that run by themselves; return what they found."""
    expect(place.locator("[data-summary]")).to_have_text(re.compile("held|holds|Nothing"))
    return {name: result(place, name).get_attribute("data-result") for name in names}


def show_in_lms(page: Page, lms: str, address: str) -> FrameLocator:
    """Show a page of the tool in the frame of the LMS's page for a link."""
    frame = page.frame(name="contentframe")
    assert frame is not None
    frame.goto(address)
    return in_lms(page)


def test_in_a_frame_of_a_browser_that_refuses_everything(open_school: OpenSchool, refusing: BrowserContext) -> None:
    school, page = open_school(SAKAI), refusing.new_page()
    school.open(page)
    place = show_in_lms(page, school.road.names.lms, f"{school.road.names.tool}/lti/check")
    assert found(place, "frame", "cookies", "partitioned", "storage", "platform_storage", "content", "clock") == {
        "frame": "inside",
        "cookies": "refused",
        "partitioned": "refused",
        "storage": "refused",
        "platform_storage": "offered",
        "content": "reached",
        "clock": "right",
    }
    expect(place.locator("[data-summary]")).to_contain_text("This browser holds something back.")


def test_in_a_frame_with_third_party_cookies_blocked(open_school: OpenSchool, usual: BrowserContext) -> None:
    school, page = open_school(MOODLE), usual.new_page()
    school.open(page)
    usual.route("https://check.passback-content.test:*/**", lambda route: route.abort())
    place = show_in_lms(page, school.road.names.lms, f"{school.road.names.tool}/lti/check")
    assert found(place, "cookies", "partitioned", "storage", "platform_storage", "content") == {
        "cookies": "refused",
        "partitioned": "kept",
        "storage": "refused",
        "platform_storage": "none",
        "content": "unreachable",
    }


def test_in_a_window_of_its_own_nothing_stands_in_the_way(live_app: LiveTool, browser: BrowserContext) -> None:
    page = browser.new_page()
    asked: list[str] = []

    def press_ok(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.accept()

    page.on("dialog", press_ok)
    page.goto(f"http://localhost:{live_app.port}/lti/check")
    assert found(page, "frame", "cookies", "partitioned", "storage") == {
        "frame": "own",
        "cookies": "kept",
        "partitioned": "kept",
        "storage": "kept",
    }
    page.get_by_role("button", name="Test a question").click()
    page.get_by_role("button", name="Test a new window").click()
    expect(result(page, "dialogs")).to_contain_text("are shown")
    expect(result(page, "popups")).to_contain_text("open")
    assert len(asked) == 1
    expect(page.locator("[data-summary]")).to_have_text("Nothing here stands in the way of a course.")


@pytest.mark.parametrize(("by", "clock"), [(timedelta(minutes=5), "ahead"), (timedelta(minutes=-5), "behind")])
def test_a_clock_that_is_wrong_is_told(live_app: LiveTool, browser: BrowserContext, by: timedelta, clock: str) -> None:
    page = browser.new_page()
    page.clock.set_system_time(utc_now() + by)
    page.goto(f"http://localhost:{live_app.port}/lti/check")
    expect(result(page, "clock")).to_contain_text(f"is {clock}")


def test_browsers_that_suppress_windows_and_questions_are_told_of(live_app: LiveTool, browser: BrowserContext) -> None:
    page = browser.new_page()
    page.add_init_script("window.confirm = () => false; window.open = () => null")
    page.goto(f"http://localhost:{live_app.port}/lti/check")
    page.get_by_role("button", name="Test a question").click()
    page.get_by_role("button", name="Test a new window").click()
    expect(result(page, "dialogs")).to_contain_text("are suppressed here")
    expect(result(page, "popups")).to_contain_text("are blocked")


def test_without_javascript_the_page_says_so(live_app: LiveTool, chromium_without_scripts: BrowserContext) -> None:
    page = chromium_without_scripts.new_page()
    page.goto(f"http://localhost:{live_app.port}/lti/check")
    expect(page.get_by_text("This browser runs no JavaScript for this site.")).to_be_visible()


def test_by_keyboard_on_a_phone_the_result_joins_the_launch_that_failed(
    live_app: LiveTool, browser: BrowserContext
) -> None:
    page = browser.new_page()
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(f"http://localhost:{live_app.port}/lti/login?iss=https://nobody.example&login_hint=1")
    code = re.search(r"Launch code: (\S+)", page.locator("main").inner_text())
    assert code is not None
    page.locator("summary").focus()
    page.keyboard.press("Enter")
    found(page, "cookies")
    page.get_by_role("button", name=f"Add this to launch {code[1]}").press("Enter")
    expect(page.get_by_text("Added.")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    with unscoped(Unscoped.INSTALLATION) as session:
        record = records.find(session, code[1])
        assert record is not None
        told = debugger.tell(record).browser
    assert "The browser reported: Cookies are kept." in told
    assert "The browser reported: Where this page is shown in a window of its own." in told
