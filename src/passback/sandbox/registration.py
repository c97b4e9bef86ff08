"""Discovery and Dynamic Registration, as strict as the product that is played; by default as Moodle."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import JsonValue, TypeAdapter, ValidationError

from passback.sandbox.core import Core
from passback.sandbox.custom import custom_from_json
from passback.sandbox.keys import KeyRing, sign
from passback.sandbox.model import JsonObject, Tool
from passback.sandbox.profiles import RegistrationRules
from passback.sandbox.tools import Tools, new_client_id
from passback.sandbox.vocabulary import (
    ALL_SCOPES,
    DEEP_LINKING_REQUEST,
    MEMBERS_READ,
    PLATFORM_CONFIGURATION,
    SCOPES,
    TOOL_CONFIGURATION,
)

TOKEN_SECONDS = 3600
REQUIRED = ("initiate_login_uri", "redirect_uris", "client_name", "jwks_uri", "token_endpoint_auth_method")
_OBJECT: TypeAdapter[JsonObject] = TypeAdapter(JsonObject)


VARIABLES = ("User.id", "User.username", "Person.name.full", "Context.id", "ResourceLink.id")
HISTORIES = ("Context.id.history", "ResourceLink.id.history")
IN_ADDRESS = "registration"
"""Query parameter that carries the token where it is part of the addresses."""


class RegistrationRefusedError(Exception):
    """A registration is refused with `status` and a plain text reason; 404 shows the LMS's error page."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass
