"""SCORM 1.2 in a real Chromium: the sample course and the habits of real courses, through the whole player."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import BrowserContext, Frame, Page, Route, expect

from passback.db import tenant_session
from passback.testing.packages import make_zip
from passback.tracking.models import Registration
from passback.tracking.report import registration_report
from tests.support.live import LiveTool
from tests.support.until import until

pytestmark = pytest.mark.browser

MANIFEST = """<manifest xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
  xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2"><organizations>
  <organization identifier="o"><title>Habits</title>
  <item identifier="i" identifierref="r"><title>Habits</title></item></organization></organizations>
  <resources><resource identifier="r" adlcp:scormtype="sco" href="index.html"/></resources></manifest>"""
HELLO = "<!doctype html><script>const api = parent.API; api.LMSInitialize('');</script><p id=ready>ready</p>"


@pytest.fixture
def tool(scorm_tool: LiveTool) -> LiveTool:
    """The tool with the installed SCORM plugin."""
    return scorm_tool


def course(tool: LiveTool, tmp_path: Path, page: str, **files: str) -> UUID:
    """Import a course whose only page is `page` and register a learner; return the registration."""
    package = tmp_path / "habits.zip"
    package.write_bytes(make_zip({"imsmanifest.xml": MANIFEST, "index.html": page, **files}))
    with package.open("rb") as file:
        return tool.register(tool.import_file(file, package.name).course_id)


def sample(tool: LiveTool, tmp_path: Path) -> UUID:
    """Import the sample course as `passback demo` does and register a learner."""
    with tool.app.app_context():
        from passback.runtime import runtime

        [(_plugin, [offered])] = runtime().plugins.collect("sample_courses")
    offered.build(tmp_path / offered.filename)
    with (tmp_path / offered.filename).open("rb") as file:
        return tool.register(tool.import_file(file, offered.filename).course_id, "ada lovelace")


def content_of(page: Page, ready: str) -> Frame:
    element = page.wait_for_selector("#content")
    assert element is not None
    frame = element.content_frame()
    assert frame is not None
    frame.wait_for_selector(ready)
    return frame


def saved(page: Page) -> None:
    expect(page.locator("#saved")).to_have_text("Saved")


def outcome(tool: LiveTool, registration: UUID) -> tuple[str, str, float | None]:
    with tool.app.app_context(), tenant_session(tool.tenant_id) as session:
        row = session.get_one(Registration, registration)
        return row.completion, row.success, row.score_scaled


def rows(tool: LiveTool, registration: UUID) -> dict[str, str]:
    with tool.app.app_context(), tenant_session(tool.tenant_id) as session:
        return dict(registration_report(session, registration).attempts[-1].report.rows)


def test_the_sample_course_on_a_phone(tool: LiveTool, browser: BrowserContext, tmp_path: Path) -> None:
    registration = sample(tool, tmp_path)
    page = browser.new_page()
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(tool.launch_url(registration))
    content = content_of(page, "#where")
    expect(content.locator("#greeting")).to_have_text(", Ada")
    assert content.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for number in (2, 3, 4):
        content.get_by_role("button", name="Next").click()
        expect(content.locator("#where")).to_have_text(f"Page {number} of 6")
    page.close()  # at once

    page = browser.new_page()
    page.goto(tool.launch_url(registration))
    content = content_of(page, "#where")
    expect(content.locator("#where")).to_have_text("Page 4 of 6")
    assert outcome(tool, registration) == ("incomplete", "unknown", None)
    content.get_by_role("button", name="Next").click()
    content.get_by_role("button", name="Check my answers").click()
    expect(content.get_by_role("alert")).to_have_text("Please answer all four questions.")
    for label in ("Strong wind", "Settled weather", "Clockwise", "Showers, then clear and cool air"):
        content.get_by_label(label, exact=True).check()
    content.get_by_role("button", name="Check my answers").click()
    expect(content.locator("#result")).to_have_text("Your score is 75 of 100. You passed.")
    content.get_by_role("button", name="Save and leave").click()
    page.get_by_role("button", name="Leave", exact=True).last.click()
    expect(page.get_by_text("Your score: 75 of 100.")).to_be_visible()
    assert outcome(tool, registration) == ("completed", "passed", 0.75)
    found = rows(tool, registration)
    assert (found["Status"], found["Score"], found["Question turn"]) == ("passed", "75 (0 to 100)", "wrong: b")


SET_AND_LOOK = """() => {
  const saved = document.getElementById("saved");
  window.shown = [saved.textContent];
  const note = (changes) => changes.forEach((one) => one.addedNodes.forEach((node) => shown.push(node.textContent)));
  new MutationObserver(note).observe(saved, { childList: true });
  return [API.LMSSetValue("cmi.core.lesson_location", "page 5"), saved.textContent];
}"""


def test_saved_is_said_of_nothing_that_the_server_has_not(
    tool: LiveTool, browser: BrowserContext, tmp_path: Path
) -> None:
    registration = course(tool, tmp_path, HELLO)
    page = browser.new_page()
    page.goto(tool.launch_url(registration))
    content_of(page, "#ready")
    assert page.evaluate("passbackPlayer.flush()")  # so that what the opening said is out of the way
    asked: list[tuple[str, bool]] = []

    def note(route: Route) -> None:
        if "page 5" in (route.request.post_data or ""):  # no heartbeat
            asked.append((page.locator("#saved").inner_text(), "Place" in rows(tool, registration)))
        route.continue_()

    page.route("**/events", note)
    assert page.evaluate(SET_AND_LOOK) == ["true", "Saving…"]  # in the very moment
    saved(page)
    assert asked == [("Saving…", False)]
    assert rows(tool, registration)["Place"] == "page 5"
    assert page.evaluate("shown") == ["Saved", "Saving…", "Saved"]


def test_an_api_reached_from_a_window_of_its_own(tool: LiveTool, browser: BrowserContext, tmp_path: Path) -> None:
    opener = "<!doctype html><button id=ready onclick=\"window.open('course.html')\">Start</button>"
    inner = """<!doctype html><p id=status></p><script>
      let win = window.opener; while (!win.API && win.parent !== win) win = win.parent;
      document.getElementById("status").textContent = win.API.LMSInitialize("");
      win.API.LMSSetValue("cmi.core.lesson_status", "completed"); win.API.LMSFinish("");</script>"""
    registration = course(tool, tmp_path, opener, **{"course.html": inner})
    page = browser.new_page()
    page.goto(tool.launch_url(registration))
    with page.expect_popup() as popup:
        content_of(page, "#ready").click("#ready")
    expect(popup.value.locator("#status")).to_have_text("true")
    saved(page)
    assert outcome(tool, registration)[0] == "completed"


def test_a_course_that_finishes_only_in_its_unload(tool: LiveTool, browser: BrowserContext, tmp_path: Path) -> None:
    page_of_course = (
        HELLO
        + """<script>addEventListener("unload", () => {
      api.LMSSetValue("cmi.core.score.raw", "90"); api.LMSSetValue("cmi.core.session_time", "0000:01:30");
      api.LMSSetValue("cmi.core.lesson_status", "passed"); api.LMSFinish(""); });</script>"""
    )
    registration = course(tool, tmp_path, page_of_course)
    page = browser.new_page()
    page.goto(tool.launch_url(registration))
    content_of(page, "#ready")
    page.goto("about:blank")
    # Each call of an ending page is a request of its own, and nobody waits for the last one.
    until(lambda: outcome(tool, registration) == ("completed", "passed", 0.9))
    assert rows(tool, registration)["Time"] == "1m 30s"


@pytest.mark.parametrize(
    "text", ["'x'.repeat(70000)", "'x'.repeat(800000)", "'\\u4e2d'.repeat(140000)", "'a\\0\\ud800b'.repeat(5000)"]
)
def test_whatever_a_course_saves_comes_back(tool: LiveTool, browser: BrowserContext, tmp_path: Path, text: str) -> None:
    """70 kB: what real courses need; the last one is what LZString.compress makes."""
    registration = course(tool, tmp_path, HELLO)
    page = browser.new_page()
    page.goto(tool.launch_url(registration))
    content = content_of(page, "#ready")
    assert content.evaluate(f"api.LMSSetValue('cmi.suspend_data', {text})") == "true"
    saved(page)
    page.close()
    page = browser.new_page()
    page.goto(tool.launch_url(registration))
    content = content_of(page, "#ready")
    assert content.evaluate(f"api.LMSGetValue('cmi.suspend_data') === {text}")
    assert content.evaluate("api.LMSGetValue('cmi.core.entry')") == "resume"


def test_five_megabytes_are_refused_and_nothing_breaks(tool: LiveTool, browser: BrowserContext, tmp_path: Path) -> None:
    registration = course(tool, tmp_path, HELLO)
    page = browser.new_page()
    page.goto(tool.launch_url(registration))
    content = content_of(page, "#ready")
    said = content.evaluate("[api.LMSSetValue('cmi.suspend_data', 'x'.repeat(5e6)), api.LMSGetLastError()]")
    assert said == ["false", "405"]
    content.evaluate("api.LMSSetValue('cmi.core.lesson_status', 'completed')")
    saved(page)
    assert outcome(tool, registration)[0] == "completed"


def test_a_review_leaves_no_trace(tool: LiveTool, browser: BrowserContext, tmp_path: Path) -> None:
    registration = course(tool, tmp_path, HELLO)
    page = browser.new_page()
    page.goto(tool.launch_url(registration))
    content = content_of(page, "#ready")
    values = [("cmi.core.score.raw", "80"), ("cmi.core.lesson_status", "passed"), ("cmi.suspend_data", "mine")]
    content.evaluate(
        f"{json.dumps(values)}.forEach(([name, value]) => api.LMSSetValue(name, value)); api.LMSFinish('')"
    )
    saved(page)
    page.goto("about:blank")
    page.goto(tool.launch_url(registration))
    page.get_by_role("button", name="Look back").click()
    content = content_of(page, "#ready")
    names = ["lesson_mode", "credit", "entry", "lesson_status"]
    assert content.evaluate(f"{json.dumps(names)}.map((name) => api.LMSGetValue('cmi.core.' + name))") == [
        "review",
        "no-credit",
        "",
        "passed",
    ]
    content.evaluate("api.LMSSetValue('cmi.core.lesson_status', 'failed'); api.LMSSetValue('cmi.core.score.raw', 1)")
    content.evaluate("api.LMSFinish('')")
    page.goto("about:blank")
    assert outcome(tool, registration) == ("completed", "passed", 0.8)
    assert rows(tool, registration)["Status"] == "passed"
