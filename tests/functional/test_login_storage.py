"""Platform storage binds a browser: what the server makes of what the LMS's page kept, and of what nobody kept."""

import json
import re
from urllib.parse import parse_qsl, urlsplit

import pytest
import time_machine
from flask.testing import FlaskClient

from passback.db import Unscoped, unscoped
from passback.lti import records
from passback.lti.lost_logins import lost_logins
from passback.lti.states import read_state
from passback.sandbox import drive
from passback.sandbox.drive import Reply
from tests.functional.test_login import CookieLess
from tests.support.lti import TOOL, School

STORAGE = {"lti_storage_target": "_parent"}


class Browser:
    """A browser without cookies in an LMS whose page keeps values; the page's part is played by the test."""

    def __init__(self, school: School) -> None:
        self.school = school
        self.client: FlaskClient = CookieLess(school.app, school.app.response_class)
        start = drive.begin(school.lms, school.learner, school.link, session="s")
        fields = {**start.fields, **STORAGE}
        again = drive.send(self.client, "POST", f"{TOOL}/lti/login", fields)
        self.page = drive.send(self.client, "POST", again.location, fields, origin=school.lms.config.url)
        given = dict(re.findall(r'data-(\w+)="([^"]*)"', self.page.text))
        self.state, self.nonce, self.told = given["state"], given["nonce"], given
        self.token = self.page.forms()[0].fields["token"]

    def go_on(self) -> dict[str, str]:
        """Have it kept, and return the authentication request that the page goes on to."""
        answer = self.client.post(f"{TOOL}/lti/login/storage", data={"token": self.token})
        assert answer.status_code == 200
        assert answer.json is not None
        return dict(parse_qsl(urlsplit(answer.json["next"]).query))

    def launch(self) -> dict[str, str]:
        """Go to the LMS and back; return the fields of the page that asks the LMS's page."""
        asked = self.go_on()
        form = self.school.lms.launches.answer(asked, user=self.school.learner, session="s")
        page = drive.send(self.client, "POST", form.url, form.fields, origin=self.school.lms.config.url)
        assert page.status == 200
        assert self.nonce not in page.text, "the page itself must ask for it"
        assert page.headers["Referrer-Policy"] == "same-origin"
        return dict(page.forms()[0].fields)

    def answer(self, fields: dict[str, str], **changes: str) -> Reply:
        """Post the launch again with what the LMS's page gave back."""
        told = {"stored_state": self.state, "stored_nonce": self.nonce, **changes}
        return drive.send(self.client, "POST", f"{TOOL}/lti/launch", {**fields, **told}, origin=TOOL)


@pytest.fixture
def browser(school: School) -> Browser:
    """One that has begun a login."""
    return Browser(school)


def test_the_page_says_what_to_keep_to_the_platforms_own_origin_only(school: School, browser: Browser) -> None:
    assert browser.told["origin"] == school.lms.config.url
    assert browser.told["target"] == "_parent"
    assert "Location" not in browser.page.headers, "the LMS's hint is not spent before it is kept"


def test_what_the_lms_gives_back_opens_the_course_once(browser: Browser) -> None:
    fields = browser.launch()
    assert browser.answer(fields).status == 303
    again = browser.answer(fields)
    assert again.status == 409
    assert "· state_used</small>" in again.text


def test_the_secret_never_travels_to_the_lms(browser: Browser) -> None:
    asked = browser.go_on()
    assert asked["state"] == browser.state
    assert browser.nonce not in json.dumps(asked)
    noted = read_state(browser.state)
    assert noted is not None
    assert noted[1].in_storage
    assert noted[1].binding_hash == ""


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"stored_nonce": "none", "stored_state": "none"}, "storage_silent"),
        ({"stored_nonce": "a" * 43}, "storage_silent"),
        ({"stored_state": "another"}, "storage_silent"),
        ({"stored_state": ""}, "storage_silent"),
        ({"stored_nonce": "", "stored_state": "", "opener": "a" * 43}, "storage_silent"),
    ],
)
def test_what_is_not_this_logins_opens_nothing_and_burns_nothing(
    browser: Browser, changes: dict[str, str], code: str
) -> None:
    fields = browser.launch()
    wrong = browser.answer(fields, **changes)
    assert wrong.status == 403
    assert f"· {code}</small>" in wrong.text
    assert browser.answer(fields).status == 303


