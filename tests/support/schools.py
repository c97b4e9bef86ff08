"""A school in a browser: a running LMS of any product, the tool, and a toy course that is placed and opens."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from playwright.sync_api import FrameLocator, Page, expect

from passback.db import Unscoped, tenant_session, unscoped
from passback.lti import records
from passback.lti.models import LinkChoice
from passback.lti.models import Platform as PlatformRow
from passback.lti.platforms import hosts_of
from passback.sandbox.model import Link
from tests.support.road import LMS, Road

HELLO = "The toy course is playing"
ALLOW, BLOCK = 1, 2


@dataclass
class School:
    """A running LMS whose first learner has a link to the toy course."""

    road: Road
    link: Link

    @property
    def address(self) -> str:
        """Where the LMS shows the link."""
        return f"{self.road.names.lms}/link/{self.link.id}"

    def open(self, page: Page) -> None:
        """Open the link as the learner."""
        self.road.sign_in(page, self.road.platform.learners[0].name)
        page.goto(self.address)

    def bindings(self) -> list[str]:
        """Return how the browsers of accepted launches were known, the newest first."""
        with unscoped(Unscoped.INSTALLATION) as session:
            return [str(one.facts.get("binding")) for one in records.recent(session) if one.verdict == records.ACCEPTED]

    def refusals(self) -> list[str]:
        """Return why launches were refused, the newest first."""
        with unscoped(Unscoped.INSTALLATION) as session:
            return [one.error for one in records.recent(session) if one.verdict != records.ACCEPTED]


OpenSchool = Callable[..., School]


def place_toys(road: Road) -> Link:
    """Register the tool by hand and place the course."""
    lms, url = road.platform, road.names.tool
    course_id = road.tool.import_package({"index.html": f"<!doctype html><p>{HELLO}</p>"}).course_id
    tool = lms.tools.add(
        initiate_login_uri=f"{url}/lti/login", redirect_uris=[f"{url}/lti/launch"], jwks_uri=f"{url}/lti/jwks"
    )
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        row = PlatformRow(
            issuer=lms.issuer,
            client_id=tool.client_id,
            auth_login_url=lms.auth_url,
            token_url=lms.token_url,
            jwks_url=lms.jwks_url,
            approved_hosts=sorted(hosts_of([lms.jwks_url])),
            status="active",
            tenant_id=road.tool.tenant_id,
        )
        session.add(row)
    return lms.links.add(lms.course.id, tool.id, "Toys", custom={"passback_item": str(_choice(road, course_id))})


def _choice(road: Road, course_id: UUID) -> UUID:
    with tenant_session(road.tool.tenant_id, write=True) as session:
        choice = LinkChoice(course_id=course_id)
        session.add(choice)
        session.flush()
        return choice.id


def refuse_all_but_the_lms(profile: Path) -> None:
    """Prepare Chromium to keep cookies and storage for the LMS only (people have to sign in there)."""
    (profile / "Default").mkdir(parents=True)
    content = {
        "default_content_setting_values": {"cookies": BLOCK},
        "content_settings": {"exceptions": {"cookies": {f"https://{LMS},*": {"setting": ALLOW}}}},
    }
    (profile / "Default" / "Preferences").write_text(json.dumps({"profile": content}))


def wait_playing(place: Page | FrameLocator) -> None:
    """Wait until the course plays.

    A player that is refused all storage cannot know its own tab, so after a reload it asks whether to continue here.
    """
    playing, question = (
        place.frame_locator("#content").get_by_text(HELLO),
        place.get_by_role("button", name="Continue here"),
    )
    expect(question.or_(place.locator("#content"))).to_be_visible()
    if question.is_visible():
        question.click()
    expect(playing).to_be_visible()


def in_lms(page: Page) -> FrameLocator:
    """Return the tool's frame in the LMS's page."""
    return page.frame_locator("#contentframe")
