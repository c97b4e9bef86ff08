"""Accounts and roles of the people who run the installation."""

import re
from collections.abc import Callable
from enum import StrEnum
from functools import cache
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from passback.clock import utc_now
from passback.db import JsonObject
from passback.staff.errors import (
    AccountExistsError,
    EmailError,
    LastAdministratorError,
    NotInvitedError,
    SignInError,
    UnknownAccountError,
    WeakPasswordError,
)
from passback.staff.models import AuditEntry, User, UserRole

MINIMUM_PASSWORD_LENGTH = 12
PASSWORD_HASHING = RFC_9106_LOW_MEMORY
"""Argon2id with 64 MiB, three passes, four lanes: what RFC 9106, section 4, recommends where memory is scarce."""
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")


class Role(StrEnum):
    """What a member of staff may do, the strongest first."""

    ADMINISTRATOR = "administrator"
    DEVELOPER = "developer"
    REPORTER = "reporter"


Change = Callable[[Session, User], None]
"""Something that is done to an account."""

STRENGTH = {Role.ADMINISTRATOR: 3, Role.DEVELOPER: 2, Role.REPORTER: 1}


def needs_first_administrator(session: Session) -> bool:
    """Say whether nobody can administer the installation yet."""
    query = select(func.count()).select_from(UserRole).where(UserRole.role == Role.ADMINISTRATOR)
    return session.scalars(query).one() == 0


def create_user(
    session: Session, *, email: str, password: str = "", name: str = "", role: Role, tenant_id: UUID | None = None
) -> User:
    """Add an account; without a password it can only sign in by OpenID Connect.

    Raises:
        EmailError: this is no e-mail address; nobody could enter it at the sign-in.
        AccountExistsError: the address is taken.
        WeakPasswordError: fewer than twelve characters.
    """
    email = normalise_email(email)
    if not EMAIL.fullmatch(email):
        raise EmailError
    if session.scalars(select(User.id).where(User.email == email)).first() is not None:
        raise AccountExistsError
    user = User(email=email, name=name, password_hash=hash_password(password) if password else "")
    session.add(user)
    session.flush()
    session.add(UserRole(user_id=user.id, tenant_id=tenant_id, role=role))
    session.flush()
    return user


def set_password(session: Session, user: User, password: str) -> None:
    """Set a password and end every session of the account."""
    user.password_hash = hash_password(password)
    user.session_generation += 1
    session.flush()


def find_user(session: Session, email: str) -> User:
    """Return the account of an address.

    Raises:
        UnknownAccountError: there is none.
    """
    user = session.scalars(select(User).where(User.email == normalise_email(email))).one_or_none()
    if user is None:
        raise UnknownAccountError
    return user


def authenticate(session: Session, email: str, password: str) -> User:
    """Return the account that an address and a password open.

    Raises:
        SignInError: they open none; it takes as long as a wrong password, so that it tells nobody who has one.
    """
    user = session.scalars(select(User).where(User.email == normalise_email(email))).one_or_none()
    known = user is not None and user.disabled_at is None and user.password_hash
    try:
        _hasher().verify(user.password_hash if user and known else _decoy(), password)
    except (VerificationError, InvalidHashError) as error:
        raise SignInError from error
    if user is None or not known:
        raise SignInError
    if _hasher().check_needs_rehash(user.password_hash):
        user.password_hash = _hasher().hash(password)
    user.last_sign_in_at = utc_now()
    return user


def sign_in_by_oidc(session: Session, *, subject: str, email: str, email_verified: bool) -> User:
    """Return the account of an OpenID Connect identity; one that was invited by e-mail is bound to it now.

    Raises:
        NotInvitedError: no account, or a disabled one; an unverified address binds nothing.
    """
    user = session.scalars(select(User).where(User.oidc_subject == subject)).one_or_none()
    if user is None and email_verified and email:
        query = select(User).where(User.email == normalise_email(email), User.oidc_subject.is_(None))
        user = session.scalars(query).one_or_none()
    if user is None or user.disabled_at is not None:
        raise NotInvitedError
    user.oidc_subject = subject
    user.last_sign_in_at = utc_now()
    return user


def roles_of(session: Session, user_id: UUID) -> list[UserRole]:
    """Return a user's roles."""
    return list(session.scalars(select(UserRole).where(UserRole.user_id == user_id)))


def allows(roles: list[UserRole], needed: Role, tenant_id: UUID | None) -> bool:
    """Say whether roles suffice for `needed` in a tenant (None: the whole installation)."""
    return any(STRENGTH[Role(one.role)] >= STRENGTH[needed] and one.tenant_id in {None, tenant_id} for one in roles)


def set_role(session: Session, user: User, role: Role, tenant_id: UUID | None = None) -> None:
    """Give a user this role, instead of any other, for a tenant or for the installation.

    Raises:
        LastAdministratorError: nobody would be left to administer the installation.
    """
    _keep_an_administrator(session, user, losing=role is not Role.ADMINISTRATOR or tenant_id is not None)
    for old in roles_of(session, user.id):
        session.delete(old)
    session.flush()
    session.add(UserRole(user_id=user.id, tenant_id=tenant_id, role=role))
    session.flush()


def disable(session: Session, user: User) -> None:
    """Close an account and end its sessions.

    Raises:
        LastAdministratorError: nobody would be left to administer the installation.
    """
    _keep_an_administrator(session, user, losing=True)
    user.disabled_at = utc_now()
    user.session_generation += 1


def enable(_session: Session, user: User) -> None:
    """Open a closed account again."""
    user.disabled_at = None


def audit(
    session: Session,
    *,
    actor: str,
    action: str,
    subject: str = "",
    tenant_id: UUID | None = None,
    **details: str | float | bool | None,
) -> None:
    """Write down who did what to what, in the transaction that does it."""
    kept: JsonObject = dict(details)
    session.add(AuditEntry(actor=actor, action=action, subject=subject, tenant_id=tenant_id, details=kept))


def hash_password(password: str) -> str:
    """Return argon2's hash of a password.

    Raises:
        WeakPasswordError: fewer than twelve characters.
    """
    if len(password) < MINIMUM_PASSWORD_LENGTH:
        raise WeakPasswordError
    return _hasher().hash(password)


def normalise_email(email: str) -> str:
    """Return an address as accounts keep it."""
    return email.strip().lower()


def _keep_an_administrator(session: Session, user: User, *, losing: bool) -> None:
    query = (
        select(UserRole.user_id)
        .join(User, User.id == UserRole.user_id)
        .where(UserRole.role == Role.ADMINISTRATOR, UserRole.tenant_id.is_(None), User.disabled_at.is_(None))
        .with_for_update()
    )
    if losing and set(session.scalars(query)) == {user.id}:
        raise LastAdministratorError


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher.from_parameters(PASSWORD_HASHING)


@cache
def _decoy() -> str:
    return _hasher().hash("nobody's password")
