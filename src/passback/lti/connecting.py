"""Connecting an LMS by hand with its product's guide: what is typed in is mended where that is safe, and checked."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy.orm import Session

from passback.lti.deployments import DeploymentTakenError, assign_deployment, note_deployment
from passback.lti.errors import PlatformDisabledError
from passback.lti.models import Platform
from passback.lti.platforms import PlatformDetails, add_platform, known_platform
from passback.lti.registering_errors import ConnectFieldError
from passback.outbound import OutboundRefusedError, authority
from passback.plugin import ConnectGuide, LmsProfile

ADDRESSES = ("issuer", "auth_login_url", "token_url", "jwks_url")
MAX_LENGTH = 1000


def details_from(profile: LmsProfile, given: Mapping[str, str]) -> PlatformDetails:
    """Return the platform that a filled-in guide describes.

    Args:
        profile: the product; one with a guide.
        given: what was typed in, by the names in `ConnectGuide.asks`; any address of the platform goes before the
            guide's own.

    Raises:
        ConnectFieldError: a field is missing, or holds something else than it should.
    """
    guide = _guide(profile)
    labels = dict(guide.asks)
    values = {name: _clean(name, text, labels) for name, text in given.items() if text.strip()}
    for name in ("base", "client_id"):
        if name in labels and not values.get(name):
            raise ConnectFieldError(name, labels[name], "It is needed.")
    addresses = {name: values.get(name) or _filled(getattr(guide, name), values) for name in ADDRESSES}
    missing = next((name for name, value in addresses.items() if not value), "")
    if missing:
        raise ConnectFieldError(missing, labels.get(missing, missing), "It is needed.")
    return PlatformDetails(
        issuer=addresses["issuer"],
        client_id=values["client_id"],
        auth_login_url=addresses["auth_login_url"],
        token_url=addresses["token_url"],
        jwks_url=addresses["jwks_url"],
        name=values.get("name") or urlsplit(values.get("base", "")).netloc or profile.label,
        product=profile.product,
        token_audience=values.get("token_audience", ""),
    )


def connect(
    session: Session, profile: LmsProfile, given: Mapping[str, str], *, tenant_id: UUID, actor: str
) -> Platform:
    """Connect an LMS for a tenant.

    Where one client id serves every institution (Blackboard), the platform is made once, each institution brings its
    deployment, and those that nobody announced wait in the inbox.

    Raises:
        ConnectFieldError: what was typed in cannot be right.
        PlatformExistsError: it is connected already.
        PlatformDisabledError: it was, and an administrator has switched it off.
        DeploymentTakenError: the deployment is another institution's.
    """
    guide, details = _guide(profile), details_from(profile, given)
    platform = known_platform(session, details) if guide.shared_client else None
    if platform is not None and platform.status == "disabled":
        raise PlatformDisabledError
    if platform is None:
        owner = None if guide.shared_client else tenant_id
        platform = add_platform(session, details, tenant_id=owner, actor=actor)
    deployment_id = given.get("deployment_id", "").strip()
    if deployment_id:
        announce(session, platform, deployment_id, tenant_id, actor=actor)
    return platform


def announce(session: Session, platform: Platform, deployment_id: str, tenant_id: UUID, *, actor: str) -> None:
    """Say whose a deployment is, before its first launch or after.

    Raises:
        DeploymentTakenError: it is another tenant's, or blocked.
    """
    deployment = note_deployment(session, platform, deployment_id, None)
    if deployment.status == "blocked":
        raise DeploymentTakenError
    assign_deployment(session, deployment, tenant_id, actor=actor)


def _guide(profile: LmsProfile) -> ConnectGuide:
    assert profile.connect is not None  # noqa: S101 - found by its guide
    return profile.connect


def _clean(name: str, text: str, labels: Mapping[str, str]) -> str:
    """Return what was meant: copying brings spaces and line breaks along, people leave out `https://`."""
    label = labels.get(name, name)
    if len(text) > MAX_LENGTH:
        raise ConnectFieldError(name, label, "It is too long to be that.")
    is_address = name == "base" or name in ADDRESSES or name == "token_audience"
    text = text.strip() if name == "name" else re.sub(r"\s+", "", text)
    if not is_address:
        return text
    if not re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", text):
        text = f"https://{text}"
    try:
        authority(text)
    except OutboundRefusedError as error:
        raise ConnectFieldError(name, label, "It is not a web address.") from error
    # An issuer is compared to the letter, so only the LMS's own address, from which others follow, loses its slash.
    return text.partition("?")[0].partition("#")[0].rstrip("/") if name == "base" else text


def _filled(template: str, values: Mapping[str, str]) -> str:
    for name in ("base", "client_id"):
        if f"{{{name}}}" in template and not values.get(name):
            return ""
        template = template.replace(f"{{{name}}}", values.get(name, ""))
    return template