def test_the_public_nonce_is_no_proof(browser: Browser) -> None:
    """Whoever sees the launch sees the nonce in it; what counts is what it was made of."""
    asked = browser.go_on()
    fields = {"state": browser.state, "id_token": ""}
    form = browser.school.lms.launches.answer(asked, user=browser.school.learner, session="s")
    reply = browser.answer({**fields, **form.fields}, stored_nonce=asked["nonce"])
    assert "· storage_silent</small>" in reply.text


def test_the_values_of_two_tabs_do_not_fit_each_other(school: School) -> None:
    first, second = Browser(school), Browser(school)
    assert first.told["key"] != second.told["key"]
    mixed = first.answer(first.launch(), stored_nonce=second.nonce, stored_state=second.state)
    assert "· storage_silent</small>" in mixed.text
    assert second.answer(second.launch()).status == 303


@pytest.mark.parametrize(
    "said",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://attacker.example"}, {}],
)
def test_an_attackers_launch_in_a_victims_browser_is_refused(browser: Browser, said: dict[str, str]) -> None:
    """Login CSRF: the attacker reads what their own LMS page keeps and posts it from their site."""
    fields = browser.launch()
    stolen = {**fields, "stored_state": browser.state, "stored_nonce": browser.nonce}
    victim = browser.school.app.test_client()
    reply = victim.post(f"{TOOL}/lti/launch", data=stolen, headers=said)
    assert reply.status_code == 403
    assert "· other_browser</small>" in reply.text
    assert browser.answer(fields).status == 303


def test_a_cookie_does_not_stand_in_for_storage(school: School, browser: Browser) -> None:
    """The attacker's launch in a browser that has a cookie of its own: it is asked, and knows nothing."""
    asked = browser.go_on()
    form = school.lms.launches.answer(asked, user=school.learner, session="s")
    assert school.launch().reply.status == 303
    page = drive.send(school.client, "POST", form.url, form.fields)
    assert page.status == 200
    assert page.forms()[0].fields["stored_nonce"] == ""


def test_storage_does_not_stand_in_for_a_cookie(school: School, browser: Browser) -> None:
    trip = school.launch(change_form=lambda form: {**form, "state": "kept back"})
    fields = {**trip.form.fields, "state": trip.asked["state"]}
    reply = browser.answer(fields, stored_state=trip.asked["state"], stored_nonce=trip.asked["nonce"])
    assert "· other_browser</small>" in reply.text


@pytest.mark.parametrize("token", ["", "garbage", "a.b.c"])
def test_a_login_that_our_page_did_not_carry_leads_nowhere(school: School, token: str) -> None:
    reply = drive.send(school.client, "POST", f"{TOOL}/lti/login/storage", {"token": token})
    assert reply.status == 403
    assert "· bad_token</small>" in reply.text


def test_the_record_says_how_the_browser_was_known_and_a_page_that_is_left_is_no_lost_login(school: School) -> None:
    left, lost, done = Browser(school), Browser(school), Browser(school)
    assert left.page.status == 200
    lost.go_on()
    assert done.answer(done.launch()).status == 303
    with time_machine.travel(61 + _now(), tick=False):
        lost_logins().write_down()
    with unscoped(Unscoped.INSTALLATION) as session:
        assert [one.facts["binding"] for one, _platform in records.never_came_back(session)] == ["storage"]
        assert records.recent(session)[0].facts["binding"] == "storage"


def _now() -> float:
    import time

    return time.time()


def test_who_framed_the_first_page_may_frame_what_follows(school: School, browser: Browser) -> None:
    """The second request comes from our own page, so that `Origin` no longer names the school's host."""
    asked = browser.go_on()
    form = school.lms.launches.answer(asked, user=school.learner, session="s")
    page = drive.send(browser.client, "POST", form.url, form.fields, origin="https://school.example")
    refused = browser.answer(dict(page.forms()[0].fields), stored_nonce="none")
    assert " https://school.example" in refused.headers["Content-Security-Policy"]
    forged = browser.answer({**page.forms()[0].fields, "framed_by": "https://evil.example"}, stored_nonce="none")
    assert "evil.example" not in forged.headers["Content-Security-Policy"]
