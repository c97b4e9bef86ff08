"""The `state` of a login: a signed note of what its launch is judged by. Nothing is stored when a login begins.

A state is used up by the record of the launch that was accepted for it (`LaunchRecord.state_hash`), written in that
launch's own transaction. The note holds hashes and ids, nothing secret.
"""

import base64
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from passback.lti.message_launch import State
from passback.runtime import runtime
from passback.sealing import hash_token

STATE_SECONDS = 600
_PURPOSE = "lti-state"
_HASH = 32
_RANDOM = 16
_KIND = 16
_HEAD = _KIND + 8
_IN_STORAGE = 1
_LENGTH = _HEAD + 3 * _HASH + _RANDOM
_NONE = bytes(_HASH)


def new_state(platform_id: UUID, hashes: Mapping[str, str], now: datetime) -> str:
    """Return a state.

    Args:
        hashes: `nonce_hash`, `binding_hash` and `opener_hash` in hexadecimal; the last two may be empty. Without
            `binding_hash` the LMS's page keeps the proof.
        now: when the login begins.
    """
    kind = 0 if hashes["binding_hash"] else _IN_STORAGE
    head = platform_id.bytes + bytes([kind]) + int(now.timestamp()).to_bytes(7, "big")
    parts = [bytes.fromhex(hashes[name]) or _NONE for name in ("nonce_hash", "binding_hash", "opener_hash")]
    note = base64.urlsafe_b64encode(b"".join((head, *parts, secrets.token_bytes(_RANDOM)))).rstrip(b"=").decode()
    return f"{note}.{runtime().sealer.mac(_PURPOSE, note)}"


def read_state(state: str) -> tuple[UUID, State] | None:
    """Return the platform's id and what the state notes, None for one that is not ours."""
    note, _, mac = state.rpartition(".")
    if not secrets.compare_digest(mac.encode(), runtime().sealer.mac(_PURPOSE, note).encode()):
        return None
    raw = base64.urlsafe_b64decode(note + "=" * (-len(note) % 4))
    if len(raw) != _LENGTH:
        return None
    nonce, cookie, opener = (raw[start : start + _HASH] for start in range(_HEAD, _HEAD + 3 * _HASH, _HASH))
    began = datetime.fromtimestamp(int.from_bytes(raw[_KIND + 1 : _HEAD], "big"), UTC)
    return UUID(bytes=raw[:16]), State(
        state_hash=hash_token(state),
        nonce_hash=nonce.hex(),
        binding_hash=_hex(cookie),
        opener_hash=_hex(opener),
        in_storage=raw[_KIND] == _IN_STORAGE,
        expires_at=began + timedelta(seconds=STATE_SECONDS),
    )


def _hex(part: bytes) -> str:
    return "" if part == _NONE else part.hex()
