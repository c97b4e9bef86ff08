"""LTI Dynamic Registration 1.0: with an invitation at once, without one only after an administrator's approval."""

import json
import re
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from passback.clock import utc_now
from passback.db import Unscoped, unscoped
from passback.errors import NotFoundError, PassbackError, Side
from passback.lti.deployments import note_deployment
from passback.lti.errors import PlatformDisabledError
from passback.lti.invitations import claim_invitation, release_invitation
from passback.lti.models import Invitation, Platform, RegistrationRequest
from passback.lti.platforms import PlatformDetails, known_platform, save_platform
from passback.lti.registration_messages import Configuration, details_of, read_configuration, tool_registration
from passback.outbound import HttpAnswer, OutboundError, OutboundTimeoutError, authority
from passback.runtime import runtime

MAX_WAITING = 200
"""Registrations that may wait at a time: the page is open to everybody."""
TOKEN_LIFETIME = timedelta(hours=1)
"""Moodle, Sakai and Brightspace make registration tokens that last an hour and serve once."""
READ_SECONDS = 20.0
REASON_FIELDS = ("error_description", "error", "message", "errors")
START_OVER = (
    "Start again in the LMS with the same registration URL. If a half-registered Passback is listed there, delete it "
    "first: what the LMS hands out for a registration serves once and for an hour."
)


class RegistrationAddressError(PassbackError):
    """The LMS opened this page without saying where its configuration is."""

    code = "registration_address"
    side = Side.LMS
    advice = "Paste the registration URL where your LMS adds tools by Dynamic Registration, and start from there."


class TooManyWaitingError(PassbackError):
    """Too many registrations wait for approval already."""

    code = "registration_queue_full"
    status = 429
    side = Side.TOOL
    advice = "Ask the administrator of Passback for a registration URL; with one nothing has to wait."


class ConfigurationUnreachableError(PassbackError):
    """Passback could not read the LMS's configuration."""

    code = "configuration_unreachable"
    status = 502
    side = Side.LMS
    advice = "This server must be able to reach the LMS: check firewalls, the port and its TLS set-up. " + START_OVER


class RegistrationRefusedError(PassbackError):
    """The LMS refused the registration."""

    code = "registration_refused"
    status = 502
    side = Side.LMS
    advice = START_OVER

    def __init__(self, http_status: int, words: str = "", *, advice: str = "") -> None:
        super().__init__(f"registration answered with {http_status}", advice=advice)
        self.http_status = http_status
        self.words = words


class RegistrationTokenError(RegistrationRefusedError):
    """The LMS did not accept its own registration token: it was used already, or has expired."""

    code = "registration_token"


class RegistrationLostError(PassbackError):
    """The LMS did not answer the registration in time, so nobody knows whether it took it."""

    code = "registration_lost"
    status = 502
    side = Side.LMS
    advice = START_OVER


class RegisteredElsewhereError(PassbackError):
    """An LMS on another host is registered with the same issuer and client ID."""

    code = "registered_elsewhere"
    status = 409
    side = Side.LMS
    advice = "If the LMS has moved, an administrator of Passback disables the old entry and adds the LMS by hand."


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
        details, hosts, deployment_id = _exchange(configuration_url, registration_token)
        with unscoped(Unscoped.REGISTRATION, write=True) as session:
            platform = _store(session, details, hosts, deployment_id, tenant_id=tenant_id, former=former)
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
        details, hosts, deployment_id = _exchange(found.configuration_url, token)
        with unscoped(Unscoped.REGISTRATION, write=True) as session:
            platform = _store(session, details, hosts, deployment_id, tenant_id=tenant_id, former=None)
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


def _exchange(configuration_url: str, token: str) -> tuple[PlatformDetails, set[str], str]:
    """Fetch the configuration, register, and return the platform, its approved hosts and its deployment id."""
    profiles = runtime().plugins.lms_profiles
    configuration = read_configuration(_fetch(configuration_url, token), configuration_url, profiles)
    hosts = configuration.approved_hosts(configuration_url)
    answer = _post(configuration, hosts, token)
    details, deployment_id = details_of(configuration, answer, name=urlsplit(configuration_url).netloc)
    return details, hosts, deployment_id


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
    except OutboundTimeoutError as error:
        raise RegistrationLostError from error
    except OutboundError as error:
        raise ConfigurationUnreachableError(f"registration endpoint: {error.code}") from error
    if answer.status not in {200, 201}:
        raise _refusal(answer)
    try:
        return answer.json()
    except OutboundError as error:
        raise RegistrationLostError("the answer is not JSON") from error


def _refusal(answer: HttpAnswer) -> RegistrationRefusedError:
    """Explain a refusal: Moodle says 401 to a used token, 404 with a page of HTML to an expired one, 400 in words."""
    words = _plain_words(answer)
    if answer.status in {401, 403, 404}:
        return RegistrationTokenError(answer.status, words)
    return RegistrationRefusedError(answer.status, words)


def _plain_words(answer: HttpAnswer) -> str:
    """Return a short plain text that the LMS gave as its reason; never a page of HTML."""
    text = answer.body[:2000].decode("utf-8", "replace").strip()
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        parsed = None
    if isinstance(parsed, dict):
        text = next((words for key in REASON_FIELDS if (words := _words(parsed.get(key)))), "")
    return "" if "<" in text else re.sub(r"\s+", " ", text)[:200]


def _words(value: JsonValue) -> str:
    """Return a reason as text: a sentence, or Canvas's list of them, or of objects with a message."""
    if isinstance(value, list):
        return "; ".join(filter(None, map(_words, value)))
    if isinstance(value, dict):
        return _words(value.get("message"))
    return value if isinstance(value, str) else ""


def _store(
    session: Session,
    details: PlatformDetails,
    hosts: set[str],
    deployment_id: str,
    *,
    tenant_id: UUID,
    former: UUID | None,
) -> Platform:
    """Keep what was registered. A second run of a used registration URL may only bring its own platform up to date;
    what the LMS registered anew instead waits for an administrator."""
    known = known_platform(session, details)
    if known is not None and known.status == "disabled":
        raise PlatformDisabledError
    if known is not None and not set(known.approved_hosts) & hosts:
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
    if deployment_id:
        note_deployment(session, platform, deployment_id, tenant_id)
    return platform
