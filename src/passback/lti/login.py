"""Third-party initiated login: from the LMS's request back to the LMS (1EdTech Security Framework §5.1.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urldefrag, urlencode
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from passback.clock import utc_now
from passback.db import Unscoped, unscoped
from passback.lti import errors
from passback.lti.attempt import attempt
from passback.lti.lost_logins import lost_logins
from passback.lti.message_launch import check_status
from passback.lti.models import Platform
from passback.lti.platform_cache import platform_cache
from passback.lti.states import new_state
from passback.runtime import runtime
from passback.sealing import hash_token, new_token

FIELDS = ("iss", "login_hint", "target_link_uri", "lti_message_hint", "client_id", "lti_deployment_id")


@dataclass(frozen=True)
class LoginRequest:
    """A login that may go on: an active platform and the hints that go back to it byte for byte."""

    platform: Platform
    login_hint: str
    message_hint: str | None


def redirect_uri() -> str:
    """Return the one redirect URI. LMSs compare it byte for byte, so nothing is ever added to it."""
    return f"{runtime().settings.url}/lti/launch"


def read_login(parameters: Mapping[str, str]) -> LoginRequest:
    """Find the platform that asks.

    `target_link_uri` and `lti_deployment_id` are not looked at: the signed claims say both, and these are not signed.

    Raises:
        LaunchRefusedError: incomplete, unknown, ambiguous, or not (yet) allowed.
    """
    issuer, hint = parameters.get("iss", ""), parameters.get("login_hint")
    if not issuer or hint is None or not hint:
        raise errors.LoginIncompleteError("iss" if not issuer else "login_hint")
    client_id = parameters.get("client_id", "")
    platform = platform_cache().of_client(issuer, client_id)
    if platform is None:
        with unscoped(Unscoped.LOGIN) as session:
            platform = platform_cache().keep(_platform(session, issuer, client_id))
    attempt().platform = platform
    check_status(platform.status)
    return LoginRequest(platform, hint, parameters.get("lti_message_hint"))


def _platform(session: Session, issuer: str, client_id: str) -> Platform:
    if "\0" in issuer + client_id:
        raise errors.UnknownPlatformError("NUL")  # which PostgreSQL does not even take in a comparison
    statement = select(Platform).where(Platform.issuer == issuer)
    if client_id:
        found = session.scalars(statement.where(Platform.client_id == client_id)).one_or_none()
        if found is not None:
            return found
    known = session.scalars(statement.limit(2)).all()
    if not known:
        raise errors.UnknownPlatformError(issuer[:200])
    if client_id:
        raise errors.UnknownClientError(client_id[:200])
    if len(known) > 1:
        raise errors.AmbiguousClientError
    return known[0]


def begin(request: LoginRequest, *, binding: str, binding_hash: str, opener_hash: str = "") -> str:
    """Make a state bound to the browser and return the LMS's address to go on to.

    Args:
        binding: how the browser is bound, `cookie` or `tab`.
        binding_hash: hash of its cookie.
        opener_hash: hash of the secret that the page holds which opens the tab.
    """
    nonce = new_token()
    hashes = {"nonce_hash": hash_token(nonce), "binding_hash": binding_hash, "opener_hash": opener_hash}
    return go_on(request, new_state(request.platform.id, hashes, utc_now()), nonce, binding=binding)


def state_in_storage(platform_id: UUID, nonce: str) -> str:
    """Return a state that no cookie is bound to: who finishes its launch shows the secret that `nonce` is made of."""
    return new_state(platform_id, {"nonce_hash": hash_token(nonce), "binding_hash": "", "opener_hash": ""}, utc_now())


def go_on(request: LoginRequest, state: str, nonce: str, *, binding: str) -> str:
    """Return the LMS's address to go on to, and keep in mind that the login has left for it."""
    lost_logins().began(hash_token(state), request.platform.id, binding)
    return _authentication_url(request, state, nonce)


def _authentication_url(request: LoginRequest, state: str, nonce: str) -> str:
    own = {"login_hint": request.login_hint, "state": state, "nonce": nonce}
    if request.message_hint is not None:
        own["lti_message_hint"] = request.message_hint
    return f"{_asking(request.platform.auth_login_url, request.platform.client_id, redirect_uri())}&{encode(own)}"


@lru_cache(maxsize=256)
def _asking(auth_login_url: str, client_id: str, back_to: str) -> str:
    """Return the part of an authentication request that is the same for every login of a platform."""
    query = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": client_id,
        "redirect_uri": back_to,
    }
    url = urldefrag(auth_login_url).url
    return f"{url}{'&' if '?' in url else '?'}{encode(query)}"


def encode(parameters: Mapping[str, str]) -> str:
    """Return a query string that decodes to the very bytes that `parameters()` read."""
    return urlencode(parameters, quote_via=quote, safe="", errors="surrogateescape")
