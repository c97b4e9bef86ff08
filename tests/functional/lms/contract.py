"""What has to work with every LMS, from registration to a column that is deleted; each file beside says what differs.

The practice LMS plays the product, over real HTTP: these are the product's documented or observed differences, not the
product itself.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select

from passback.cli.platforms import platforms_group
from passback.clock import utc_now
from passback.db import Unscoped, tenant_session, unscoped
from passback.lti.deployments import list_deployments
from passback.lti.diagnosis import diagnose
from passback.lti.invitations import invite
from passback.lti.models import Platform
from passback.lti.platforms import list_platforms
from passback.lti.roster_models import Roster
from passback.lti.rosters import sync_roster
from passback.sandbox import drive
from passback.sandbox.model import Link, Role, Tool
from passback.sandbox.server import SandboxServer
from passback.tenants import ensure_tenant
from tests.functional.test_deep_linking import Picker
from tests.support.lms_gradebook import START, Gradebook
from tests.support.lti import TOOL, School, make_choice
from tests.support.practice import practice_lms

LEARNERS = 130


def agree(app: Flask, url: str) -> drive.Reply:
    """Open a registration page as the LMS's administrator does, agree, and follow to the last page. No cookie."""
    browser = app.test_client(use_cookies=False)
    form = drive.send(browser, "GET", url).forms()[0]
    return drive.follow(browser, drive.send(browser, "POST", form.url, form.fields))


def invitation() -> str:
    """Return a fresh registration URL."""
    with unscoped(Unscoped.REGISTRATION, write=True) as session:
        return invite(session, ensure_tenant(session).id, actor="test")


def token_check(platform: Platform) -> str:
    """Return what the platform's self-test says of access tokens."""
    return next(str(check["state"]) for check in diagnose(platform.id).checks if check["name"] == "token")


def platforms() -> list[Platform]:
    with unscoped(Unscoped.REGISTRATION) as session:
        return list_platforms(session)


