"""The way from the LMS to the tool and back: which platform asks, what goes back to it, which browser it is."""

from collections.abc import Callable
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlsplit
from uuid import uuid4

import pytest
import time_machine
from flask.testing import FlaskClient

from passback.db import Unscoped, unscoped
from passback.lti import records
from passback.lti.deployments import block_deployment, find_deployment, list_deployments
from passback.lti.lost_logins import MOST, lost_logins
from passback.lti.models import LaunchRecord
from passback.sandbox import drive
from passback.sandbox.drive import Reply, Trip
from tests.support.lti import TOOL, School, make_school


def login(client: FlaskClient, method: str = "POST", **fields: str) -> Reply:
    """Send a login initiation and follow our own redirect, as a browser does."""
    reply = drive.send(client, method, f"{TOOL}/lti/login", fields)
    return (
        drive.send(client, method, reply.location, fields if method == "POST" else None)
        if reply.status == 307
        else reply
    )


def fields_of(school: School, **changes: str) -> dict[str, str]:
    return {"iss": school.lms.issuer, "login_hint": "5", "client_id": school.tool.client_id, **changes}


def asked(reply: Reply) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(reply.location).query, keep_blank_values=True))


class CookieLess(FlaskClient):
    """A browser that takes no cookie."""

    def set_cookie(self, *args: object, **kwargs: object) -> None:
        """Refuse."""

    def _update_cookies_from_response(self, *args: object, **kwargs: object) -> None:
        """Refuse."""


def cookie_less(school: School) -> FlaskClient:
    return CookieLess(school.app, school.app.response_class)


# --- Which platform --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_login_goes_on_to_the_platform(school: School, method: str) -> None:
    reply = login(school.client, method, **fields_of(school))
    assert reply.status == 302
    assert reply.location.startswith(school.lms.auth_url + "?")
    query = asked(reply)
    assert (query.pop("state") and query.pop("nonce")) != ""
    assert query == {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": school.tool.client_id,
        "redirect_uri": "http://localhost:8000/lti/launch",
        "login_hint": "5",
    }


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "hint",
    [
        '{"cmid":5,"launchid":"ltilaunch3_1171564134"}',
        "",
        "a b+c%20d&e=f;g",
        "Zoë 名前 \U0001f600",
        "line\r\nbreak\ttab",
        "x" * 3000,
    ],
)
def test_hints_go_back_byte_for_byte(school: School, method: str, hint: str) -> None:
    reply = login(school.client, method, **fields_of(school, lti_message_hint=hint, login_hint="h" + hint))
    assert asked(reply)["lti_message_hint"] == hint
    assert asked(reply)["login_hint"] == "h" + hint


def test_hints_that_are_no_utf_8_go_back_byte_for_byte(school: School) -> None:
    hint = bytes(range(1, 256))
    body = "&".join(f"{name}={quote(value, safe='')}" for name, value in fields_of(school).items())
    url = f"{TOOL}/lti/login?{body}&lti_message_hint={quote(hint, safe='')}"
    reply = drive.send(school.client, "GET", drive.send(school.client, "GET", url).location)
    sent = dict(part.split("=") for part in urlsplit(reply.location).query.split("&"))["lti_message_hint"]
    assert unquote_to_bytes(sent) == hint


def test_an_address_of_the_platform_that_has_a_query_keeps_it(school: School) -> None:
    school.change_platform(auth_login_url="http://127.0.0.1:8080/auth?site=3#top")
    location = login(school.client, **fields_of(school)).location
    assert location.startswith("http://127.0.0.1:8080/auth?site=3&scope=openid&")
    assert "#" not in location


@pytest.mark.parametrize(
    ("changes", "code", "status"),
    [
        ({"iss": ""}, "login_incomplete", 400),
        ({"login_hint": ""}, "login_incomplete", 400),
        ({"iss": "https://nobody.example"}, "platform_unknown", 403),
        ({"iss": "a\0b"}, "platform_unknown", 403),
        ({"client_id": "another"}, "client_unknown", 403),
        ({"client_id": "\0"}, "platform_unknown", 403),
    ],
)
def test_a_login_that_leads_nowhere(school: School, changes: dict[str, str], code: str, status: int) -> None:
    reply = login(school.client, **fields_of(school, **changes))
    assert reply.status == status
    assert f"· {code}</small>" in reply.text
    assert "on the side of the LMS." in reply.text
    assert "frame-ancestors *" in reply.headers["Content-Security-Policy"]
    assert not reply.location


def test_an_issuer_that_differs_by_its_slash_is_another(school: School) -> None:
    reply = login(school.client, **fields_of(school, iss=school.lms.issuer + "/"))
    assert "· platform_unknown</small>" in reply.text


