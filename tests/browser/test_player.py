"""The player in a real Chromium, with the toy content type."""

from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page, expect
from sqlalchemy import func, select

from passback.db import Base, db, tenant_session
from passback.tracking.models import PlaySession, Registration, StateCell, StoredEvent
from tests.support.live import LiveTool, kill
from tests.support.until import until

pytestmark = pytest.mark.browser

COURSE = """<!doctype html><title>Toy</title><h1 id="where">Page 1</h1>
<button id="next">Next</button><button id="quiz">Answer</button><button id="done">Finish</button>
<script>
let n = 1;
const toy = parent.Toy;
where.dataset.seen = JSON.stringify(toy.seen());
document.getElementById("next").onclick = () => { n += 1; where.textContent = "Page " + n; toy.page(n, 10); };
quiz.onclick = () => toy.score(0.8);
done.onclick = () => toy.end();
</script>"""


def open_course(tool: LiveTool, page: Page, registration: UUID) -> Frame:
    page.goto(tool.launch_url(registration))
    return content_of(page)


def content_of(page: Page | Frame) -> Frame:
    element = page.wait_for_selector("#content")
    assert element is not None
    frame = element.content_frame()
    assert frame is not None
    frame.wait_for_selector("#where, #ready", state="attached")
    return frame


def expect_saved(page: Page | Frame) -> None:
    expect(page.locator("#saved")).to_have_text("Saved")


def seen(tool: LiveTool) -> Any:
    with tool.app.app_context(), tenant_session(tool.tenant_id) as session:
        cell = session.scalars(select(StateCell)).one_or_none()
        return cell.data["seen"] if cell else []


def registration_row(tool: LiveTool, registration: UUID) -> Registration:
    with tool.app.app_context(), tenant_session(tool.tenant_id) as session:
        return session.get_one(Registration, registration)


@pytest.fixture
def registration(live_app: LiveTool) -> UUID:
    course = live_app.import_package({"index.html": COURSE})
    return live_app.register(course.course_id)


def test_a_course_is_played_saved_and_left(live_app: LiveTool, browser: BrowserContext, registration: UUID) -> None:
    page = browser.new_page()
    page.goto(live_app.ticket(registration))
    content = content_of(page)
    expect(page.get_by_role("button", name="Open in own window")).to_be_hidden()  # it has one already
    content.click("#next")
    content.click("#quiz")
    expect_saved(page)
    assert seen(live_app) == [2]
    content.click("#done")
    page.get_by_role("button", name="Leave").click()
    expect(page.get_by_text("Your score: 80 of 100.")).to_be_visible()
    expect(page.get_by_text("Passed")).to_be_visible()
    assert page.url.startswith(f"http://localhost:{live_app.port}/result/")
    assert browser.cookies() == []


def test_a_closed_tab_loses_nothing_and_the_course_resumes(
    live_app: LiveTool, browser: BrowserContext, registration: UUID
) -> None:
    page = browser.new_page()
    content = open_course(live_app, page, registration)
    content.click("#next")
    page.close()  # long before the two seconds are over
    content = open_course(live_app, browser.new_page(), registration)
    assert content.get_attribute("#where", "data-seen") == "[2]"
    assert seen(live_app) == [2]


def framed(page: Page, lms_page: str, url: str) -> Frame:
    """Open `url` in a frame of another site and return the player's frame."""
    page.goto(f"{lms_page}?{url}")
    element = page.wait_for_selector("#tool")
    assert element is not None
    tool = element.content_frame()
    assert tool is not None
    content_of(tool)
    return tool


def test_a_closed_tab_around_a_frame_without_storage(
    live_app: LiveTool, strict_browser: BrowserContext, registration: UUID, lms_page: str
) -> None:
    page = strict_browser.new_page()
    strict_browser.new_page()  # closing the last tab would close Chromium with all that is in flight
    tool = framed(page, lms_page, live_app.launch_url(registration))
    content_of(tool).click("#next")
    page.close()
    page = strict_browser.new_page()
    tool = framed(page, lms_page, live_app.launch_url(registration))  # the session was left: no question is asked
    assert content_of(tool).get_attribute("#where", "data-seen") == "[2]"


def test_what_content_says_in_its_unload_arrives(live_app: LiveTool, browser: BrowserContext) -> None:
    said = "parent.Toy.page(7, 10); parent.Toy.score(.9);"
    body = f"<p id=ready>x</p><script>addEventListener('unload', () => {{ {said} }})</script>"
    registration = live_app.register(live_app.import_package({"index.html": body}).course_id)
    page = browser.new_page()
    open_course(live_app, page, registration)
    page.goto("about:blank")
    open_course(live_app, page, registration)  # a server that answers again has taken what came before
    assert seen(live_app) == [7]
    assert registration_row(live_app, registration).score_scaled == 0.9