class LmsContract:
    """The steps. A subclass names the product and what is particular to it.

    Args:
        product: which profile the practice LMS plays.
        guide: name of the guide by which it is connected; "": by one registration URL.
        older_status: what it answers to a score with an older timestamp.
        equal_refused: whether the very same timestamp is refused too.
        unknown_status: what it answers to a score for somebody who is not in the course.
        roster_pages: answers that a course of 130 learners takes.
    """

    product = ""
    guide = ""
    older_status = 400
    equal_refused = False
    unknown_status = 400
    roster_pages = 1

    @pytest.fixture
    def server(self, sqlite_app: Flask) -> Iterator[SandboxServer]:
        """The LMS, at nine o'clock."""
        with time_machine.travel(START, tick=False) as clock, practice_lms(sqlite_app, self.product) as server:
            self.clock = clock
            yield server

    @pytest.fixture
    def school(self, sqlite_app: Flask, server: SandboxServer) -> School:
        """A school that is connected as the product is connected, with nothing placed yet."""
        tool = self.add_by_hand(server) if self.guide else self.register(sqlite_app, server)
        (row,) = platforms()
        with unscoped(Unscoped.REGISTRATION) as session:
            tenant_id = ensure_tenant(session).id
        course_id, choice_id = make_choice(tenant_id)
        nothing = Link("", server.platform.course.id, tool.id, tool.deployments[0], "")
        return School(
            sqlite_app,
            server.platform,
            tool,
            row.id,
            tenant_id,
            course_id,
            choice_id,
            nothing,
            sqlite_app.test_client(),
        )

    @pytest.fixture
    def book(self, school: School, server: SandboxServer) -> Gradebook:
        """A learner who has opened a course that a teacher has placed."""
        (school.link,) = Picker(school).choose(course=str(school.course_id))
        book = Gradebook(school, server, self.clock, school.link)
        book.launch()
        return book

    def register(self, app: Flask, server: SandboxServer) -> Tool:
        """Connect by one registration URL and switch the tool on."""
        page = agree(app, server.platform.registration.start(invitation()))
        assert page.status == 200, page.text
        (tool,) = server.platform.tools.all()
        return server.platform.tools.change(tool.id, active=True)

    def add_by_hand(self, server: SandboxServer) -> Tool:
        """Connect with the product's guide; only the practice LMS's addresses go before the guide's own."""
        lms = server.platform
        tool = lms.tools.add(
            initiate_login_uri=f"{TOOL}/lti/login", redirect_uris=[f"{TOOL}/lti/launch"], jwks_uri=f"{TOOL}/lti/jwks"
        )
        own = [f"--auth-url={lms.auth_url}", f"--token-url={lms.token_url}", f"--jwks-url={lms.jwks_url}"]
        told = [f"--lms={self.guide}", f"--client-id={tool.client_id}", f"--deployment={tool.deployments[0]}"]
        base = [f"--base={lms.config.url}"] if not lms.core.profile.shared_issuer else []
        result = CliRunner().invoke(platforms_group, ["add", *told, *own, *base])
        assert result.exit_code == 0, result.exception
        return tool

    def test_it_is_connected_and_its_self_test_finds_all_in_order(self, book: Gradebook) -> None:
        """After a first launch, line items and roster too."""
        school, lms = book.school, book.server.platform
        (row,) = platforms()
        assert (row.issuer, row.client_id, row.status) == (lms.issuer, school.tool.client_id, "active")
        assert row.product == lms.config.profile.product_family_code.lower()
        with unscoped(Unscoped.REGISTRATION) as session:
            (deployment,) = list_deployments(session, platform_id=row.id)
        assert (deployment.status, deployment.tenant_id) == ("active", school.tenant_id)
        found = {str(check["name"]): str(check["state"]) for check in diagnose(row.id).checks}
        assert set(found) >= {"registration", "keys", "token", "line items", "roster"}
        assert {name: state for name, state in found.items() if state not in {"ok", "skipped"}} == {}

    def test_a_score_arrives_and_a_later_one_takes_its_place(self, book: Gradebook) -> None:
        book.grade(0.8, done_at=START - timedelta(minutes=5))
        book.drain()
        assert (book.shown, book.delivery.state) == (80.0, "accepted")
        book.grade(0.9)
        book.drain(after=60)
        book.grade(0.3)
        book.drain(after=60)
        assert (book.shown, book.delivery.state) == (30.0, "accepted")
        assert [one.http_status for one in book.tries] == [200, 200, 200]

    def test_an_older_and_an_equal_timestamp(self, book: Gradebook) -> None:
        """Somebody else wrote meanwhile, by a clock ahead of ours or at the same moment."""
        book.grade(0.4)
        book.drain()
        self.write_at(book, timedelta(seconds=5))
        book.grade(0.9)
        book.drain(after=2)
        assert book.tries[-1].http_status == self.older_status
        book.drain(after=60)
        assert (book.shown, book.delivery.state) == (90.0, "accepted")
        self.write_at(book, timedelta(0))
        book.grade(0.7)
        book.drain(after=2)
        assert (book.tries[-1].http_status != 200) is self.equal_refused
        book.drain(after=60)
        assert (book.shown, book.delivery.state) == (70.0, "accepted")

    def write_at(self, book: Gradebook, ahead: timedelta) -> None:
        """Let the LMS's last write be `ahead` of the moment in two seconds."""
        assert book.result is not None
        with book.server.platform.core.change():
            book.result.stored_at = book.result.timestamp = utc_now() + timedelta(seconds=2) + ahead

    def test_somebody_who_left_is_parked_until_they_come_back(self, book: Gradebook) -> None:
        learner = book.school.learner.id
        with book.server.platform.core.change() as state:
            del state.courses[book.link.course_id].members[learner]
        book.grade(0.7)
        book.drain()
        assert (book.delivery.state, book.delivery.reason_class) == ("parked", "learner_not_gradable")
        assert book.tries[-1].http_status == self.unknown_status
        with book.server.platform.core.change() as state:
            state.courses[book.link.course_id].members[learner] = Role.LEARNER
        book.launch()
        book.drain(after=60)
        assert (book.shown, book.delivery.state) == (70.0, "accepted")

    def test_the_whole_roster_is_read(self, book: Gradebook) -> None:
        before = len(book.server.platform.course.members)
        for number in range(LEARNERS):
            book.server.platform.add_user(f"Learner {number}")
        assert sync_roster(book.school.tenant_id, book.context_id).members == before + LEARNERS
        with tenant_session(book.school.tenant_id) as session:
            assert session.scalars(select(Roster)).one().pages == self.roster_pages

    def test_a_deleted_column_is_told_not_made_anew(self, book: Gradebook) -> None:
        book.grade(0.5)
        book.drain()
        book.server.platform.gradebook.remove_column(book.column.id)
        book.grade(0.6)
        book.drain(after=60)
        assert (book.delivery.state, book.delivery.reason_class) == ("parked", "line_item_gone")
        assert book.server.platform.gradebook.columns(book.link.course_id) == []
