"""Platforms (registered LMSs): what administrators can do with them."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from passback.errors import NotFoundError, PassbackError
from passback.lti.models import Platform
from passback.outbound import OutboundRefusedError, authority
from passback.runtime import runtime
from passback.staff.service import audit

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")


class PlatformExistsError(PassbackError):
    """An LMS with this issuer and client ID is registered already."""

    code = "platform_exists"
    status = 409
    advice = "Look it up with `passback platforms list`; disable it or change it instead of adding it twice."


class PlatformDetailsError(PassbackError):
    """Something in these platform details is missing or not an address."""

    code = "platform_details"
    advice = "Copy issuer, client ID and the three addresses from the LMS's page of the tool, with https:// in front."


@dataclass(frozen=True)
class PlatformDetails:
    """What describes a platform. `token_audience` empty: the token URL; `algorithms`: what it signs launches with."""

    issuer: str
    client_id: str
    auth_login_url: str
    token_url: str
    jwks_url: str
    name: str = ""
    product: str = ""
    version: str = ""
    token_audience: str = ""
    algorithms: tuple[str, ...] = ("RS256",)

    def urls(self) -> tuple[str, str, str]:
        """Return the addresses that are fetched or opened."""
        return self.auth_login_url, self.token_url, self.jwks_url


def list_platforms(session: Session) -> list[Platform]:
    """Return every platform, by issuer."""
    return list(session.scalars(select(Platform).order_by(Platform.issuer, Platform.client_id)))


def known_platform(session: Session, details: PlatformDetails) -> Platform | None:
    """Return the platform with the issuer and client id of `details`."""
    query = select(Platform).where(Platform.issuer == details.issuer, Platform.client_id == details.client_id)
    return session.scalars(query.with_for_update()).one_or_none()


def find_platform(session: Session, key: str | UUID) -> Platform:
    """Return the platform with this id, or the only one with this client id or issuer.

    Raises:
        NotFoundError: none, or several.
    """
    wanted = _as_uuid(key)
    clause = Platform.id == wanted if wanted else or_(Platform.client_id == key, Platform.issuer == key)
    found = session.scalars(select(Platform).where(clause)).all()
    if len(found) != 1:
        raise NotFoundError(f"{len(found)} platforms", advice="`passback platforms list` shows ids.")
    return found[0]


def add_platform(session: Session, details: PlatformDetails, *, tenant_id: UUID | None, actor: str) -> Platform:
    """Register a platform by hand; an administrator does it, so it is active and its hosts are approved.

    Args:
        tenant_id: tenant of its deployments; None: they wait in the inbox.
        actor: who does it, for the audit.

    Raises:
        PlatformDetailsError: a field is missing or no URL.
        PlatformExistsError: registered already.
    """
    check_details(details)
    if known_platform(session, details) is not None:
        raise PlatformExistsError
    hosts = hosts_of((*details.urls(), details.issuer))
    return save_platform(session, details, tenant_id=tenant_id, approved_hosts=hosts, actor=actor)


def save_platform(
    session: Session,
    details: PlatformDetails,
    *,
    tenant_id: UUID | None,
    approved_hosts: Iterable[str],
    actor: str,
    status: str = "active",
) -> Platform:
    """Store a platform; one that is known (issuer and client id) is brought up to date and keeps its tenant.

    A platform that an administrator disabled stays disabled.
    """
    platform = known_platform(session, details)
    known = platform is not None
    if platform is None:
        platform = Platform(issuer=details.issuer, client_id=details.client_id, tenant_id=tenant_id, status=status)
        session.add(platform)
    platform.auth_login_url, platform.token_url, platform.jwks_url = details.urls()
    platform.name = details.name or platform.name or urlsplit(details.issuer).netloc
    platform.product = details.product.lower()
    platform.version, platform.token_audience = details.version, details.token_audience
    platform.algorithms = list(details.algorithms)
    platform.approved_hosts = sorted({*(platform.approved_hosts or ()), *approved_hosts})
    if platform.status == "pending":
        platform.status = status
    session.flush()
    audit(session, actor=actor, action="platform.updated" if known else "platform.added", subject=str(platform.id))
    return platform


def approve_platform(session: Session, platform: Platform, *, actor: str, tenant_id: UUID | None = None) -> None:
    """Let a platform launch, and let Passback call its hosts, private addresses included."""
    platform.status = "active"
    platform.tenant_id = platform.tenant_id or tenant_id
    found = hosts_of((platform.auth_login_url, platform.token_url, platform.jwks_url, platform.issuer))
    platform.approved_hosts = sorted({*platform.approved_hosts, *found})
    audit(session, actor=actor, action="platform.approved", subject=str(platform.id))


def disable_platform(session: Session, platform: Platform, *, actor: str) -> None:
    """Refuse a platform's launches and send it nothing; what was recorded stays."""
    platform.status = "disabled"
    audit(session, actor=actor, action="platform.disabled", subject=str(platform.id))


def check_details(details: PlatformDetails) -> None:
    """Refuse details that could not work.

    Raises:
        PlatformDetailsError: with the field in `detail`.
    """
    if not details.issuer.strip() or not details.client_id.strip():
        raise PlatformDetailsError("issuer and client id are needed")
    for name, url in zip(("auth_login_url", "token_url", "jwks_url"), details.urls(), strict=True):
        try:
            authority(url)
        except OutboundRefusedError as error:
            raise PlatformDetailsError(f"{name} is not an http or https URL") from error
    if not details.algorithms or not set(details.algorithms) <= set(ALGORITHMS):
        raise PlatformDetailsError("signature algorithms are public-key ones such as RS256")


def tool_addresses() -> dict[str, str]:
    """Return what an LMS without Dynamic Registration has to be told, by the names that most of them use."""
    url = runtime().settings.url
    return {
        "Tool URL": f"{url}/lti/launch",
        "Initiate login URL": f"{url}/lti/login",
        "Redirection URI": f"{url}/lti/launch",
        "Public keyset URL": f"{url}/lti/jwks",
    }


def hosts_of(urls: Iterable[str]) -> set[str]:
    """Return the hosts of those `urls` that are URLs (an issuer need not be one that can be called)."""
    found = set()
    for url in urls:
        try:
            found.add(authority(url))
        except OutboundRefusedError:
            continue
    return found


def _as_uuid(key: str | UUID) -> UUID | None:
    if isinstance(key, UUID):
        return key
    try:
        return UUID(key)
    except ValueError:
        return None
