"""Open edX: no registration by address, the same timestamp is refused, large rosters come in pages only."""

from flask import Flask

from passback.sandbox.server import SandboxServer
from tests.functional.lms.contract import LmsContract, agree, invitation
from tests.support.lms_gradebook import Gradebook


class TestOpenEdx(LmsContract):
    product = "openedx"
    guide = "openedx"
    equal_refused = True
    roster_pages = 2

    def test_it_has_no_registration_by_address(self, sqlite_app: Flask, server: SandboxServer) -> None:
        address = f"{server.url}/.well-known/openid-configuration"
        page = agree(sqlite_app, f"{invitation()}?openid_configuration={address}")
        assert (page.status, "could not read the LMS" in page.text) == (502, True)

    def test_what_is_in_progress_does_not_wipe_the_grade(self, book: Gradebook) -> None:
        book.grade(0.5, final=False)
        book.drain()
        assert book.shown == 50.0
