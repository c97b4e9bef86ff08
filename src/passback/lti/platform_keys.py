"""Platforms' public keys: cached per URL, fetched again for a key nobody knows, kept when the platform is down."""

import re
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import cast

from flask import current_app
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, RSAKey
from pydantic import JsonValue

from passback.clock import utc_now
from passback.lti.errors import KeyUnknownError, KeyUnsuitableError, PlatformKeysError
from passback.outbound import HttpAnswer, OutboundError
from passback.runtime import runtime

MIN_AGE, DEFAULT_AGE, MAX_AGE = 60.0, 3600.0, 24 * 3600.0
"""Bounds of what `Cache-Control: max-age` may say, in seconds. Brightspace says no-cache and rotates hourly."""
REFETCH_SECONDS = 30.0
"""A key ID that nobody knows, or a platform that is down, is asked about again after so long."""
STALE_SECONDS = 24 * 3600.0
"""So long a key set serves beyond its time while the platform does not answer."""
READ_SECONDS = 5.0
MAX_KEYS = 100
MIN_RSA_BITS = 2048

PlatformKey = RSAKey | ECKey
_KINDS: Mapping[str, str] = {"RS": "RSA", "PS": "RSA", "ES": "EC"}
_EXTENSION = "passback.lti.platform_keys"


@dataclass
class _KeySet:
    keys: tuple[Mapping[str, JsonValue], ...] = ()
    fetched: bool = False
    fresh_until: float = 0.0
    asked_at: float = 0.0
    refetched_at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)
    loaded: dict[tuple[str, str], tuple[PlatformKey, ...]] = field(default_factory=dict)


class PlatformKeys:
    """The cache of one app."""

    def __init__(self) -> None:
        self._sets: dict[str, _KeySet] = {}

    def find(
        self, url: str, kid: str, algorithm: str, *, approved_hosts: Collection[str] = ()
    ) -> tuple[PlatformKey, ...]:
        """Return the keys called `kid` that may verify `algorithm`: one, or several where a platform repeats a name.

        Raises:
            PlatformKeysError: there is no key set to be had.
            KeyUnknownError: the platform publishes no such key.
            KeyUnsuitableError: it does, but for another use or algorithm, or too weak.
        """
        entry = self._sets.setdefault(url, _KeySet())
        if not entry.fetched or _now() >= entry.fresh_until:
            self._renew(entry, url, approved_hosts)
        found = _select(entry, kid, algorithm)
        if found is None and self._refetch(entry, url, kid, approved_hosts):
            found = _select(entry, kid, algorithm)
        if found is None:
            raise KeyUnknownError(f"{len(entry.keys)} keys published")
        return found

    def _renew(self, entry: _KeySet, url: str, approved: Collection[str]) -> None:
        with entry.lock:
            now = _now()
            if entry.fetched and now < entry.fresh_until:
                return  # another thread was quicker
            usable = entry.fetched and now < entry.fresh_until + STALE_SECONDS
            if now < entry.asked_at + REFETCH_SECONDS:
                if usable:
                    return
                raise PlatformKeysError("did not answer a moment ago")
            try:
                _fetch(entry, url, approved)
            except PlatformKeysError:
                if not usable:
                    raise

    def _refetch(self, entry: _KeySet, url: str, kid: str, approved: Collection[str]) -> bool:
        with entry.lock:
            if any(key.get("kid") == kid for key in entry.keys):
                return True
            if _now() < entry.refetched_at + REFETCH_SECONDS:
                return False
            entry.refetched_at = _now()
            try:
                _fetch(entry, url, approved)
            except PlatformKeysError:
                return False
            return True


def platform_keys() -> PlatformKeys:
    """Return the current app's cache."""
    return cast("PlatformKeys", current_app.extensions.setdefault(_EXTENSION, PlatformKeys()))


def usable_keys(answer: HttpAnswer, algorithms: Collection[str]) -> int | None:
    """Return how many keys of a key set could verify one of `algorithms`; None where the answer is no key set.

    Raises:
        OutboundError: it is not even JSON.
    """
    document = answer.json()
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        return None
    named = [key for key in keys[:MAX_KEYS] if isinstance(key, dict) and isinstance(key.get("kid"), str)]
    return sum(any(_load(key, algorithm) is not None for algorithm in algorithms) for key in named)


def _now() -> float:
    return utc_now().timestamp()


def _fetch(entry: _KeySet, url: str, approved: Collection[str]) -> None:
    entry.asked_at = _now()
    try:
        answer = runtime().http.request(
            "GET", url, headers={"Accept": "application/json"}, approved_hosts=approved, read_seconds=READ_SECONDS
        )
        document = answer.json()
    except OutboundError as error:
        raise PlatformKeysError(error.code) from error
    keys = document.get("keys") if isinstance(document, dict) else None
    if answer.status != 200 or not isinstance(keys, list):
        raise PlatformKeysError(f"answered {answer.status}, without a key set")
    entry.keys = tuple(key for key in keys[:MAX_KEYS] if isinstance(key, dict))
    entry.loaded = {}
    entry.fetched = True
    entry.fresh_until = _now() + _age(answer.headers.get("cache-control", ""))


def _age(cache_control: str) -> float:
    directives = cache_control.lower()
    if "no-store" in directives or "no-cache" in directives:
        return MIN_AGE
    found = re.search(r"max-age\s*=\s*\"?(\d{1,9})", directives)
    return min(max(float(found[1]), MIN_AGE), MAX_AGE) if found else DEFAULT_AGE


def _select(entry: _KeySet, kid: str, algorithm: str) -> tuple[PlatformKey, ...] | None:
    loaded = entry.loaded.get((kid, algorithm))
    if loaded is None:
        named = [key for key in entry.keys if key.get("kid") == kid]
        if not named:
            return None
        loaded = tuple(key for key in (_load(jwk, algorithm) for jwk in named) if key is not None)
        if not loaded:
            raise KeyUnsuitableError(f"kid exists, not for {algorithm}")
        entry.loaded[(kid, algorithm)] = loaded
    return loaded


def _load(jwk: Mapping[str, JsonValue], algorithm: str) -> PlatformKey | None:
    """Return the key, or None where its use, algorithm, kind or size does not suit (RFC 7517 §4.2 to 4.4)."""
    operations = jwk.get("key_ops")
    if (
        jwk.get("use", "sig") != "sig"
        or jwk.get("alg", algorithm) != algorithm
        or jwk.get("kty") != _KINDS.get(algorithm[:2])
        or (isinstance(operations, list) and "verify" not in operations)
    ):
        return None
    public = {name: jwk[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in jwk}
    try:
        key = JWKRegistry.import_key(cast("dict[str, str | list[str]]", public))
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    if isinstance(key, RSAKey):
        return key if key.raw_value.key_size >= MIN_RSA_BITS else None
    return key if isinstance(key, ECKey) else None
