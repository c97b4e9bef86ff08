"""Each rung by which a launch is bound to its browser, reached in Chromium and climbed to a playing course.

The LMS, the tool and the content are three sites over https; Chromium refuses whatever the rung is not to have.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import BrowserContext, Frame, Page, Playwright, Route, expect

from passback.db import Unscoped, tenant_session, unscoped
from passback.lti import records
from passback.lti.models import LinkChoice
from passback.lti.models import Platform as PlatformRow
from passback.lti.platforms import hosts_of
from passback.sandbox.model import Link
from passback.sandbox.profiles import BLACKBOARD, CANVAS, MOODLE, OPEN_EDX, SAKAI, StrictnessProfile
from tests.conftest import TOY, make_settings
from tests.support.live import open_browser
from tests.support.road import CHROMIUM_NAMES, Road, https_names, resolve_test_names, start_road
from tests.support.until import until

pytestmark = pytest.mark.browser

ALLOW, BLOCK = 1, 2
SCRIPT = "**/static/page_storage.js"
HELLO = "The toy course is playing"
TAB = "Open in a new tab"


@dataclass
class School:
    """A running LMS whose first learner has a link to the toy course."""

    road: Road
    link: Link

    def open(self, page: Page) -> None:
        """Open the link as the learner."""
        self.road.sign_in(page, self.road.platform.learners[0].name)
        page.goto(f"{self.road.names.lms}/link/{self.link.id}")

    def bindings(self) -> list[str]:
        """Return how the browsers of accepted launches were known, the newest first."""
        with unscoped(Unscoped.INSTALLATION) as session:
            return [str(one.facts.get("binding")) for one in records.recent(session) if one.verdict == records.ACCEPTED]

    def refusals(self) -> list[str]:
        """Return why launches were refused, the newest first."""
        with unscoped(Unscoped.INSTALLATION) as session:
            return [one.error for one in records.recent(session) if one.verdict != records.ACCEPTED]


OpenSchool = Callable[[StrictnessProfile], School]


@pytest.fixture
def open_school(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenSchool]:
    """Start an LMS that behaves like a product, with the tool registered and the course placed."""
    resolve_test_names(monkeypatch)
    names = https_names(tmp_path)
    assert names.certificate is not None
    settings = make_settings(
        tmp_path,
        database_url=sqlite_url,
        url=names.tool,
        content_url=names.content,
        port=names.port,
        ca_bundle=str(names.certificate.certificate),
    )
    with ExitStack() as stack:

        def _open(profile: StrictnessProfile) -> School:
            road = stack.enter_context(start_road(names, settings, profile=profile, extra_plugins=TOY))
            return School(road, _place(road))

        yield _open


def _place(road: Road) -> Link:
    """Register the tool by hand and place the course."""
    lms, url = road.platform, road.names.tool
    course_id = road.tool.import_package({"index.html": f"<!doctype html><p>{HELLO}</p>"}).course_id
    tool = lms.tools.add(
        initiate_login_uri=f"{url}/lti/login", redirect_uris=[f"{url}/lti/launch"], jwks_uri=f"{url}/lti/jwks"
    )
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        row = PlatformRow(
            issuer=lms.issuer,
            client_id=tool.client_id,
            auth_login_url=lms.auth_url,
            token_url=lms.token_url,
            jwks_url=lms.jwks_url,
            approved_hosts=sorted(hosts_of([lms.jwks_url])),
            status="active",
            tenant_id=road.tool.tenant_id,
        )
        session.add(row)
    return lms.links.add(lms.course.id, tool.id, "Toys", custom={"passback_item": str(_choice(road, course_id))})


def _choice(road: Road, course_id: UUID) -> UUID:
    with tenant_session(road.tool.tenant_id, write=True) as session:
        choice = LinkChoice(course_id=course_id)
        session.add(choice)
        session.flush()
        return choice.id


@pytest.fixture
def usual(playwright: Playwright, tmp_path: Path) -> Iterator[BrowserContext]:
    """Chromium that blocks third-party cookies: partitioned ones are kept."""
    with open_browser(
        playwright, tmp_path / "usual", block_third_party=True, args=CHROMIUM_NAMES, ignore_https_errors=True
    ) as context:
        yield context


@pytest.fixture
def refusing(playwright: Playwright, tmp_path: Path) -> Iterator[BrowserContext]:
    """Chromium that keeps cookies and storage for the LMS only (people have to sign in there)."""
    profile = tmp_path / "refusing"
    (profile / "Default").mkdir(parents=True)
    content = {
        "default_content_setting_values": {"cookies": BLOCK},
        "content_settings": {"exceptions": {"cookies": {"https://campus-lms.test,*": {"setting": ALLOW}}}},
    }
    (profile / "Default" / "Preferences").write_text(json.dumps({"profile": content}))
    with open_browser(playwright, profile, args=CHROMIUM_NAMES, ignore_https_errors=True) as context:
        yield context


def wait_playing(page: Page, frame: str = "#contentframe") -> None:
    """Wait until the course plays in the LMS's page."""
    expect(page.frame_locator(frame).frame_locator("#content").get_by_text(HELLO)).to_be_visible()


