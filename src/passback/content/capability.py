"""The part of an asset's URL that lets a browser read one course version, for a term, without a cookie or a query.

It is the same for every learner of a version, so that browsers and CDNs keep the files; it is checked by computing it
again, so that nothing is looked up per file.
"""

import base64
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from passback.content.errors import CapabilityError
from passback.sealing import Sealer

EARLY = timedelta(hours=1)
"""Clocks of several servers differ: the next term's capabilities hold this long before it begins."""
GRACE = timedelta(days=14)
"""A page opened at the end of a term goes on; results of a closed session are taken for as long."""

_PURPOSE = "content-capability"
_FORM = re.compile(r"([A-Za-z0-9_-]{43})\.(\d{4,6})\.([A-Za-z0-9_-]{22})")


@dataclass(frozen=True)
class Capability:
    """What a capability says: whose version may be read, until when."""

    tenant_id: UUID
    version_id: UUID
    expires: datetime


def issue(sealer: Sealer, tenant_id: UUID, version_id: UUID, now: datetime) -> str:
    """Return the capability of a course version for the present term (a quarter of a year)."""
    return _text(sealer, tenant_id, version_id, _term(now))


def check(sealer: Sealer, text: str, now: datetime) -> Capability:
    """Return what `text` allows.

    Raises:
        CapabilityError: not one of ours, or its term is over.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise CapabilityError("malformed")
    both = base64.urlsafe_b64decode(match[1] + "=")
    tenant_id, version_id, term = UUID(bytes=both[:16]), UUID(bytes=both[16:]), int(match[2])
    if not hmac.compare_digest(text, _text(sealer, tenant_id, version_id, term)):
        raise CapabilityError("forged")
    expires = _start(term + 1) + GRACE
    if not _start(term) - EARLY <= now < expires:
        raise CapabilityError("expired")
    return Capability(tenant_id, version_id, expires)


def _text(sealer: Sealer, tenant_id: UUID, version_id: UUID, term: int) -> str:
    ids = base64.urlsafe_b64encode(tenant_id.bytes + version_id.bytes).decode().rstrip("=")
    return f"{ids}.{term}.{sealer.mac(_PURPOSE, f'{ids}.{term}')}"


def _term(now: datetime) -> int:
    """Count quarters since the year 0."""
    return now.year * 4 + (now.month - 1) // 3


def _start(term: int) -> datetime:
    return datetime(term // 4, term % 4 * 3 + 1, 1, tzinfo=UTC)
