"""LTI Dynamic Registration 1.0: with an invitation at once, without one only after an administrator's approval."""

import json
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from passback.clock import utc_now
from passback.db import Unscoped, unscoped
from passback.errors import NotFoundError, PassbackError
from passback.lti.deployments import note_deployment
from passback.lti.errors import PlatformDisabledError
from passback.lti.invitations import claim_invitation, release_invitation
from passback.lti.models import Invitation, Platform, RegistrationRequest
from passback.lti.platforms import PlatformDetails, known_platform, save_platform
from passback.lti.registration_changes import twins
from passback.lti.registration_errors import (
    ConfigurationUnreachableError,
    RegisteredElsewhereError,
    RegistrationAddressError,
    RegistrationLostError,
    TooManyWaitingError,
    refusal,
)
from passback.lti.registration_messages import (
    Configuration,
    details_of,
    institution_name,
    management_of,
    read_configuration,
    tool_registration,
)
from passback.outbound import OutboundError, OutboundRefusedError, authority
from passback.runtime import runtime

MAX_WAITING = 200
"""Registrations that may wait at a time: the page is open to everybody."""
TOKEN_LIFETIME = timedelta(hours=1)
"""Moodle, Sakai and Brightspace make registration tokens that last an hour and serve once."""
READ_SECONDS = 20.0


@dataclass(frozen=True)
class Registered:
    """What came of a registration.

    Args:
        hosts: those that an approval of the platform covers.
        deployment_id: "" where the answer named none (Brightspace).
        management: address and token that change our registration later, "" twice where there are none.
    """

    details: PlatformDetails
    hosts: set[str]
    deployment_id: str
    configuration_url: str
    management: tuple[str, str]


def register_invited(token: str, configuration_url: str, registration_token: str) -> Platform:
    """Register with the LMS whose configuration is at `configuration_url`, for the invitation's tenant.

    Nothing is fetched before the invitation is claimed; a registration that fails gives it back.

    Args:
        token: the invitation's.
        registration_token: the LMS's, sent as a Bearer token; "" where it gave none.

    Raises:
        PassbackError: what went wrong, on whose side.
    """
    check_address(configuration_url)
    with unscoped(Unscoped.REGISTRATION, write=True) as session:
        invitation = claim_invitation(session, token, configuration_url)
        tenant_id, former = invitation.tenant_id, invitation.platform_id
    try:
        registered = _exchange(configuration_url, registration_token)
        with unscoped(Unscoped.REGISTRATION, write=True) as session:
            platform = _store(session, registered, tenant_id=tenant_id, former=former)
            invitation = session.get_one(Invitation, invitation.id)
            invitation.platform_id, invitation.used_at = former or platform.id, invitation.used_at or utc_now()
    except PassbackError:
        with unscoped(Unscoped.REGISTRATION, write=True) as session:
            release_invitation(session, invitation.id)
        raise
    return platform


def keep_request(session: Session, configuration_url: str, registration_token: str) -> RegistrationRequest:
    """Keep a registration that came without an invitation, for an administrator to decide; nothing is fetched.

    Raises:
        TooManyWaitingError: as many wait as may.
    """
    check_address(configuration_url)
    query = select(RegistrationRequest).where(RegistrationRequest.configuration_url == configuration_url)
    found = session.scalars(query.with_for_update()).one_or_none()
    if found is None:
        waiting = select(func.count()).where(RegistrationRequest.status == "waiting")
        if session.scalars(waiting).one() >= MAX_WAITING:
            raise TooManyWaitingError
        found = RegistrationRequest(configuration_url=configuration_url)
        session.add(found)
    if found.status != "declined":
        found.registration_token = runtime().sealer.seal(registration_token) if registration_token else ""
        found.status, found.error, found.created_at = "waiting", "", utc_now()
    session.flush()
    return found


def approve_request(request_id: UUID, tenant_id: UUID) -> Platform:
    """Do a registration that waited, for `tenant_id`. Opens its own transactions; calls the LMS.

    Raises:
        NotFoundError: nothing of that id waits.
        PassbackError: it failed; the request says why and may be approved again.
    """
    with unscoped(Unscoped.REGISTRATION) as session:
        found = session.get(RegistrationRequest, request_id)
    if found is None or found.status not in {"waiting", "failed"}:
        raise NotFoundError("registration request", advice="`passback platforms list` shows what waits.")
    token = runtime().sealer.unseal(found.registration_token) if found.registration_token else ""
    try:
        registered = _exchange(found.configuration_url, token)
        with unscoped(Unscoped.REGISTRATION, write=True) as session:
            platform = _store(session, registered, tenant_id=tenant_id, former=None)
            _decide(session, request_id, "done", platform_id=platform.id)
    except PassbackError as error:
        with unscoped(Unscoped.REGISTRATION, write=True) as session:
            _decide(session, request_id, "failed", error=error.code)
        raise
    return platform