def test_a_large_value_set_just_before_the_tab_closes(live_app: LiveTool, browser: BrowserContext) -> None:
    """50 kB: above what goes with the rest, below the 64 KiB that a dying page may have in flight."""
    body = "<p id=ready>x</p><script>parent.passbackPlayer.boot.activity</script>"
    registration = live_app.register(live_app.import_package({"index.html": body}).course_id)
    page = browser.new_page()
    content = open_course(live_app, page, registration)
    content.evaluate("parent.passbackPlayer.record('toy.large', { text: 'x'.repeat(50000) })")
    content.evaluate("parent.Toy.page(1, 10)")
    page.close()
    open_course(live_app, browser.new_page(), registration)
    assert seen(live_app) == [1]


HOLD = """() => {
  window.release = parent.passbackPlayer.hold();
  return parent.document.getElementById("saved").textContent;
}"""


def test_what_content_holds_is_not_called_saved(
    live_app: LiveTool, browser: BrowserContext, registration: UUID
) -> None:
    page = browser.new_page()
    content = open_course(live_app, page, registration)
    expect_saved(page)
    assert content.evaluate(HOLD) == "Saving…"
    content.click("#quiz")
    assert content.evaluate("parent.passbackPlayer.flush()")  # all that was recorded is acknowledged …
    assert registration_row(live_app, registration).score_scaled == 0.8
    expect(page.locator("#saved")).to_have_text("Saving…")  # … and something is held still
    content.evaluate("release()")
    expect_saved(page)


def test_offline_for_a_while(live_app: LiveTool, browser: BrowserContext, registration: UUID) -> None:
    page = browser.new_page()
    content = open_course(live_app, page, registration)
    expect_saved(page)
    browser.set_offline(True)
    content.click("#next")
    content.click("#quiz")
    expect(page.locator("#saved")).to_have_text("Not saved yet: offline, we keep trying")
    expect(page.get_by_role("status")).to_have_text("Not saved yet: offline, we keep trying")
    content.click("#next")
    assert seen(live_app) == []
    browser.set_offline(False)
    expect_saved(page)
    assert seen(live_app) == [2, 3]
    assert registration_row(live_app, registration).score_scaled == 0.8


def test_what_was_left_over_is_delivered_before_the_next_opening(
    live_app: LiveTool, browser: BrowserContext, registration: UUID
) -> None:
    page = browser.new_page()
    content = open_course(live_app, page, registration)
    browser.set_offline(True)
    content.click("#next")
    keep_on_disk(page)
    assert seen(live_app) == []
    browser.set_offline(False)

    page = browser.new_page()
    content = open_course(live_app, page, registration)
    assert content.get_attribute("#where", "data-seen") == "[2]"  # in the fresh state, not merely stored
    assert page.evaluate(JOURNAL_ROWS) == []


JOURNAL_ROWS = """() => new Promise((resolve) => {
  const opened = indexedDB.open("passback-journal");
  opened.onsuccess = () => {
    const all = opened.result.transaction("entries").objectStore("entries").getAll();
    all.onsuccess = () => resolve(all.result.map((row) => ({
      bytes: [...new Uint8Array(row.secret)], iv: [...row.iv],
      text: new TextDecoder("latin1").decode(row.secret) })));
  };
})"""


def keep_on_disk(page: Page) -> None:
    """Wait until the page has one event on disk that it could not send, and let it die before it can say any more.

    A page that is closed says farewell, and after it the network may be back.
    """
    expect(page.locator("#saved")).to_contain_text("Not saved yet")
    until(lambda: len(page.evaluate(JOURNAL_ROWS)) == 1)
    kill(page)


DECRYPT = """async ({ row, page }) => {
  const raw = Uint8Array.from(atob(page.key), (letter) => letter.charCodeAt(0));
  const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["decrypt"]);
  const scope = new TextEncoder().encode(page.scope);
  try {
    await crypto.subtle.decrypt({ name: "AES-GCM", iv: new Uint8Array(row.iv), additionalData: scope }, key,
                                new Uint8Array(row.bytes));
    return "readable";
  } catch (error) { return error.name; }
}"""