def test_a_login_without_client_id_where_there_is_only_one(school: School) -> None:
    fields = fields_of(school)
    del fields["client_id"]
    assert asked(login(school.client, **fields))["client_id"] == school.tool.client_id


def test_a_login_without_client_id_where_two_share_the_issuer(school: School) -> None:
    second = make_school(school.app, school.lms)
    fields = fields_of(school)
    del fields["client_id"]
    assert "· client_ambiguous</small>" in login(school.client, **fields).text
    for one in (school, second):
        assert one.launch().reply.status == 303


@pytest.mark.parametrize("status", ["pending", "disabled"])
def test_a_platform_that_is_not_active_gets_a_page_and_nothing_is_fetched(school: School, status: str) -> None:
    school.change_platform(status=status)
    school.lms.log.clear()
    reply = login(school.client, **fields_of(school))
    assert reply.status == 403
    assert f"· platform_{status}</small>" in reply.text
    assert "on the side of Passback." in reply.text
    assert list(school.lms.log) == []
    assert not reply.location


# --- Which browser ---------------------------------------------------------------------------------------------------


def test_the_cookie_is_one_that_frames_keep(school: School) -> None:
    answer = drive.send(school.client, "POST", f"{TOOL}/lti/login", fields_of(school))
    given = {part.strip() for part in answer.headers["Set-Cookie"].split(";")}
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=None", "Partitioned"} <= given
    assert not any(part.startswith("Domain") for part in given)


def test_a_browser_that_is_known_goes_on_at_once_and_keeps_its_cookie(school: School) -> None:
    login(school.client, **fields_of(school))
    reply = drive.send(school.client, "POST", f"{TOOL}/lti/login", fields_of(school))
    assert reply.status == 302
    assert "Set-Cookie" not in reply.headers


@pytest.mark.parametrize("forged", ["x", "a" * 44, "a" * 42 + "!", ""])
def test_a_cookie_that_we_never_made_is_no_binding(school: School, forged: str) -> None:
    school.client.set_cookie("passback-lti", forged, domain="localhost")
    assert drive.send(school.client, "POST", f"{TOOL}/lti/login", fields_of(school)).status == 307


def test_an_attackers_launch_in_a_victims_browser_is_refused(school: School) -> None:
    """Login CSRF: the attacker begins, and has the victim's browser finish as the attacker."""
    attacker, victim = school.app.test_client(), school.app.test_client()
    assert school.launch(client=victim).reply.status == 303
    trip = school.launch(client=attacker, change_form=lambda form: {**form, "state": "kept back"})
    good = {**trip.form.fields, "state": trip.asked["state"]}
    for browser in (victim, school.app.test_client()):
        stolen = drive.send(browser, "POST", f"{TOOL}/lti/launch", good)
        assert stolen.status == 403
        assert "· other_browser</small>" in stolen.text
    assert drive.send(attacker, "POST", f"{TOOL}/lti/launch", good).status == 303


def test_a_state_holds_for_ten_minutes(school: School) -> None:
    trip = school.launch(change_form=lambda form: {**form, "state": "kept back"})
    good = {**trip.form.fields, "state": trip.asked["state"]}
    with time_machine.travel(601 + _now(), tick=False):
        reply = drive.send(school.client, "POST", f"{TOOL}/lti/launch", good)
    assert reply.status == 403
    assert "· state_expired</small>" in reply.text


def _now() -> float:
    import time

    return time.time()


def test_a_launch_works_once(school: School) -> None:
    trip = school.launch()
    again = drive.send(school.client, "POST", f"{TOOL}/lti/launch", trip.form.fields)
    assert again.status == 409
    assert "· state_used</small>" in again.text
    assert "Open the course from your LMS again" in again.text


def test_a_token_that_was_used_does_not_fit_another_login(school: School) -> None:
    used = school.launch().form.fields["id_token"]
    reply = school.launch(change_form=lambda form: {**form, "id_token": used}).reply
    assert reply.status == 403
    assert "· token_nonce</small>" in reply.text


def test_a_launch_that_was_refused_can_still_be_made(school: School) -> None:
    """Garbage with a right state must not burn somebody's login."""
    trip = school.launch(change_form=lambda form: {**form, "id_token": form["id_token"][:-20]})
    assert trip.reply.status == 403
    right = school.lms.make_id_token(school.learner, school.link, nonce=trip.asked["nonce"])
    form = {"state": trip.asked["state"], "id_token": right}
    assert drive.send(school.client, "POST", f"{TOOL}/lti/launch", form).status == 303


def test_two_tabs_at_once_do_not_disturb_each_other(school: School) -> None:
    first = school.launch(change_form=lambda form: {**form, "state": "later"})
    assert school.launch().reply.status == 303
    form = {**first.form.fields, "state": first.asked["state"]}
    assert drive.send(school.client, "POST", f"{TOOL}/lti/launch", form).status == 303


