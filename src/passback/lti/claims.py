"""The claims of a launch: every rule that a signed token must pass, and what is read out of it.

Rules are strict where security or identity hangs on them and raise the error that names the fault; everything else
is read leniently, because young platforms send odd shapes. Section numbers: LTI Core 1.3 and the 1EdTech Security
Framework 1.1; the `facts` of other tools' mistakes are in `tests/functional/test_bad_launches.py`.
"""

import hmac
import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from urllib.parse import urlsplit

from pydantic import JsonValue

from passback.lti import errors
from passback.lti.message import (
    DATA_PRIVACY_NAMES,
    DEEP_LINKING,
    RESOURCE_LINK,
    SUBMISSION_REVIEW,
    DeepLinkingSettings,
    View,
)
from passback.lti.review_errors import ForUserError, LineItemMissingError
from passback.lti.roles import view_of
from passback.runtime import runtime
from passback.sealing import hash_token

Claims = Mapping[str, JsonValue]

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
DEPLOYMENT_ID = LTI + "deployment_id"
MESSAGE_TYPE = LTI + "message_type"
VERSION = LTI + "version"
ROLES = LTI + "roles"
TARGET = LTI + "target_link_uri"
LINK = LTI + "resource_link"
CONTEXT = LTI + "context"
CUSTOM = LTI + "custom"
PRESENTATION = LTI + "launch_presentation"
TOOL_PLATFORM = LTI + "tool_platform"
FOR_USER = LTI + "for_user"
NOTICES = LTI + "platformnotificationservice"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
SETTINGS = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"

MESSAGES = frozenset({RESOURCE_LINK, DEEP_LINKING, SUBMISSION_REVIEW, *DATA_PRIVACY_NAMES})
LEEWAY = 60.0
"""Seconds by which the LMS's clock may differ from ours."""
OLDEST = 600.0
"""Seconds since a token was made, at most: as long as a login lives."""
LONGEST = 24 * 3600.0
"""Seconds a token may hold, at most. Platforms use a minute (Moodle) to an hour; ten years is a fault."""
MAX_ID = 255
"""Characters of an identifier (LTI Core §4.3.1: SHOULD not exceed 255 ASCII characters)."""
MAX_TEXT = 1000
MAX_URL = 4096
MAX_ITEMS = 100

_WEB_URL = re.compile(r"https?://[^/?#@\\\s\x00-\x20]+(?:[/?#][^\x00-\x20\ud800-\udfff]*)?", re.IGNORECASE)
"""Scheme, a host without a user's name, and no white space. A regular expression: a launch has half a dozen of them."""
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
"""What a JSON string may hold and a database text may not."""


def check_issuer(claims: Claims, issuer: str) -> None:
    """The issuer is the registered one, to the letter (§5.1.3 no. 2)."""
    if claims.get("iss") != issuer:
        raise errors.IssuerError


def check_audience(claims: Claims, client_id: str) -> None:
    """We are among the audience; with several, `azp` must be there; where it is, it names us (§5.1.3 no. 3 to 5)."""
    audience, party = claims.get("aud"), claims.get("azp")
    named = audience if isinstance(audience, list) else [audience]
    if client_id not in named:
        raise errors.AudienceError
    if party is not None and party != client_id:
        raise errors.AuthorizedPartyError
    if party is None and len(named) > 1:
        raise errors.AuthorizedPartyError("several audiences and no azp")


def check_times(claims: Claims, now: float) -> None:
    """`exp` and `iat` are there and enclose now, with leeway; a token is young and does not hold for long.

    Args:
        now: seconds since 1970.
    """
    expires, issued = _instant(claims, "exp"), _instant(claims, "iat")
    if now >= expires + LEEWAY:
        raise errors.ExpiredError(f"{now - expires:.0f} s ago")
    if issued > now + LEEWAY:
        raise errors.FromTheFutureError(f"{issued - now:.0f} s ahead")
    if claims.get("nbf") is not None and _instant(claims, "nbf") > now + LEEWAY:
        raise errors.FromTheFutureError("nbf")
    if now - issued > OLDEST:
        raise errors.TooOldError(f"{now - issued:.0f} s old")
    if expires - issued > LONGEST:
        raise errors.TokenLifetimeError(f"{expires - issued:.0f} s")


