"""Schoology: one issuer for all, pages of 100 at most, a bare 404 about a person."""

from flask import Flask

from passback.sandbox.server import SandboxServer
from tests.functional.lms.contract import LmsContract, agree, invitation, platforms
from tests.support.lms_gradebook import Gradebook


class TestSchoology(LmsContract):
    product = "schoology"
    guide = "schoology"
    unknown_status = 404
    roster_pages = 2

    def test_it_has_no_registration_by_address(self, sqlite_app: Flask, server: SandboxServer) -> None:
        address = f"{server.url}/.well-known/openid-configuration"
        assert agree(sqlite_app, f"{invitation()}?openid_configuration={address}").status == 502

    def test_its_issuer_is_known(self, server: SandboxServer) -> None:
        self.add_by_hand(server)
        assert [one.issuer for one in platforms()] == ["https://schoology.schoology.com"]

    def test_a_404_about_a_person_is_told_from_a_lost_column(self, book: Gradebook) -> None:
        with book.server.platform.core.change() as state:
            del state.courses[book.link.course_id].members[book.school.learner.id]
        book.grade(0.5)
        book.drain()
        assert book.delivery.reason_class == "learner_not_gradable"
        assert book.server.platform.log.of("lineitems")[-1].status == 200  # it looked
