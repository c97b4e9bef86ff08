"""Tenants: the institutions an installation serves, each alone with its data."""

import re
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from passback.clock import utc_now
from passback.db import Base, Lifecycle, new_id
from passback.errors import PassbackError

DEFAULT_SLUG = "default"
_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class Tenant(Base):
    """An institution. `slug` names it in commands and URLs."""

    __tablename__ = "tenant"
    lifecycle = Lifecycle(keep="until the installation's administrator deletes the tenant", erase="not personal")

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class TenantNameError(PassbackError, ValueError):
    """A tenant's short name has up to 63 small letters, digits and dashes."""

    code = "tenant_name"
    advice = "Choose one such as `north-campus`; the full name can say more."


class TenantExistsError(PassbackError, ValueError):
    """There is an institution of this short name already."""

    code = "tenant_exists"
    status = 409
    advice = "Choose another short name."


class UnknownTenantError(PassbackError, LookupError):
    """There is no tenant of that name."""

    code = "unknown_tenant"
    status = 404
    advice = "`passback tenants list` shows the names there are."


def find_tenant(session: Session, slug: str = DEFAULT_SLUG) -> Tenant:
    """Return the tenant called `slug`.

    Raises:
        UnknownTenantError: there is none.
    """
    tenant = session.scalars(select(Tenant).where(Tenant.slug == slug)).one_or_none()
    if tenant is None:
        raise UnknownTenantError(slug)
    return tenant


def add_tenant(session: Session, slug: str, name: str) -> Tenant:
    """Add a tenant.

    Raises:
        TenantExistsError: there is one called `slug`.
        TenantNameError: nothing can be called that: the name is part of addresses.
    """
    if session.scalars(select(Tenant.id).where(Tenant.slug == slug)).first() is not None:
        raise TenantExistsError(slug)
    return ensure_tenant(session, slug, name)


def ensure_tenant(session: Session, slug: str = DEFAULT_SLUG, name: str = "") -> Tenant:
    """Return the tenant called `slug`, made where it is missing.

    Raises:
        TenantNameError: it is missing, and nothing can be called that: the name is part of addresses.
    """
    tenant = session.scalars(select(Tenant).where(Tenant.slug == slug)).one_or_none()
    if tenant is None:
        if not _SLUG.fullmatch(slug):
            raise TenantNameError
        tenant = Tenant(slug=slug, name=name or slug.capitalize())
        session.add(tenant)
        session.flush()
    return tenant