class Registration:
    """Takes tools in. What they ask for is granted as far as this LMS has it; they stay pending until activated."""

    core: Core
    keys: KeyRing
    tools: Tools

    @property
    def scopes(self) -> tuple[str, ...]:
        """What this LMS has to grant."""
        return ALL_SCOPES if self.core.profile.notices else SCOPES

    @property
    def rules(self) -> RegistrationRules:
        """How this LMS does it.

        Raises:
            RegistrationRefusedError: 404, it does not.
        """
        if self.core.profile.registration is None:
            raise RegistrationRefusedError(404, "this LMS has no Dynamic Registration")
        return self.core.profile.registration

    def discover(self, authorization: str, in_address: str) -> JsonObject:
        """Return the openid-configuration to somebody who asks for it by HTTP.

        Args:
            authorization: the Authorization header.
            in_address: the token that came with the address, "" where none did.

        Raises:
            RegistrationRefusedError: there is none, or it is not shown without the registration's token.
        """
        rules = self.rules
        if rules.discovery_needs_token:
            self._verify(authorization)
        return self.configuration(in_address if rules.token_in_address else "")

    def configuration(self, in_address: str = "") -> JsonObject:
        """Return the openid-configuration."""
        profile, url, rules = self.core.profile, self.core.url, self.rules
        platform: JsonObject = {
            "product_family_code": profile.product_family_code,
            "version": profile.version,
            "messages_supported": [
                {"type": kind, **({"placements": [*places]} if places else {})}
                for kind, places in rules.placements.items()
            ],
            "variables": [*VARIABLES, *(HISTORIES if profile.notices else ())],
            **rules.extras,
        }
        named: JsonObject = {"authorization_server": profile.named_audience} if profile.named_audience else {}
        return {
            "issuer": self.core.issuer,
            "token_endpoint": url("/lti/token"),
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
            "jwks_uri": url("/lti/jwks"),
            "authorization_endpoint": f"{self.core.auth_origin}/lti/auth",
            "registration_endpoint": url("/lti/register", **({IN_ADDRESS: in_address} if in_address else {})),
            "scopes_supported": ["openid", *self.scopes],
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public", "pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "claims_supported": ["sub", "iss", "name", "given_name", "family_name", "email"],
            **named,
            PLATFORM_CONFIGURATION: platform,
        }

    def start(self, tool_url: str, *, update: str = "") -> str:
        """Return the tool's registration URL with `openid_configuration` and a single-use `registration_token`.

        Args:
            tool_url: as the tool gave it; its own query stays.
            update: the id of a tool that is to be registered again, keeping client id and deployment.
        """
        parts, token = urlsplit(tool_url), self.token(update)
        path = "/.well-known/openid-configuration"
        if self.rules.token_in_address:
            added = {"openid_configuration": self.core.url(path, **{IN_ADDRESS: token})}
        else:
            twice = {"registration_token": token} if self.rules.token_twice else {}
            added = {"openid_configuration": self.core.url(path, **twice), "registration_token": token}
        query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *added.items()])
        return urlunsplit(parts._replace(query=query, fragment=""))

    def token(self, update: str = "") -> str:
        """Return a registration token for an hour and one use."""
        now = self.core.clock.timestamp()
        claims: JsonObject = {
            "sub": update or new_client_id(),
            "scope": "reg-update" if update else "reg",
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "jti": secrets.token_hex(8),
        }
        return sign(claims, self.keys.current())

    def register(self, authorization: str, body: bytes, in_address: str = "") -> JsonObject:
        """Take a registration in and return the answer to it.

        Args:
            authorization: the Authorization header.
            body: the request's body; its Content-Type does not matter.
            in_address: the token that came with the address, "" where none did.

        Raises:
            RegistrationRefusedError: with the status and text Moodle would answer.
        """
        token = self._verify(f"Bearer {in_address}" if self.rules.token_in_address and in_address else authorization)
        asked = _parse(body)
        if self.rules.validates:
            validate(asked, self.rules.placements)
        with self.core.change() as state:
            if str(token["jti"]) in state.used_registrations:
                raise RegistrationRefusedError(401, "token_already_used")
            fields = _tool_fields(asked)
            self._refuse_second(str(fields["domain"]), str(token["sub"]))
            state.used_registrations.append(str(token["jti"]))
            subject = str(token["sub"])
            if token["scope"] == "reg-update":
                if subject not in state.tools:
                    raise RegistrationRefusedError(404, "no such tool")
                tool = self.tools.change(subject, **fields)
            else:
                tool = self.tools.add(**fields, client_id=subject, active=False)  # type: ignore[arg-type]
        return self._answer(tool, asked)

    def managed(self, tool_id: str, authorization: str, body: bytes | None = None) -> JsonObject:
        """Return a registration to the tool it belongs to, changed first where a body says how (RFC 7592 §2).

        Raises:
            RegistrationRefusedError: 401 without the tool's own token, else as `register`.
        """
        tool = self.tools.get(tool_id)
        if tool is None or not tool.management_token or authorization != f"Bearer {tool.management_token}":
            raise RegistrationRefusedError(401, "invalid_token")
        if body is None:
            return self._managed(tool, tool.registered)
        asked = _parse(body)
        if asked.get("client_id") != tool.client_id:
            raise RegistrationRefusedError(400, "client_id must be the registration's own")
        if {"registration_access_token", "registration_client_uri"} & set(asked):
            raise RegistrationRefusedError(400, "the registration's own address and token cannot be changed")
        return self._answer(self.tools.change(tool_id, **_tool_fields(asked)), asked)

    def _answer(self, tool: Tool, asked: JsonObject) -> JsonObject:
        answer = _answer(tool, asked, deployment=self.rules.deployment)
        if not self.rules.managed:
            return answer
        # A fresh token each time, as RFC 7592 §3 allows: whoever keeps the old one is locked out.
        fresh = self.tools.change(tool.id, registered=answer, management_token=secrets.token_urlsafe(24))
        return self._managed(fresh, answer)

    def _managed(self, tool: Tool, answer: JsonObject) -> JsonObject:
        own = self.core.url(f"/lti/register/{tool.id}")
        return {**answer, "registration_client_uri": own, "registration_access_token": tool.management_token}

    def _refuse_second(self, domain: str, subject: str) -> None:
        same = [one for one in self.tools.all() if one.domain == domain and one.active and one.id != subject]
        if self.rules.one_domain and same:
            raise RegistrationRefusedError(400, "the domain is used by another registration that is enabled")

    def _verify(self, authorization: str) -> JsonObject:
        if not authorization.startswith("Bearer "):
            raise RegistrationRefusedError(401, "missing_registration_token")
        try:
            keys = KeySet.import_key_set(self.keys.jwks())  # type: ignore[arg-type]
            verified = jws.deserialize_compact(authorization.removeprefix("Bearer "), keys, algorithms=["RS256"])
            token = _OBJECT.validate_json(verified.payload)
        except (JoseError, ValueError) as error:
            raise RegistrationRefusedError(404, "the registration token is not valid") from error
        expires = token.get("exp")
        if not isinstance(expires, int) or expires <= self.core.clock.timestamp():
            raise RegistrationRefusedError(404, "the registration token has expired")
        if token.get("scope") not in {"reg", "reg-update"}:
            raise RegistrationRefusedError(404, "the token is not for registration")
        return token


def _parse(body: bytes) -> JsonObject:
    try:
        return _OBJECT.validate_json(body)
    except ValidationError as error:
        raise RegistrationRefusedError(404, "the body is not a JSON object") from error