def tool_frame(page: Page) -> Frame:
    found = page.frame(name="contentframe")
    assert found is not None
    return found


def no_cookie_of_the_tool(context: BrowserContext) -> bool:
    return all("campus-lms" in str(cookie.get("domain")) for cookie in context.cookies())


# --- Rung by rung ----------------------------------------------------------------------------------------------------


def test_with_third_party_cookies_blocked_a_partitioned_cookie_is_enough(
    open_school: OpenSchool, usual: BrowserContext
) -> None:
    school, page = open_school(CANVAS), usual.new_page()
    school.open(page)
    wait_playing(page)
    assert school.bindings() == ["cookie"]


@pytest.mark.parametrize("product", [CANVAS, SAKAI, BLACKBOARD], ids=lambda product: product.name)
def test_without_cookies_the_lms_keeps_the_proof(
    open_school: OpenSchool, refusing: BrowserContext, product: StrictnessProfile
) -> None:
    """A named frame beside the tool's (Canvas), the page around it (Sakai), a frame only capabilities name."""
    school, page = open_school(product), refusing.new_page()
    school.open(page)
    wait_playing(page)
    assert school.bindings() == ["storage"]
    assert no_cookie_of_the_tool(refusing)


@pytest.mark.parametrize("product", [MOODLE, OPEN_EDX], ids=lambda product: product.name)
def test_where_the_lms_keeps_nothing_a_new_tab_is_bound_by_its_opener(
    open_school: OpenSchool, refusing: BrowserContext, product: StrictnessProfile
) -> None:
    school, page = open_school(product), refusing.new_page()
    school.open(page)
    with refusing.expect_page() as opened:
        page.frame_locator("#contentframe").get_by_role("button", name=TAB).click()
    expect(opened.value.frame_locator("#content").get_by_text(HELLO)).to_be_visible()
    assert school.bindings() == ["tab"]
    assert no_cookie_of_the_tool(refusing)


def test_a_window_of_its_own_without_cookies_is_bound_by_the_page_that_opened_it(
    open_school: OpenSchool, refusing: BrowserContext
) -> None:
    school, page = open_school(SAKAI), refusing.new_page()
    school.open(page)
    with refusing.expect_page() as opened:
        page.get_by_role("link", name="Open in a new window").click()
    expect(opened.value.frame_locator("#content").get_by_text(HELLO)).to_be_visible()
    assert school.bindings()[0] == "storage"


def test_two_tabs_that_launch_at_once_do_not_disturb_each_other(
    open_school: OpenSchool, refusing: BrowserContext
) -> None:
    school, first, second = open_school(CANVAS), refusing.new_page(), refusing.new_page()
    school.open(first)
    address = f"{school.road.names.lms}/link/{school.link.id}"
    first.evaluate("address => { location.href = address }", address)
    second.evaluate("address => { location.href = address }", address)
    second.wait_for_url(address)
    until(lambda: len(school.bindings()) >= 3 or bool(second.wait_for_timeout(100)))
    assert set(school.bindings()) == {"storage"}
    assert school.refusals() == []


# --- What an LMS's page may do wrong ---------------------------------------------------------------------------------


def answered_by(script: str) -> Callable[[Route], None]:
    """Have the LMS's pages run another script for their storage."""
    return lambda route: route.fulfill(body=script, content_type="text/javascript")


