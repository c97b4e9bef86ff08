"""SCOs whose pages link to each other and end while they go, as eXeLearning's do."""

from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from plugins.scorm.tests.courses_12 import three_scos

from passback.db import tenant_session
from passback.testing.packages import make_zip
from passback.tracking.report import registration_report
from tests.support.live import LiveTool

pytestmark = pytest.mark.browser

ENDING = """<p><a href="second.html#top">On</a> <a href="aside.html">Aside</a></p><script>
addEventListener("{event}", () => {{
  api.LMSSetValue("cmi.core.lesson_status", "completed");
  api.LMSSetValue("cmi.core.exit", "logout");
  api.LMSFinish("");
}});
</script></html>"""


def opened(tool: LiveTool, browser: BrowserContext, folder: Path, event: str) -> tuple[Page, UUID]:
    """Play three SCOs without prerequisites that end themselves on `event`."""
    ending = ENDING.format(event=event)
    files = {name: text.replace("</html>", ending) for name, text in three_scos({}).items()}
    package = folder / "linked.zip"
    package.write_bytes(make_zip({**files, "aside.html": "<!doctype html><h1>An aside</h1>"}))
    with package.open("rb") as file:
        registration = tool.register(tool.import_file(file, package.name).course_id)
    page = browser.new_page()
    page.goto(tool.launch_url(registration))
    expect(page.frame_locator("#content").locator("#entry")).to_have_text("ab-initio")
    return page, registration


def statuses(tool: LiveTool, registration: UUID) -> list[str]:
    """What has become of each SCO, as the report tells."""
    with tool.app.app_context(), tenant_session(tool.tenant_id) as session:
        rows = registration_report(session, registration).attempts[-1].report.rows
    return [word for name, word in rows if name in ("First steps", "Second steps", "The test")]


@pytest.mark.parametrize("event", ["unload", "beforeunload"])
def test_a_link_to_another_scos_page_opens_that_sco(
    scorm_tool: LiveTool, browser: BrowserContext, tmp_path: Path, event: str
) -> None:
    page, registration = opened(scorm_tool, browser, tmp_path, event)
    content = page.frame_locator("#content")
    content.get_by_role("link", name="On").click()
    expect(content.locator("#where")).to_have_text("second")
    expect(content.locator("#entry")).to_have_text("ab-initio")  # its own run time answers
    expect(page.locator("#menu [aria-current]")).to_contain_text("Second steps")
    content.get_by_role("button", name="Pass").click()
    expect(page.locator("#saved")).to_have_text("Saved")
    expect(page.locator("#menu")).to_contain_text("First steps completed")
    found = [word.partition(",")[0] for word in statuses(scorm_tool, registration)]
    assert found == ["completed", "passed", "not attempted"]


def test_a_page_of_no_sco_keeps_the_learner_in_the_course(
    scorm_tool: LiveTool, browser: BrowserContext, tmp_path: Path
) -> None:
    page, _registration = opened(scorm_tool, browser, tmp_path, "unload")
    content = page.frame_locator("#content")
    content.get_by_role("link", name="Aside").click()
    expect(content.get_by_role("heading")).to_have_text("An aside")
    expect(page.locator("#saved")).to_have_text("Saved")
    page.wait_for_timeout(500)
    expect(content.get_by_role("heading")).to_have_text("An aside")
    page.get_by_role("button", name="Next").click()
    expect(content.locator("#where")).to_have_text("second")
