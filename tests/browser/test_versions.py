"""A course is renewed while learners are in the middle of it: they choose, and both ends count."""

import io

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import select

from passback.content.service import import_course
from passback.db import tenant_session
from passback.tracking.models import Attempt
from tests.browser.test_player import COURSE, content_of, expect_saved, open_course, registration_row
from tests.support.live import LiveTool, zipped

pytestmark = pytest.mark.browser

NEWER = COURSE.replace("Page 1", "New page 1").replace('"Page "', '"New page "').replace("10", "2")


def renew(tool: LiveTool, course_id: object) -> None:
    with tool.app.app_context():
        package: io.BytesIO = zipped({"index.html": NEWER})
        import_course(tool.tenant_id, package, "new.zip", into=course_id)  # type: ignore[arg-type]


def attempts(tool: LiveTool, registration: object) -> list[tuple[int, str, bool]]:
    with tool.app.app_context(), tenant_session(tool.tenant_id) as session:
        rows = session.scalars(select(Attempt).where(Attempt.registration_id == registration).order_by(Attempt.number))
        return [(row.number, row.status, row.replaced) for row in rows]


def leave(page: Page) -> None:
    expect_saved(page)
    page.click("#leave")
    page.wait_for_url("**/result/**")


def test_going_on_and_beginning_anew(live_app: LiveTool, browser: BrowserContext) -> None:
    course = live_app.import_package({"index.html": COURSE})
    ann, bob = (live_app.register(course.course_id, name) for name in ("ann", "bob"))
    page = browser.new_page()
    for registration in (ann, bob):
        content = open_course(live_app, page, registration)
        content.click("#next")
        leave(page)
    renew(live_app, course.course_id)

    page.goto(live_app.launch_url(ann))
    expect(page.get_by_text("This course has changed since you began.")).to_be_visible()
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_role("button", name="Go on where I was").focus()
    page.keyboard.press("Enter")
    content = content_of(page)
    expect(content.locator("#where")).to_have_text("Page 1")
    expect(content.locator("#where")).to_have_attribute("data-seen", "[2]")
    content.click("#quiz")
    content.click("#done")
    leave(page)
    assert attempts(live_app, ann) == [(1, "suspended", False)]
    assert registration_row(live_app, ann).score_scaled == 0.8

    page.goto(live_app.launch_url(bob))
    page.get_by_role("button", name="Go on where I was").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    content = content_of(page)
    expect(content.locator("#where")).to_have_text("New page 1")
    expect(content.locator("#where")).to_have_attribute("data-seen", "[]")
    page.reload()
    content = content_of(page)
    content.click("#next")
    expect_saved(page)
    content.click("#quiz")
    content.click("#done")
    leave(page)
    assert [one[0] for one in attempts(live_app, bob)] == [1, 2], "a reload begins no third one"
    assert attempts(live_app, bob)[0] == (1, "ended", True)
    row = registration_row(live_app, bob)
    assert (row.success, row.score_scaled, row.attempts) == ("passed", 0.8, 2)
    page.goto(live_app.launch_url(bob))
    expect(page.get_by_text("This course has changed")).to_have_count(0)
