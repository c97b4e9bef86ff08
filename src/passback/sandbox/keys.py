"""The LMS's own key pairs, and signing with them or, for tests, with anything else."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from functools import lru_cache
from typing import cast

from joserfc import jws
from joserfc.jwk import Key, KeyParameters, RSAKey
from pydantic import JsonValue

from passback.sandbox.core import Core
from passback.sandbox.model import JsonObject

KEY_BITS = 2048
PUBLISHED = 2


class KeyRing:
    """Key pairs, the newest signs; the one before it stays published, so that tokens under way still verify."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def current(self) -> RSAKey:
        """Return the key that signs; made on first use."""
        with self._core.read() as state:
            if not state.keys:
                self.rotate()
            return _import(state.keys[-1])

    def rotate(self, *, keep_old: bool = True) -> RSAKey:
        """Start to sign with a new key; `keep_old=False` also takes the others out of the JWKS at once."""
        key = new_key()
        with self._core.change() as state:
            kept = state.keys[-(PUBLISHED - 1) :] if keep_old else []
            state.keys = [*kept, cast("JsonObject", key.as_dict(private=True))]
        return key

    def jwks(self) -> JsonObject:
        """Return the public keys."""
        self.current()
        with self._core.read() as state:
            keys = [_import(key) for key in state.keys]
        return {"keys": [cast("JsonValue", key.as_dict(private=False)) for key in keys]}


def new_key(kid: str = "") -> RSAKey:
    """Return a new key pair for RS256."""
    parameters: KeyParameters = {"kid": kid or secrets.token_hex(10), "alg": "RS256", "use": "sig"}
    return RSAKey.generate_key(KEY_BITS, parameters=parameters)


def sign(claims: Mapping[str, JsonValue], key: Key | bytes, header: Mapping[str, JsonValue] | None = None) -> str:
    """Return a signed token.

    Args:
        claims: anything; nothing is checked, so that broken tokens can be made.
        key: a key pair, or bytes for an HMAC (a public key as PEM, for the confusion attack).
        header: changes to `{"typ": "JWT", "alg": "RS256", "kid": <the key's>}`; None as a value removes it;
            `{"alg": "none"}` leaves the signature empty.
    """
    kid = key.kid if isinstance(key, Key) else None
    full: dict[str, JsonValue] = {"typ": "JWT", "alg": "RS256", "kid": kid, **(header or {})}
    full = {name: value for name, value in full.items() if value is not None}
    payload = json.dumps(claims, ensure_ascii=False).encode()
    if full.get("alg") == "none" or isinstance(key, bytes):
        signed = f"{_base64(json.dumps(full).encode())}.{_base64(payload)}"
        secret = b"" if full.get("alg") == "none" else cast("bytes", key)
        return f"{signed}.{_base64(hmac.digest(secret, signed.encode(), hashlib.sha256)) if secret else ''}"
    algorithm = str(full["alg"])
    return jws.serialize_compact(full, payload, _for_algorithm(key, algorithm), algorithms=[algorithm])


def _import(jwk: JsonObject) -> RSAKey:
    return _read(json.dumps(jwk, sort_keys=True))


@lru_cache(maxsize=32)
def _read(jwk: str) -> RSAKey:
    """Read a key pair once: it is checked thoroughly, which takes longer than to sign with it."""
    return RSAKey.import_key(cast("dict[str, str | list[str]]", json.loads(jwk)))


def _for_algorithm(key: Key, algorithm: str) -> Key:
    """Return a key that signs by `algorithm`: its own `alg` would stop a token from being signed with a wrong one."""
    if not isinstance(key, RSAKey) or key.alg in {None, algorithm}:
        return key
    parts = key.as_dict(private=True)
    return RSAKey.import_key({name: value for name, value in parts.items() if name not in {"alg", "use"}})


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