def _instant(claims: Claims, name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise errors.TimesMissingError(name)
    try:
        seconds = float(value)
    except OverflowError as error:
        raise errors.TimesMissingError(name) from error
    if not math.isfinite(seconds):
        raise errors.TimesMissingError(name)
    return seconds


def check_nonce(claims: Claims, nonce_hash: str) -> None:
    """The nonce is the one of this login (§5.1.3 no. 9); it is used up with the login's state."""
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not _storable(nonce) or not hmac.compare_digest(hash_token(nonce), nonce_hash):
        raise errors.NonceError


def _check_chooser(roles: Sequence[str]) -> None:
    """Refuse learners: the picker names every course and takes uploads (Canvas shows its editor's button to them).

    Without a role that we know it is the LMS's own decision to ask.
    """
    view, _may_learn, has_role = view_of(roles)
    if has_role and view is not View.STAFF:
        raise errors.DeepLinkingRoleError


def deployment_id(claims: Claims) -> str:
    """Return the deployment's id (§5.3.3)."""
    return _identifier(claims.get(DEPLOYMENT_ID), errors.DeploymentMissingError)


def check_message(claims: Claims, tool_url: str) -> None:
    """Version, type, roles, target and what the type requires (LTI Core §5.3, Deep Linking §4.4).

    Args:
        tool_url: our own address; a target on a host that is not and was not ours (`former_urls`) is somebody else's.
    """
    if claims.get(VERSION) != "1.3.0":
        raise errors.VersionError(_shown(claims.get(VERSION)))
    kind = claims.get(MESSAGE_TYPE)
    if not isinstance(kind, str) or kind not in MESSAGES:
        raise errors.MessageTypeError(_shown(kind))
    roles = claims.get(ROLES)
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise errors.RolesError
    subject(claims)
    _check_target(claims.get(TARGET), tool_url)
    if kind == RESOURCE_LINK:
        link_id(claims)
    elif kind == DEEP_LINKING:
        deep_linking(claims)
        _check_chooser(strings(roles))
    elif kind == SUBMISSION_REVIEW:
        _check_review(claims)
    else:
        for_user(claims)


def _check_review(claims: Claims) -> None:
    """Whose work, and of which column (LTI Submission Review 1.0); the link itself may be left out."""
    if not for_user(claims):
        raise ForUserError
    if not web_url(section(claims, AGS).get("lineitem")):
        raise LineItemMissingError
    if LINK in claims:
        link_id(claims)


def _check_target(target: JsonValue, tool_url: str) -> None:
    if not isinstance(target, str) or not target.strip():
        raise errors.TargetError
    # The former addresses are only asked for where the target is not plainly ours.
    if _host(target) != _host(tool_url) and _host(target) not in map(_host, runtime().settings.former_urls):
        raise errors.ForeignTargetError(_shown(target, 200))


@lru_cache(maxsize=256)
def _host(url: str) -> str:
    """Return host and port; http and https count as one, since a proxy in front may turn one into the other."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    return f"{parts.hostname}:{port}" if port not in {None, 80, 443} else parts.hostname or ""


def subject(claims: Claims) -> str:
    """Return the person's key (§5.3.6). Without one nothing can be recorded.

    Raises:
        SubjectMissingError: an anonymous launch.
        SubjectError: no string, or above 255 characters.
    """
    value = claims.get("sub")
    if value is None or (isinstance(value, str) and not value.strip()):
        raise errors.SubjectMissingError
    if not isinstance(value, str) or len(value) > MAX_ID or not _storable(value):
        raise errors.SubjectError
    return value


def link_id(claims: Claims) -> str:
    """Return the resource link's id (§5.3.5): stable and unique within its deployment."""
    return _identifier(section(claims, LINK).get("id"), errors.ResourceLinkError)


def for_user(claims: Claims) -> str:
    """Return the key of the person whom the message is about, "" where it names nobody.

    `user_id` in submission review; `id` in the first drafts of data privacy launches, which platforms still send.

    Raises:
        ForUserError: it is there and cannot be one.
    """
    about = section(claims, FOR_USER)
    value = about.get("user_id", about.get("id"))
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > MAX_ID or not value.strip() or not _storable(value):
        raise ForUserError
    return value


def deep_linking(claims: Claims) -> DeepLinkingSettings:
    """Return what the platform accepts.

    Raises:
        DeepLinkingError: there is no return URL to answer to.
        DeepLinkingTypeError: it takes no launchable links.
    """
    settings = section(claims, SETTINGS)
    return_url = web_url(settings.get("deep_link_return_url"))
    if not return_url:
        raise errors.DeepLinkingError
    types = strings(settings.get("accept_types"))
    if "ltiResourceLink" not in types:
        raise errors.DeepLinkingTypeError(_shown(", ".join(types)))
    data = settings.get("data")
    return DeepLinkingSettings(
        return_url=return_url,
        accept_types=types,
        accept_targets=strings(settings.get("accept_presentation_document_targets")),
        accept_multiple=flag(settings.get("accept_multiple"), default=False),
        accept_line_item=flag(settings.get("accept_lineitem"), default=True),
        auto_create=flag(settings.get("auto_create"), default=False),
        data=data if isinstance(data, str) else None,
        title=text(settings.get("title")),
        text=text(settings.get("text")),
    )


def section(claims: Claims, name: str) -> Claims:
    """Return a claim that is an object; null, missing or another shape is an empty one."""
    value = claims.get(name)
    return value if isinstance(value, dict) else {}


def text(value: JsonValue, limit: int = MAX_TEXT) -> str:
    """Return a text for people: trimmed, without what a database cannot hold, at most `limit` characters."""
    return _UNSTORABLE.sub("", value).strip()[:limit] if isinstance(value, str) else ""


def strings(value: JsonValue) -> tuple[str, ...]:
    """Return the strings of a list, at most 100; one string alone is a list of one."""
    listed = value if isinstance(value, list) else [value]
    return tuple(one for one in listed[:MAX_ITEMS] if isinstance(one, str) and _storable(one))


def flag(value: JsonValue, *, default: bool) -> bool:
    """Return a truth value; some platforms write it as a word."""
    if isinstance(value, str):
        return value.strip().lower() == "true"
    return value if isinstance(value, bool) else default


def web_url(value: JsonValue) -> str:
    """Return an http or https URL, "" for anything else (`javascript:` above all)."""
    return value if isinstance(value, str) and len(value) <= MAX_URL and _WEB_URL.fullmatch(value) else ""


def custom(claims: Claims) -> dict[str, str]:
    """Return the custom parameters, names and values as text."""
    found = list(section(claims, CUSTOM).items())[:MAX_ITEMS]
    return {
        text(name): text(value, MAX_URL) if isinstance(value, str) else str(value)[:MAX_TEXT] for name, value in found
    }


def _identifier(value: JsonValue, missing: type[errors.LaunchRefusedError]) -> str:
    if not isinstance(value, str) or not value.strip():
        raise missing
    if len(value) > MAX_ID or not _storable(value):
        raise errors.ClaimShapeError(f"identifier of {len(value)} characters")
    return value


def _storable(value: str) -> bool:
    return _UNSTORABLE.search(value) is None


def _shown(value: JsonValue, limit: int = 60) -> str:
    return text(value, limit) if isinstance(value, str) else type(value).__name__
