"""The tools' public keys: fetched when needed, fetched again when a kid is new; what they sign is taken once."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import requests
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import JsonValue, TypeAdapter

from passback.sandbox.core import Core
from passback.sandbox.model import JsonObject, Tool

Fetch = Callable[[str], bytes]
_OBJECT: TypeAdapter[JsonObject] = TypeAdapter(JsonObject)


class ToolKeyError(Exception):
    """What a tool signed does not verify with the keys it publishes."""


@dataclass
class ToolKeys:
    """Verifies what tools sign.

    Args:
        fetch: returns the body at a URL; None asks over HTTP. Tests hand in one that asks an app in this process.
    """

    core: Core
    fetch: Fetch | None = None
    cached: dict[str, KeySet] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def verify(self, tool: Tool, token: str) -> JsonObject:
        """Return the claims of a token that `tool` signed with RS256 and a published kid.

        Raises:
            ToolKeyError: no kid, another algorithm, an unknown kid even after a fresh fetch, a wrong signature.
        """
        header = _header(token)
        kid = header.get("kid")
        if not isinstance(kid, str) or not kid:
            raise ToolKeyError('"kid" empty, unable to lookup correct key')
        if header.get("alg") != "RS256":
            raise ToolKeyError("alg must be RS256")
        keys = self.cached.get(tool.id)
        if keys is None or kid not in {key.kid for key in keys}:
            keys = self.cached[tool.id] = self._load(tool)
        if kid not in {key.kid for key in keys}:
            raise ToolKeyError('"kid" invalid, unable to lookup correct key')
        try:
            return _OBJECT.validate_json(jws.deserialize_compact(token, keys, algorithms=["RS256"]).payload)
        except (JoseError, ValueError) as error:
            raise ToolKeyError("the signature does not verify") from error

    def first_use(self, what: str) -> bool:
        """Note that a nonce or token id is used; False: it was used before."""
        with self.core.read():
            fresh = what not in self.seen
            self.seen.add(what)
        return fresh

    def _load(self, tool: Tool) -> KeySet:
        try:
            body = (self.fetch or self._get)(tool.jwks_uri)
            return KeySet.import_key_set(json.loads(body))
        except (requests.RequestException, OSError, ValueError, TypeError, KeyError, JoseError) as error:
            raise ToolKeyError(f"the tool's JWKS at {tool.jwks_uri} cannot be read") from error

    def _get(self, url: str) -> bytes:
        answer = requests.get(url, timeout=self.core.config.fetch_seconds, headers={"User-Agent": "PracticeLMS/1.0"})
        answer.raise_for_status()
        return answer.content


def _header(token: str) -> JsonObject:
    try:
        header: JsonValue = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError) as error:
        raise ToolKeyError("this is no JWT") from error
    return header if isinstance(header, dict) else {}
