"""A teacher on a phone: two courses at once with settings for each, dates in her own time, then one of them anew."""

import io
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, Playwright, expect

from tests.conftest import TOY, make_settings
from tests.support.live import open_browser
from tests.support.packages import toy_package
from tests.support.road import Road, default_names, start_road

pytestmark = pytest.mark.browser
PHONE = {"width": 320, "height": 640}


def png(width: int, height: int) -> bytes:
    """Return a green picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress((b"\0" + b"\x20\x80\x40" * width) * height)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.fixture
def chromium(playwright: Playwright, tmp_path: Path) -> Iterator[BrowserContext]:
    """A phone in Brazil that keeps no third-party cookies."""
    with open_browser(
        playwright,
        tmp_path / "chromium",
        block_third_party=True,
        viewport=PHONE,
        has_touch=True,
        timezone_id="America/Sao_Paulo",
    ) as context:
        yield context


@pytest.fixture
def road(tmp_path: Path, sqlite_url: str) -> Iterator[Road]:
    """A tool with two courses, one of which brings a picture, and an LMS."""
    names = default_names()
    settings = make_settings(
        tmp_path, database_url=sqlite_url, url=names.tool, content_url=names.content, port=names.port
    )
    with start_road(names, settings, extra_plugins=TOY) as road:
        road.tool.import_file(io.BytesIO(toy_package("Bees", **{"cover.png": png(320, 180)})), "bees.zip")
        road.tool.import_file(io.BytesIO(toy_package("Wasps")), "wasps.zip")
        yield road


def fits(frame: FrameLocator) -> bool:
    """Say whether nothing of the picker sticks out sideways."""
    root = frame.locator("html")
    return bool(root.evaluate("root => root.scrollWidth <= root.clientWidth"))


def open_picker(road: Road, page: Page) -> FrameLocator:
    road.sign_in(page, road.platform.instructor.name)
    page.get_by_role("link", name=re.compile("^Choose content in")).click()
    return page.frame_locator("#contentframe")


def save(page: Page) -> None:
    page.get_by_role("button", name="Save and return to course").click()
    page.wait_for_url("**/course/**")


def test_two_courses_at_once_then_one_of_them_anew(road: Road, chromium: BrowserContext) -> None:
    page = chromium.new_page()
    road.register(page)
    picker = open_picker(road, page)
    for title in ("Bees", "Wasps"):
        picker.get_by_role("checkbox", name=re.compile(title)).check()
    picker.get_by_label("Points").fill("20")
    assert fits(picker)
    picker.get_by_role("button", name="Settings for each").click()

    bees, wasps = (picker.get_by_role("region", name=title) for title in ("Bees", "Wasps"))
    expect(picker.get_by_label("Time zone of the dates")).to_have_value("America/Sao_Paulo")
    expect(wasps.get_by_label("Points")).to_have_value("20")
    bees.get_by_label("Title in your LMS").fill("Bees, week 1")
    bees.get_by_text("Dates and window").click()
    bees.get_by_label("Hand in until").fill("2037-01-31T23:59")
    bees.get_by_label("Open it").select_option(label="In a window of its own")
    wasps.get_by_role("radio", name="Nothing: no grade").check()
    expect(wasps.get_by_label("Points")).to_be_hidden()
    expect(bees.get_by_label("Points")).to_be_visible()
    assert fits(picker)
    picker.get_by_role("button", name="Use these courses").click()

    expect(page.get_by_text("submission.endDateTime: 2037-02-01T02:59:00+00:00")).to_be_visible()
    picture = page.locator("img.thumbnail")
    expect(picture).to_have_count(1)
    assert picture.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") == 320
    save(page)
    first, second = road.platform.links.of_course(road.platform.course.id)
    assert [(link.title, link.container) for link in (first, second)] == [
        ("Bees, week 1", "window"),
        ("Wasps", "iframe"),
    ]
    assert road.platform.links.column(first.id)
    assert road.platform.links.column(second.id) is None

    page.get_by_text("Arrange").first.click()
    page.get_by_role("link", name="Choose anew").first.click()
    picker = page.frame_locator("#contentframe")
    expect(picker.get_by_text("This link leads to “Bees” now.")).to_be_visible()
    expect(picker.get_by_role("checkbox", name=re.compile("Bees"))).to_be_checked()
    expect(picker.get_by_label("Hand in until")).to_have_value("2037-01-31T23:59")
    assert fits(picker)
    picker.get_by_label("Points").fill("30")
    picker.get_by_role("button", name="Use these courses").click()
    save(page)
    again = road.platform.links.of_course(road.platform.course.id)[0]
    column = road.platform.links.column(again.id)
    assert column is not None
    assert (again.id, again.title, column.score_maximum) == (first.id, "Bees, week 1", 30.0)


def test_the_dates_are_shown_to_learners(road: Road, chromium: BrowserContext) -> None:
    page = chromium.new_page()
    road.register(page)
    picker = open_picker(road, page)
    picker.get_by_role("checkbox", name=re.compile("Wasps")).check()
    picker.get_by_text("Dates and window").click()
    picker.get_by_label("Hand in until").fill("2037-01-31T23:59")
    picker.get_by_role("button", name="Use these courses").click()
    save(page)
    frame = road.open(page, road.platform.learners[0].name, "Wasps")
    expect(frame.get_by_text(re.compile(r"Hand in until Jan 31, 2037.*\(America/Sao_Paulo\)"))).to_be_visible()
