"""One entry takes another's place, and a platform's entry changes, on both databases."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from passback.clock import utc_now
from passback.db import Unscoped, unscoped
from passback.lti import deployments, invitations
from passback.lti.diagnosis_models import PlatformDiagnosis
from passback.lti.models import Deployment, Invitation, LaunchRecord, Platform, RegistrationRequest, ServiceToken
from passback.lti.platforms import add_platform, list_platforms
from passback.lti.registering_errors import NotTheSameLmsError
from passback.lti.registration_changes import (
    PlatformChanges,
    change_platform,
    keep_both,
    may_choose,
    replace_platform,
    set_new_deployments,
    twins,
)
from passback.tenants import ensure_tenant
from tests.unit.lti.test_platforms import DETAILS


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """A writing session."""
    with unscoped(Unscoped.REGISTRATION, write=True) as opened:
        yield opened


@pytest.fixture
def tenant(session: Session) -> UUID:
    """The default tenant."""
    return ensure_tenant(session).id


@pytest.fixture
def old(session: Session, tenant: UUID) -> Platform:
    """An LMS that has been connected for a while."""
    platform = add_platform(session, DETAILS, tenant_id=tenant, actor="test")
    deployments.note_deployment(session, platform, "1", tenant)
    session.add(ServiceToken(platform_id=platform.id, scopes="s", token="t", expires_at=utc_now()))
    return platform


@pytest.fixture
def new(session: Session, old: Platform, tenant: UUID) -> Platform:
    """The same LMS, registered anew."""
    platform = add_platform(session, replace(DETAILS, client_id="anew"), tenant_id=tenant, actor="test")
    platform.status = "pending"
    for name in ("1", "2"):
        deployments.note_deployment(session, platform, name, tenant)
    invitations.invite(session, tenant, actor="test")
    session.scalars(select(Invitation)).one().platform_id = platform.id
    session.add(RegistrationRequest(configuration_url="https://lms.example/c", platform_id=platform.id))
    session.add(LaunchRecord(code="A", verdict="refused", platform_id=platform.id))
    session.add(PlatformDiagnosis(platform_id=platform.id, at=utc_now(), complete=False, checks=[]))
    session.flush()
    return platform


def test_the_old_entry_gets_all_that_the_new_one_had(session: Session, old: Platform, new: Platform) -> None:
    assert twins(session, new) == [old]
    assert may_choose(session, new)
    assert replace_platform(session, old, new, actor="test") is old
    session.expire_all()
    (row,) = list_platforms(session)
    assert (row.id, row.client_id, row.status) == (old.id, "anew", "active")
    found = session.scalars(select(Deployment).order_by(Deployment.deployment_id)).all()
    assert [(one.deployment_id, one.platform_id) for one in found] == [("1", old.id), ("2", old.id)]
    assert session.scalars(select(Invitation)).one().platform_id == old.id
    assert session.scalars(select(RegistrationRequest)).one().platform_id == old.id
    assert session.scalars(select(LaunchRecord)).one().platform_id is None
    assert session.scalars(select(ServiceToken)).all() == []
    assert session.scalars(select(PlatformDiagnosis)).all() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "active"},
        {"issuer": "https://other.example"},
        {"tenant_id": None},
        {"configuration_url": "https://evil.example/c"},  # with the issuer of an LMS that many share
        {f"{name}_url": "https://evil.example/" for name in ("auth_login", "token", "jwks")},
    ],
)
def test_only_the_same_lms_of_the_same_institution_is_replaced(
    session: Session, old: Platform, new: Platform, changes: dict[str, object]
) -> None:
    for name, value in changes.items():
        setattr(new, name, value)
    session.flush()
    with pytest.raises(NotTheSameLmsError):
        replace_platform(session, old, new, actor="test")
    assert len(list_platforms(session)) == 2


def test_nobody_chooses_twice(session: Session, old: Platform, new: Platform) -> None:
    keep_both(session, new, actor="test")
    assert new.status == "active"
    assert not may_choose(session, new)
    session.flush()
    session.scalars(select(Invitation)).one().platform_id = old.id
    new.status = "pending"
    session.flush()
    assert not may_choose(session, new)  # it came by a registration URL that had been used: staff decide


def test_an_entry_changes_and_its_tokens_are_forgotten(session: Session, old: Platform) -> None:
    changes = PlatformChanges(token_url=" https://lms.example/fresh ", product="Moodle", algorithms=("ES256",))
    assert change_platform(session, old, changes, actor="test") == ["algorithms", "product", "token_url"]
    assert (old.token_url, old.product, old.algorithms) == ("https://lms.example/fresh", "moodle", ["ES256"])
    assert old.approved_hosts == ["lms.example"]
    assert session.scalars(select(ServiceToken)).all() == []
    assert change_platform(session, old, changes, actor="test") == []


def test_whose_new_deployments_are(session: Session, old: Platform, tenant: UUID) -> None:
    set_new_deployments(session, old, None, actor="test")
    assert old.tenant_id is None
    set_new_deployments(session, old, tenant, actor="test")
    assert old.tenant_id == tenant
