"""Brightspace: the token is part of the addresses, tokens have one audience, nothing works until it is enabled."""

from flask import Flask

from passback.db import Unscoped, unscoped
from passback.lti.deployments import list_deployments
from passback.sandbox import drive
from passback.sandbox.model import Role
from passback.sandbox.server import SandboxServer
from tests.functional.lms.contract import LmsContract, agree, invitation, platforms, token_check
from tests.support.lms_gradebook import Gradebook
from tests.support.lti import School

AUDIENCE = "https://api.brightspace.com/auth/token"


class TestBrightspace(LmsContract):
    product = "brightspace"
    unknown_status = 403
    roster_pages = 2

    def test_no_registration_token_comes_and_none_is_sent(self, sqlite_app: Flask, server: SandboxServer) -> None:
        url = server.platform.registration.start(invitation())
        assert "registration_token" not in url
        assert agree(sqlite_app, url).status == 200
        assert "authorization" not in server.platform.log.of("registration")[0].headers
        assert "authorization" not in server.platform.log.of("discovery")[0].headers

    def test_its_address_serves_once(self, sqlite_app: Flask, server: SandboxServer) -> None:
        url = server.platform.registration.start(invitation())
        agree(sqlite_app, url)
        assert agree(sqlite_app, url).status == 502
        assert len(platforms()) == 1

    def test_a_second_tool_of_the_domain_is_refused_in_its_words(
        self, sqlite_app: Flask, server: SandboxServer, school: School
    ) -> None:
        page = agree(sqlite_app, server.platform.registration.start(invitation()))
        assert "used by another registration" in page.text
        assert [one.id for one in platforms()] == [school.platform_id]

    def test_it_says_nothing_of_a_deployment(self, school: School) -> None:
        """The first launch does, which `test_it_is_connected…` sees."""
        with unscoped(Unscoped.REGISTRATION) as session:
            assert list_deployments(session, platform_id=school.platform_id) == []

    def test_tokens_are_for_one_audience(self, school: School) -> None:
        (row,) = platforms()
        assert row.token_audience == AUDIENCE

    def test_the_audience_is_known_without_being_told(self, book: Gradebook) -> None:
        """Where it was added by hand, nobody types it in."""
        book.school.change_platform(token_audience="")
        book.grade(0.5)
        book.drain()
        assert book.shown == 50.0

    def test_it_is_off_until_it_is_enabled(self, sqlite_app: Flask, server: SandboxServer) -> None:
        agree(sqlite_app, server.platform.registration.start(invitation()))
        trip = drive.launch(sqlite_app.test_client(), server.platform, server.platform.instructor)
        assert trip.form.fields["error"] == "unauthorized_client"
        assert token_check(platforms()[0]) == "waiting"

    def test_the_token_in_its_address_is_not_kept(self, school: School) -> None:
        (row,) = platforms()
        assert row.configuration_url == f"{school.lms.config.url}/.well-known/openid-configuration"

    def test_a_member_who_cannot_be_graded_is_parked(self, book: Gradebook) -> None:
        """422: the role is not one that "can be graded"."""
        with book.server.platform.core.change() as state:
            state.courses[book.link.course_id].members[book.school.learner.id] = Role.MENTOR
        book.grade(0.5)
        book.drain()
        assert (book.delivery.reason_class, book.tries[-1].http_status) == ("learner_not_gradable", 422)
