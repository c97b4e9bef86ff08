"""Courses made of frames that lead each other, which a sandbox alone would stop (`static/steering.js`)."""

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, expect

from tests.support.live import LiveTool

pytestmark = pytest.mark.browser

FRAMESET = """<!doctype html><title>A course</title>
<script>var answers = 42; function ask() { return this.answers; }</script>
<frameset cols="30%,*"><frame name="menu" src="menu.html"><frame name="main" src="pages/1.html"></frameset>"""
MENU = """<!doctype html><button onclick="{code}">Go</button> <a href="pages/2.html" target="main">Link</a>"""
PAGE = "<!doctype html><h1>Page {}</h1><script>window.place = {!r}</script>"
PAGES = {f"pages/{number}.html": PAGE.format(number, number) for number in (1, 2)}


def opened(tool: LiveTool, browser: BrowserContext, **files: str) -> tuple[Page, FrameLocator]:
    """Play a course made of `files` and the two pages."""
    course = tool.import_package({**PAGES, **{name.replace("_", "."): text for name, text in files.items()}})
    page = browser.new_page()
    page.goto(tool.launch_url(tool.register(course.course_id)))
    return page, page.frame_locator("#content")


LEADS = [
    "parent.main.location.href = 'pages/2.html'",
    "parent.frames[1].location = 'pages/2.html'",
    "window.parent.frames['main'].location.replace('pages/2.html')",
    "parent.window.main.window.location.assign('pages/2.html')",
    "eval('parent').main.location.pathname && window.open('pages/2.html', 'main')",
]


def test_a_frame_of_a_frameset_opens_pages_beside_it(live_app: LiveTool, browser: BrowserContext) -> None:
    menu = "".join(MENU.format(code=code) for code in LEADS)
    _page, content = opened(live_app, browser, index_html=FRAMESET, menu_html=menu)
    main = content.frame_locator("[name=main]").locator("h1")
    for number in range(len(LEADS)):
        expect(main).to_have_text("Page 1")
        content.frame_locator("[name=menu]").get_by_role("button").nth(number).click()
        expect(main).to_have_text("Page 2")
        main.evaluate("location.href = '1.html'")


def test_links_into_the_frame_beside_and_back(live_app: LiveTool, browser: BrowserContext) -> None:
    back = "<!doctype html><h1>Page 2</h1><button onclick=\"parent.location.href = '../index.html'\">Again</button>"
    page, content = opened(
        live_app, browser, index_html=FRAMESET, menu_html=MENU.format(code=""), **{"pages/2_html": back}
    )
    main = content.frame_locator("[name=main]")
    expect(main.locator("h1")).to_have_text("Page 1")
    for _round in range(2):  # later documents too
        content.frame_locator("[name=menu]").get_by_role("link").click()
        expect(main.locator("h1")).to_have_text("Page 2")
        main.get_by_role("button", name="Again").click()
        expect(main.locator("h1")).to_have_text("Page 1")
    assert "/play/" in page.url


def test_the_parents_stand_in_says_what_the_parent_says(live_app: LiveTool, browser: BrowserContext) -> None:
    _page, content = opened(live_app, browser, index_html=FRAMESET, menu_html=MENU.format(code=""))
    expect(content.frame_locator("[name=main]").locator("h1")).to_have_text("Page 1")
    menu = content.frame_locator("[name=menu]").get_by_role("button")
    said = menu.evaluate("""() => {
      parent.answers += 1;
      const { location, length, main } = parent;
      const up = []; let win = window;
      while (win.parent && win.parent !== win && up.length < 9) up.push((win = win.parent).document === undefined);
      return { up: up.length, ask: parent.ask(), has: ["answers" in parent, "nothing" in parent], length,
        same: [parent === parent, parent.main === main, parent.menu === window, parent.parent === top],
        place: main.place, page: location.pathname.endsWith("/index.html"), timer: parent.setTimeout("1", 0) > 0 };
    }""")
    assert said == {
        "up": 2,  # the frameset's page, the player
        "ask": 43,
        "has": [True, False],
        "length": 2,
        "same": [True, True, True, True],
        "place": 1,
        "page": True,
        "timer": True,
    }


def test_frames_in_a_page(live_app: LiveTool, browser: BrowserContext) -> None:
    index = (
        '<!doctype html><iframe name="menu" src="menu.html"></iframe><iframe name="main" src="pages/1.html"></iframe>'
    )
    menu = MENU.format(code="window.open('pages/1.html', 'main')") + '<a href="pages/2.html" target="_parent">Up</a>'
    page, content = opened(live_app, browser, index_html=index, menu_html=menu)
    beside, main = content.frame_locator("[name=menu]"), content.frame_locator("[name=main]")
    expect(main.locator("h1")).to_have_text("Page 1")
    assert beside.get_by_role("button").evaluate(
        "parent === document.defaultView.frameElement.ownerDocument.defaultView"
    )
    beside.get_by_role("link", name="Link").click()
    expect(main.locator("h1")).to_have_text("Page 2")
    beside.get_by_role("button").click()
    expect(main.locator("h1")).to_have_text("Page 1")
    beside.get_by_role("link", name="Up").click()
    expect(content.locator("h1")).to_have_text("Page 2")
    assert "/play/" in page.url


NOT_ITS_OWN = [
    "parent.parent.location.href = 'pages/2.html'",
    "top.location.href = 'pages/2.html'",
    "parent.parent.parent.location = 'pages/2.html'",
    "window.open('pages/2.html', '_top')",
    "window.open('pages/2.html', parent.parent.name = 'player')",
]


def test_nobody_leads_the_player_or_the_lms(live_app: LiveTool, browser: BrowserContext, lms_page: str) -> None:
    menu = "".join(MENU.format(code=code) for code in NOT_ITS_OWN)
    course = live_app.import_package({"index.html": FRAMESET, "menu.html": menu, **PAGES})
    page = browser.new_page()
    page.goto(f"{lms_page}?{live_app.launch_url(live_app.register(course.course_id))}")
    content = page.frame_locator("#tool").frame_locator("#content")
    expect(content.frame_locator("[name=main]").locator("h1")).to_have_text("Page 1")
    here = [frame.url for frame in page.frames]
    for button in content.frame_locator("[name=menu]").get_by_role("button").all():
        button.click()
    page.wait_for_timeout(300)
    assert [frame.url for frame in page.frames] == here