def test_a_shared_computer_keeps_one_learners_journal_from_the_next(
    live_app: LiveTool, browser: BrowserContext, registration: UUID
) -> None:
    course = registration_row(live_app, registration).course_id
    bob = live_app.register(course, "bob")
    page = browser.new_page()
    content = open_course(live_app, page, registration)
    anns = page.evaluate("JSON.parse(document.getElementById('passback-page').textContent)")
    browser.set_offline(True)
    content.click("#next")
    keep_on_disk(page)
    browser.set_offline(False)

    page = browser.new_page()
    content = open_course(live_app, page, bob)
    assert content.get_attribute("#where", "data-seen") == "[]"
    rows = page.evaluate(JOURNAL_ROWS)
    assert len(rows) == 1
    assert "toy.page" not in rows[0]["text"]
    bobs = page.evaluate("JSON.parse(document.getElementById('passback-page').textContent)")
    assert page.evaluate(DECRYPT, {"row": rows[0], "page": bobs}) == "OperationError"
    assert page.evaluate(DECRYPT, {"row": rows[0], "page": anns}) == "readable"  # the check itself can fail

    content = open_course(live_app, page, registration)
    assert content.get_attribute("#where", "data-seen") == "[2]"


STORING = """<!doctype html><p id="ready">x</p><iframe src="inner.html"></iframe>
<script>
localStorage.setItem("place", "here"); sessionStorage.count = 3;
document.body.dataset.stored = localStorage.getItem("place") + sessionStorage.count + localStorage.length;
parent.Toy.page(1, 10);
</script><a id="go" href="second.html">on</a>"""
INNER = "<script>document.documentElement.dataset.found = localStorage.getItem('place')</script>"
SECOND = (
    f"<script>document.documentElement.dataset.found = localStorage.getItem('place')</script><p id=ready>{'x' * 50}"
)


SENT_BEFORE = """(milliseconds) => new Promise((resolve) => {
  let sent = 0;
  const real = window.fetch;
  window.fetch = (url, options) => { sent += options.body.includes("toy.page"); return real(url, options); };
  Toy.page(2, 10);
  setTimeout(() => resolve(sent), milliseconds);  // a timer of the same page: however slow the machine, the order holds
})"""


def test_with_all_storage_refused(live_app: LiveTool, strict_browser: BrowserContext, lms_page: str) -> None:
    course = live_app.import_package({"index.html": STORING, "inner.html": INNER, "second.html": SECOND})
    registration = live_app.register(course.course_id)
    page = strict_browser.new_page()
    tool = framed(page, lms_page, live_app.launch_url(registration))
    content = content_of(tool)
    with pytest.raises(Exception, match="SecurityError"):
        tool.evaluate("localStorage.length")  # else this test shows nothing
    assert content.get_attribute("body", "data-stored") == "here31"
    inner = content.child_frames[0]
    inner.wait_for_load_state()
    assert inner.get_attribute("html", "data-found") == "here"
    expect(tool.locator("#notices").get_by_text("What you do is saved while you are online")).to_be_visible()
    expect(tool.locator("#saved")).to_have_text("Saved")
    assert seen(live_app) == [1]
    assert tool.evaluate(SENT_BEFORE, 1500) == 1  # a change waits for one second, not for two
    content.click("#go")
    content.wait_for_url("**/second.html")
    assert content.get_attribute("html", "data-found") == "here"


def test_a_plugin_that_is_switched_off_is_named_to_the_learner(
    live_app: LiveTool, browser: BrowserContext, registration: UUID
) -> None:
    page = browser.new_page()
    plugins = live_app.app.extensions["passback"].plugins
    toy = plugins.content_types.pop("toy")
    page.goto(live_app.launch_url(registration))
    expect(page.get_by_text("is missing or switched off")).to_be_visible()
    plugins.content_types["toy"] = toy
    page.get_by_role("button", name="Try again").click()
    content_of(page)


def test_a_second_tab_takes_over_by_a_visible_choice(
    live_app: LiveTool, browser: BrowserContext, registration: UUID
) -> None:
    first = browser.new_page()
    content = open_course(live_app, first, registration)
    content.click("#quiz")
    expect_saved(first)
    second = browser.new_page()
    second.goto(live_app.launch_url(registration))
    expect(second.get_by_role("heading", name="open in another window")).to_be_focused()
    assert second.query_selector("#content") is None
    second.get_by_role("button", name="Continue here").click()
    content_of(second)
    # In one step: a heartbeat may have told the first page already, and then there is no content any more.
    first.evaluate("() => document.getElementById('content')?.contentDocument.getElementById('next').click()")
    expect(first.get_by_role("heading", name="You opened this course elsewhere")).to_be_visible()
    expect(first.locator("#content")).to_have_count(0)


