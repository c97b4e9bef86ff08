"""A signed token of a platform: read first, believed only after its signature holds. Launches and notices share it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from pydantic import JsonValue

from passback.lti import errors
from passback.lti.models import Platform
from passback.lti.platform_keys import PlatformKeys

MAX_TOKEN = 100_000


class _Registry(jws.JWSRegistry):
    max_header_length = 16_000  # a platform may put its whole x5c chain there


_REGISTRY = _Registry(
    strict_check_header=False,
    algorithms=["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"],
)
"""What a registration may agree on; which of them holds is the platform's `algorithms`. Never `none`, never HMAC."""


@dataclass(frozen=True)
class SignedToken:
    """A token in its parts; to be believed only after `check_signature`."""

    header: Mapping[str, Any]
    claims: Mapping[str, JsonValue]
    compact: jws.CompactSignature = field(repr=False)


def read_signed(token: str) -> SignedToken:
    """Return a token's parts: three, two of them JSON objects, and no `crit`.

    Raises:
        TokenMalformedError: it is none.
    """
    try:
        compact = jws.extract_compact(token[: MAX_TOKEN + 1].encode(), None, _REGISTRY)
        body = json.loads(compact.payload)
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise errors.TokenMalformedError(type(error).__name__) from error
    header = compact.headers()
    if len(token) > MAX_TOKEN or not isinstance(body, dict) or "crit" in header or "b64" in header:
        raise errors.TokenMalformedError
    return SignedToken(header, body, compact)


def check_signature(token: SignedToken, platform: Platform, keys: PlatformKeys) -> None:
    """A published key of the platform signed it, in an agreed way.

    Raises:
        LaunchRefusedError: the subclass says what does not hold.
    """
    algorithm, kid = token.header.get("alg"), token.header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in platform.algorithms:
        raise errors.TokenAlgorithmError(str(algorithm)[:20])
    if not isinstance(kid, str) or not kid:
        raise errors.KeyIdMissingError
    found = keys.find(platform.jwks_url, kid, algorithm, approved_hosts=platform.approved_hosts)
    if not any(_verifies(token.compact, key, algorithm) for key in found):
        raise errors.SignatureError


def _verifies(compact: jws.CompactSignature, key: Any, algorithm: str) -> bool:
    try:
        return jws.validate_compact(compact, key, [algorithm], _REGISTRY)
    except (JoseError, ValueError):
        return False
