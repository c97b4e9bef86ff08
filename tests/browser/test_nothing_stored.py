"""A browser that refuses the tool every cookie and all storage: a new tab, bound through its opener, and a grade."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Playwright, expect

from tests.browser.test_road import COURSE, LEARNER, make_road, placed, turn_to
from tests.support.live import open_browser
from tests.support.road import CHROMIUM_NAMES, Road, answer_all, quiz_of

pytestmark = pytest.mark.browser
ALLOW, BLOCK = 1, 2


@pytest.fixture
def road(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Road]:
    """The road over https."""
    yield from make_road("https", tmp_path, sqlite_url, monkeypatch)


@pytest.fixture
def chromium(playwright: Playwright, tmp_path: Path, road: Road) -> Iterator[BrowserContext]:
    """Chromium that keeps cookies and storage for the LMS only (people have to sign in there)."""
    profile = tmp_path / "chromium"
    (profile / "Default").mkdir(parents=True)
    cookies = {f"{road.names.lms},*": {"setting": ALLOW}}
    content = {
        "default_content_setting_values": {"cookies": BLOCK},
        "content_settings": {"exceptions": {"cookies": cookies}},
    }
    (profile / "Default" / "Preferences").write_text(json.dumps({"profile": content}))
    with open_browser(playwright, profile, args=CHROMIUM_NAMES, ignore_https_errors=True) as context:
        context.on("dialog", lambda dialog: dialog.accept())
        yield context


def test_a_learner_plays_in_a_new_tab_and_is_graded(
    road: Road, chromium: BrowserContext, playwright: Playwright, tmp_path: Path
) -> None:
    with open_browser(
        playwright, tmp_path / "teacher", args=CHROMIUM_NAMES, ignore_https_errors=True
    ) as teachers_browser:
        placed(road, teachers_browser)
    page = chromium.new_page()
    frame = road.open(page, LEARNER, COURSE)
    with chromium.expect_page() as opened:
        frame.get_by_role("button", name="Open in a new tab").click()
    tab = opened.value
    tab.wait_for_selector("#content")
    storage = tab.evaluate("() => { try { return localStorage.length } catch (refusal) { return refusal.name } }")
    assert storage == "SecurityError"
    turn_to(tab, 16, within=tab)
    answer_all(quiz_of(tab), right=True)
    expect(tab.locator("#saved")).to_have_text("Saved")
    road.settle()
    assert road.grade(LEARNER) == 100
    assert not [cookie for cookie in chromium.cookies() if "campus-lms" not in cookie["domain"]]
