"""Packages that reach for what is not theirs, in a real Chromium: the app, another learner, another package."""

from io import BytesIO
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Frame, Page

from passback.testing.packages import make_zip
from tests.support.live import LiveTool

pytestmark = pytest.mark.browser

MANIFEST = """<manifest identifier="m" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
 xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2"><organizations default="o"><organization identifier="o">
<title>A course</title><item identifier="i" identifierref="r"><title>Part</title></item></organization></organizations>
<resources><resource identifier="r" type="webcontent" adlcp:scormtype="sco" href="index.html"/></resources>
</manifest>"""
PAGE = "<!doctype html><html lang='en'><title>%s</title><p id='ready'>%s</p></html>"
SECRET = "what only Ann may know"

EVERYTHING = """async () => {
  const found = { local: { ...localStorage }, session: { ...sessionStorage }, cookie: document.cookie, databases: [] };
  const done = (asked) => new Promise((resolve) => { asked.onsuccess = () => resolve(asked.result); });
  for (const { name } of await indexedDB.databases()) {
    const db = await done(indexedDB.open(name));
    for (const store of db.objectStoreNames) {
      found.databases.push(await done(db.transaction(store).objectStore(store).getAll()));
    }
  }
  found.caches = await caches.keys();
  const text = (_key, value) => (value instanceof ArrayBuffer || ArrayBuffer.isView(value)
    ? new TextDecoder().decode(value) : value);
  return JSON.stringify(found, text);
}"""

SENT = """() => performance.getEntriesByType("resource").some((one) => /events$/.test(one.name))"""
TOKEN = """() => performance.getEntriesByType("resource").map((one) => one.name)
  .findLast((name) => /events$/.test(name)).split("/play/")[1].split("/")[0]"""
FURNISH = """async (token) => {
  const body = JSON.stringify({ token });
  return (await fetch(`${parent.location.pathname}furnish`, { method: "POST", body })).status;
}"""


def opened(tool: LiveTool, page: Page, course: Any, learner: str = "ann") -> Frame:
    """Open the course for a learner; return the frame of its content."""
    page.goto(tool.launch_url(tool.register(course.course_id, learner)))
    frame = page.wait_for_selector("#content").content_frame()
    assert frame is not None
    frame.wait_for_selector("#ready")
    return frame


def imported(tool: LiveTool, title: str) -> Any:
    files = {"imsmanifest.xml": MANIFEST, "index.html": PAGE % (title, title)}
    return tool.import_file(BytesIO(make_zip(files)), f"{title}.zip")


def test_the_apps_pages_are_out_of_reach(scorm_tool: LiveTool, browser: BrowserContext) -> None:
    app = f"http://localhost:{scorm_tool.port}"
    frame = opened(scorm_tool, browser.new_page(), imported(scorm_tool, "hostile"))
    found = frame.evaluate(
        """async (app) => {
          const tried = (act) => { try { return act(); } catch (error) { return error.name; } };
          const inner = document.createElement("iframe");
          inner.src = `${app}/admin/`;
          document.body.append(inner);
          await new Promise((resolve) => { inner.onload = resolve; });
          document.cookie = "session=mine; domain=localhost; path=/";
          const opened = window.open(`${app}/admin/`);
          await new Promise((resolve) => { setTimeout(resolve, 500); });
          return {
            frame: tried(() => inner.contentWindow.document.title),
            window: opened ? tried(() => opened.document.title) : null,
            fetched: await fetch(`${app}/admin/`, { credentials: "include" })
              .then(() => "read", (error) => error.name),
            frames: tried(() => parent.location.origin === location.origin),
          };
        }""",
        app,
    )
    assert found.pop("window") in {"SecurityError", None}
    assert found == {"frame": "SecurityError", "fetched": "TypeError", "frames": True}
    assert "session" not in {cookie.get("name") for cookie in browser.cookies(f"{app}/admin/")}


def token_of(page: Page) -> str:
    """Return the session's token, as the address says to which something was sent."""
    page.wait_for_function(SENT)
    return str(page.evaluate(TOKEN))


def test_another_learners_state_of_the_same_course(scorm_tool: LiveTool, browser: BrowserContext) -> None:
    course = imported(scorm_tool, "shared computer")
    page = browser.new_page()
    ann = opened(scorm_tool, page, course)
    api = "const api = parent.API; api.LMSInitialize('');"
    ann.evaluate(f"() => {{ {api} api.LMSSetValue('cmi.suspend_data', {SECRET!r}); api.LMSCommit(''); }}")
    anns = token_of(page)
    browser.set_offline(True)  # the journal stays on the disk
    ann.evaluate(f"() => parent.API.LMSSetValue('cmi.comments', {SECRET!r})")
    page.wait_for_timeout(500)
    page.close()
    browser.set_offline(False)
    bob = opened(scorm_tool, browser.new_page(), course, "bob")
    assert bob.evaluate(f"() => {{ {api} return api.LMSGetValue('cmi.suspend_data'); }}") == ""
    everything = bob.evaluate(EVERYTHING)
    assert SECRET not in everything
    assert "Ann" not in everything
    assert bob.evaluate(FURNISH, token_of(bob.page)) == 200
    assert bob.evaluate(FURNISH, anns) == 403


def test_another_packages_storage(scorm_tool: LiveTool, browser: BrowserContext) -> None:
    page = browser.new_page()
    first = opened(scorm_tool, page, imported(scorm_tool, "first"))
    first.evaluate(
        """async (secret) => {
          localStorage.setItem("kept", secret);
          sessionStorage.setItem("kept", secret);
          document.cookie = `kept=${secret}; path=/`;
          document.cookie = `wide=${secret}; domain=localhost; path=/`;
          await caches.open(secret);
          const open = indexedDB.open("kept", 1);
          open.onupgradeneeded = () => open.result.createObjectStore("store", { autoIncrement: true });
          await new Promise((resolve) => { open.onsuccess = resolve; });
          const put = open.result.transaction("store", "readwrite").objectStore("store").put(secret);
          await new Promise((resolve) => { put.onsuccess = resolve; });
        }""",
        SECRET,
    )
    assert SECRET in first.evaluate(EVERYTHING)
    second = opened(scorm_tool, page, imported(scorm_tool, "second"))
    assert first.url.split("/")[2] != second.url.split("/")[2]
    assert SECRET not in second.evaluate(EVERYTHING)
