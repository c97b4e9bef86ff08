"""Ways to make a launch another than a right platform would send; each returns what `Bench.launch` takes."""

import base64
import json
import time
from collections.abc import Callable
from functools import cache
from typing import Any, cast

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from joserfc.jwk import ECKey, Key, RSAKey
from pydantic import JsonValue

from passback.errors import Side
from passback.sandbox.keys import new_key
from passback.testing.certification.bench import Bench
from passback.testing.certification.model import Case

How = Callable[[Bench], dict[str, Any]]
DL_SETTINGS = "deep_linking_settings"
DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"


@cache
def stranger() -> RSAKey:
    """Return a key pair that no platform publishes."""
    return new_key("a stranger's")


def public(key: Key) -> dict[str, JsonValue]:
    """Return what is published of a key."""
    return cast("dict[str, JsonValue]", key.as_dict(private=False))


def now() -> int:
    """Return the platform's time: real time; `Bench.installation.later` moves both sides."""
    return int(time.time())


def right(_bench: Bench) -> dict[str, Any]:
    """Change nothing."""
    return {}


def claims(**overrides: JsonValue) -> How:
    """Replace claims."""
    return lambda _bench: {"overrides": overrides}


def times(**seconds: float) -> How:
    """Set times, in seconds from now."""
    return lambda _bench: {"overrides": {name: now() + after for name, after in seconds.items()}}


def without(*names: str) -> How:
    """Leave claims out."""
    return lambda _bench: {"remove": names}


def header(**changes: JsonValue) -> How:
    """Change the token's header; None removes a field."""
    return lambda _bench: {"header": changes}


def form(**fields: str) -> How:
    """Change the form that is posted."""
    return lambda _bench: {"change_form": lambda given: {**given, **fields}}


def form_without(name: str) -> How:
    """Leave a field out of the form."""
    return lambda _bench: {"change_form": lambda given: {key: given[key] for key in given if key != name}}


def audience(*named: str, azp: str | None = None) -> How:
    """Make the token out to these; US is the tool."""

    def how(bench: Bench) -> dict[str, Any]:
        party = {} if azp is None else {"azp": azp.replace("US", bench.tool.client_id)}
        return {"overrides": {"aud": [one.replace("US", bench.tool.client_id) for one in named], **party}}

    return how


def settings(**changes: JsonValue) -> How:
    """Change what a deep linking request asks for; None leaves a field out."""

    def how(bench: Bench) -> dict[str, Any]:
        usual = bench.lms.claims(bench.instructor, tool=bench.tool)[DL + DL_SETTINGS]
        assert isinstance(usual, dict)
        changed = {name: value for name, value in {**usual, **changes}.items() if value is not None}
        return {"overrides": {DL_SETTINGS: changed}}

    return how


def wrong_key(bench: Bench) -> dict[str, Any]:
    """Sign with a stranger's key under the name of the platform's."""
    return {"key": stranger(), "header": {"kid": bench.lms.keys.current().kid}}


def unknown_key(_bench: Bench) -> dict[str, Any]:
    """Sign with a stranger's key under its own name."""
    return {"key": stranger()}


def hmac_with_public_key(bench: Bench) -> dict[str, Any]:
    """Sign by HMAC, with what everybody can fetch as the secret."""
    key = bench.lms.keys.current()
    return {"key": key.as_pem(private=False), "header": {"alg": "HS256", "kid": key.kid}}


def unsigned(bench: Bench) -> dict[str, Any]:
    """Sign not at all."""
    return {"key": b"", "header": {"alg": "none", "kid": bench.lms.keys.current().kid}}


def elliptic(bench: Bench) -> dict[str, Any]:
    """Sign by ES256, which was not agreed, with a key that the platform publishes."""
    key = ECKey.generate_key("P-256", {"kid": "elliptic"})
    bench.publish([public(key)])
    return {"key": key, "header": {"alg": "ES256", "kid": "elliptic"}}


def resigned(algorithm: str) -> How:
    """Sign with the platform's own key by an algorithm that was not agreed; no library would."""

    def how(bench: Bench) -> dict[str, Any]:
        key = bench.lms.keys.current()

        def sign(given: dict[str, str]) -> dict[str, str]:
            payload = given["id_token"].split(".")[1]
            head = base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "kid": key.kid}).encode()).rstrip(b"=")
            signed = head + b"." + payload.encode()
            signature = key.raw_value.sign(signed, padding.PKCS1v15(), hashes.SHA384())  # type: ignore[union-attr]
            return {**given, "id_token": (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()}

        return {"change_form": sign}

    return how


def published_as(**changes: JsonValue) -> How:
    """Publish the platform's key with other words about it."""

    def how(bench: Bench) -> dict[str, Any]:
        bench.publish([{**public(bench.lms.keys.current()), **changes}])
        return {}

    return how


def refused(
    case: str, sent: str, how: How, cause: str, *, side: Side = Side.LMS, deep: bool = False, on_record: bool = True
) -> Case:
    """Make the case of one launch that must be refused.

    Args:
        deep: a deep linking request by the instructor.
        on_record: see `Bench.refused`.
    """

    def run(bench: Bench) -> str:
        trip = bench.deep_link(**how(bench)) if deep else bench.launch(**how(bench))
        return bench.refused(trip.reply, cause, side, on_record=on_record)

    return Case(case, sent, f"refused ({cause}), on the side of {side}; nothing recorded", run)


def accepted(case: str, sent: str, how: How = right, *, way: str = "learner", teacher: bool = False) -> Case:
    """Make the case of one launch that must work, by the student or the teacher."""

    def run(bench: Bench) -> str:
        return bench.opened(bench.launch(bench.instructor if teacher else bench.student, **how(bench)).reply, way)

    return Case(case, sent, f"accepted ({way})" + (", registered" if way == "learner" else ""), run)
