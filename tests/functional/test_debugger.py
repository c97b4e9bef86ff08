"""What became of a launch in plain words: for administrators, in the terminal, and redacted for the LMS's support."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from click.testing import CliRunner

from passback.cli.platforms import platforms_group
from passback.clock import utc_now
from passback.db import Unscoped, tenant_session, unscoped
from passback.lti import debugger, records
from passback.lti.debugger import Story
from passback.lti.lost_logins import lost_logins
from passback.lti.models import LaunchRecord
from passback.sandbox import drive
from passback.sandbox.keys import new_key
from passback.staff.service import Role
from passback.tracking.models import PlaySession, Registration
from passback.tracking.sessions import open_session
from tests.functional.test_admin import post, signed_in
from tests.support.lti import School

SECRET = "c5f-session-key"


def newest(school: School) -> LaunchRecord:
    with unscoped(Unscoped.INSTALLATION) as session:
        return records.recent(session)[0]


def story_of(school: School, **how: Any) -> Story:
    school.launch(**how)
    return debugger.tell(newest(school))


def test_an_accepted_launch_passes_every_check(school: School) -> None:
    story = story_of(school)
    assert story.headline == "The launch was accepted."
    assert [step.name for step in story.steps] == [*debugger.STEPS]
    assert {step.verdict for step in story.steps} == {"passed"}
    assert debugger.BINDINGS["cookie"] in story.browser
    assert debugger.WAYS["learner"] in story.browser


@pytest.mark.parametrize(
    ("broken", "step", "side"),
    [
        ({"key": new_key("other")}, "signature", "the LMS"),
        ({"overrides": {"aud": "another"}}, "audience", "the LMS"),
        ({"overrides": {"exp": 1}}, "times", "the LMS"),
        ({"overrides": {"nonce": "another"}}, "nonce", "the LMS"),
        ({"remove": ["roles"]}, "message", "the LMS"),
    ],
)
def test_the_first_check_that_failed_is_named_and_the_rest_were_not_reached(
    school: School, broken: dict[str, Any], step: str, side: str
) -> None:
    story = story_of(school, **broken)
    assert story.headline == "The launch was refused."
    assert [one.name for one in story.steps if one.verdict == "failed"] == [step]
    names = [one.name for one in story.steps]
    assert names == [*debugger.STEPS]
    assert {one.verdict for one in story.steps[: names.index(step)]} <= {"passed"}
    assert {one.verdict for one in story.steps[names.index(step) + 1 :]} == {"not reached"}
    assert story.side == side
    assert story.cause
    assert story.fix


def test_a_login_from_nowhere_fails_before_there_is_a_launch(school: School) -> None:
    school.client.get("/lti/login", query_string={"iss": "https://nobody.example", "login_hint": "1"})
    story = debugger.tell(newest(school))
    assert [one.name for one in story.steps if one.verdict == "failed"] == ["login"]
    assert story.cause == "This LMS is not registered with Passback."


def test_a_login_that_never_came_back_has_a_page_with_likely_causes(school: School) -> None:
    start = drive.begin(school.lms, school.learner, school.link, None, session="s")
    drive.log_in(school.client, school.lms, start, "POST")
    browser = signed_in(school.app, Role.ADMINISTRATOR)
    with time_machine.travel(utc_now() + timedelta(minutes=2), tick=True):
        lost_logins().write_down()
        listed = browser.get("/admin/launches/").text
        code = re.findall(r"/admin/launches/([0-9A-Z]{4}-[0-9A-Z]{4})", listed)[-1]
        page = browser.get(f"/admin/launches/{code}").text
    assert "never came back" in page
    assert "redirect URI registered in the LMS" in page


def test_what_happened_afterwards(school: School) -> None:
    record = newest(school) if school.launch() else None
    assert record is not None
    with tenant_session(school.tenant_id, write=True) as session:
        registration = session.query(Registration).one()
        open_session(session, registration).launch_code = record.code
    story = debugger.tell(record)
    assert "The course was opened (normal)" in story.afterwards[0].words
    assert story.afterwards[-1].words.startswith("Grade:")
    page = signed_in(school.app, Role.ADMINISTRATOR).get(f"/admin/launches/{record.code}").text
    assert "The course was opened (normal)" in page


def test_the_report_for_the_lmss_support_holds_no_claim_and_no_person(school: School) -> None:
    way_back = f"https://lms.example/return?sesskey={SECRET}"
    person = {"sub": "subject-77", "name": "Ada Secretname", "email": "ada@secret.example"}
    overrides = {**person, "launch_presentation": {"return_url": way_back}, "roles": "not a list"}
    school.launch(overrides=overrides)
    code = newest(school).code
    browser = signed_in(school.app, Role.ADMINISTRATOR)
    page = post(browser, f"/admin/launches/{code}/share", f"/admin/launches/{code}").text
    address = re.search(r'value="http://localhost:8000(/support/launch/[^"]+)"', page).group(1)  # type: ignore[union-attr]
    answer = school.app.test_client().get(address)
    assert answer.status_code == 200
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "with roles, target and link. <strong>no</strong>" in answer.text
    assert school.tool.client_id in answer.text
    for told in (SECRET, "lms.example", "not a list", *person.values()):
        assert told not in answer.text
    with unscoped(Unscoped.INSTALLATION) as session:
        everything = json.dumps(records.as_dict(records.find(session, code)))  # type: ignore[arg-type]
    assert not any(told in everything for told in (SECRET, *person.values()))
    assert SECRET not in page


def test_a_shared_address_ends_and_cannot_be_made_up(school: School) -> None:
    school.launch()
    token = debugger.share_token(newest(school).code)
    stranger = school.app.test_client()
    assert stranger.get(f"/support/launch/{token}").status_code == 200
    assert stranger.get(f"/support/launch/{token[:-2]}").status_code == 403
    assert stranger.get("/support/launch/7KQ2-MX9P").status_code == 403
    with time_machine.travel(utc_now() + timedelta(days=debugger.SHARED_DAYS, minutes=1)):
        late = stranger.get(f"/support/launch/{token}")
    assert late.status_code == 403
    assert "Ask the administrator of Passback for a new address." in late.text


@pytest.mark.parametrize("role", [Role.DEVELOPER, Role.REPORTER])
def test_who_may_see_launches_and_platforms(school: School, role: Role) -> None:
    school.launch()
    code = newest(school).code
    browser = signed_in(school.app, role)
    assert browser.get(f"/admin/launches/{code}").status_code == 403
    assert browser.get(f"/admin/platforms/{school.platform_id}").status_code == 403
    assert school.app.test_client().get(f"/admin/launches/{code}").status_code == 302


def test_the_button_on_the_platforms_page_tests_it(school: School) -> None:
    browser = signed_in(school.app, Role.ADMINISTRATOR)
    path = f"/admin/platforms/{school.platform_id}"
    assert path in browser.get("/admin/platforms/").text
    assert "Not tested yet." in browser.get(path).text
    page = post(browser, f"{path}/test", path).text
    assert "keys: works." in page
    assert "roster: waits." in page


def test_the_command_tells_of_a_launch(school: School) -> None:
    school.launch(overrides={"aud": "another"})
    code = newest(school).code
    result = CliRunner().invoke(platforms_group, ["diagnose", "--launch", code.lower(), "--json"])
    told = json.loads(result.output.strip().splitlines()[-1])
    assert (told["code"], told["verdict"], told["side"]) == (code, "refused", "the LMS")
    text = CliRunner().invoke(platforms_group, ["diagnose", "--launch", code]).output
    assert "✗ It is meant for this tool, and for no other." in text
    assert CliRunner().invoke(platforms_group, ["diagnose"]).exit_code == 2


def test_a_session_knows_its_launch(school: School) -> None:
    """The player notes the code when it opens the session; `test_what_happened_afterwards` reads it."""
    trip = school.launch()
    opened = drive.send(school.client, "GET", trip.reply.location)
    assert opened.status == 303
    boot = school.client.post(f"{opened.location}boot", json={"tab": "t"}, base_url="http://localhost:8000")
    assert boot.status_code == 200, boot.text
    with tenant_session(school.tenant_id) as session:
        assert session.query(PlaySession).one().launch_code == newest(school).code


# --- Faults of our own -----------------------------------------------------------------------------------------------


def fault(*_args: object, **_kwargs: object) -> None:
    raise RuntimeError("the disk is full of names")


def faulty(school: School) -> LaunchRecord:
    with unscoped(Unscoped.INSTALLATION) as session:
        (found,) = [one for one in records.recent(session) if one.verdict == records.FAILED]
    return found


def told_of(school: School, reply: drive.Reply, step: str) -> None:
    """The page has a code, the record of that code says that it was a fault of ours, and neither says more."""
    assert reply.status == 500
    found = faulty(school)
    assert found.code in reply.text
    story = debugger.tell(found)
    assert (story.headline, story.side) == ("Passback ran into a fault of its own.", "Passback")
    assert [(one.name, one.verdict) for one in story.steps if one.verdict == "failed"] == [(step, "failed")]
    assert "full of names" not in reply.text + str(records.as_dict(found))


def test_a_fault_while_registering_is_on_record(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("passback.lti.registration_routes.check_address", fault)
    asked = {"openid_configuration": "https://lms.example/.well-known/openid-configuration"}
    reply = drive.send(school.client, "GET", "http://localhost:8000/lti/register", asked)
    told_of(school, reply, "registration")
    assert [one.name for one in debugger.tell(faulty(school)).steps] == ["registration"], "there was no launch"


def test_a_fault_while_choosing_a_course_is_on_record_with_its_launch(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch = school.deep_link().reply
    code = newest(school).code
    monkeypatch.setattr("passback.lti.picker_routes.list_courses", fault)
    told_of(school, drive.send(school.client, "GET", launch.location), "picker")
    found = faulty(school)
    assert (found.tenant_id, found.facts["launch"]) == (school.tenant_id, code)


@pytest.mark.parametrize(
    ("where", "how"),
    [
        ("passback.lti.course_routes.course_page", {}),
        ("passback.lti.review_routes.review_page", {"message_type": "LtiSubmissionReviewRequest"}),
    ],
)
def test_a_fault_on_a_page_that_a_launch_led_to_is_on_record(
    school: School, monkeypatch: pytest.MonkeyPatch, where: str, how: dict[str, str]
) -> None:
    school.launch(client=school.app.test_client())
    about = {"for_user": school.learner.id} if how else {}
    launch = school.launch(school.lms.instructor, **how, **about).reply
    monkeypatch.setattr(where, fault)
    told_of(school, drive.send(school.client, "GET", launch.location), "page")


def test_a_fault_of_a_launch_is_no_refusal(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("passback.lti.launch.enter", fault)
    told_of(school, school.launch().reply, "browser")


def test_what_is_not_there_is_no_fault(school: School) -> None:
    assert drive.send(school.client, "GET", "http://localhost:8000/lti/pick/nothing/here").status == 404
    assert school.client.delete("/lti/register").status_code == 405
    with unscoped(Unscoped.INSTALLATION) as session:
        assert records.recent(session) == []
