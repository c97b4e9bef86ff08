"""The two documents of LTI Dynamic Registration 1.0: what a platform says of itself, and what we ask it for."""

from collections.abc import Collection, Mapping
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, ValidationError

from passback.errors import PassbackError, Side
from passback.lti.claims import text
from passback.lti.message import DATA_PRIVACY_NAMES, DEEP_LINKING, HISTORIES, RESOURCE_LINK, SUBMISSION_REVIEW
from passback.lti.platforms import ALGORITHMS, PlatformDetails, check_details, hosts_of
from passback.lti.profiles import profile_for
from passback.lti.services import OFFERED_SCOPES, WANTED_SCOPES
from passback.outbound import OutboundRefusedError, authority
from passback.plugin import JsonObject, LmsProfile

PLATFORM_CONFIGURATION = "https://purl.imsglobal.org/spec/lti-platform-configuration"
TOOL_CONFIGURATION = "https://purl.imsglobal.org/spec/lti-tool-configuration"
ISSUED_BY_LMS = frozenset(
    {"registration_client_uri", "registration_access_token", "client_secret_expires_at", "client_id_issued_at"}
)
MAX_NAME = 200
CLIENT_NAME = "Passback"
DESCRIPTION = "Packaged courses with every result in the gradebook."
CLAIMS = ("iss", "sub", "name", "given_name", "family_name", "email")


class ConfigurationError(PassbackError):
    """The LMS's configuration is not one that Passback can register with."""

    code = "configuration_invalid"
    status = 502
    side = Side.LMS
    advice = (
        "Check that the LMS offers LTI Advantage Dynamic Registration; else add it by hand: passback platforms add."
    )


class IssuerMismatchError(ConfigurationError):
    """The LMS's configuration names an issuer on another host than its own, so it may not be what it says it is."""

    code = "issuer_mismatch"
    advice = "Check the LMS's own address (in Moodle: wwwroot): it must be the host that people use."


class ForeignEndpointError(ConfigurationError):
    """The LMS's configuration sends the registration to another host, which could misuse it."""

    code = "foreign_endpoint"
    advice = "Add the LMS by hand instead: passback platforms add."


def _texts(value: object) -> object:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _text(value: object) -> object:
    return value if isinstance(value, str) else ""


def _objects(value: object) -> object:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


Texts = Annotated[list[str], BeforeValidator(_texts)]
Text = Annotated[str, BeforeValidator(_text)]


class SupportedMessage(BaseModel):
    """A message the platform can send and where it offers it."""

    type: Text = ""
    placements: Texts = []


class PlatformPart(BaseModel):
    """`lti-platform-configuration`, with what a product says there beyond the standard."""

    model_config = ConfigDict(extra="allow")

    product_family_code: Text = ""
    version: Text = ""
    variables: Texts = []
    messages_supported: Annotated[list[SupportedMessage], BeforeValidator(_objects)] = []


class Configuration(BaseModel):
    """A platform's openid-configuration: what is needed is strict, the rest is taken as it comes."""

    model_config = ConfigDict(extra="ignore")

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    registration_endpoint: str
    authorization_server: Text = ""
    scopes_supported: Texts = []
    id_token_signing_alg_values_supported: Texts = []
    platform: PlatformPart = Field(default_factory=PlatformPart, alias=PLATFORM_CONFIGURATION)

    def approved_hosts(self, configuration_url: str) -> set[str]:
        """Return the hosts an approval of this platform covers: its own, not whatever it names.

        The endpoints may be anywhere public; private addresses only on the host that was approved, so that nobody
        who may register an LMS reaches our own network through it.
        """
        own = urlsplit(configuration_url).hostname or ""
        urls = (self.authorization_endpoint, self.token_endpoint, self.jwks_uri, self.registration_endpoint)
        return hosts_of([configuration_url, *(url for url in urls if related(urlsplit(url).hostname or "", own))])


