"""Sakai: the Bearer is mandatory, and one scope that was not granted fails a whole token."""

from flask import Flask

from passback.sandbox.server import SandboxServer
from passback.sandbox.vocabulary import LINE_ITEM, SCORE
from tests.functional.lms.contract import LmsContract, agree, invitation, platforms
from tests.support.lms_gradebook import Gradebook


class TestSakai(LmsContract):
    product = "sakai"

    def test_without_its_token_it_refuses_and_says_so(self, sqlite_app: Flask, server: SandboxServer) -> None:
        url = server.platform.registration.start(invitation()).partition("&registration_token")[0]
        page = agree(sqlite_app, url)
        assert (page.status, "missing_registration_token" in page.text, platforms()) == (502, True, [])

    def test_the_token_is_sent_as_a_bearer(self, sqlite_app: Flask, server: SandboxServer) -> None:
        self.register(sqlite_app, server)
        assert server.platform.log.of("registration")[0].headers["authorization"].startswith("Bearer ")

    def test_only_scopes_of_the_claim_are_asked_for(self, book: Gradebook) -> None:
        lms, school = book.server.platform, book.school
        lms.tools.change(school.tool.id, scopes=[LINE_ITEM, SCORE])
        lms.tokens.revoke_all()
        book.launch()
        book.grade(0.5)
        book.drain()
        assert book.shown == 50.0
        assert "result.readonly" not in lms.log.of("token")[-1].body
        assert lms.log.of("token")[-1].status == 200

    def test_a_platform_that_knows_the_person_says_who_is_meant(self, book: Gradebook) -> None:
        """Its words, not the status alone, tell a person from a malformed score: both are a 400."""
        with book.server.platform.core.change() as state:
            del state.courses[book.link.course_id].members[book.school.learner.id]
        book.grade(0.5)
        book.drain()
        assert (book.tries[-1].http_status, book.delivery.reason_class) == (400, "learner_not_gradable")