def test_what_a_superseded_window_had_not_saved_still_counts(
    live_app: LiveTool, chromium: Browser, browser: BrowserContext, registration: UUID
) -> None:
    first = browser.new_page()
    content = open_course(live_app, first, registration)
    browser.set_offline(True)
    content.click("#quiz")
    expect(first.locator("#saved")).to_contain_text("Not saved yet")
    elsewhere = chromium.new_context()  # another device
    second = elsewhere.new_page()
    second.goto(live_app.launch_url(registration))
    second.get_by_role("button", name="Continue here").click()
    content_of(second)
    assert registration_row(live_app, registration).score_scaled is None
    browser.set_offline(False)
    expect(first.get_by_role("heading", name="You opened this course elsewhere")).to_be_visible()
    assert registration_row(live_app, registration).score_scaled == 0.8
    elsewhere.close()


def test_a_phone_is_offered_the_whole_screen(
    live_app: LiveTool, chromium: Browser, registration: UUID, lms_page: str
) -> None:
    size = {"width": 360, "height": 740}
    phone = chromium.new_context(viewport=size, screen=size, is_mobile=True, has_touch=True)  # type: ignore[arg-type]
    page = phone.new_page()
    page.goto(f"{lms_page}?{live_app.launch_url(registration)}")
    tool = page.frame_locator("#tool")
    expect(tool.get_by_role("heading", name="works better in its own window")).to_be_focused()
    with page.expect_popup() as opened:
        tool.get_by_role("region").get_by_role("button", name="Open in own window").tap()
    content_of(opened.value)  # at once: a window of its own is not offered another
    page.reload()
    tool.get_by_role("button", name="Continue here").tap()  # stays in the frame …
    tool.get_by_role("button", name="Continue here").tap()  # … and takes over from the window
    expect(tool.frame_locator("#content").get_by_role("heading", name="Page 1")).to_be_visible()
    phone.close()


def test_reloading_in_the_same_tab_asks_nothing(
    live_app: LiveTool, browser: BrowserContext, registration: UUID
) -> None:
    page = browser.new_page()
    content = open_course(live_app, page, registration)
    content.click("#next")
    page.reload()
    assert content_of(page).get_attribute("#where", "data-seen") == "[2]"
    page.goto("about:blank")
    page.go_back()
    content = content_of(page)
    content.click("#quiz")
    expect_saved(page)
    assert registration_row(live_app, registration).score_scaled == 0.8


@pytest.mark.parametrize("call", ["window.close()", "parent.close()", "top.close()"])
def test_content_that_closes_its_window_leaves(live_app: LiveTool, browser: BrowserContext, call: str) -> None:
    body = f"<button id=ready onclick='parent.Toy.page(4, 10); {call}'>x</button>"
    registration = live_app.register(live_app.import_package({"index.html": body}).course_id)
    page = browser.new_page()
    open_course(live_app, page, registration).click("#ready")
    expect(page.get_by_text("Not finished yet")).to_be_visible()
    assert seen(live_app) == [4]


def rows(tool: LiveTool) -> dict[str, int]:
    with tool.app.app_context(), db.engine.connect() as connection:
        return {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in Base.metadata.tables.items()
        }


def test_a_preview_leaves_no_trace(live_app: LiveTool, browser: BrowserContext) -> None:
    from passback.player.entry import entry_url

    course = live_app.import_package({"index.html": COURSE})
    before = rows(live_app)
    with live_app.app.app_context():
        url = entry_url(tenant_id=live_app.tenant_id, course_version_id=course.version_id, preview=True)
    page = browser.new_page()
    page.goto(url)
    content = content_of(page)
    expect(page.locator("#notices").get_by_text("This is a preview")).to_be_visible()
    content.click("#next")
    content.click("#quiz")
    page.get_by_role("button", name="Exit").click()
    expect(page.get_by_text("Nothing was recorded")).to_be_visible()
    assert rows(live_app) == before


def test_the_own_window(live_app: LiveTool, browser: BrowserContext, registration: UUID, lms_page: str) -> None:
    page = browser.new_page()
    tool = framed(page, lms_page, live_app.launch_url(registration))
    content_of(tool).click("#next")
    with page.expect_popup() as opened:
        tool.get_by_role("button", name="Open in own window").click()
    window = opened.value
    content = content_of(window)
    assert content.get_attribute("#where", "data-seen") == "[2]"
    expect(tool.get_by_role("heading", name="The course is open in its own window")).to_be_visible()
    window.get_by_role("button", name="Exit").click()
    with window.expect_event("close"):
        window.get_by_role("button", name="Close this window").click()


