"""Where links lead, on both databases: first launches, copies, and links whose content is chosen anew."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from passback.db import Unscoped, tenant_session, unscoped
from passback.lti.links import open_link
from passback.lti.message import LinkFacts
from passback.lti.models import Deployment, FormerPlacement, LinkChoice, Platform
from passback.tenants import ensure_tenant
from passback.tracking.models import Placement
from tests.support.play import add_course

DUE = datetime(2027, 1, 31, 23, 59, tzinfo=UTC)


@dataclass
class Room:
    """A tenant's LMS with two courses of ours to choose from."""

    tenant_id: UUID
    deployment: UUID
    bees: UUID
    wasps: UUID

    def choose(self, course: UUID, **settings: Any) -> str:
        with tenant_session(self.tenant_id, write=True) as session:
            choice = LinkChoice(course_id=course, **settings)
            session.add(choice)
            session.flush()
            return str(choice.id)

    def launch(self, link: str, item: str = "", **facts: Any) -> Placement | None:
        said = LinkFacts(str(self.deployment), context_id="C", link_id=link, title="Toys", **facts)
        with tenant_session(self.tenant_id, write=True) as session:
            found = open_link(session, said, item)
            if found is None:
                return None
            placement = found.placement
            session.flush()
            session.expunge(placement)
            return placement


@pytest.fixture
def room(app: Flask) -> Room:
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        tenant_id = ensure_tenant(session).id
        platform = Platform(issuer="https://lms.test", client_id="1", auth_login_url="x", token_url="x", jwks_url="x")
        session.add(platform)
        session.flush()
        deployment = Deployment(platform_id=platform.id, deployment_id="1", tenant_id=tenant_id)
        session.add(deployment)
        session.flush()
        deployment_id = deployment.id
    return Room(tenant_id, deployment_id, add_course(tenant_id), add_course(tenant_id))


def test_the_same_course_chosen_anew_is_the_same_placement_with_new_settings(room: Room) -> None:
    first = room.launch("L", room.choose(room.bees, points=10.0, submission_until=DUE, zone="Europe/Berlin"))
    again = room.launch("L", room.choose(room.bees, points=20.0, max_attempts=2, keeps_out=True))
    assert first is not None
    assert again is not None
    assert again.id == first.id
    assert (again.points, again.max_attempts, again.keeps_out) == (20.0, 2, True)
    assert (again.submission_until, again.zone) == (None, "")
    with tenant_session(room.tenant_id) as session:
        assert session.scalars(select(func.count()).select_from(FormerPlacement)).one() == 0


def test_a_link_that_comes_back_to_a_course_finds_its_placement_whatever_choice_it_brings(room: Room) -> None:
    first = room.launch("L", room.choose(room.bees))
    other = room.launch("L", room.choose(room.wasps))
    back = room.launch("L", room.choose(room.bees, points=5.0))
    assert first is not None
    assert other is not None
    assert back is not None
    assert other.id != first.id
    assert (back.id, back.points) == (first.id, 5.0)


def test_a_copied_link_has_a_placement_of_its_own_and_no_old_dates(room: Room) -> None:
    item = room.choose(room.bees, points=10.0, available_until=DUE, keeps_out=True, zone="Europe/Berlin")
    original, copy = room.launch("L", item), room.launch("M", item)
    assert original is not None
    assert copy is not None
    assert (original.available_until, original.keeps_out) == (DUE, True)
    assert (copy.points, copy.available_until, copy.keeps_out) == (10.0, None, False)
    assert copy.id != original.id


def test_the_lmss_own_date_wins_and_stays_where_it_says_nothing(room: Room) -> None:
    item = room.choose(room.bees, submission_until=DUE, zone="Europe/Berlin")
    moved = datetime(2027, 2, 7, 23, 59, tzinfo=UTC)
    placement = room.launch("L", item, dates={"submission_until": moved.isoformat()})
    assert placement is not None
    assert (placement.submission_until, placement.zone) == (moved, "Europe/Berlin")
    placement = room.launch("L", item)
    assert placement is not None
    assert placement.submission_until == moved


def test_another_tenants_choice_leads_nowhere(room: Room) -> None:
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        other = ensure_tenant(session, "other").id
    foreign = Room(other, room.deployment, add_course(other), add_course(other))
    assert room.launch("L", foreign.choose(foreign.bees)) is None
