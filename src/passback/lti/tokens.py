"""Access tokens for a platform's services: fetched once per set of scopes, kept encrypted, dropped when refused."""

import json
import threading
from collections.abc import Collection
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import cast
from uuid import UUID

from flask import current_app
from pydantic import JsonValue
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from passback.clock import utc_now
from passback.db import Unscoped, unscoped
from passback.errors import PassbackError, Side
from passback.lti.keys import sign
from passback.lti.models import Platform, ServiceToken
from passback.lti.profiles import profile_for
from passback.outbound import HttpAnswer, OutboundAnswerError, OutboundError
from passback.runtime import runtime
from passback.sealing import TokenError, new_token

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 300
BACKDATED_SECONDS = 10
"""Moodle refuses an assertion whose `iat` is even a few seconds ahead of its own clock."""
MARGIN_SECONDS = 60
DEFAULT_LIFETIME = 600
LONGEST_LIFETIME = 366 * 86400
_FLIGHTS = "passback.lti.token_flights"


class TokenRefusedError(PassbackError):
    """The LMS did not give Passback access to its services."""

    code = "token_refused"
    status = 502
    side = Side.LMS
    advice = "Check in the LMS that the tool is still enabled and that its key set URL is the one Passback publishes."

    def __init__(self, detail: str = "", *, http_status: int = 0, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.http_status = http_status
        self.retry_after = retry_after


def service_token(platform: Platform, scopes: Collection[str]) -> str:
    """Return an access token for exactly `scopes`, from the store or freshly fetched (once, however many ask).

    Args:
        platform: the registration whose services are called; a token is never shared between registrations.
        scopes: only scopes that the launch's claim named: Sakai refuses the whole request for any other.

    Raises:
        TokenRefusedError: the platform refused.
        OutboundError: it could not be reached.
    """
    wanted = " ".join(sorted(set(scopes)))
    with _flight(platform.id, wanted):
        return _stored(platform.id, wanted) or _fetch(platform, wanted)


def fresh_token(platform: Platform, scopes: Collection[str]) -> str:
    """Fetch an access token although one may be stored, to test the registration; it is stored as any other.

    Raises:
        TokenRefusedError: the platform refused.
        OutboundError: it could not be reached.
    """
    wanted = " ".join(sorted(set(scopes)))
    with _flight(platform.id, wanted):
        return _fetch(platform, wanted)


def drop_token(platform: Platform, scopes: Collection[str], token: str) -> None:
    """Forget `token`, which the platform refused, unless another thread has replaced it already."""
    wanted = " ".join(sorted(set(scopes)))
    if _stored(platform.id, wanted) != token:
        return
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        session.execute(
            delete(ServiceToken).where(ServiceToken.platform_id == platform.id, ServiceToken.scopes == wanted)
        )


def _flight(platform_id: UUID, scopes: str) -> threading.Lock:
    flights = cast("dict[tuple[UUID, str], threading.Lock]", current_app.extensions.setdefault(_FLIGHTS, {}))
    return flights.setdefault((platform_id, scopes), threading.Lock())  # atomic in CPython


def _stored(platform_id: UUID, scopes: str) -> str:
    query = select(ServiceToken).where(ServiceToken.platform_id == platform_id, ServiceToken.scopes == scopes)
    with unscoped(Unscoped.INSTALLATION) as session:
        row = session.scalars(query).one_or_none()
    if row is None or row.expires_at <= utc_now():
        return ""
    try:
        return runtime().sealer.unseal(row.token)
    except TokenError:  # the secret key was changed: as good as none
        return ""


def _fetch(platform: Platform, scopes: str) -> str:
    try:
        answer = runtime().http.request(
            "POST",
            platform.token_url,
            form={
                "grant_type": "client_credentials",
                "client_assertion_type": ASSERTION_TYPE,
                "client_assertion": _assertion(platform),
                "scope": scopes,
            },
            headers={"Accept": "application/json"},
            approved_hosts=platform.approved_hosts,
        )
    except OutboundAnswerError as error:
        raise TokenRefusedError("token endpoint answered with too much") from error
    token, seconds = _read(answer)
    _store(platform.id, scopes, token, seconds - MARGIN_SECONDS)
    return token


def _assertion(platform: Platform) -> str:
    profile = profile_for(runtime().plugins.lms_profiles, platform.product, platform.issuer)
    now = int(utc_now().timestamp())
    claims: dict[str, JsonValue] = {
        "iss": platform.client_id,
        "sub": platform.client_id,
        "aud": platform.token_audience or profile.token_audience or platform.token_url,
        "iat": now - BACKDATED_SECONDS,
        "exp": now + ASSERTION_SECONDS,
        "jti": new_token(),
    }
    return sign(claims)


def _read(answer: HttpAnswer) -> tuple[str, float]:
    """Judge by status, then by content alone: Moodle's tokens are text/html, its errors not even valid JSON."""
    if answer.status != 200:
        raise TokenRefusedError(
            f"token endpoint answered {answer.status} {_error_word(answer)}".strip(),
            http_status=answer.status,
            retry_after=retry_after(answer),
        )
    try:
        body = answer.json()
    except OutboundError as error:
        raise TokenRefusedError("token endpoint answered without JSON", http_status=answer.status) from error
    token = body.get("access_token") if isinstance(body, dict) else None
    if not isinstance(token, str) or not token or not isinstance(body, dict):
        raise TokenRefusedError("token endpoint answered without a token", http_status=answer.status)
    try:
        lifetime = float(cast("float", body.get("expires_in", DEFAULT_LIFETIME)))
    except (TypeError, ValueError, OverflowError):
        lifetime = DEFAULT_LIFETIME
    return token, lifetime if 0 <= lifetime <= LONGEST_LIFETIME else DEFAULT_LIFETIME


def _error_word(answer: HttpAnswer) -> str:
    """Return the OAuth error code where there is one; nothing else of a body ever goes into a log."""
    try:
        word = json.loads(answer.body).get("error", "")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return word if isinstance(word, str) and word.replace("_", "").isalnum() and len(word) < 40 else ""


def retry_after(answer: HttpAnswer) -> float | None:
    """Return the seconds a `Retry-After` header asks to wait (RFC 9110 §10.2.3), at most a day."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), 86400.0)
    return _until(text) if text else None


def _until(date: str) -> float | None:
    try:
        seconds = (parsedate_to_datetime(date) - utc_now()).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), 86400.0)


def _store(platform_id: UUID, scopes: str, token: str, seconds: float) -> None:
    expires_at = utc_now() + timedelta(seconds=seconds)
    sealed = runtime().sealer.seal(token)
    query = select(ServiceToken).where(ServiceToken.platform_id == platform_id, ServiceToken.scopes == scopes)
    try:
        with unscoped(Unscoped.INSTALLATION, write=True) as session:
            row = session.scalars(query.with_for_update()).one_or_none()
            if row is None:
                session.add(ServiceToken(platform_id=platform_id, scopes=scopes, token=sealed, expires_at=expires_at))
            else:
                row.token, row.expires_at = sealed, expires_at
    except IntegrityError:  # another process stored one at the same moment: either token is good
        return
