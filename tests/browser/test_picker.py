"""The picker in Chromium on a small phone, without a cookie: search, upload, choice, and the way back to the LMS."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from passback.db import Unscoped, unscoped
from passback.lti.invitations import invite
from passback.sandbox import drive
from passback.sandbox.server import SandboxServer
from passback.testing.packages import make_zip
from tests.support.live import PATIENCE, LiveTool
from tests.support.packages import toy_package
from tests.support.practice import practice_lms

pytestmark = pytest.mark.browser


@dataclass
class Phone:
    """A picker on a phone."""

    page: Page
    lms: SandboxServer

    def upload(self, data: bytes, name: str) -> None:
        self.page.get_by_label("Course package").set_input_files({"name": name, "mimeType": "", "buffer": data})
        self.page.get_by_role("button", name="Upload").click()

    def fits(self) -> bool:
        """Say whether nothing sticks out sideways."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


@pytest.fixture
def phone(live_app: LiveTool, chromium: Browser) -> Iterator[Phone]:
    with practice_lms(live_app.app) as lms, requests.Session() as session:
        with live_app.app.app_context(), unscoped(Unscoped.INSTALLATION, write=True) as database:
            address = invite(database, live_app.tenant_id, actor="test")
        form = drive.send(session, "GET", lms.platform.registration.start(address)).forms()[0]
        assert drive.send(session, "POST", form.url, form.fields).status == 303
        trip = drive.launch(live_app.app.test_client(), lms.platform, lms.platform.instructor)
        context = chromium.new_context(viewport={"width": 320, "height": 640}, has_touch=True)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto(trip.reply.location)
        yield Phone(page, lms)
        assert context.cookies(trip.reply.location) == []
        context.close()


def test_from_the_first_upload_to_the_link_in_the_lms(phone: Phone) -> None:
    page = phone.page
    expect(page.get_by_text("There is no course yet")).to_be_visible()
    phone.upload(make_zip({"readme.txt": "no course"}), "letter.zip")
    expect(page.locator("[data-upload-error]")).to_be_visible()
    expect(page.get_by_role("button", name="Upload")).to_be_enabled()
    phone.upload(toy_package("A course with a name as long as a telephone is wide, and longer still"), "bees.zip")
    expect(page.get_by_role("checkbox", name="A course with a name")).to_be_checked()
    assert phone.fits()
    page.get_by_label("Points").fill("20")
    with page.expect_request(lambda request: request.url.startswith(phone.lms.url)) as sent:
        page.get_by_role("button", name="Use these courses").click()
    assert "JWT=" in (sent.value.post_data or "")


def test_search_as_you_type_keeps_what_is_chosen(phone: Phone, live_app: LiveTool) -> None:
    for title in ("Ants", "Bees", "Cats"):
        live_app.import_file(io.BytesIO(toy_package(title)), "toy.zip")
    page = phone.page
    page.reload()
    page.get_by_role("checkbox", name="Ants").check()
    page.get_by_label("Search").fill("BEE")
    expect(page.get_by_role("checkbox", name="Bees")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Cats")).to_be_hidden()
    expect(page.get_by_role("checkbox", name="Ants")).to_be_visible()
    page.get_by_role("checkbox", name="Ants").uncheck()
    page.get_by_label("Search").fill("zebra")
    expect(page.get_by_text("No course has this in its title.")).to_be_visible()
    page.get_by_role("radio", name="Nothing: no grade").check()
    expect(page.get_by_label("Points")).to_be_hidden()
    assert phone.fits()


def test_it_works_with_the_keyboard_alone(phone: Phone, live_app: LiveTool) -> None:
    live_app.import_file(io.BytesIO(toy_package("Ants")), "toy.zip")
    page = phone.page
    page.reload()
    page.get_by_role("checkbox", name="Ants").focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("checkbox", name="Ants")).to_be_checked()
    with page.expect_request(lambda request: request.url.startswith(phone.lms.url)):
        page.keyboard.press("Enter")
