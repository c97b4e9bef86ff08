"""Changing what was registered: our registration in the LMS, the LMS's entry here, one entry in another's place."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from passback.db import JsonObject, Unscoped, unscoped
from passback.lti.deployments import list_deployments
from passback.lti.models import Invitation, Platform, RegistrationRequest, ServiceToken
from passback.lti.platforms import PlatformDetails, check_details, hosts_of
from passback.lti.registering_errors import NotTheSameLmsError, RegistrationFixedError, RegistrationForgottenError
from passback.lti.registration_errors import ConfigurationUnreachableError, refusal
from passback.lti.registration_messages import (
    PLATFORM_CONFIGURATION,
    TOOL_CONFIGURATION,
    Configuration,
    changed_registration,
    read_configuration,
    tool_registration,
)
from passback.outbound import HttpAnswer, OutboundError
from passback.runtime import runtime
from passback.staff.service import audit

READ_SECONDS = 20.0


@dataclass(frozen=True)
class PlatformChanges:
    """What an administrator may change of a platform; None leaves it. Issuer and client id make it what it is."""

    name: str | None = None
    product: str | None = None
    auth_login_url: str | None = None
    token_url: str | None = None
    jwks_url: str | None = None
    token_audience: str | None = None
    algorithms: tuple[str, ...] | None = None

    def given(self) -> dict[str, object]:
        """Return what is to be changed."""
        values = ((one.name, getattr(self, one.name)) for one in fields(self))
        return {name: value for name, value in values if value is not None}


def change_platform(session: Session, platform: Platform, changes: PlatformChanges, *, actor: str) -> list[str]:
    """Change a platform's entry and return the names of what is different now.

    An administrator does it, so the hosts of the new addresses are approved; those that nothing names any more are not.

    Raises:
        PlatformDetailsError: an address is none, or an algorithm is not one of public keys.
    """
    before = {name: getattr(platform, name) for name in changes.given()}
    after = {
        name: list(value) if isinstance(value, tuple) else str(value).strip() for name, value in changes.given().items()
    }
    if "product" in after:
        after["product"] = str(after["product"]).lower()
    different = sorted(name for name, value in after.items() if value != before[name])
    former = hosts_of(_addresses(platform))
    for name in different:
        setattr(platform, name, after[name])
    check_details(_details(platform))
    platform.approved_hosts = sorted({*(set(platform.approved_hosts) - former), *hosts_of(_addresses(platform))})
    if different:
        _forget_tokens(session, platform)
        audit(session, actor=actor, action="platform.changed", subject=str(platform.id), fields=", ".join(different))
    return different


def set_new_deployments(session: Session, platform: Platform, tenant_id: UUID | None, *, actor: str) -> None:
    """Say what becomes of deployments that nobody announced: they are a tenant's, or (None) wait in the inbox."""
    if platform.tenant_id == tenant_id:
        return
    platform.tenant_id = tenant_id
    action = "platform.deployments_wait" if tenant_id is None else "platform.deployments_approved"
    audit(session, actor=actor, action=action, subject=str(platform.id), tenant_id=tenant_id)


def update_registration(platform_id: UUID, *, actor: str) -> Platform:
    """Bring our registration in the LMS up to date: scopes, addresses, messages, name (RFC 7592).

    Opens its own transactions; calls the LMS.

    Raises:
        RegistrationFixedError: the LMS gave no way to do so.
        RegistrationForgottenError: what it gave does not work any more.
        RegistrationRefusedError: it does not want what we ask for.
        ConfigurationUnreachableError: it does not answer.
    """
    with unscoped(Unscoped.REGISTRATION) as session:
        platform = session.get_one(Platform, platform_id)
        session.expunge(platform)
    if not platform.registration_uri or not platform.registration_token:
        raise RegistrationFixedError
    token = runtime().sealer.unseal(platform.registration_token)
    current = _call(platform, token, "GET")
    token = _fresh(current, token)
    _keep_token(platform_id, token)  # before anything else may fail: the old one may be void by now
    asked = tool_registration(runtime().settings.url, _configuration(platform, current), runtime().plugins.lms_profiles)
    answer = _call(platform, token, "PUT", changed_registration(current, asked, platform.client_id))
    _keep_token(platform_id, _fresh(answer, token))
    with unscoped(Unscoped.REGISTRATION, write=True) as session:
        platform = session.get_one(Platform, platform_id)
        _forget_tokens(session, platform)  # a token may hold less than is granted now
        audit(session, actor=actor, action="registration.updated", subject=str(platform_id))
        session.flush()
        session.expunge(platform)
    return platform


def twins(session: Session, platform: Platform) -> list[Platform]:
    """Return the active entries of the LMS that `platform` is another registration of, for the same institution."""
    same = select(Platform).where(
        Platform.issuer == platform.issuer, Platform.id != platform.id, Platform.status == "active"
    )
    return [one for one in session.scalars(same.order_by(Platform.created_at)) if _is_twin(one, platform)]


def may_choose(session: Session, platform: Platform) -> bool:
    """Say whether the LMS's administrator may decide: only who registered with a fresh invitation."""
    invited = select(Invitation.id).where(Invitation.platform_id == platform.id).limit(1)
    return platform.status == "pending" and session.scalars(invited).first() is not None


def keep_both(session: Session, platform: Platform, *, actor: str) -> None:
    """Let a second registration of one LMS work beside the first."""
    platform.status = "active"
    audit(session, actor=actor, action="platform.kept_beside", subject=str(platform.id))