REPLY = """addEventListener("message", (event) => {
  const said = event.data, subject = `${said?.subject}.response`;
  if (!/^lti\\./.test(said?.subject)) return;
  %s
});"""
WRONG = {
    "never answers": "",
    "gives back other values": REPLY
    % 'event.source.postMessage({ ...said, subject, value: "another login\'s" }, event.origin);',
    "answers with errors": REPLY
    % 'event.source.postMessage({ ...said, subject, error: { code: "storage_exhaustion" } }, event.origin);',
    "answers other messages": REPLY
    % 'event.source.postMessage({ ...said, subject, message_id: "another" }, event.origin);',
    "answers with nonsense": REPLY % 'for (const no of [null, 7, "x", [], {}]) event.source.postMessage(no, "*");',
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_storage_that_fails_leads_to_the_next_rung(
    open_school: OpenSchool, refusing: BrowserContext, wrong: str
) -> None:
    school, page = open_school(CANVAS), refusing.new_page()
    page.route(SCRIPT, answered_by(wrong))
    school.open(page)
    frame = page.frame_locator("#contentframe")
    with refusing.expect_page() as opened:
        frame.get_by_role("button", name=TAB).click()
    expect(opened.value.frame_locator("#content").get_by_text(HELLO)).to_be_visible()
    assert school.bindings() == ["tab"]
    assert school.refusals() == []


FORGETS = (
    REPLY
    % """
  const values = window.kept ??= {};
  values[said.key] ??= said.value;
  window.asked = (window.asked ?? 0) + (subject.includes("get") ? 1 : 0);
  const value = window.asked > 2 ? "another" : values[said.key];
  event.source.postMessage({ ...said, subject, value }, event.origin);"""
)


def test_storage_that_gives_back_something_else_after_the_login_opens_nothing(
    open_school: OpenSchool, refusing: BrowserContext
) -> None:
    school, page = open_school(SAKAI), refusing.new_page()
    page.route(SCRIPT, answered_by(FORGETS))
    school.open(page)
    frame = page.frame_locator("#contentframe")
    expect(frame.get_by_role("heading", level=1)).to_contain_text("Your LMS did not give back")
    assert school.refusals() == ["storage_silent"]
    assert school.bindings() == []


FOREIGN = """<!doctype html><script>
const values = {};
addEventListener("message", (event) => {
  const said = event.data;
  (window.heard ??= []).push(said.subject);
  if (said.subject === "lti.capabilities") event.source.postMessage({ subject: "lti.capabilities.response",
    message_id: said.message_id, supported_messages: [{ subject: "lti.put_data" }, { subject: "lti.get_data" }] }, "*");
  if (said.key) {
    values[said.key] ??= said.value;
    event.source.postMessage({ ...said, subject: `${said.subject}.response`, value: values[said.key] }, "*");
  }
});
</script><iframe id=tool name=tool src="%s"></iframe>"""


def test_a_page_of_another_origin_is_told_nothing_and_not_believed(
    open_school: OpenSchool, refusing: BrowserContext
) -> None:
    """A site that frames the tool's login and answers in the LMS's place, whatever it is asked."""
    school, page = open_school(SAKAI), refusing.new_page()
    school.road.sign_in(page, school.road.platform.learners[0].name)
    start = school.road.platform.launches.initiate(school.road.platform.learners[0], school.link, session="s")
    query = "&".join(f"{name}={value}" for name, value in start.fields.items())
    page.route(
        "https://evil.test/**",
        lambda route: route.fulfill(body=FOREIGN % f"{start.url}?{query}", content_type="text/html"),
    )
    page.goto("https://evil.test/")
    frame = page.frame_locator("#tool")
    expect(frame.get_by_role("button", name=TAB)).to_be_visible()
    page.wait_for_function("window.heard?.includes('lti.capabilities')")
    page.wait_for_timeout(1000)
    heard = page.evaluate("window.heard")
    assert set(heard) <= {"lti.capabilities", "org.imsglobal.lti.capabilities"}
    assert school.bindings() == []


# --- Back and reload -------------------------------------------------------------------------------------------------


def test_reload_after_the_launch_shows_the_course_again(open_school: OpenSchool, refusing: BrowserContext) -> None:
    school, page = open_school(SAKAI), refusing.new_page()
    school.open(page)
    wait_playing(page)
    tool_frame(page).evaluate("location.reload()")
    wait_playing(page)
    page.reload()
    wait_playing(page)
    assert school.refusals() == []


@pytest.mark.parametrize("product", [SAKAI, CANVAS], ids=lambda product: product.name)
def test_back_after_the_launch_posts_nothing_again(
    open_school: OpenSchool, refusing: BrowserContext, product: StrictnessProfile
) -> None:
    school, page = open_school(product), refusing.new_page()
    school.open(page)
    wait_playing(page)
    posted: list[str] = []
    page.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
    page.go_back()
    step = page.frame_locator("#contentframe").get_by_role("heading", name="Open the course from your LMS again")
    expect(step).to_be_visible()
    assert not [url for url in posted if "/lti/launch" in url]
    page.go_forward()
    wait_playing(page)
    assert school.refusals() == []


def test_back_and_reload_in_the_new_tab_post_nothing_again(open_school: OpenSchool, refusing: BrowserContext) -> None:
    school, page = open_school(MOODLE), refusing.new_page()
    school.open(page)
    with refusing.expect_page() as opened:
        page.frame_locator("#contentframe").get_by_role("button", name=TAB).click()
    tab = opened.value
    playing = tab.frame_locator("#content").get_by_text(HELLO)
    expect(playing).to_be_visible()
    tab.reload()
    expect(playing).to_be_visible()
    tab.go_back()
    expect(tab.get_by_role("heading", name="Open the course from your LMS again")).to_be_visible()
    tab.reload()
    expect(tab.get_by_role("heading", name="Open the course from your LMS again")).to_be_visible()
    assert school.refusals() == []


# --- The practice LMS's own rules ------------------------------------------------------------------------------------

ASK = """([frame, origin, messages]) => new Promise((resolve) => {
  const answers = [];
  addEventListener("message", (event) => {
    answers.push(event.data);
    if (answers.length === messages.length) resolve(answers);
  });
  messages.forEach((one, index) => setTimeout(() => {
    const target = frame === "_parent" ? parent : parent.frames[frame];
    target.postMessage({ message_id: String(index), ...one }, origin);
  }, index * 10));
})"""


def test_the_practice_lms_keeps_little_for_each_origin_and_only_for_tools(
    open_school: OpenSchool, refusing: BrowserContext
) -> None:
    school, page = open_school(CANVAS), refusing.new_page()
    school.open(page)
    page.route(
        f"{school.road.names.tool}/lti/again", lambda route: route.fulfill(body="<p>tool", content_type="text/html")
    )
    wait_playing(page)
    frame = tool_frame(page)

    def ask(messages: list[dict[str, object]], name: str = "post_message_forwarding") -> list[dict[str, object]]:
        answers: list[dict[str, object]] = tool_frame(page).evaluate(ASK, [name, school.road.names.lms, messages])
        return answers

    frame.goto(f"{school.road.names.tool}/lti/again")
    put = {"subject": "lti.put_data", "key": "a", "value": "1"}
    get = {"subject": "lti.get_data", "key": "a"}
    kept, given, unknown, big, gone, empty = ask(
        [
            put,
            get,
            {**get, "key": "b"},
            {**put, "key": "big", "value": "x" * 5000},
            {**put, "value": None},
            get,
        ]
    )
    assert kept == {"subject": "lti.put_data.response", "message_id": "0", "key": "a", "value": "1"}
    assert given["value"] == "1"
    assert unknown["value"] is None
    assert big["error"]["code"] == "storage_exhaustion"  # type: ignore[index]
    assert (gone["value"], empty["value"]) == (None, None)
    many = ask([{**put, "key": f"k{number}", "value": ""} for number in range(501)])
    assert [one["message_id"] for one in many if "error" in one] == ["500"]
    (asked, refused) = ask([{"subject": "lti.capabilities"}, put], "_parent")
    assert {"subject": "lti.put_data", "frame": "post_message_forwarding"} in asked["supported_messages"]  # type: ignore[operator]
    assert refused["error"]["code"] == "unsupported_subject"  # type: ignore[index]
    page.route("https://evil.test/**", lambda route: route.fulfill(body="<p>evil", content_type="text/html"))
    frame.goto("https://evil.test/")
    (stranger,) = ask([get])
    assert stranger["error"]["code"] == "unauthorized"  # type: ignore[index]
    assert re.fullmatch(r"\d+", str(stranger["message_id"]))