def has_expired(request: RegistrationRequest) -> bool:
    """Say whether the LMS's registration token has probably expired, so that the LMS must start over."""
    return bool(request.registration_token) and request.created_at < utc_now() - TOKEN_LIFETIME


def check_address(configuration_url: str) -> None:
    """Refuse what is no address of a configuration.

    Raises:
        RegistrationAddressError: missing, too long or no http(s) URL.
    """
    try:
        authority(configuration_url)
    except OutboundError as error:
        raise RegistrationAddressError("openid_configuration is not an http or https URL") from error
    if len(configuration_url) > 2000:
        raise RegistrationAddressError("openid_configuration is too long")


def _decide(
    session: Session, request_id: UUID, status: str, *, error: str = "", platform_id: UUID | None = None
) -> None:
    found = session.get_one(RegistrationRequest, request_id)
    found.status, found.error, found.decided_at, found.platform_id = status, error, utc_now(), platform_id
    if status == "done":
        found.registration_token = ""


def _exchange(configuration_url: str, token: str) -> Registered:
    """Fetch the configuration and register."""
    profiles = runtime().plugins.lms_profiles
    configuration = read_configuration(_fetch(configuration_url, token), configuration_url, profiles)
    hosts = configuration.approved_hosts(configuration_url)
    answer = _post(configuration, hosts, token)
    name = institution_name(configuration, profiles) or urlsplit(configuration_url).netloc
    details, deployment_id = details_of(configuration, answer, name=name)
    # Brightspace's and Canvas's addresses carry the registration's token; without its query it is nobody's secret.
    kept = configuration_url.partition("?")[0] if not token or token in configuration_url else configuration_url
    return Registered(details, hosts, deployment_id, kept, management_of(answer, configuration_url))


def _fetch(configuration_url: str, token: str) -> JsonValue:
    # Canvas shows its configuration only to who brings the registration token.
    headers = {"Accept": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    try:
        answer = runtime().http.request(
            "GET", configuration_url, headers=headers, approved_hosts=[authority(configuration_url)]
        )
        if answer.status != 200:
            raise ConfigurationUnreachableError(f"configuration answered with {answer.status}")
        return answer.json()
    except OutboundError as error:
        raise ConfigurationUnreachableError(f"{error.code} {error.detail}") from error


def _post(configuration: Configuration, hosts: set[str], token: str) -> JsonValue:
    settings = runtime().settings
    asked = tool_registration(settings.url, configuration, runtime().plugins.lms_profiles)
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    try:
        answer = runtime().http.request(
            "POST",
            configuration.registration_endpoint,
            headers=headers,
            body=json.dumps(asked).encode(),
            approved_hosts=hosts,
            read_seconds=READ_SECONDS,
        )
    except OutboundRefusedError as error:
        raise ConfigurationUnreachableError(f"registration endpoint: {error.code}") from error
    except OutboundError as error:  # a connection that breaks off may have carried it
        raise RegistrationLostError(error.code) from error
    if answer.status not in {200, 201}:
        raise refusal(answer)
    try:
        return answer.json()
    except OutboundError as error:
        raise RegistrationLostError("the answer is not JSON") from error


def _store(session: Session, registered: Registered, *, tenant_id: UUID, former: UUID | None) -> Platform:
    """Keep what was registered.

    A second run of a used registration URL may only bring its own platform up to date; what the LMS registered anew
    instead waits for an administrator. So does what would be a second entry of an LMS that is connected already, until
    somebody says whether it takes the first one's place: nobody would notice that there are two.
    """
    details, hosts = registered.details, registered.hosts
    known = known_platform(session, details)
    if known is not None and known.status == "disabled":
        raise PlatformDisabledError
    # By the host it came from: what else a configuration names, anybody could write into theirs.
    if known is not None and authority(registered.configuration_url) not in known.approved_hosts:
        raise RegisteredElsewhereError
    status = "pending" if former is not None and known is None else "active"
    platform = save_platform(
        session,
        details,
        tenant_id=tenant_id,
        approved_hosts=hosts if status == "active" else (),
        actor="registration",
        status=status,
    )
    uri, token = registered.management
    platform.configuration_url, platform.registration_uri = registered.configuration_url, uri
    platform.registration_token = runtime().sealer.seal(token) if token else ""
    if known is None and twins(session, platform):
        platform.status = "pending"
    if registered.deployment_id:
        note_deployment(session, platform, registered.deployment_id, tenant_id)
    return platform