def read_configuration(body: JsonValue, configuration_url: str, profiles: Mapping[str, LmsProfile]) -> Configuration:
    """Check a platform's configuration against the address it came from.

    Raises:
        ConfigurationError: something needed is missing.
        IssuerMismatchError: the issuer is not that host's (LTI Dynamic Registration 1.0 §3.5.1).
        ForeignEndpointError: the registration would go to another host.
    """
    try:
        found = Configuration.model_validate(body)
    except ValidationError as error:
        fields = ", ".join(sorted({str(one["loc"][0]) for one in error.errors() if one["loc"]}))
        raise ConfigurationError(f"missing or not text: {fields}" if fields else "not an object") from error
    for url in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri, found.registration_endpoint):
        try:
            authority(url)
        except OutboundRefusedError as error:
            raise ConfigurationError("an endpoint is not an http or https URL") from error
    own = urlsplit(configuration_url).hostname or ""
    profile = profile_for(profiles, found.platform.product_family_code)
    # Self-hosted Canvas often keeps the cloud's issuer; its client ids and keys are its own.
    if found.issuer not in profile.shared_issuers and not related(urlsplit(found.issuer).hostname or "", own):
        raise IssuerMismatchError
    if not related(urlsplit(found.registration_endpoint).hostname or "", own):
        raise ForeignEndpointError
    return found


def institution_name(configuration: Configuration, profiles: Mapping[str, LmsProfile]) -> str:
    """Return what the LMS calls its institution, "" where it does not say: Canvas's cloud has one host for all."""
    claim = profile_for(profiles, configuration.platform.product_family_code, configuration.issuer).institution_claim
    said = (configuration.platform.model_extra or {}).get(claim) if claim else None
    return text(said, MAX_NAME)


def related(host: str, own: str) -> bool:
    """Say whether two host names are the same or one is below the other."""
    host, own = host.lower().rstrip("."), own.lower().rstrip(".")
    if not host or not own:
        return False
    return host == own or host.endswith(f".{own}") or (own.endswith(f".{host}") and "." in host)


def tool_registration(url: str, configuration: Configuration, profiles: Mapping[str, LmsProfile]) -> JsonObject:
    """Return the registration we ask for.

    Args:
        url: the tool's own, `PASSBACK_URL`.
    """
    profile = profile_for(profiles, configuration.platform.product_family_code, configuration.issuer)
    launch = f"{url}/lti/launch"
    return {
        "application_type": "web",
        "response_types": ["id_token"],
        "grant_types": ["client_credentials", "implicit"],
        "initiate_login_uri": f"{url}/lti/login",
        # Exactly one: LMSs compare it byte for byte, and what to open travels in claims.
        "redirect_uris": [launch],
        "client_name": CLIENT_NAME,
        "jwks_uri": f"{url}/lti/jwks",
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": " ".join(wanted_scopes(configuration.scopes_supported)),  # Moodle answers 404 to a list
        TOOL_CONFIGURATION: {
            "domain": authority(url),  # with its port: Moodle compares it with the target's
            "description": DESCRIPTION,
            "target_link_uri": launch,
            "custom_parameters": _histories(configuration),
            "claims": list(CLAIMS),  # without them Moodle sends neither name nor address
            "messages": [
                _resource_link(configuration, profile, launch),
                _deep_linking(configuration, profile, launch),
                *_offered_only(configuration, launch),
            ],
            **profile.registration_extras,
        },
    }


def wanted_scopes(supported: Collection[str]) -> list[str]:
    """Return the scopes to ask for: those of ours that the platform says it has, all where it says nothing."""
    wanted = [scope for scope in WANTED_SCOPES if not supported or scope in supported]
    return [*wanted, *(scope for scope in OFFERED_SCOPES if scope in supported)]


def _histories(configuration: Configuration) -> JsonObject:
    """Ask for the variables that say what a copy was made of, where the platform says that it knows them."""
    known = {one.removeprefix("$") for one in configuration.platform.variables}
    return {name: f"${variable}" for name, variable in HISTORIES.items() if variable in known}


def _offered_only(configuration: Configuration, launch: str) -> list[JsonValue]:
    """Ask for further messages where the platform says that it sends them; Canvas refuses those it does not know."""
    offered = {one.type for one in configuration.platform.messages_supported}
    wanted = (SUBMISSION_REVIEW, *DATA_PRIVACY_NAMES)
    return [{"type": kind, "target_link_uri": launch} for kind in wanted if kind in offered]