def replace_platform(session: Session, old: Platform, new: Platform, *, actor: str) -> Platform:
    """Let a new registration take the place of an older one of the same LMS, and return that entry.

    People, courses and grades hang on the entry, so it stays and gets the new client id, addresses and deployments.
    What the old client id launched is refused from now on.

    Raises:
        NotTheSameLmsError: they are not the same LMS's, or the new one has been used already.
    """
    if new.status != "pending" or not _is_twin(old, new):
        raise NotTheSameLmsError
    known = {one.deployment_id for one in list_deployments(session, platform_id=old.id)}
    for deployment in list_deployments(session, platform_id=new.id):
        if deployment.deployment_id not in known:
            deployment.platform_id = old.id
    session.execute(update(Invitation).where(Invitation.platform_id == new.id).values(platform_id=old.id))
    requests = update(RegistrationRequest).where(RegistrationRequest.platform_id == new.id)
    session.execute(requests.values(platform_id=old.id))
    session.flush()
    values = {name: getattr(new, name) for name in _REPLACED}
    hosts = sorted({*old.approved_hosts, *hosts_of(_addresses(new))})
    session.expunge(new)
    session.execute(delete(Platform).where(Platform.id == new.id))
    for name, value in values.items():
        setattr(old, name, value)
    old.approved_hosts = hosts
    _forget_tokens(session, old)
    audit(session, actor=actor, action="platform.replaced", subject=str(old.id))
    session.flush()
    return old


_REPLACED = (
    "client_id",
    "auth_login_url",
    "token_url",
    "jwks_url",
    "product",
    "version",
    "token_audience",
    "algorithms",
    "configuration_url",
    "registration_uri",
    "registration_token",
)


def _is_twin(old: Platform, new: Platform) -> bool:
    """Say whether `new` is another registration of `old`'s LMS: the same issuer for the same institution, from a host
    that was approved for `old`.

    The issuer's own host proves nothing: every school's Canvas says the same one, whatever host it is at.
    """
    came_from = hosts_of([new.configuration_url] if new.configuration_url else _addresses(new)[:3])
    return old.issuer == new.issuer and old.tenant_id == new.tenant_id and not came_from.isdisjoint(old.approved_hosts)


def _configuration(platform: Platform, current: JsonObject) -> Configuration:
    """Return what the LMS says of itself today, or where it no longer tells us (Canvas, without a token) its entry."""
    profiles = runtime().plugins.lms_profiles
    try:
        answer = runtime().http.request(
            "GET",
            platform.configuration_url,
            headers={"Accept": "application/json"},
            approved_hosts=platform.approved_hosts,
        )
        if answer.status == 200:
            return read_configuration(answer.json(), platform.configuration_url, profiles)
    except OutboundError:
        pass
    tool = current.get(TOOL_CONFIGURATION)
    messages = tool.get("messages", []) if isinstance(tool, dict) else []
    said: dict[str, JsonValue] = {
        "issuer": platform.issuer,
        "authorization_endpoint": platform.auth_login_url,
        "token_endpoint": platform.token_url,
        "jwks_uri": platform.jwks_url,
        "registration_endpoint": platform.registration_uri,
        PLATFORM_CONFIGURATION: {"product_family_code": platform.product, "messages_supported": messages},
    }
    return Configuration.model_validate(said)


def _call(platform: Platform, token: str, method: str, body: JsonObject | None = None) -> JsonObject:
    headers = {"Accept": "application/json", "Authorization": f"Bearer {token}"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    try:
        answer = runtime().http.request(
            method,
            platform.registration_uri,
            headers=headers,
            body=None if body is None else json.dumps(body).encode(),
            approved_hosts=platform.approved_hosts,
            read_seconds=READ_SECONDS,
        )
        return _read(answer)
    except OutboundError as error:
        raise ConfigurationUnreachableError(f"registration: {error.code}", advice="Try again later.") from error


def _read(answer: HttpAnswer) -> JsonObject:
    if answer.status in {401, 403, 404, 405}:  # the token or the registration is gone, or was never to be changed
        raise RegistrationForgottenError(f"registration answered with {answer.status}")
    if answer.status not in {200, 201}:
        raise refusal(answer, advice="What was registered before goes on working.")
    body = answer.json()
    return body if isinstance(body, dict) else {}


def _fresh(answer: Mapping[str, JsonValue], token: str) -> str:
    """Return the token to go on with: an LMS may give out a new one with each answer."""
    fresh = answer.get("registration_access_token")
    return fresh if isinstance(fresh, str) and fresh.isascii() and fresh.isprintable() and fresh else token


def _keep_token(platform_id: UUID, token: str) -> None:
    with unscoped(Unscoped.REGISTRATION, write=True) as session:
        platform = session.get_one(Platform, platform_id, with_for_update=True)
        platform.registration_token = runtime().sealer.seal(token)


def _forget_tokens(session: Session, platform: Platform) -> None:
    session.execute(delete(ServiceToken).where(ServiceToken.platform_id == platform.id))


def _addresses(platform: Platform) -> tuple[str, str, str, str]:
    return platform.auth_login_url, platform.token_url, platform.jwks_url, platform.issuer


def _details(platform: Platform) -> PlatformDetails:
    return PlatformDetails(
        issuer=platform.issuer,
        client_id=platform.client_id,
        auth_login_url=platform.auth_login_url,
        token_url=platform.token_url,
        jwks_url=platform.jwks_url,
        algorithms=tuple(platform.algorithms),
    )
