"""Our own key pairs: made on first use, sealed in the database, published before use and for 14 days after."""

from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from typing import cast
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwt
from joserfc.jwk import RSAKey
from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from passback.clock import utc_now
from passback.db import Unscoped, in_write_transaction, unscoped
from passback.errors import PassbackError, Side
from passback.lti.models import ToolKey
from passback.runtime import runtime

ALGORITHM = "RS256"
KEY_BITS = 2048
JWKS_MAX_AGE = 3600
"""Seconds that a platform may keep our key set."""
PUBLISHED_BEFORE_USE = timedelta(hours=48)
"""A next key waits so long, so that every platform's copy of the key set has it (Brightspace keeps it for a day)."""
RETIRED_FOR = timedelta(days=14)
ROTATED_EVERY = timedelta(days=90)


class KeyTooYoungError(PassbackError):
    """The next key has not been published for long enough: platforms that keep our keys would refuse it."""

    code = "key_too_young"
    status = 409
    side = Side.TOOL
    advice = "Wait until it is 48 hours old; `--now` rotates all the same, when the active key has leaked."


def signing_key(session: Session) -> RSAKey:
    """Return the key to sign with, its `kid` set; the first call of an installation makes it."""
    row = _active(session)
    if row is None and in_write_transaction():
        row = _make_first(session)
    elif row is None:
        with unscoped(Unscoped.INSTALLATION, write=True) as writing:
            row = _active(writing) or _make_first(writing)
    return _named(_read_pair(runtime().sealer.unseal(row.private_key)), row.kid)


def sign(claims: Mapping[str, JsonValue], *, session: Session | None = None) -> str:
    """Return `claims` as a JWT signed with our active key; without a `session` it opens one of its own."""
    if session is None:
        with unscoped(Unscoped.INSTALLATION) as reading:
            return sign(claims, session=reading)
    key = signing_key(session)
    return jwt.encode({"typ": "JWT", "alg": ALGORITHM, "kid": key.kid}, dict(claims), key, algorithms=[ALGORITHM])


def published(session: Session) -> list[ToolKey]:
    """Return the keys that `/lti/jwks` shows: active, next, and retired ones for 14 days."""
    rows = list_keys(session)
    if not rows:
        signing_key(session)
        rows = list_keys(session) if in_write_transaction() else _seen_afresh()
    return [row for row in rows if row.retired_at is None or row.retired_at > utc_now() - RETIRED_FOR]


def _seen_afresh() -> list[ToolKey]:
    """Read outside the transaction under way, which on SQLite goes on seeing the database as it was before."""
    with unscoped(Unscoped.INSTALLATION) as session:
        return list_keys(session)


def list_keys(session: Session) -> list[ToolKey]:
    """Return every key, oldest first."""
    return list(session.scalars(select(ToolKey).order_by(ToolKey.created_at, ToolKey.kid)))


def rotate(session: Session, *, now: bool = False) -> ToolKey:
    """Make the next key the active one, retire the old one, publish another next, drop what retired long ago.

    Args:
        now: although the next key has not been published for 48 hours.

    Raises:
        KeyTooYoungError: it has not.
    """
    signing_key(session)
    rows = session.scalars(select(ToolKey).order_by(ToolKey.created_at).with_for_update()).all()
    following = next((row for row in rows if row.status == "next"), None) or _make(session, "next")
    if not now and following.created_at > utc_now() - PUBLISHED_BEFORE_USE:
        raise KeyTooYoungError(following.kid)
    for row in rows:
        if row.status == "active":
            row.status, row.retired_at = "retired", utc_now()
    drop_retired(session)
    following.status = "active"
    _make(session, "next")
    session.flush()
    return following


def is_rotation_due(session: Session) -> bool:
    """Say whether the active key has signed for 90 days: so old is the next one, which is made with each rotation."""
    made = [row.created_at for row in list_keys(session) if row.status == "next"]
    return bool(made) and min(made) <= utc_now() - ROTATED_EVERY


def drop_retired(session: Session) -> int:
    """Delete keys that retired more than 14 days ago and return how many there were."""
    old = [row for row in list_keys(session) if row.retired_at and row.retired_at <= utc_now() - RETIRED_FOR]
    for row in old:
        session.delete(row)
    session.flush()
    return len(old)


def _active(session: Session) -> ToolKey | None:
    # Two processes may both make a first key: both are published, and every process signs with the older one.
    oldest = select(ToolKey).where(ToolKey.status == "active").order_by(ToolKey.created_at, ToolKey.kid).limit(1)
    return session.scalars(oldest).one_or_none()


def _make_first(session: Session) -> ToolKey:
    _make(session, "next")
    return _make(session, "active")


def _make(session: Session, status: str) -> ToolKey:
    key = _named(new_pair(), str(uuid4()))
    row = ToolKey(
        kid=key.kid,
        private_key=runtime().sealer.seal(key.as_pem(private=True).decode()),
        public_jwk=dict(key.as_dict(private=False)),
        status=status,
        created_at=utc_now(),
    )
    session.add(row)
    session.flush()
    return row


def new_pair() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=KEY_BITS)


def _named(pair: RSAPrivateKey, kid: str) -> RSAKey:
    return RSAKey.import_key(pair, {"kid": kid, "use": "sig", "alg": ALGORITHM})


@lru_cache(maxsize=8)
def _read_pair(pem: str) -> RSAPrivateKey:
    """Read a PEM once: it is checked thoroughly, which takes longer than to sign with it."""
    return cast("RSAPrivateKey", load_pem_private_key(pem.encode(), password=None))