def _resource_link(configuration: Configuration, profile: LmsProfile, launch: str) -> JsonObject:
    message: JsonObject = {"type": RESOURCE_LINK, "target_link_uri": launch}
    placements = _offered(configuration, RESOURCE_LINK, profile.link_placements)
    if not placements:
        return message
    return {**message, "label": CLIENT_NAME, "placements": placements, **profile.link_extras}


def _deep_linking(configuration: Configuration, profile: LmsProfile, launch: str) -> JsonObject:
    message: JsonObject = {"type": DEEP_LINKING, "target_link_uri": launch, "label": CLIENT_NAME}
    placements = _offered(configuration, DEEP_LINKING, profile.placements)
    return {**message, "placements": placements} if placements else message


def _offered(configuration: Configuration, message_type: str, wanted: Collection[str]) -> list[JsonValue]:
    """Return those of the placements that the LMS lists for a message: others are refused (Canvas: 422)."""
    offered = {
        placement
        for one in configuration.platform.messages_supported
        if one.type == message_type
        for placement in one.placements
    }
    return [one for one in wanted if one in offered]


def details_of(configuration: Configuration, answer: JsonValue, *, name: str) -> tuple[PlatformDetails, str]:
    """Return the platform and its deployment id ("" where the answer has none) from the answer to a registration.

    Raises:
        ConfigurationError: the answer has no client id.
    """
    client_id = answer.get("client_id") if isinstance(answer, dict) else None
    if not isinstance(client_id, (str, int)) or not isinstance(answer, dict) or not str(client_id):
        raise ConfigurationError("the answer to the registration has no client_id")
    tool = answer.get(TOOL_CONFIGURATION)
    inside = tool.get("deployment_id") if isinstance(tool, dict) else None
    deployment = inside if inside is not None else answer.get("deployment_id")  # Canvas names it beside, not inside
    algorithms = tuple(one for one in ALGORITHMS if one in configuration.id_token_signing_alg_values_supported)
    details = PlatformDetails(
        issuer=configuration.issuer,
        client_id=str(client_id),
        auth_login_url=configuration.authorization_endpoint,
        token_url=configuration.token_endpoint,
        jwks_url=configuration.jwks_uri,
        name=name,
        product=configuration.platform.product_family_code,
        version=configuration.platform.version,
        token_audience=_audience(configuration.authorization_server),
        algorithms=algorithms or ("RS256",),
    )
    check_details(details)
    return details, str(deployment) if isinstance(deployment, (str, int)) else ""


def management_of(answer: JsonValue, configuration_url: str) -> tuple[str, str]:
    """Return where and with which token our registration can be changed (RFC 7592 §3), "" twice where it cannot.

    An address on another host than the LMS's own is left alone: the token would go there.
    """
    uri = answer.get("registration_client_uri") if isinstance(answer, dict) else None
    token = answer.get("registration_access_token") if isinstance(answer, dict) else None
    if not isinstance(uri, str) or not isinstance(token, str) or not token.isascii() or not token.isprintable():
        return "", ""
    try:
        authority(uri)
    except OutboundRefusedError:
        return "", ""
    own = urlsplit(configuration_url).hostname or ""
    return (uri, token) if related(urlsplit(uri).hostname or "", own) else ("", "")


def changed_registration(current: JsonObject, asked: JsonObject, client_id: str) -> JsonObject:
    """Return the registration to put in the place of `current`: ours, with what only the LMS knows left as it is.

    Everything has to be sent, and nothing of what belongs to the LMS (RFC 7592 §2.2).
    """
    tool, ours = current.get(TOOL_CONFIGURATION), asked[TOOL_CONFIGURATION]
    merged = {**(tool if isinstance(tool, dict) else {}), **(ours if isinstance(ours, dict) else {})}
    kept = {name: value for name, value in current.items() if name not in ISSUED_BY_LMS}
    return {**kept, **asked, TOOL_CONFIGURATION: merged, "client_id": client_id}


def _audience(authorization_server: str) -> str:
    """Return the `aud` of client assertions that an LMS names, "" for its token endpoint.

    Brightspace names an address. Canvas names its bare host (`canvas.instructure.com`), and its token endpoint takes
    no other audience than itself.
    """
    try:
        authority(authorization_server)
    except OutboundRefusedError:
        return ""
    return authorization_server
