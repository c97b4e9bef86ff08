"""Platforms, invitations and deployments, on both databases."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from passback.clock import utc_now
from passback.db import Unscoped, unscoped
from passback.errors import NotFoundError
from passback.lti import deployments, invitations, platforms
from passback.lti.models import Invitation, Platform
from passback.lti.platforms import PlatformDetails
from passback.staff.models import AuditEntry
from passback.tenants import ensure_tenant

DETAILS = PlatformDetails(
    issuer="https://lms.example",
    client_id="client",
    auth_login_url="https://lms.example/auth",
    token_url="https://auth.example:8443/token",
    jwks_url="http://lms.example/keys",
)


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """A writing session."""
    with unscoped(Unscoped.REGISTRATION, write=True) as opened:
        yield opened


@pytest.fixture
def tenant(session: Session) -> UUID:
    """The default tenant."""
    return ensure_tenant(session).id


def add(session: Session, tenant_id: UUID | None = None, **changes: object) -> Platform:
    return platforms.add_platform(session, replace(DETAILS, **changes), tenant_id=tenant_id, actor="test")  # type: ignore[arg-type]


def test_a_platform_added_by_hand_is_active_and_its_hosts_are_approved(session: Session, tenant: UUID) -> None:
    found = add(session, tenant)
    assert (found.status, found.tenant_id, found.name) == ("active", tenant, "lms.example")
    assert found.approved_hosts == ["auth.example:8443", "lms.example"]
    assert session.scalars(select(AuditEntry.action)).all() == ["platform.added"]


def test_the_same_platform_is_not_added_twice_but_another_client_is(session: Session) -> None:
    add(session)
    with pytest.raises(platforms.PlatformExistsError):
        add(session)
    add(session, client_id="second")  # Canvas and Blackboard share one issuer among all schools
    assert len(platforms.list_platforms(session)) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": " "},
        {"client_id": ""},
        {"auth_login_url": "lms.example/auth"},
        {"token_url": "ftp://lms.example"},
        {"jwks_url": ""},
        {"algorithms": ("HS256",)},
        {"algorithms": ("none",)},
        {"algorithms": ()},
    ],
)
def test_details_that_could_not_work_are_refused(session: Session, wrong: dict[str, object]) -> None:
    with pytest.raises(platforms.PlatformDetailsError):
        add(session, **wrong)
    assert platforms.list_platforms(session) == []


def test_a_platform_is_found_by_id_client_or_issuer(session: Session) -> None:
    found = add(session)
    for key in (found.id, str(found.id), "client", "https://lms.example"):
        assert platforms.find_platform(session, key) is found
    add(session, client_id="second")
    for key in ("https://lms.example", "unknown", str(uuid4())):
        with pytest.raises(NotFoundError):
            platforms.find_platform(session, key)


def test_a_pending_platform_gets_its_hosts_on_approval_and_a_disabled_one_stays_off(
    session: Session, tenant: UUID
) -> None:
    pending = platforms.save_platform(
        session, DETAILS, tenant_id=None, approved_hosts=(), actor="test", status="pending"
    )
    assert (pending.status, pending.approved_hosts) == ("pending", [])
    platforms.approve_platform(session, pending, actor="test", tenant_id=tenant)
    assert (pending.status, pending.tenant_id) == ("active", tenant)
    assert pending.approved_hosts == ["auth.example:8443", "lms.example"]
    platforms.disable_platform(session, pending, actor="test")
    platforms.save_platform(session, DETAILS, tenant_id=None, approved_hosts=(), actor="test")
    assert pending.status == "disabled"


def test_an_invitation_serves_once_and_comes_back_when_the_registration_failed(session: Session, tenant: UUID) -> None:
    token = invitations.invite(session, tenant, actor="test").rpartition("/")[2]
    claimed = invitations.claim_invitation(session, token, "https://lms.example/c")
    assert claimed.tenant_id == tenant
    with pytest.raises(invitations.InvitationUsedError):
        invitations.claim_invitation(session, token, "https://lms.example/c")
    invitations.release_invitation(session, claimed.id)
    invitations.claim_invitation(session, token, "https://lms.example/c")
    claimed.platform_id = add(session).id
    invitations.release_invitation(session, claimed.id)
    assert claimed.used_at is not None
    with pytest.raises(invitations.InvitationUsedError):
        invitations.claim_invitation(session, token, "https://other.example/c")


def test_a_registration_that_died_gives_its_invitation_back_after_minutes(session: Session, tenant: UUID) -> None:
    token = invitations.invite(session, tenant, actor="test").rpartition("/")[2]
    claimed = invitations.claim_invitation(session, token, "https://lms.example/c")
    claimed.used_at = utc_now() - timedelta(minutes=invitations.CLAIM_MINUTES, seconds=1)
    assert invitations.claim_invitation(session, token, "https://lms.example/c") is claimed


def test_an_invitation_expires(session: Session, tenant: UUID) -> None:
    token = invitations.invite(session, tenant, actor="test", days=1).rpartition("/")[2]
    session.scalars(select(Invitation)).one().expires_at = utc_now()
    with pytest.raises(invitations.InvitationExpiredError):
        invitations.check_invitation(session, token)


def test_a_deployment_waits_in_the_inbox_until_it_is_assigned_for_good(session: Session, tenant: UUID) -> None:
    platform = add(session)
    found = deployments.note_deployment(session, platform, "7", None)
    assert deployments.list_deployments(session, status="inbox") == [found]
    deployments.assign_deployment(session, found, tenant, actor="test")
    assert (found.status, found.tenant_id) == ("active", tenant)
    assert deployments.list_deployments(session, status="inbox") == []
    with pytest.raises(deployments.DeploymentTakenError):
        deployments.assign_deployment(session, found, ensure_tenant(session, "other").id, actor="test")
    assert deployments.note_deployment(session, platform, "7", ensure_tenant(session, "other").id).tenant_id == tenant


def test_a_blocked_deployment_stays_blocked(session: Session, tenant: UUID) -> None:
    found = deployments.note_deployment(session, add(session), "7", None)
    deployments.block_deployment(session, found, actor="test")
    again = deployments.note_deployment(session, session.get_one(Platform, found.platform_id), "7", tenant)
    assert (again.status, again.tenant_id) == ("blocked", None)


def test_an_unknown_deployment_is_not_found(session: Session) -> None:
    with pytest.raises(NotFoundError):
        deployments.find_deployment(session, uuid4())
