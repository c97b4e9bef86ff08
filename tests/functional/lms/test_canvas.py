"""Canvas: one issuer for all, a configuration behind its token, 422 to what it does not list, a submission a score."""

import json
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from passback.db import Unscoped, tenant_session, unscoped
from passback.delivery.models import ScoreDelivery
from passback.lti.deployments import list_deployments
from passback.sandbox import drive
from passback.sandbox.server import SandboxServer
from tests.functional.lms.contract import LmsContract, agree, invitation, platforms, token_check
from tests.support.lms_gradebook import Gradebook
from tests.support.lti import School

CANVAS = "https://canvas.instructure.com/lti/"
CONFIGURATION = "https://purl.imsglobal.org/spec/lti-tool-configuration"


class TestCanvas(LmsContract):
    product = "canvas"
    unknown_status = 422
    roster_pages = 2

    def asked(self, server: SandboxServer) -> Any:
        return json.loads(server.platform.log.of("registration")[0].body)

    def test_the_configuration_is_read_with_the_token(self, sqlite_app: Flask, server: SandboxServer) -> None:
        assert (
            drive.send(FlaskClient(server.app), "GET", f"{server.url}/.well-known/openid-configuration").status == 401
        )
        self.register(sqlite_app, server)
        assert server.platform.log.of("discovery")[-1].headers["authorization"].startswith("Bearer ")

    def test_only_placements_that_it_lists_are_asked_for(self, sqlite_app: Flask, server: SandboxServer) -> None:
        self.register(sqlite_app, server)
        link, picker = self.asked(server)[CONFIGURATION]["messages"]
        assert picker["placements"] == [CANVAS + "assignment_selection", CANVAS + "link_selection"]
        assert link["placements"] == [CANVAS + "course_navigation"]
        assert link[CANVAS + "course_navigation/default_enabled"] is False

    def test_its_extensions_are_filled_in(self, sqlite_app: Flask, server: SandboxServer) -> None:
        self.register(sqlite_app, server)
        tool = self.asked(server)[CONFIGURATION]
        assert (tool[CANVAS + "privacy_level"], tool[CANVAS + "tool_id"]) == ("public", "passback")

    def test_its_answer_names_the_deployment_beside_the_tools_configuration(self, school: School) -> None:
        with unscoped(Unscoped.REGISTRATION) as session:
            (deployment,) = list_deployments(session, platform_id=school.platform_id)
        assert deployment.deployment_id == school.tool.deployments[0]

    def test_the_token_in_its_address_is_not_kept(self, sqlite_app: Flask, server: SandboxServer) -> None:
        url = server.platform.registration.start(invitation())
        assert url.count("registration_token") == 2
        agree(sqlite_app, url)
        (row,) = platforms()
        assert row.configuration_url == f"{server.url}/.well-known/openid-configuration"

    def test_it_is_called_what_its_account_is_called(self, school: School) -> None:
        """The host would be the same for every school of the cloud."""
        (row,) = platforms()
        assert row.name == "Practice University"

    def test_a_422_is_told_in_its_own_words(self, sqlite_app: Flask, server: SandboxServer, monkeypatch: Any) -> None:
        monkeypatch.setattr("passback.lti.registration_messages.WANTED_SCOPES", ("https://scope.example/unknown",))
        monkeypatch.setattr("passback.lti.registration_messages.wanted_scopes", lambda _known: ["x:unknown"])
        page = agree(sqlite_app, server.platform.registration.start(invitation()))
        assert (page.status, platforms()) == (502, [])
        assert "x:unknown" in page.text

    def test_tokens_are_for_its_token_endpoint(self, school: School) -> None:
        """Its configuration names a bare host as authorization server, and its token endpoint refuses that."""
        (row,) = platforms()
        assert row.token_audience == ""

    def test_nothing_launches_before_an_administrator_enables_it(
        self, sqlite_app: Flask, server: SandboxServer
    ) -> None:
        agree(sqlite_app, server.platform.registration.start(invitation()))
        trip = drive.launch(sqlite_app.test_client(), server.platform, server.platform.instructor)
        assert trip.form.fields["error"] == "unauthorized_client"
        assert trip.reply.status == 400
        assert token_check(platforms()[0]) == "waiting"  # no failure: somebody there still has to switch it on
        (tool,) = server.platform.tools.all()
        server.platform.tools.change(tool.id, active=True)
        assert token_check(platforms()[0]) == "ok"
        assert drive.launch(sqlite_app.test_client(), server.platform, server.platform.instructor).reply.status == 303

    def test_one_attempt_is_one_submission_however_often_its_score_is_sent(self, book: Gradebook) -> None:
        for scaled in (0.2, 0.4, 0.6):
            book.grade(scaled)
            book.drain(after=60)
        assert (book.shown, book.result and book.result.submissions) == (60.0, 1)

    def test_a_grade_that_a_teacher_entered_stays(self, book: Gradebook) -> None:
        book.grade(0.4)
        book.drain()
        book.server.platform.gradebook.override(book.column.id, book.school.learner.id, 99.0)
        book.grade(0.9)
        book.drain(after=60)
        assert book.shown == 99.0

    def test_calls_carry_a_user_agent(self, book: Gradebook) -> None:
        book.grade(0.4)
        book.drain()
        assert all(one.headers.get("user-agent") for one in book.server.platform.log)

    def test_deployments_of_one_client_are_told_apart(self, book: Gradebook) -> None:
        """One for each account or course that the tool is added to."""
        school = book.school
        other = school.lms.tools.deploy(school.tool.id)
        link = school.add_link("Elsewhere", custom=dict(school.link.custom), deployment_id=other)
        assert school.launch(link=link).reply.status == 303
        with tenant_session(school.tenant_id) as session:
            assert session.query(ScoreDelivery).count() == 2
