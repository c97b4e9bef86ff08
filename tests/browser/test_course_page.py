"""The page of an LMS course in Chromium: framed by the LMS without cookies, on a phone, and for staff on a desk."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, expect

from passback.db import Unscoped, unscoped
from passback.lti.roster_jobs import read_due
from passback.sandbox.model import Role as LmsRole
from passback.staff import service
from passback.staff.service import Role
from tests.conftest import TOY, make_settings
from tests.functional.test_sign_in import PASSWORD
from tests.support.road import Road, default_names, start_road

pytestmark = pytest.mark.browser
COURSE = "Fire safety"
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@pytest.fixture
def road(tmp_path: Path, sqlite_url: str) -> Iterator[Road]:
    """A tool with the toy course and an LMS, on the default names."""
    names = default_names()
    settings = make_settings(
        tmp_path, database_url=sqlite_url, url=names.tool, content_url=names.content, port=names.port
    )
    with start_road(names, settings, extra_plugins=TOY) as road:
        road.tool.import_package(
            {"toy.json": '{"title": "Fire safety", "start": "index.html"}', "index.html": "<p>Hot"}
        )
        yield road


@pytest.fixture
def teacher(road: Road, strict_browser: BrowserContext) -> Page:
    """The instructor's tab, with the course placed."""
    page = strict_browser.new_page()
    road.register(page)
    road.place(page, COURSE)
    return page


def opened(road: Road, page: Page) -> FrameLocator:
    page.goto(f"{road.names.lms}/course/{road.platform.course.id}")
    page.get_by_role("link", name=COURSE).click()
    return page.frame_locator("#contentframe")


def read(road: Road) -> None:
    with road.tool.app.app_context():
        read_due()


def fits(page: Page | FrameLocator) -> bool:
    root = page.locator("html")
    return bool(root.evaluate("root => root.scrollWidth <= root.clientWidth"))


def keep(page: Page, name: str) -> None:
    """Keep a picture where a developer wants to look at it."""
    folder = os.environ.get("PASSBACK_TEST_PICTURES")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_a_teacher_sees_the_roster_arrive_and_who_never_started(road: Road, teacher: Page) -> None:
    page = opened(road, teacher)
    expect(page.get_by_role("status")).to_contain_text("will be read in a moment")
    read(road)
    expect(page.get_by_role("status")).to_contain_text("names 4 people")  # by itself, without a reload
    table = page.get_by_role("table", name="Learners in the LMS's roster")
    expect(table.get_by_role("row")).to_have_count(4)
    expect(table.get_by_text("never started")).to_have_count(3)
    page.get_by_role("link", name="Done (0)").click()
    expect(page.get_by_text("Nobody.")).to_be_visible()
    page.get_by_role("link", name="Preview", exact=True).click()
    expect(page.locator("#notices").get_by_text("This is a preview")).to_be_visible()


def test_on_a_phone_every_cell_says_what_it_is(road: Road, teacher: Page) -> None:
    for number in range(3):
        road.platform.add_user(f"Learner {number} with a name that is rather long for a telephone")
    road.platform.add_user("", sourced_id="x")
    road.open(teacher, "Sukarno", COURSE)
    expect(teacher.frame_locator("#contentframe").locator("#saved")).to_be_visible()
    with road.platform.core.change() as state:
        state.courses[road.platform.course.id].members["3"] = LmsRole.INSTRUCTOR
    road.sign_in(teacher, road.platform.instructor.name)
    expect(opened(road, teacher).get_by_role("status")).to_contain_text("will be read in a moment")
    (address,) = [frame.url for frame in teacher.frames if "/lti/course/" in frame.url]
    read(road)
    page = teacher.context.new_page()
    page.goto(address)  # the same page, as wide as a phone shows it
    expect(page.get_by_role("status")).to_contain_text("names 8 people")
    expect(page.get_by_role("row", name="Sukarno")).to_contain_text("the LMS may refuse it")
    for size in (PHONE, DESK, {"width": 320, "height": 640}):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert fits(page), size
        keep(page, f"teacher-{size['width']}")


def test_staff_find_the_class_and_its_learners(road: Road, teacher: Page, browser: BrowserContext) -> None:
    expect(opened(road, teacher).get_by_role("status")).to_contain_text("will be read in a moment")
    read(road)
    with road.tool.app.app_context(), unscoped(Unscoped.INSTALLATION, write=True) as session:
        service.create_user(session, email="admin@example.org", password=PASSWORD, role=Role.ADMINISTRATOR)
    page = browser.new_page()
    page.goto(f"{road.names.tool}/sign-in")
    page.get_by_label("E-mail address").fill("admin@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Classes").click()
    for size in (PHONE, DESK):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert fits(page)
        keep(page, f"classes-{size['width']}")
    page.get_by_role("link", name="Practice 101").click()
    expect(page.get_by_role("table").get_by_text("never started")).to_have_count(3)
    for size in (PHONE, DESK):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert fits(page)
        keep(page, f"class-{size['width']}")
