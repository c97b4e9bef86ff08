"""Data privacy launches: an LMS's administrator sees, exports and erases what is kept of a person."""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select

from passback.cli.learners import learners_group
from passback.db import tenant_session
from passback.delivery import engine
from passback.delivery.models import ScoreDelivery
from passback.errors import PassbackError
from passback.lti.message import DATA_PRIVACY
from passback.lti.roster_jobs import read_due
from passback.sandbox import drive
from passback.sandbox.model import User
from passback.staff.models import AuditEntry
from passback.tracking.models import Learner, Registration
from tests.support.counted import counted
from tests.support.lti import TOOL, School, make_school
from tests.support.play import Desk, event, page, score
from tests.support.practice import practice_lms

OTHER = "bea@other.example"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SYSTEM = "http://purl.imsglobal.org/vocab/lis/v2/system/person#"
INSTITUTION = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#"
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"


@pytest.fixture
def school(sqlite_app: Flask) -> Iterator[School]:
    """A school at noon whose first two learners have played; the grades are not sent yet."""
    with time_machine.travel(NOON, tick=False), practice_lms(sqlite_app) as server:
        school = make_school(sqlite_app, server.platform)
        with school.lms.core.change() as state:
            state.users[school.learner.id].email = "ada@erase.example"
        for user in (school.learner, school.lms.add_user("Bea Other", email="bea@other.example")):
            school.launch(user, client=sqlite_app.test_client())
        with tenant_session(school.tenant_id) as session:
            rows = session.scalars(select(Registration)).all()
        for row in rows:
            desk = Desk(school.tenant_id, row.course_id, row.placement_id, row.id)
            desk.send(desk.open(), [page(1, 1, of=1), score(2, 0.8)], leaving=True)
        yield school


def administrator(school: School) -> User:
    return school.lms.user("1")


def ask(school: School, for_user: str = "", **how: Any) -> drive.Reply:
    how.setdefault("message_type", DATA_PRIVACY)
    user = how.pop("user", administrator(school))
    return drive.launch(school.client, school.lms, user, tool=school.tool, for_user=for_user, **how).reply


def opened(school: School, reply: drive.Reply) -> drive.Reply:
    assert reply.status == 303, reply.text
    assert "/lti/privacy/" in reply.location
    return drive.send(school.client, "GET", reply.location)


def form(page: drive.Reply, part: str) -> str:
    return next(one.url for one in page.forms() if one.url.endswith(part))


def test_an_administrator_sees_what_is_kept_of_one_person(school: School) -> None:
    page = opened(school, ask(school, school.learner.id))
    assert page.status == 200
    for told in ("Registrations for courses", "Events: pages, answers, scores", "Grades sent to the LMS"):
        assert told in page.text
    assert school.learner.email in page.text
    assert OTHER not in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_without_a_person_there_is_a_list_to_choose_from(school: School) -> None:
    page = opened(school, ask(school))
    assert school.learner.email in page.text
    assert OTHER in page.text
    assert school.lms.learners[2].name not in page.text, "who never came is not kept"
    found = drive.send(school.client, "GET", f"{page.url}?q={school.learner.id}")
    assert school.learner.email in found.text
    assert OTHER not in found.text
    one = next(url for url in re.findall(r'href="(/lti/privacy/[^"?]+)"', found.text))
    person = drive.send(school.client, "GET", f"{TOOL}{one}")
    assert school.learner.email in person.text
    assert ">Everybody<" in person.text


def test_the_name_that_some_platforms_send(school: School) -> None:
    assert "/lti/privacy/" in ask(school, overrides={"message_type": "LtiDataPrivacyLaunchRequest"}).location


@pytest.mark.parametrize(
    "roles",
    [
        [],
        [SYSTEM + "User"],
        [MEMBERSHIP + "Administrator"],
        [MEMBERSHIP + "Instructor"],
        [INSTITUTION + "Faculty"],
        ["Administrator"],
    ],
)
def test_nobody_but_administrators_of_the_lms(school: School, roles: list[str]) -> None:
    reply = ask(school, school.learner.id, overrides={"roles": roles})
    assert (reply.status, "privacy_refused" in reply.text) == (403, True)
    assert school.learner.email not in reply.text


def test_the_export_is_everything_and_noted(school: School) -> None:
    page = opened(school, ask(school, school.learner.id))
    answer = school.client.post(form(page, "/export"), buffered=True)
    told = json.loads(answer.text)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert {"learner", "registration", "attempt", "runtime_event", "grade", "score_delivery"} <= set(told["tables"])
    assert told["tables"]["learner"][0]["email"] == school.learner.email
    assert OTHER not in answer.text
    with tenant_session(school.tenant_id) as session:
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "learner.exported"))
    assert entry.actor == f"lti:{school.platform_id}"


def test_the_export_holds_what_a_course_cut_in_two(school: School) -> None:
    half = "\ud83d"  # suspend data cut by length in the middle of an emoji
    with tenant_session(school.tenant_id) as session:
        row = session.scalars(select(Registration).join(Learner).where(Learner.subject == school.learner.id)).one()
    desk = Desk(school.tenant_id, row.course_id, row.placement_id, row.id)
    desk.send(desk.open(take_over=True), [event(1, "toy.page", page=1, of=9, note=half)])
    answer = school.client.post(form(opened(school, ask(school, school.learner.id)), "/export"), buffered=True)
    assert answer.status_code == 200
    notes = [one["data"].get("note") for one in json.loads(answer.text)["tables"]["runtime_event"]]
    assert half in notes


