"""The page of an LMS course: teachers land on it, staff find it, and nobody else sees a name."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select

from passback.cli.platforms import platforms_group
from passback.db import Unscoped, tenant_session, unscoped
from passback.delivery import engine
from passback.delivery.jobs import all_jobs
from passback.delivery.models import ScoreDelivery
from passback.delivery.room import room_of
from passback.lti.models import Context, ResourceLink
from passback.lti.roster_jobs import read_due, start_reading
from passback.lti.roster_models import Roster
from passback.lti.rosters import sync_roster
from passback.sandbox import drive
from passback.sandbox.faults import Fault
from passback.sandbox.model import Role as LmsRole
from passback.staff.models import AuditEntry
from passback.staff.service import Role
from passback.tenants import ensure_tenant
from tests.functional.test_admin import post, signed_in
from tests.support.lti import School, make_choice, make_school
from tests.support.practice import practice_lms
from tests.support.until import until

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
INSTITUTION = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#"


@pytest.fixture
def school(sqlite_app: Flask) -> Iterator[School]:
    """A school at noon."""
    with time_machine.travel(NOON, tick=False), practice_lms(sqlite_app) as server:
        yield make_school(sqlite_app, server.platform)


def opened(school: School, **how: Any) -> drive.Reply:
    """Launch as the instructor and return the page on which they land."""
    reply = school.launch(school.lms.instructor, **how).reply
    assert reply.status == 303
    return drive.send(school.client, "GET", reply.location)


def calls(school: School) -> int:
    return len(school.lms.log.of("nrps"))


def roster(school: School) -> Roster | None:
    with tenant_session(school.tenant_id) as session:
        return session.scalars(select(Roster)).one_or_none()


def context_id(school: School) -> UUID:
    with tenant_session(school.tenant_id) as session:
        return session.scalars(select(Context.id)).one()


class TestTeachers:
    def test_a_teacher_sees_who_never_started(self, school: School) -> None:
        school.launch(client=school.app.test_client())
        page = opened(school)
        assert "will be read in a moment" in page.text
        assert read_due() == 1
        page = drive.send(school.client, "GET", page.url)
        assert "names 4 people" in page.text
        assert page.text.count("<strong>never started</strong>") == 2
        assert "opened, never started" in page.text
        assert "Ines Sørensen" not in page.text, "teachers are no learners"
        assert f"frame-ancestors {school.lms.issuer}" in page.headers["Content-Security-Policy"]
        assert page.headers["Cache-Control"] == "no-store"

    def test_the_page_leads_to_the_preview(self, school: School) -> None:
        page = opened(school)
        (link,) = [part.split('"')[0] for part in page.text.split('href="') if "/preview/" in part.split('"')[0]]
        answer = drive.send(school.client, "GET", f"http://localhost:8000{link}")
        assert answer.status == 303
        assert "/open/" in answer.location
        elsewhere = link.rsplit("/", 1)[0] + f"/{UUID(int=1)}"
        assert drive.send(school.client, "GET", f"http://localhost:8000{elsewhere}").status == 404

    @pytest.mark.parametrize(
        ("roles", "sees"),
        [
            (["Instructor"], True),
            ([MEMBERSHIP + "Administrator"], True),
            ([INSTITUTION + "Administrator"], True),
            ([INSTITUTION + "Faculty"], False),
            ([INSTITUTION + "Staff"], False),
            ([MEMBERSHIP + "Mentor"], False),
            ([MEMBERSHIP + "Learner", INSTITUTION + "Administrator"], False),
        ],
    )
    def test_who_lands_where_names_are(self, school: School, roles: list[str], sees: bool) -> None:
        reply = school.launch(school.lms.instructor, overrides={"roles": roles}).reply
        assert ("/lti/course/" in reply.location) is sees

    @pytest.mark.parametrize("token", ["x", "a.b.c"])
    def test_a_forged_address_shows_nothing(self, school: School, token: str) -> None:
        for method, path in (("GET", ""), ("POST", "/roster"), ("GET", "/roster"), ("GET", f"/preview/{UUID(int=1)}")):
            answer = drive.send(school.client, method, f"http://localhost:8000/lti/course/{token}{path}")
            assert answer.status == 403

    def test_an_address_ends_after_twelve_hours(self, school: School) -> None:
        page = opened(school)
        with time_machine.travel(NOON + timedelta(hours=12, minutes=1), tick=False):
            assert drive.send(school.client, "GET", page.url).status == 403

    def test_launches_without_a_course_share_nothing(self, school: School) -> None:
        """Two links without a context claim are of two classes, for all that is known."""
        _course, other = make_choice(school.tenant_id, "Somebody else's course")
        link = school.add_link("Somebody else's activity", {"passback_item": str(other)})
        for one in (school.link, link):
            school.launch(school.lms.instructor, one, remove=["context"])
        page = opened(school, remove=["context"])
        assert "Somebody else" not in page.text
        assert "Read the LMS" not in page.text
        assert read_due() == 0
        assert calls(school) == 0

    def test_a_teacher_asks_for_the_roster_once_a_minute(self, school: School) -> None:
        page = opened(school)
        assert read_due() == 1
        page = drive.send(school.client, "GET", page.url)
        with time_machine.travel(NOON + timedelta(seconds=61), tick=False):
            (form,) = [one for one in page.forms() if one.url.endswith("/roster")]
            assert drive.send(school.client, "POST", form.url).status == 303
            assert read_due() == 1
            refused = drive.send(school.client, "POST", form.url)
        assert refused.status == 429
        assert "a moment ago" in refused.text
        assert calls(school) == 2

    def test_names_are_text_whatever_is_in_them(self, school: School) -> None:
        school.lms.add_user("<script>alert(1)</script>")
        page = opened(school)
        read_due()
        assert "<script>alert" not in drive.send(school.client, "GET", page.url).text

    def test_people_without_a_name_are_listed_by_the_lmss_key(self, school: School) -> None:
        school.lms.tools.change(school.tool.id, send_name=False, send_email=False)
        page = opened(school)
        read_due()
        text = drive.send(school.client, "GET", page.url).text
        assert text.count("the LMS sends no name") == 3


class TestReading:
    def test_a_launch_asks_and_reads_nothing_itself(self, school: School) -> None:
        school.launch(school.lms.instructor)
        assert calls(school) == 0
        found = roster(school)
        assert found is not None
        assert (found.due_at, found.state) == (NOON, "waiting")

    def test_launches_ask_every_quarter_of_an_hour_at_most(self, school: School) -> None:
        for minute, expected in ((0, 1), (14, 0), (16, 1)):
            with time_machine.travel(NOON + timedelta(minutes=minute), tick=False):
                school.launch(school.lms.instructor)
                assert read_due() == expected

    def test_every_night_it_is_read_by_itself(self, school: School) -> None:
        school.launch(school.lms.instructor)
        assert read_due() == 1
        with time_machine.travel(NOON + timedelta(hours=12), tick=False):
            assert read_due() == 0
        for days in (1, 2):
            with time_machine.travel(NOON + timedelta(days=days), tick=False):
                assert read_due() == 1

    def test_a_course_that_only_learners_open_is_read_too(self, school: School) -> None:
        school.launch()
        assert read_due() == 0
        with time_machine.travel(NOON + timedelta(days=1), tick=False):
            assert read_due() == 1

    def test_a_course_that_is_over_is_left_alone_until_somebody_teaches_there(self, school: School) -> None:
        school.launch(school.lms.instructor)
        read_due()
        later = NOON + timedelta(days=130)
        with time_machine.travel(later, tick=False):
            assert read_due() == 0
            found = roster(school)
            assert found is not None
            assert found.due_at is None
            school.launch(school.lms.instructor)
            assert read_due() == 1

    def test_one_that_fails_does_not_keep_the_others(self, school: School) -> None:
        second = school.lms.add_course("Second", dict(school.lms.course.members))
        link = school.lms.links.add(second.id, school.tool.id, "Two", custom={"passback_item": str(school.choice_id)})
        school.launch(school.lms.instructor)
        school.launch(school.lms.instructor, link)
        school.lms.faults.add("nrps", Fault.html())
        assert read_due() == 1
        school.lms.faults.clear()
        with tenant_session(school.tenant_id) as session:
            assert sorted(row.state for row in session.scalars(select(Roster))) == ["current", "failed"]

    def test_the_job_reads_in_a_thread_of_its_own(self, school: School) -> None:
        school.launch(school.lms.instructor)
        all_jobs()["rosters:due"].run()
        until(lambda: (found := roster(school)) is not None and found.state == "current")
        until(lambda: not any(one.name == "passback-rosters" for one in threading.enumerate()))
        start_reading()
        until(lambda: not any(one.name == "passback-rosters" for one in threading.enumerate()))
        assert calls(school) == 1

    def test_with_an_engine_at_work_the_roster_follows_the_launch_at_once(self, school: School) -> None:
        engine.start(school.app, forced=True)
        try:
            assert room_of(school.app).engine is not None
            school.launch(school.lms.instructor)
            until(lambda: (found := roster(school)) is not None and found.state == "current")
        finally:
            engine.stop(school.app)
        until(lambda: not any(one.name == "passback-rosters" for one in threading.enumerate()))

    def test_a_refused_learner_is_tried_again_by_the_roster(self, school: School) -> None:
        """The whole way: the LMS refuses somebody whom it does not know, enrols them, and gets the grade."""
        stranger = school.lms.add_user("Late", role=None)
        school.launch(stranger, client=school.app.test_client(), overrides={"roles": ["Learner"]})
        with tenant_session(school.tenant_id, write=True) as session:
            row = session.scalars(select(ScoreDelivery)).one()
            row.state = "sending"
            row.state, row.reason_class = "parked", "learner_not_gradable"
        school.launch(school.lms.instructor)
        read_due()
        page = opened(school)
        assert "parked" in page.text
        with school.lms.core.change() as state:
            state.courses[school.lms.course.id].members[stranger.id] = LmsRole.LEARNER
        assert sync_roster(school.tenant_id, context_id(school)).tried_again == 1
        with tenant_session(school.tenant_id) as session:
            assert session.scalars(select(ScoreDelivery.state)).one() == "queued"


class TestStaff:
    def pages(self, school: School) -> tuple[str, str]:
        overview = "/admin/t/default/lms-courses/"
        return overview, f"{overview}{context_id(school)}"

    def test_a_reporter_sees_the_class_and_cannot_ask_the_lms(self, school: School) -> None:
        school.launch(school.lms.instructor)
        read_due()
        overview, course = self.pages(school)
        browser = signed_in(school.app, Role.REPORTER, school.tenant_id)
        assert "Practice 101" in browser.get(overview).text
        text = browser.get(course).text
        assert text.count("<strong>never started</strong>") == 3
        assert "Read the LMS" not in text
        assert post(browser, f"{course}/roster", "/sign-in").status_code == 403
        assert browser.get(f"{course}/roster").get_json() == {
            "pending": False,
            "text": "The LMS's roster names 4 people.",
        }

    def test_strangers_and_other_tenants_staff_see_nothing(self, school: School) -> None:
        school.launch(school.lms.instructor)
        with unscoped(Unscoped.INSTALLATION, write=True) as session:
            other = ensure_tenant(session, "other").id
        for path in (*self.pages(school), f"{self.pages(school)[1]}/roster"):
            assert school.app.test_client().get(path).status_code == 302
        browser = signed_in(school.app, Role.ADMINISTRATOR, other)
        for path in self.pages(school):
            assert browser.get(path).status_code == 403
            assert browser.get(path.replace("/default/", "/other/")).status_code in {200, 404}
        assert "Practice" not in browser.get(self.pages(school)[0].replace("/default/", "/other/")).text

    def test_the_button_has_the_roster_read_and_the_page_follows(self, school: School) -> None:
        school.launch(school.lms.instructor)
        _overview, course = self.pages(school)
        browser = signed_in(school.app, Role.DEVELOPER)
        read_due()
        with time_machine.travel(NOON + timedelta(minutes=2), tick=False):
            text = post(browser, f"{course}/roster", course).text
            assert "will be read in a moment" in text
            assert f'data-roster="{course}/roster"' in text
            assert browser.get(f"{course}/roster").get_json()["pending"] is True
            assert read_due() == 1
            assert "a moment ago" in post(browser, f"{course}/roster", course).text
        with tenant_session(school.tenant_id) as session:
            entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "roster.asked")).one()
        assert entry.subject == str(context_id(school))

    def test_a_failure_says_whose_side_and_what_next(self, school: School) -> None:
        school.launch(school.lms.instructor)
        school.lms.faults.add("nrps", Fault(403))
        read_due()
        overview, course = self.pages(school)
        browser = signed_in(school.app, Role.REPORTER)
        text = browser.get(course).text
        assert "does not let Passback read" in text
        assert "the LMS" in text
        assert "status 403" in text
        assert "allows the tool" in text
        assert "does not let" in browser.get(overview).text

    def test_an_lms_without_the_service_is_told_about(self, school: School) -> None:
        school.launch(school.lms.instructor)
        with tenant_session(school.tenant_id, write=True) as session:
            session.scalars(select(ResourceLink)).one().memberships_url = ""
        assert read_due() == 0
        text = signed_in(school.app, Role.DEVELOPER).get(self.pages(school)[1]).text
        assert "offered no roster" in text
        assert "Read the LMS" not in text

    def test_pages_without_anything_say_so(self, sqlite_app: Flask, sqlite_tenant: UUID) -> None:
        browser = signed_in(sqlite_app, Role.REPORTER)
        assert "None yet" in browser.get("/admin/t/default/lms-courses/").text
        assert browser.get(f"/admin/t/default/lms-courses/{UUID(int=1)}").status_code == 404

    @pytest.mark.parametrize("query", ["?show=nonsense", "?placement=x&after=y", f"?placement={UUID(int=1)}&show=left"])
    def test_an_address_that_makes_no_sense_shows_the_class(self, school: School, query: str) -> None:
        school.launch(school.lms.instructor)
        assert signed_in(school.app, Role.REPORTER).get(self.pages(school)[1] + query).status_code == 200

    def test_many_learners_come_in_pages(self, school: School) -> None:
        for number in range(60):
            school.lms.add_user(f"Learner {number:02}")
        school.launch(school.lms.instructor)
        read_due()
        _overview, course = self.pages(school)
        browser = signed_in(school.app, Role.REPORTER)
        first = browser.get(course)
        assert first.text.count("<strong>never started</strong>") == 50
        more = next(part.split('"')[0] for part in first.text.split('href="') if "after=" in part.split('"')[0])
        second = browser.get(more.replace("&amp;", "&"))
        assert second.text.count("<strong>never started</strong>") == 13


class TestCommands:
    def run(self, *arguments: str) -> Any:
        return CliRunner().invoke(platforms_group, list(arguments))

    def test_a_roster_is_read_and_listed(self, school: School) -> None:
        school.launch(school.lms.instructor)
        for name in (str(context_id(school)), school.lms.course.id, school.lms.course.label):
            result = self.run("sync-roster", name, "--json")
            assert result.exit_code == 0, result.output
        told = json.loads(result.stdout.strip().splitlines()[-1])
        assert told == {
            "course": str(context_id(school)),
            "members": 4,
            "added": 0,
            "changed": 0,
            "gone": 0,
            "left_out": 0,
            "grades_tried_again": 0,
        }
        (row,) = json.loads(self.run("rosters", "--json").stdout.strip().splitlines()[-1])
        assert (row["roster"], row["learners"], row["lms_id"]) == ("current", 3, school.lms.course.id)
        assert "4 people" in self.run("sync-roster", school.lms.course.label).output

    def test_what_fails_is_explained(self, school: School) -> None:
        school.launch(school.lms.instructor)
        school.lms.faults.add("nrps", Fault.html())
        error = self.run("sync-roster", school.lms.course.id).exception
        assert getattr(error, "code", "") == "roster_answer"
        unknown = self.run("sync-roster", "nobody").exception
        assert getattr(unknown, "code", "") == "not_found"