# --- Without a cookie ------------------------------------------------------------------------------------------------


def offer(school: School, client: FlaskClient) -> tuple[str, str]:
    """Return token and secret of the page that offers a new tab."""
    start = drive.begin(school.lms, school.learner, school.link, session="s")
    page = login(client, **dict(start.fields))
    assert page.status == 200
    assert "Location" not in page.headers, "nothing is spent before the tab is open"
    secret = page.text.split('data-opener="')[1].split('"')[0]
    return page.forms()[0].fields["token"], secret


def open_tab(school: School, client: FlaskClient, token: str) -> Trip:
    sent = drive.send(client, "POST", f"{TOOL}/lti/login/tab", {"token": token})
    query = asked(sent)
    form = school.lms.launches.answer(query, user=school.learner, session="s")
    return Trip(sent, query, form, drive.send(client, "POST", form.url, form.fields))


def test_without_cookies_the_page_that_opened_the_tab_answers_for_it(school: School) -> None:
    client = cookie_less(school)
    token, secret = offer(school, client)
    trip = open_tab(school, client, token)
    assert trip.reply.status == 200
    form = trip.reply.forms()[0]
    assert form.fields == {**trip.form.fields, "opener": ""}
    assert trip.reply.headers["Referrer-Policy"] == "same-origin", "else browsers send `Origin: null`"
    assert secret not in trip.reply.text
    wrong = drive.send(client, "POST", form.url, {**form.fields, "opener": "a" * 43}, origin=TOOL)
    assert wrong.status == 403
    assert "· other_browser</small>" in wrong.text
    assert drive.send(client, "POST", form.url, {**form.fields, "opener": secret}, origin=TOOL).status == 303


def test_a_tab_that_keeps_its_cookie_needs_nobody_to_answer(school: School) -> None:
    token, _secret = offer(school, cookie_less(school))
    assert open_tab(school, school.app.test_client(), token).reply.status == 303


def test_the_secret_of_one_page_opens_no_other_launch(school: School) -> None:
    """The attacker's launch in the victim's tab, whose opener is a page of the victim's own."""
    attacker, victim = cookie_less(school), cookie_less(school)
    token, _known = offer(school, attacker)
    sent = drive.send(attacker, "POST", f"{TOOL}/lti/login/tab", {"token": token})
    form = school.lms.launches.answer(asked(sent), user=school.learner, session="s")
    start = drive.begin(school.lms, school.learner, school.link, session="v")
    page = login(victim, **dict(start.fields))
    victims_secret = page.text.split('data-opener="')[1].split('"')[0]
    reply = drive.send(victim, "POST", form.url, {**form.fields, "opener": victims_secret}, origin=TOOL)
    assert "· other_browser</small>" in reply.text


def test_a_secret_that_another_site_posts_is_none(school: School) -> None:
    """Login CSRF: the attacker knows their own page's secret and posts it from their site in the victim's browser."""
    attacker, victim = cookie_less(school), school.app.test_client()
    token, known = offer(school, attacker)
    form = open_tab(school, attacker, token).form
    stolen = {**form.fields, "opener": known}
    sites = [{"Sec-Fetch-Site": site} for site in ("cross-site", "same-site", "none")]
    # A browser without Fetch Metadata says by `Origin` where a form comes from; one that says neither is not believed.
    for said in (*sites, {"Origin": "https://attacker.example"}, {"Origin": "null"}, {}):
        reply = victim.post(form.url, data=stolen, headers=said)
        assert reply.status_code == 403
        assert "· other_browser</small>" in reply.text
    own = attacker.post(form.url, data=stolen, headers={"Sec-Fetch-Site": "same-origin"})
    assert own.status_code == 303, "and the login is still good for the browser that began it"


@pytest.mark.parametrize("token", ["", "garbage", "a.b.c"])
def test_a_tab_without_a_page_that_opened_it_leads_nowhere(school: School, token: str) -> None:
    reply = drive.send(school.client, "POST", f"{TOOL}/lti/login/tab", {"token": token})
    assert reply.status == 403
    assert "· bad_token</small>" in reply.text


def test_the_page_that_offers_a_tab_may_be_framed_by_the_lms_and_cuts_no_opener(school: School) -> None:
    start = drive.begin(school.lms, school.learner, school.link, session="s")
    client = cookie_less(school)
    sent = drive.send(client, "POST", f"{TOOL}/lti/login", start.fields)
    page = drive.send(client, "POST", sent.location, start.fields, origin="https://school.example")
    policy = page.headers["Content-Security-Policy"]
    assert f"frame-ancestors {school.lms.issuer} https://school.example" in policy
    assert "form-action" not in policy, "Chromium would stop the way on to the LMS"
    assert "Cross-Origin-Opener-Policy" not in page.headers
    assert "X-Frame-Options" not in page.headers


