"""The token endpoint: a signed client assertion for an access token, checked like Moodle's."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from joserfc import jws
from joserfc.errors import JoseError
from pydantic import JsonValue

from passback.sandbox.core import Core
from passback.sandbox.model import JsonObject
from passback.sandbox.toolkeys import ToolKeyError, ToolKeys
from passback.sandbox.tools import Tools

GRANT = "client_credentials"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME = timedelta(hours=1)


class TokenRefusedError(Exception):
    """No token: an OAuth `error` with a description, status 400."""

    def __init__(self, error: str, description: str = "") -> None:
        super().__init__(f"{error} {description}")
        self.error = error
        self.description = description


@dataclass(frozen=True)
class AccessToken:
    """What an access token allows until when."""

    tool_id: str
    scopes: frozenset[str]
    expires: datetime


@dataclass
class Tokens:
    """Gives out access tokens and knows what each allows. `lifetime` may be shortened by tests."""

    core: Core
    tools: Tools
    tool_keys: ToolKeys
    lifetime: timedelta = LIFETIME
    given: dict[str, AccessToken] = field(default_factory=dict)

    def issue(self, form: Mapping[str, str]) -> JsonObject:
        """Answer a token request.

        Raises:
            TokenRefusedError: the assertion does not hold or nothing that was asked for is granted.
        """
        if form.get("grant_type") != GRANT or form.get("client_assertion_type") != ASSERTION:
            raise TokenRefusedError("unsupported_grant_type")
        if not form.get("client_assertion") or not form.get("scope"):
            raise TokenRefusedError("invalid_request")
        claims = self._verify(form["client_assertion"])
        tool = self.tools.by_client(str(claims["sub"]))
        if tool is None or not self.tools.may_work(tool):
            raise TokenRefusedError("unauthorized_client")
        asked = form["scope"].split()
        granted = [scope for scope in asked if scope in tool.scopes]
        if not granted or (self.core.profile.refuse_foreign_scopes and len(granted) < len(asked)):
            raise TokenRefusedError("invalid_scope")
        token = secrets.token_hex(16)
        expires = self.core.clock.now() + self.lifetime
        with self.core.read():
            self.given[token] = AccessToken(tool.id, frozenset(granted), expires)
        seconds = int(self.lifetime.total_seconds())
        return {"access_token": token, "token_type": "Bearer", "expires_in": seconds, "scope": " ".join(granted)}

    def check(self, token: str) -> AccessToken | None:
        """Return what `token` allows now; None: it is unknown or over."""
        with self.core.read():
            given = self.given.get(token)
        return given if given and given.expires > self.core.clock.now() else None

    def revoke_all(self) -> None:
        """Forget every token."""
        with self.core.read():
            self.given.clear()

    def _verify(self, assertion: str) -> JsonObject:
        claims = _unverified(assertion)
        tool = self.tools.by_client(str(claims.get("sub", "")))
        if tool is None or claims.get("iss", tool.client_id) != tool.client_id:
            raise TokenRefusedError("unauthorized_client")
        try:
            self.tool_keys.verify(tool, assertion)
        except ToolKeyError as error:
            raise TokenRefusedError("invalid_request", str(error)) from error
        now = self.core.clock.timestamp()
        issued, expires = claims.get("iat"), claims.get("exp")
        if not _is_number(issued) or not _is_number(expires):
            raise TokenRefusedError("invalid_request", "iat and exp are required")
        if float(issued) > now:  # type: ignore[arg-type]
            raise TokenRefusedError("invalid_request", f"Cannot handle token prior to {issued}")
        if float(expires) <= now:  # type: ignore[arg-type]
            raise TokenRefusedError("invalid_request", "Expired token")
        audience = claims.get("aud")
        fixed = self.core.profile.token_audience
        wanted = {fixed} if fixed else {self.core.url("/lti/token"), self.core.issuer}
        if not wanted & set(map(str, audience if isinstance(audience, list) else [audience])):
            raise TokenRefusedError("invalid_request", "aud is not this token endpoint")
        self._use_once(claims)
        return claims

    def _use_once(self, claims: JsonObject) -> None:
        used = claims.get("jti")
        if not isinstance(used, str) or not used:
            raise TokenRefusedError("invalid_request", "jti is required")
        if not self.tool_keys.first_use(f"assertion {claims['sub']} {used}"):
            raise TokenRefusedError("invalid_request", "jti was used before")


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _unverified(token: str) -> JsonObject:
    try:
        claims: JsonValue = json.loads(jws.extract_compact(token.encode()).payload)
    except (JoseError, ValueError) as error:
        raise TokenRefusedError("invalid_request", "the assertion is no JWT") from error
    if not isinstance(claims, dict):
        raise TokenRefusedError("invalid_request", "the assertion has no claims")
    return claims
