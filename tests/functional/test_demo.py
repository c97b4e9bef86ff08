"""`passback demo` connects the practice LMS, and connects it again where the two do not know each other any more."""

from flask import Flask

from passback.cli.demo import connect
from passback.db import Unscoped, unscoped
from passback.lti.platforms import list_platforms
from passback.sandbox import drive
from passback.sandbox.links import Column
from passback.tenants import ensure_tenant
from tests.support.practice import practice_lms


def connected(app: Flask) -> list[tuple[str, str]]:
    """Return issuer and client id of the LMSs that the tool knows."""
    with unscoped(Unscoped.INSTALLATION) as session:
        return [(one.issuer, one.client_id) for one in list_platforms(session)]


def test_what_was_placed_still_opens_after_the_practice_lms_moved_to_another_port(sqlite_app: Flask) -> None:
    browser = sqlite_app.test_client(use_cookies=False)
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        tenant = ensure_tenant(session)
    with practice_lms(sqlite_app) as before:
        connect(before.platform, tenant, browser)
        connect(before.platform, tenant, browser)
        (tool,) = before.platform.tools.all()
        assert tool.active
        assert connected(sqlite_app) == [(before.url, tool.client_id)]
        with practice_lms(sqlite_app) as after:
            with before.platform.core.change() as old, after.platform.core.change() as new:
                new.tools = old.tools
            connect(after.platform, tenant, browser)
            (kept,) = after.platform.tools.all()
            assert kept.client_id == tool.client_id
            assert kept.deployments == tool.deployments
            assert (after.url, tool.client_id) in connected(sqlite_app)
            link = after.platform.links.add(after.platform.course.id, kept.id, "Bees", column=Column(100))
            trip = drive.launch(sqlite_app.test_client(), after.platform, after.platform.instructor, link)
            assert trip.reply.status < 400
