"""A school with a practice LMS that is registered with the tool, and a course placed in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient

from passback.content.models import Course, CourseVersion
from passback.db import Unscoped, tenant_session, unscoped
from passback.lti.models import LinkChoice
from passback.lti.models import Platform as PlatformRow
from passback.lti.platforms import hosts_of
from passback.sandbox import drive
from passback.sandbox.links import Column
from passback.sandbox.model import Link, Tool, User
from passback.sandbox.platform import Platform
from passback.tenants import ensure_tenant

TOOL = "http://localhost:8000"


@dataclass
class School:
    """`lms` is the practice LMS, `platform_id` its row in the tool; `link` leads to the toy course."""

    app: Flask
    lms: Platform
    tool: Tool
    platform_id: UUID
    tenant_id: UUID
    course_id: UUID
    choice_id: UUID
    link: Link
    client: FlaskClient

    @property
    def learner(self) -> User:
        return self.lms.learners[0]

    def launch(self, user: User | None = None, link: Link | None = None, **how: Any) -> drive.Trip:
        """Launch as the first learner, the usual link, in the usual browser, unless said otherwise."""
        client = how.pop("client", self.client)
        return drive.launch(client, self.lms, user or self.learner, link or self.link, **how)

    def deep_link(self, **how: Any) -> drive.Trip:
        """Ask for content as the instructor."""
        return drive.launch(self.client, self.lms, self.lms.instructor, tool=self.tool, **how)

    def change_platform(self, **changes: object) -> None:
        """Change the LMS's row in the tool."""
        with unscoped(Unscoped.INSTALLATION, write=True) as session:
            row = session.get_one(PlatformRow, self.platform_id)
            for name, value in changes.items():
                setattr(row, name, value)

    def add_link(self, title: str = "Another", custom: Mapping[str, str] | None = None, **how: Any) -> Link:
        """Place a link that has not been launched yet."""
        return self.lms.links.add(self.lms.course.id, self.tool.id, title, custom=custom, **how)


def make_school(app: Flask, lms: Platform, *, slug: str = "default", client_id: str = "") -> School:
    """Register `lms` with the tool and place the toy course in its course."""
    tool = lms.tools.add(
        initiate_login_uri=f"{TOOL}/lti/login",
        redirect_uris=[f"{TOOL}/lti/launch"],
        jwks_uri=f"{TOOL}/lti/jwks",
        target_link_uri=f"{TOOL}/lti/launch",
        client_id=client_id,
    )
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        tenant_id = ensure_tenant(session, slug).id
        row = PlatformRow(
            issuer=lms.issuer,
            client_id=tool.client_id,
            auth_login_url=lms.auth_url,
            token_url=lms.token_url,
            jwks_url=lms.jwks_url,
            approved_hosts=sorted(hosts_of([lms.issuer, lms.jwks_url])),
            status="active",
            tenant_id=tenant_id,
        )
        session.add(row)
    course_id, choice_id = make_choice(tenant_id)
    link = lms.links.add(
        lms.course.id, tool.id, "Toys", custom={"passback_item": str(choice_id)}, column=Column(score_maximum=100.0)
    )
    return School(app, lms, tool, row.id, tenant_id, course_id, choice_id, link, app.test_client())


def make_choice(tenant_id: UUID, title: str = "Toy course", **settings: object) -> tuple[UUID, UUID]:
    """Make a course with one version and an instructor's choice of it; return both ids."""
    with tenant_session(tenant_id, write=True) as session:
        course = Course(title=title, content_type="toy")
        session.add(course)
        session.flush()
        content = {"data": {"start": "index.html"}, "activities": [], "title": title}
        session.add(
            CourseVersion(
                course_id=course.id,
                number=1,
                content=content,
                warnings=[],
                package_sha256="0" * 64,
                package_name="toy.zip",
                file_count=1,
                total_bytes=1,
            )
        )
        choice = LinkChoice(course_id=course.id, **settings)
        session.add(choice)
        session.flush()
        return course.id, choice.id
