"""Each rung by which a launch is bound to its browser, reached in Chromium and climbed to a playing course.

The LMS, the tool and the content are three sites over https; Chromium refuses whatever the rung is not to have.
"""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Frame, Page, Route, expect
from sqlalchemy import select

from passback.db import Unscoped, unscoped
from passback.lti.models import Platform as PlatformRow
from passback.sandbox.profiles import BLACKBOARD, BRIGHTSPACE, CANVAS, MOODLE, OPEN_EDX, SAKAI, StrictnessProfile
from tests.support.schools import OpenSchool, in_lms, wait_playing
from tests.support.until import until

pytestmark = pytest.mark.browser

SCRIPT = "**/static/page_storage.js"
TAB = "Open in a new tab"


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
    wait_playing(in_lms(page))
    assert school.bindings() == ["cookie"]


@pytest.mark.parametrize("product", [CANVAS, SAKAI, BRIGHTSPACE, BLACKBOARD], ids=lambda product: product.name)
def test_without_cookies_the_lms_keeps_the_proof(
    open_school: OpenSchool, refusing: BrowserContext, product: StrictnessProfile
) -> None:
    """A named frame beside the tool's (Canvas), the page around it (Sakai, Brightspace), one that capabilities name."""
    school, page = open_school(product), refusing.new_page()
    school.open(page)
    wait_playing(in_lms(page))
    assert school.bindings() == ["storage"]
    assert no_cookie_of_the_tool(refusing)


def test_canvas_keeps_the_proof_in_a_frame_of_another_host_than_the_schools(
    open_school: OpenSchool, refusing: BrowserContext
) -> None:
    """As `sso.canvaslms.com`: tools send there, and believe from there alone, what the frame keeps for them."""
    school, page = open_school(CANVAS, auth_host="campus-sso.test"), refusing.new_page()
    school.open(page)
    wait_playing(in_lms(page))
    assert school.bindings() == ["storage"]
    frame = page.frame(name="post_message_forwarding")
    assert frame is not None
    assert "//campus-sso.test:" in frame.url


@pytest.mark.parametrize("product", [MOODLE, OPEN_EDX], ids=lambda product: product.name)
def test_where_the_lms_keeps_nothing_a_new_tab_is_bound_by_its_opener(
    open_school: OpenSchool, refusing: BrowserContext, product: StrictnessProfile
) -> None:
    school, page = open_school(product), refusing.new_page()
    school.open(page)
    with refusing.expect_page() as opened:
        in_lms(page).get_by_role("button", name=TAB).click()
    wait_playing(opened.value)
    assert school.bindings() == ["tab"]
    assert no_cookie_of_the_tool(refusing)


def test_a_window_of_its_own_without_cookies_is_bound_by_the_page_that_opened_it(
    open_school: OpenSchool, refusing: BrowserContext
) -> None:
    school, page = open_school(SAKAI), refusing.new_page()
    school.open(page)
    with refusing.expect_page() as opened:
        page.get_by_role("link", name="Open in a new window").click()
    wait_playing(opened.value)
    assert school.bindings()[0] == "storage"


def test_two_tabs_that_launch_at_once_do_not_disturb_each_other(
    open_school: OpenSchool, refusing: BrowserContext
) -> None:
    school, first, second = open_school(CANVAS), refusing.new_page(), refusing.new_page()
    school.road.sign_in(first, school.road.platform.learners[0].name)
    for page in (first, second):
        page.evaluate("address => { setTimeout(() => location.assign(address)) }", school.address)
    until(lambda: len(school.bindings()) == 2 or bool(second.wait_for_timeout(100)))
    assert set(school.bindings()) == {"storage"}
    assert school.refusals() == []


OLDER_NAMES = """const kept = {}; addEventListener("message", (event) => {
  const said = event.data, [, verb] = /^org\\.imsglobal\\.lti\\.(\\w+)$/.exec(said?.subject) ?? [];
  if (!verb) return;
  const supported_messages = ["put_data", "get_data"].map((one) => ({ subject: `org.imsglobal.lti.${one}` }));
  if (verb === "put_data") kept[said.key] = said.value;
  const more = verb === "capabilities" ? { supported_messages } : { key: said.key, value: kept[said.key] };
  event.source.postMessage({ subject: `${said.subject}.response`, message_id: said.message_id, ...more }, event.origin);
});"""