def _tool_fields(asked: JsonObject) -> dict[str, object]:
    """Return the fields of the tool, or refuse like Moodle: 400 with what is missing as plain text."""
    for name in REQUIRED:
        if not asked.get(name):
            raise RegistrationRefusedError(400, f"missing required attribute {name}")
    if "id_token" not in _texts(asked.get("response_types")):
        raise RegistrationRefusedError(400, "missing required attribute response_types")
    if asked["token_endpoint_auth_method"] != "private_key_jwt":  # noqa: S105 - a method's name
        raise RegistrationRefusedError(400, "token_endpoint_auth_method must be private_key_jwt")
    lti = asked.get(TOOL_CONFIGURATION)
    if not isinstance(lti, dict) or not lti.get("domain"):
        raise RegistrationRefusedError(400, f"missing required attribute {TOOL_CONFIGURATION} domain")
    redirect_uris = _texts(asked["redirect_uris"])
    if not redirect_uris:
        raise RegistrationRefusedError(400, "missing required attribute redirect_uris")
    scope = asked.get("scope", "")
    if not isinstance(scope, str):
        raise RegistrationRefusedError(404, "scope is not a space separated string")
    domain = str(lti["domain"])
    target = str(lti.get("target_link_uri") or f"https://{domain}")
    if urlsplit(target).netloc.removeprefix("www.") != domain.removeprefix("www."):
        raise RegistrationRefusedError(400, "domain_targetlinkuri_mismatch")
    claims = set(_texts(lti.get("claims")))
    granted = set(scope.split())
    return {
        "name": str(asked["client_name"]),
        "initiate_login_uri": str(asked["initiate_login_uri"]),
        "redirect_uris": redirect_uris,
        "jwks_uri": str(asked["jwks_uri"]),
        "target_link_uri": target,
        "scopes": [one for one in ALL_SCOPES if one in granted],
        "deep_linking_uri": _deep_linking_uri(lti),
        "custom": custom_from_json(lti.get("custom_parameters")),
        "send_name": bool(claims & {"name", "given_name", "family_name"}),
        "send_email": "email" in claims,
        "description": str(lti.get("description", "")),
        "logo_uri": str(asked.get("logo_uri", "")),
        "domain": domain,
    }


def validate(asked: JsonObject, offered: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse what this LMS does not offer, as Canvas does, whose schema has lists of what may be named.

    Raises:
        RegistrationRefusedError: 422.
    """
    scope, lti = asked.get("scope"), asked.get(TOOL_CONFIGURATION)
    unknown = [one for one in scope.split() if one not in ALL_SCOPES] if isinstance(scope, str) else ["scope"]
    messages = lti.get("messages") if isinstance(lti, dict) else None
    for message in messages if isinstance(messages, list) else [{}]:
        kind = str(message.get("type")) if isinstance(message, dict) else ""
        places = _texts(message.get("placements")) if isinstance(message, dict) else []
        unknown += [] if kind in offered else [kind or "message"]
        unknown += [one for one in places if one not in offered.get(kind, ())]
    if asked.get("grant_types") != ["client_credentials", "implicit"]:
        unknown.append("grant_types")
    if unknown:
        raise RegistrationRefusedError(422, f"not in the list of values: {', '.join(unknown)}")


def _texts(value: JsonValue) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _deep_linking_uri(lti: Mapping[str, JsonValue]) -> str:
    messages = lti.get("messages")
    for message in messages if isinstance(messages, list) else ():
        if isinstance(message, dict) and message.get("type") == DEEP_LINKING_REQUEST:
            return str(message.get("target_link_uri") or lti.get("target_link_uri") or "")
    return ""


def _answer(tool: Tool, asked: JsonObject, *, deployment: str) -> JsonObject:
    """Return the answer. Its scope lists `lineitem` even where only `score` was asked for: Moodle's own fault."""
    lti = asked[TOOL_CONFIGURATION]
    scopes = set(tool.scopes)
    if scopes - {MEMBERS_READ}:
        scopes.add(SCOPES[0])
    configuration: JsonObject = {**(lti if isinstance(lti, dict) else {}), "version": "1.3.0"}
    configuration["target_link_uri"] = tool.target_link_uri
    named: JsonObject = {"deployment_id": tool.deployments[0]}
    if deployment == "inside":
        configuration |= named
    deep_linking: JsonObject = {"type": DEEP_LINKING_REQUEST, "target_link_uri": tool.deep_linking_uri}
    configuration["messages"] = [deep_linking] if tool.deep_linking_uri else []
    return {
        "client_id": tool.client_id,
        "token_endpoint_auth_method": "private_key_jwt",
        "response_types": ["id_token"],
        "jwks_uri": tool.jwks_uri,
        "initiate_login_uri": tool.initiate_login_uri,
        "grant_types": ["client_credentials", "implicit"],
        "redirect_uris": [*tool.redirect_uris],
        "application_type": "web",
        "client_name": tool.name,
        "logo_uri": tool.logo_uri,
        "scope": " ".join(one for one in ALL_SCOPES if one in scopes),
        TOOL_CONFIGURATION: configuration,
        **(named if deployment == "beside" else {}),
    }
