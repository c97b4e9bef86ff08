"""Connecting an LMS in Chromium: guided forms by keyboard, at 320 px, that copy; registration in a tab, and again."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from passback.db import Unscoped, unscoped
from passback.lti.invitations import invite
from passback.lti.platforms import list_platforms
from passback.sandbox.core import SandboxConfig
from passback.sandbox.profiles import BRIGHTSPACE, MOODLE
from passback.sandbox.server import SandboxServer
from passback.staff import service
from passback.staff.service import Role
from passback.tenants import ensure_tenant
from tests.functional.test_sign_in import PASSWORD
from tests.support.live import LiveTool

pytestmark = pytest.mark.browser
SCREENSHOTS = os.environ.get("PASSBACK_SCREENSHOTS", "")


def sign_in(tool: LiveTool, page: Page) -> str:
    """Sign in as an administrator and return the tool's address."""
    with tool.app.app_context(), unscoped(Unscoped.INSTALLATION, write=True) as session:
        ensure_tenant(session)
        service.create_user(session, email="admin@example.org", password=PASSWORD, role=Role.ADMINISTRATOR)
    url = f"http://localhost:{tool.port}"
    page.goto(f"{url}/sign-in")
    page.get_by_label("E-mail address").fill("admin@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/**")
    return url


def fits(page: Page) -> bool:
    return bool(page.locator("html").evaluate("root => root.scrollWidth <= root.clientWidth"))


def shoot(page: Page, name: str) -> None:
    if SCREENSHOTS:
        page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png", full_page=True)


def test_a_guide_on_a_phone_by_keyboard(live_app: LiveTool, browser: BrowserContext) -> None:
    browser.grant_permissions(["clipboard-read", "clipboard-write"])
    page = browser.new_page()
    url = sign_in(live_app, page)
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto(f"{url}/admin/platforms/")
    assert fits(page)
    shoot(page, "platforms-320")
    page.get_by_role("link", name="Blackboard").click()
    expect(page.get_by_role("heading", name="Connect Blackboard")).to_be_visible()
    assert fits(page)
    shoot(page, "blackboard-320")
    button = page.get_by_role("button", name="Copy Login Initiation URL")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"{url}/lti/login"

    page.goto(f"{url}/admin/platforms/connect/moodle")
    assert fits(page)
    page.get_by_label("The address of your Moodle").fill("ftp://moodle")
    page.get_by_label("Client ID").fill("abc")
    page.keyboard.press("Enter")
    wrong = page.get_by_role("alert")
    expect(wrong).to_contain_text("It is not a web address")
    expect(page.get_by_label("The address of your Moodle")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("The address of your Moodle")).to_be_focused()
    expect(page.get_by_label("Client ID")).to_have_value("abc")
    assert fits(page)
    shoot(page, "moodle-wrong-320")
    page.set_viewport_size({"width": 1280, "height": 900})
    shoot(page, "moodle-wrong-1280")
    page.goto(f"{url}/admin/platforms/")
    shoot(page, "platforms-1280")


def test_an_lms_that_opens_the_registration_in_a_tab(live_app: LiveTool, browser: BrowserContext) -> None:
    """Brightspace does; the page tells its opener that it is done, as it tells a frame's parent elsewhere."""
    tool = f"http://localhost:{live_app.port}"
    with live_app.app.app_context(), unscoped(Unscoped.INSTALLATION, write=True) as session:
        address = invite(session, live_app.tenant_id, actor="test")
    with SandboxServer(config=SandboxConfig(profile=BRIGHTSPACE, tool_url=tool)) as lms:
        page = browser.new_page()
        page.goto(f"{lms.url}/sign-in")
        page.get_by_role("button", name=re.compile("Site Administrator")).click()
        page.wait_for_url("**/course/**")
        page.goto(f"{lms.url}/tools")
        page.get_by_label("The tool's registration URL").fill(address)
        page.get_by_role("button", name="Register", exact=True).click()
        with page.expect_popup() as opened:
            page.get_by_role("link", name="Open the tool's registration").click()
        tab = opened.value
        tab.set_viewport_size({"width": 320, "height": 700})
        assert fits(tab)
        tab.get_by_role("button", name="Connect this LMS").click()
        expect(tab.get_by_role("heading", name="is connected to Passback")).to_be_visible()
        page.wait_for_url("**/tools")
        expect(page.get_by_text("Pending: teachers do not see it yet")).to_be_visible()


def test_an_lms_that_registers_again_is_asked_what_it_is_to_be(live_app: LiveTool, browser: BrowserContext) -> None:
    page = browser.new_page()
    page.set_viewport_size({"width": 320, "height": 700})
    with SandboxServer(config=SandboxConfig(profile=MOODLE)) as lms:
        for _ in range(2):
            with live_app.app.app_context(), unscoped(Unscoped.INSTALLATION, write=True) as session:
                address = invite(session, live_app.tenant_id, actor="test")
            page.goto(lms.platform.registration.start(address))
            page.get_by_role("button", name="Connect this LMS").click()
            expect(page.get_by_role("heading", level=1)).to_contain_text("connected to Passback")
        expect(page.get_by_role("heading", name="was connected to Passback before")).to_be_visible()
        assert fits(page)
        shoot(page, "registered-again-320")
        page.get_by_role("button", name="Replace it").click()
        expect(page.get_by_role("heading", name="is connected to Passback")).to_be_visible()
    with live_app.app.app_context(), unscoped(Unscoped.REGISTRATION) as session:
        (row,) = list_platforms(session)
        assert row.client_id == lms.platform.tools.all()[1].client_id