def test_an_lms_that_knows_only_the_older_names_of_the_messages(
    open_school: OpenSchool, refusing: BrowserContext
) -> None:
    """Those of Brightspace's own components and of Sakai before the standard was named anew."""
    school, page = open_school(SAKAI), refusing.new_page()
    page.route(SCRIPT, answered_by(OLDER_NAMES))
    school.open(page)
    wait_playing(in_lms(page))
    assert school.bindings() == ["storage"]


def test_a_tab_that_the_browser_does_not_open_is_told(open_school: OpenSchool, refusing: BrowserContext) -> None:
    school, page = open_school(MOODLE), refusing.new_page()
    page.add_init_script("if (location.host.startsWith('passback-tool')) window.open = () => null")
    school.open(page)
    in_lms(page).get_by_role("button", name=TAB).press("Enter")
    expect(in_lms(page).get_by_role("alert")).to_contain_text("Allow pop-up windows for this site")
    expect(in_lms(page).get_by_role("button", name=TAB)).to_be_enabled()


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
    wait_playing(opened.value)
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


FOREIGN = """addEventListener("message", (event) => {
  const said = event.data, subject = `${said?.subject}.response`;
  (window.heard ??= []).push(said?.subject);
  const supported_messages = [{ subject: "lti.put_data" }, { subject: "lti.get_data" }];
  event.source.postMessage({ ...said, subject, supported_messages }, "*");
});"""


def test_a_page_of_another_origin_is_told_nothing_and_not_believed(
    open_school: OpenSchool, refusing: BrowserContext
) -> None:
    """A site that frames the tool's login and answers in the LMS's place: it is not where the LMS signs people in."""
    school, page = open_school(SAKAI), refusing.new_page()
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        for row in session.scalars(select(PlatformRow)):
            row.auth_login_url = row.auth_login_url.replace("campus-lms.test", "campus-sso.test")
    page.route(SCRIPT, answered_by(FOREIGN))
    school.open(page)
    expect(in_lms(page).get_by_role("button", name=TAB)).to_be_visible()
    page.wait_for_timeout(1000)  # in which the tool would have told it what to keep
    assert set(page.evaluate("window.heard")) == {"lti.capabilities", "org.imsglobal.lti.capabilities"}
    assert school.bindings() == []


# --- Back and reload -------------------------------------------------------------------------------------------------


def test_reload_after_the_launch_shows_the_course_again(open_school: OpenSchool, refusing: BrowserContext) -> None:
    school, page = open_school(SAKAI), refusing.new_page()
    school.open(page)
    wait_playing(in_lms(page))
    tool_frame(page).evaluate("location.reload()")
    wait_playing(in_lms(page))
    page.reload()
    wait_playing(in_lms(page))
    assert school.refusals() == []


@pytest.mark.parametrize("product", [SAKAI, CANVAS], ids=lambda product: product.name)
def test_back_after_the_launch_posts_nothing_again(
    open_school: OpenSchool, refusing: BrowserContext, product: StrictnessProfile
) -> None:
    school, page = open_school(product), refusing.new_page()
    school.open(page)
    wait_playing(in_lms(page))
    posted: list[str] = []
    page.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
    page.evaluate("history.back()")
    step = in_lms(page).get_by_role("heading", name="Open the course from your LMS again")
    expect(step).to_be_visible()
    assert not [url for url in posted if "/lti/launch" in url]
    page.evaluate("history.forward()")
    wait_playing(in_lms(page))
    assert school.refusals() == []


def test_back_and_reload_in_the_new_tab_post_nothing_again(open_school: OpenSchool, refusing: BrowserContext) -> None:
    school, page = open_school(MOODLE), refusing.new_page()
    school.open(page)
    with refusing.expect_page() as opened:
        in_lms(page).get_by_role("button", name=TAB).click()
    tab = opened.value
    wait_playing(tab)
    tab.reload()
    wait_playing(tab)
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
    wait_playing(in_lms(page))
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