# --- What a state notes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change", [lambda s: "z" + s[1:], lambda s: s[:-1] + ("A" if s[-1] != "A" else "B"), lambda s: s + "x"]
)
def test_a_state_that_was_tampered_with_is_not_ours(school: School, change: Callable[[str], str]) -> None:
    school.launch()
    reply = school.launch(change_form=lambda form: {**form, "state": change(form["state"])}).reply
    assert "· state_unknown</small>" in reply.text


def test_a_launch_after_a_change_that_is_seconds_old(school: School) -> None:
    """The rows at hand say active; the database does not any more."""
    school.launch()
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        (deployment,) = list_deployments(session, platform_id=school.platform_id)
        block_deployment(session, find_deployment(session, deployment.id), actor="test")
    assert "· deployment_blocked</small>" in school.launch().reply.text
    school.change_platform(status="disabled")
    assert "· platform_disabled</small>" in school.launch().reply.text
    with time_machine.travel(_now() + 6, tick=False):
        assert "· platform_disabled</small>" in login(school.client, **fields_of(school)).text


# --- What is on record -----------------------------------------------------------------------------------------------


def lost_after(seconds: float) -> list[LaunchRecord]:
    """Return the logins that count as lost after so many seconds."""
    with time_machine.travel(_now() + seconds, tick=False):
        lost_logins().write_down()
    with unscoped(Unscoped.INSTALLATION) as session:
        return [record for record, _platform in records.never_came_back(session)]


def test_logins_that_never_came_back_are_listed_after_a_minute(school: School) -> None:
    with time_machine.travel(_now(), tick=False):  # the clock stands: on a busy machine a second is soon over
        school.launch()
        school.launch(change_form=lambda form: {"error": "login_required", "state": form["state"]})
        school.launch(change_form=lambda form: {**form, "id_token": "garbage"})
        lost = asked(login(school.client, **fields_of(school)))
        assert lost_after(59) == []
        (record,) = lost_after(61)
        assert record.platform_id == school.platform_id
        assert lost["state"] not in str(record.state_hash)
        assert [one.code for one in lost_after(61)] == [record.code], "once"
        with unscoped(Unscoped.INSTALLATION) as session:
            assert record.code not in [one.code for one in records.recent(session)]


def test_the_next_login_writes_the_lost_ones_down(school: School) -> None:
    login(school.client, **fields_of(school))
    with time_machine.travel(_now() + 61, tick=False):
        login(school.client, **fields_of(school))
    with unscoped(Unscoped.INSTALLATION) as session:
        assert len(records.never_came_back(session)) == 1


@pytest.mark.parametrize("answer", ["launch", "error"])
def test_a_login_that_was_thought_lost_may_still_come_back(school: School, answer: str) -> None:
    """Somebody took three minutes to sign in at the LMS."""

    def late(form: dict[str, str]) -> dict[str, str]:
        assert len(lost_after(61)) == 1
        return form if answer == "launch" else {"error": "login_required", "state": form["state"]}

    assert school.launch(change_form=late).reply.status == (303 if answer == "launch" else 400)
    assert lost_after(0) == []
    assert school.launch().reply.status == 303


def test_a_login_that_came_back_to_another_process_is_not_lost(school: School) -> None:
    def forget_that_it_came_back(form: dict[str, str]) -> dict[str, str]:
        kept.update(lost_logins()._begun)
        return form

    kept: dict[str, object] = {}
    assert school.launch(change_form=forget_that_it_came_back).reply.status == 303
    login(school.client, **fields_of(school))
    lost_logins()._begun.update(kept)  # type: ignore[arg-type]
    assert [record.state_hash in kept for record in lost_after(61)] == [False]


def test_logins_of_a_platform_that_is_gone_are_not_written_down(school: School) -> None:
    login(school.client, **fields_of(school))
    lost_logins().began("0" * 64, uuid4(), "cookie")
    assert [record.platform_id for record in lost_after(61)] == [school.platform_id]


def test_a_flood_of_logins_fills_neither_memory_nor_database(school: School) -> None:
    for number in range(MOST + 5):
        lost_logins().began(f"{number:064}", school.platform_id, "cookie")
    lost_after(61)
    with unscoped(Unscoped.INSTALLATION) as session:
        assert len(records.never_came_back(session, limit=MOST + 5)) == MOST


def test_no_secret_is_stored(school: School) -> None:
    query = asked(login(school.client, **fields_of(school)))
    cookie = school.client.get_cookie("passback-lti", domain="localhost")
    assert cookie is not None
    (record,) = lost_after(61)
    kept = " ".join(str(value) for value in vars(record).values())
    for secret in (query["state"], query["nonce"], cookie.value):
        assert secret not in kept
