"""Accounts: argon2, roles per tenant, nobody locked out, nothing told to strangers."""

from uuid import UUID

import pytest
from flask import Flask

from passback.db import Unscoped, UnscopedSession, unscoped
from passback.staff import service
from passback.staff.errors import (
    AccountExistsError,
    LastAdministratorError,
    NotInvitedError,
    SignInError,
    WeakPasswordError,
)
from passback.staff.service import Role
from tests.support.quick import REAL_PASSWORD_HASHING

PASSWORD = "correct horse battery"


def writing() -> UnscopedSession:
    return unscoped(Unscoped.INSTALLATION, write=True)  # type: ignore[return-value]


def test_the_first_administrator_is_needed_until_there_is_one(app: Flask) -> None:
    with writing() as session:
        assert service.needs_first_administrator(session)
        service.create_user(session, email="ada@example.org", password=PASSWORD, role=Role.ADMINISTRATOR)
        assert not service.needs_first_administrator(session)


def test_a_password_is_hashed_by_argon2_and_opens_the_account(app: Flask) -> None:
    with writing() as session:
        user = service.create_user(session, email="Ada@Example.org ", password=PASSWORD, role=Role.REPORTER)
        assert user.password_hash.startswith("$argon2id$")
        assert service.authenticate(session, "ada@example.org", PASSWORD).id == user.id


def test_hashing_costs_what_rfc_9106_recommends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "PASSWORD_HASHING", REAL_PASSWORD_HASHING)
    service._hasher.cache_clear()
    try:
        assert service.hash_password(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    finally:
        service._hasher.cache_clear()


@pytest.mark.parametrize(("email", "password"), [("ada@example.org", "wrong"), ("eve@example.org", PASSWORD), ("", "")])
def test_a_wrong_sign_in_says_nothing_about_accounts(app: Flask, email: str, password: str) -> None:
    with writing() as session:
        service.create_user(session, email="ada@example.org", password=PASSWORD, role=Role.REPORTER)
        with pytest.raises(SignInError) as caught:
            service.authenticate(session, email, password)
    assert caught.value.message == SignInError().message


def test_a_disabled_account_does_not_open(app: Flask) -> None:
    with writing() as session:
        service.create_user(session, email="ada@example.org", password=PASSWORD, role=Role.ADMINISTRATOR)
        bob = service.create_user(session, email="bob@example.org", password=PASSWORD, role=Role.ADMINISTRATOR)
        service.disable(session, bob)
        with pytest.raises(SignInError):
            service.authenticate(session, "bob@example.org", PASSWORD)


def test_the_last_administrator_stays(app: Flask) -> None:
    with writing() as session:
        ada = service.create_user(session, email="ada@example.org", password=PASSWORD, role=Role.ADMINISTRATOR)
        with pytest.raises(LastAdministratorError):
            service.disable(session, ada)
        with pytest.raises(LastAdministratorError):
            service.set_role(session, ada, Role.REPORTER)


def test_short_passwords_and_taken_addresses_are_refused(app: Flask) -> None:
    with writing() as session:
        with pytest.raises(WeakPasswordError):
            service.create_user(session, email="ada@example.org", password="short", role=Role.REPORTER)
        service.create_user(session, email="ada@example.org", password=PASSWORD, role=Role.REPORTER)
        with pytest.raises(AccountExistsError):
            service.create_user(session, email="ADA@example.org", password=PASSWORD, role=Role.REPORTER)


def test_roles_reach_as_far_as_their_tenant(app: Flask, tenant_id: UUID) -> None:
    with writing() as session:
        user = service.create_user(
            session, email="ada@example.org", password=PASSWORD, role=Role.DEVELOPER, tenant_id=tenant_id
        )
        roles = service.roles_of(session, user.id)
    assert service.allows(roles, Role.REPORTER, tenant_id)
    assert not service.allows(roles, Role.ADMINISTRATOR, tenant_id)
    assert not service.allows(roles, Role.REPORTER, UUID(int=7))
    assert not service.allows(roles, Role.REPORTER, None)


def test_openid_connect_opens_only_accounts_that_were_invited(app: Flask) -> None:
    with writing() as session:
        service.create_user(session, email="ada@example.org", role=Role.REPORTER)
        with pytest.raises(NotInvitedError):
            service.sign_in_by_oidc(session, subject="1", email="ada@example.org", email_verified=False)
        bound = service.sign_in_by_oidc(session, subject="1", email="ada@example.org", email_verified=True)
        again = service.sign_in_by_oidc(session, subject="1", email="changed@example.org", email_verified=False)
        assert bound.id == again.id
        with pytest.raises(NotInvitedError):
            service.sign_in_by_oidc(session, subject="2", email="ada@example.org", email_verified=True)
