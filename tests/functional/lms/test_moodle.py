"""Moodle: its own clock decides which score is old; a pending tool works; the token travels as a Bearer, once."""

import json

from flask import Flask

from passback.sandbox.server import SandboxServer
from tests.functional.lms.contract import LmsContract, agree, invitation, platforms
from tests.support.lms_gradebook import Gradebook


class TestMoodle(LmsContract):
    product = "moodle"
    older_status = 409
    equal_refused = True

    def test_the_token_is_sent_for_the_registration_only(self, sqlite_app: Flask, server: SandboxServer) -> None:
        self.register(sqlite_app, server)
        (sent,) = server.platform.log.of("registration")
        assert sent.headers["authorization"].startswith("Bearer ey")
        asked = json.loads(sent.body)
        assert isinstance(asked["scope"], str)  # a list is a 404 there

    def test_a_token_that_was_used_says_to_start_over(self, sqlite_app: Flask, server: SandboxServer) -> None:
        url = server.platform.registration.start(invitation())
        agree(sqlite_app, url)
        page = agree(sqlite_app, url)
        assert (page.status, "token_already_used" in page.text, "Start again" in page.text) == (502, True, True)
        assert len(platforms()) == 1

    def test_the_page_closes_its_frame(self, sqlite_app: Flask, server: SandboxServer) -> None:
        page = agree(sqlite_app, server.platform.registration.start(invitation()))
        assert 'data-lti-close="now"' in page.text
        assert "frame-ancestors *" in page.headers["Content-Security-Policy"]

    def test_a_pending_tool_launches(self, sqlite_app: Flask, server: SandboxServer) -> None:
        """So a launch proves no activation."""
        agree(sqlite_app, server.platform.registration.start(invitation()))
        (tool,) = server.platform.tools.all()
        assert not tool.active
        assert server.platform.tools.may_work(tool)

    def test_two_scores_in_one_second_arrive_both(self, book: Gradebook) -> None:
        book.grade(0.5)
        book.drain()
        book.grade(0.7)
        book.drain(after=0.2)
        assert book.shown == 50.0
        book.drain(after=1)
        assert (book.shown, [one.http_status for one in book.tries]) == (70.0, [200, 200])

    def test_a_score_is_always_final_because_others_wipe_the_grade(self, book: Gradebook) -> None:
        book.grade(0.5, final=False)
        book.drain()
        assert json.loads(book.server.platform.log.of("score")[-1].body)["gradingProgress"] == "FullyGraded"
        assert book.shown == 50.0

    def test_line_items_are_asked_for_with_the_one_media_type(self, book: Gradebook) -> None:
        book.grade(0.5)
        book.drain()
        book.server.platform.gradebook.remove_column(book.column.id)
        book.grade(0.6)
        book.drain(after=60)
        kinds = {one.headers["accept"] for one in book.server.platform.log.of("lineitems") if one.status == 200}
        assert kinds == {"application/vnd.ims.lis.v2.lineitemcontainer+json"}