def test_erasing_needs_a_tick_and_then_nothing_is_kept_or_sent(school: School) -> None:
    page = opened(school, ask(school, school.learner.id))
    before = counted()
    refused = drive.send(school.client, "POST", form(page, "/erase"))
    assert (refused.status, "erasure_not_confirmed" in refused.text) == (400, True)
    assert counted() == before
    done = drive.send(school.client, "POST", form(page, "/erase"), {"confirmed": "yes"})
    assert done.status == 303
    assert "keeps nothing of this person" in drive.send(school.client, "GET", done.location).text
    engine.drain()
    column = school.lms.links.column(school.link.id)
    assert column
    assert school.lms.gradebook.result(column.id, school.learner.id) is None, "it was queued, and is not sent any more"
    assert [one.user_id for one in school.lms.gradebook.results(column.id)] != [], "the other one's"
    with tenant_session(school.tenant_id) as session:
        assert {row.name for row in session.scalars(select(Learner))} == {"", "Bea Other"}
        assert len(session.scalars(select(ScoreDelivery)).all()) == 1


def test_what_the_browser_still_has_open_is_refused_and_a_new_launch_begins_anew(school: School) -> None:
    with tenant_session(school.tenant_id) as session:
        row = session.scalars(
            select(Registration)
            .join(Learner, Learner.id == Registration.learner_id)
            .where(Learner.subject == school.learner.id)
        ).one()
    desk = Desk(school.tenant_id, row.course_id, row.placement_id, row.id)
    playing = desk.open()
    page_ = opened(school, ask(school, school.learner.id))
    drive.send(school.client, "POST", form(page_, "/erase"), {"confirmed": "yes"})
    with pytest.raises(PassbackError):
        desk.send(playing, [page(1, 1)])
    assert school.launch(client=school.app.test_client()).reply.status == 303
    with tenant_session(school.tenant_id) as session:
        found = session.scalars(
            select(Registration)
            .join(Learner, Learner.id == Registration.learner_id)
            .where(Learner.subject == school.learner.id)
        ).one()
    assert (found.attempts, found.id != row.id) == (0, True)


def test_somebody_of_whom_nothing_is_kept(school: School) -> None:
    page = opened(school, ask(school, "nobody-in-particular"))
    assert "keeps nothing of this person" in page.text
    token = page.url.rsplit("/", 1)[1]
    assert b"nobody" not in urlsafe_b64decode(token + "=" * (-len(token) % 4)), "addresses are logged"


def test_somebody_whom_only_a_roster_names(school: School) -> None:
    school.launch(school.lms.instructor)
    read_due()
    third = school.lms.learners[2]
    page = opened(school, ask(school, third.id))
    assert "Entries in rosters" in page.text
    drive.send(school.client, "POST", form(page, "/erase"), {"confirmed": "yes"})
    assert "keeps nothing of this person" in opened(school, ask(school, third.id)).text


def test_addresses_end_and_cannot_be_made_up(school: School) -> None:
    page = opened(school, ask(school, school.learner.id))
    everybody = opened(school, ask(school)).url
    for token in ("x", "a.b.c", page.url.rsplit("/", 1)[1][:-3]):
        for method, part in (("GET", ""), ("POST", "/export"), ("POST", "/erase")):
            assert drive.send(school.client, method, f"{TOOL}/lti/privacy/{token}{part}").status == 403
    assert drive.send(school.client, "POST", f"{everybody}/erase", {"confirmed": "yes"}).status == 404
    with time_machine.travel(NOON + timedelta(hours=2, minutes=1), tick=False):
        assert drive.send(school.client, "GET", page.url).status == 403


@pytest.mark.parametrize("about", [{"user_id": 3}, {"id": ""}, {"user_id": "x" * 256}])
def test_a_garbled_person_is_refused(school: School, about: object) -> None:
    assert "for_user" in ask(school, overrides={"for_user": about}).text


def test_the_draft_names_the_person_by_id(school: School) -> None:
    page = opened(school, ask(school, overrides={"for_user": {"id": school.learner.id}}))
    assert school.learner.email in page.text


class TestCommands:
    def run(self, *arguments: object) -> Any:
        return CliRunner().invoke(learners_group, [str(one) for one in arguments])

    def told(self, *arguments: object) -> Any:
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def test_find_export_and_erase(self, school: School, tmp_path: Path) -> None:
        rows = self.told("list", "--search", school.learner.email)
        assert [row["subject"] for row in rows] == [school.learner.id]
        learner, file = rows[0]["id"], tmp_path / "person.json"
        assert self.told("show", learner)["rows"]["attempt"] == 1
        assert self.told("export", learner, "--output", file)["bytes"] == file.stat().st_size
        assert file.stat().st_mode & 0o077 == 0
        assert json.loads(file.read_text())["tables"]["grade"]
        assert self.run("erase", learner).exit_code == 1, "nobody confirmed"
        assert self.told("show", learner)["rows"]["attempt"] == 1
        done = self.told("erase", learner, "--yes")
        assert (done["removed"]["registration"], done["anonymous"]) == (1, {"learner": 1})
        for command in ("show", "erase"):
            error = self.run(command, learner, *(["--yes"] if command == "erase" else [])).exception
            assert getattr(error, "code", "") == "not_found"
        assert len(self.told("list")) == 1
