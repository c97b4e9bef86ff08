"""The main road in Chromium: registration → deep link → launch → finish → gradebook, with a real SCORM 1.2 course."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, Playwright, expect

from tests.conftest import make_settings
from tests.support.live import open_browser
from tests.support.road import (
    CHROMIUM_NAMES,
    Road,
    answer_all,
    default_names,
    golf,
    https_names,
    quiz_of,
    resolve_test_names,
    start_road,
)
from tests.support.shared import shared_path

pytestmark = pytest.mark.browser
COURSE = "Golf Explained - Run-time Basic Calls"
LEARNER = "Sukarno"
LAST_PAGE = 16


@pytest.fixture
def chromium(playwright: Playwright, tmp_path: Path) -> Iterator[BrowserContext]:
    """Chromium as people set it: no third-party cookies, no storage in frames of other sites."""
    with open_browser(
        playwright, tmp_path / "chromium", block_third_party=True, args=CHROMIUM_NAMES, ignore_https_errors=True
    ) as context:
        context.on("dialog", lambda dialog: dialog.accept())
        yield context


@pytest.fixture(params=["https", "default"])
def road(
    request: pytest.FixtureRequest, tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Road]:
    """A tool with the golf course and an LMS, on three registrable names over https, and on the default names."""
    yield from make_road(request.param, tmp_path, sqlite_url, monkeypatch)


@pytest.fixture
def https_road(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Road]:
    """The same on https only."""
    yield from make_road("https", tmp_path, sqlite_url, monkeypatch)


def make_road(kind: str, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Road]:
    package = shared_path("content/singlescobasic.zip")
    resolve_test_names(monkeypatch)
    names = https_names(tmp_path) if kind == "https" else default_names()
    settings = make_settings(
        tmp_path,
        database_url=database_url,
        plugins="scorm",
        url=names.tool,
        content_url=names.content,
        port=names.port,
        ca_bundle=str(names.certificate.certificate) if names.certificate else "",
    )
    with start_road(names, settings) as road, package.open("rb") as file:
        road.tool.import_file(file, package.name)
        yield road


def placed(road: Road, chromium: BrowserContext) -> Page:
    """Register the tool and place the course; return the page."""
    page = chromium.new_page()
    road.register(page)
    road.place(page, COURSE)
    return page


def turn_to(page: Page, number: int, within: Page | FrameLocator | None = None) -> None:
    """Turn the golf course's pages until `number` (1..16) is shown; the player is in the LMS's page or in `within`."""
    content = golf(within or page.frame_locator("#contentframe"))
    content.get_by_role("button", name="Next ->").wait_for()  # the course's script has run
    for _ in range(LAST_PAGE):
        shown = content.locator("body").evaluate("() => currentPage + 1")
        if shown >= number:
            return
        content.get_by_role("button", name="Next ->").click()


def continue_here(page: Page) -> None:
    """Take over from another tab, as the player asks."""
    page.frame_locator("#contentframe").get_by_role("button", name="Continue here").click()


def continue_if_asked(page: Page) -> None:
    """Take over from a closed tab.

    Chromium tells nothing of a closed tab's frames of other sites, so the player asks, unless that was long ago.
    """
    question = page.frame_locator("#contentframe").get_by_role("button", name="Continue here")
    expect(question.or_(page.frame_locator("#contentframe").locator("#content"))).to_be_visible()
    if question.is_visible():
        question.click()


TURN_THE_PAGE = """() => document.getElementById("content")
  ?.contentDocument.querySelector("[value='Next ->']").click()"""
"""In one step: the player may take the content away at any moment, when a heartbeat tells it that it was superseded."""


def wait_saved(page: Page) -> None:
    expect(page.frame_locator("#contentframe").locator("#saved")).to_have_text("Saved")


def test_from_registration_to_the_gradebook(road: Road, chromium: BrowserContext) -> None:
    page = placed(road, chromium)
    road.open(page, LEARNER, COURSE)
    turn_to(page, LAST_PAGE)
    answer_all(quiz_of(page), right=True)
    golf(page.frame_locator("#contentframe")).get_by_role("button", name="Exit").click()
    wait_saved(page)
    road.settle()
    assert road.grade(LEARNER) == 100
    page.goto(f"{road.names.lms}/grades")
    expect(page.locator("#grades")).to_contain_text("100")


def test_stopping_on_the_quiz_page_never_shows_100(https_road: Road, chromium: BrowserContext) -> None:
    page = placed(https_road, chromium)
    https_road.open(page, LEARNER, COURSE)
    turn_to(page, LAST_PAGE)  # the course says "completed" as soon as this page is shown
    quiz_of(page)
    wait_saved(page)
    https_road.settle()
    assert https_road.grade(LEARNER) is None
    page.goto(f"{https_road.names.lms}/sign-in")
    page.close()
    https_road.settle()
    assert https_road.grade(LEARNER) is None


def test_a_closed_tab_resumes_where_it_was_and_finishes(https_road: Road, chromium: BrowserContext) -> None:
    page = placed(https_road, chromium)
    https_road.open(page, LEARNER, COURSE)
    turn_to(page, 5)
    wait_saved(page)
    page.close()
    again = chromium.new_page()
    https_road.open(again, LEARNER, COURSE)
    continue_if_asked(again)
    content = golf(again.frame_locator("#contentframe"))
    expect(content.locator("#contentFrame")).to_have_attribute("src", "../Playing/RulesOfGolf.html")
    turn_to(again, LAST_PAGE)
    answer_all(quiz_of(again), right=True)
    wait_saved(again)
    https_road.settle()
    assert https_road.grade(LEARNER) == 100


def test_a_minute_without_network_loses_nothing(https_road: Road, chromium: BrowserContext) -> None:
    page = placed(https_road, chromium)
    https_road.open(page, LEARNER, COURSE)
    turn_to(page, 3)
    wait_saved(page)
    turn_to(page, LAST_PAGE)
    quiz = quiz_of(page)
    quiz.wait_for_selector("input[value='Submit Answers']")
    chromium.set_offline(True)
    answer_all(quiz, right=True)
    saved = page.frame_locator("#contentframe").locator("#saved")
    expect(saved).not_to_have_text("Saved")
    page.clock.install()
    page.clock.run_for(60_000)
    expect(saved).not_to_have_text("Saved")
    assert https_road.grade(LEARNER) is None
    chromium.set_offline(False)
    page.clock.run_for(60_000)
    wait_saved(page)
    https_road.settle()
    assert https_road.grade(LEARNER) == 100


def test_a_second_tab_takes_over_and_the_first_one_is_told(https_road: Road, chromium: BrowserContext) -> None:
    first = placed(https_road, chromium)
    https_road.open(first, LEARNER, COURSE)
    turn_to(first, 4)
    wait_saved(first)
    second = chromium.new_page()
    https_road.open(second, LEARNER, COURSE)
    continue_here(second)
    content = golf(second.frame_locator("#contentframe"))
    expect(content.locator("#contentFrame")).to_have_attribute("src", "../Playing/OtherScoring.html")
    turn_to(second, LAST_PAGE)
    answer_all(quiz_of(second), right=False)
    wait_saved(second)
    first.frame_locator("#contentframe").locator("body").evaluate(TURN_THE_PAGE)
    expect(first.frame_locator("#contentframe").locator("body")).to_contain_text("You opened this course elsewhere")
    https_road.settle()
    shown = https_road.grade(LEARNER)
    assert shown is not None
    assert shown < 70