def test_swallowed_dialogs_are_noticed(live_app: LiveTool, browser: BrowserContext, lms_page: str) -> None:
    browser.add_init_script("window.confirm = () => false")  # what Safari does in frames of another site
    # Several, for one may take a while on a busy machine.
    body = "<button id=ready onclick='for (let n = 0; n < 20; n += 1) confirm(n)'>x</button>"
    registration = live_app.register(live_app.import_package({"index.html": body}).course_id)
    page = browser.new_page()
    tool = framed(page, lms_page, live_app.launch_url(registration))
    content_of(tool).click("#ready")
    expect(tool.locator("#notices").get_by_text("Your browser may hide this course's questions")).to_be_visible()


HOSTILE = """<!doctype html><p id="ready">x</p><script>
const got = {};
try { top.location = "https://evil.example/"; } catch (error) { got.top = error.name; }
got.cookie = document.cookie;
const tries = [
  fetch("APP/admin/", { credentials: "include" }).then((a) => a.text())
    .then((t) => { got.app = t; }, () => { got.app = null; }),
  fetch("APP/result/OTHER").then((a) => a.text()).then((t) => { got.result = t; }, () => { got.result = null; }),
  fetch("/admin/").then((a) => { got.admin = a.status; }),
  fetch("/play/OTHER/boot", { method: "POST", body: "{}" }).then((a) => { got.boot = a.status; }),
  fetch("/play/FORGED/events", { method: "POST", body: '{"events":[]}' }).then((a) => { got.events = a.status; }),
  fetch("/play/SESSION/events", { method: "POST", body: '{"events":[]}' }).then((a) => { got.stolen = a.status; }),
  navigator.serviceWorker.register("/sw.js").then(() => { got.worker = true; }, () => { got.worker = false; }),
];
Promise.allSettled(tries).then(() => { window.got = got; });
</script>"""


def test_a_hostile_package_gets_nothing(live_app: LiveTool, browser: BrowserContext, lms_page: str) -> None:
    other = live_app.register(live_app.import_package({"index.html": COURSE}).course_id, "victim")
    page = browser.new_page()
    open_course(live_app, page, other)
    play = page.url.split("/play/")[1].strip("/")
    session = _session_token(live_app)
    browser.add_cookies([{"name": "session", "value": "secret", "url": f"http://localhost:{live_app.port}"}])
    body = HOSTILE.replace("APP", f"http://localhost:{live_app.port}").replace("OTHER", play)
    body = body.replace("SESSION", session).replace("FORGED", session[:-4] + "AAAA")
    files = {"index.html": body, "sw.js": "addEventListener('fetch', () => {})"}
    mine = live_app.register(live_app.import_package(files).course_id)
    tool = framed(page, lms_page, live_app.launch_url(mine))
    content = content_of(tool)
    content.wait_for_function("window.got")
    assert page.url.startswith(lms_page)  # the LMS's window stays where it was
    assert content.evaluate("window.got") == {
        "top": "SecurityError",
        "cookie": "",
        "app": None,
        "result": None,
        "admin": 404,
        "boot": 403,
        "events": 403,
        "stolen": 403,
        "worker": False,
    }


def _session_token(tool: LiveTool) -> str:
    """The victim's real session token, as if it had leaked: another course's page can do nothing with it."""
    from passback.player.tokens import SessionClaims, sign_session
    from passback.tracking.models import Attempt

    with tool.app.app_context(), tenant_session(tool.tenant_id) as session:
        play = session.scalars(select(PlaySession)).one()
        attempt = session.get_one(Attempt, play.attempt_id)
        learner = session.get_one(Registration, attempt.registration_id).learner_id
        version = attempt.course_version_id
        return sign_session(SessionClaims(tool.tenant_id.hex, play.id.hex, learner.hex, version.hex))


@pytest.mark.parametrize("width", [320, 1280])
def test_the_page_fits_and_works_with_the_keyboard(
    live_app: LiveTool, browser: BrowserContext, registration: UUID, width: int
) -> None:
    page = browser.new_page()
    page.set_viewport_size({"width": width, "height": 640})
    open_course(live_app, page, registration)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = page.get_by_title("A toy").bounding_box()
    assert box is not None
    assert box["width"] == width
    assert box["height"] > 500
    page.get_by_role("button", name="Exit").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"http://localhost:{live_app.port}/result/*")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_events_are_stored_once_and_numbered(live_app: LiveTool, browser: BrowserContext, registration: UUID) -> None:
    page = browser.new_page()
    content = open_course(live_app, page, registration)
    for _ in range(5):
        content.click("#next")
    content.click("#quiz")
    expect_saved(page)
    with live_app.app.app_context(), tenant_session(live_app.tenant_id) as session:
        numbers = session.scalars(select(StoredEvent.sequence).where(StoredEvent.sequence > 0)).all()
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]
