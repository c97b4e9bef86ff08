"""What became of every login and launch, under a short code that people can read out on the telephone."""

import secrets
import threading
from collections.abc import Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

import structlog
from flask import current_app
from pydantic import JsonValue
from sqlalchemy import bindparam, delete, exists, insert, literal_column, select
from sqlalchemy.orm import Session

from passback.clock import utc_now
from passback.db import JsonObject, TenantSession, Unscoped, unscoped
from passback.db.prepared import SharedStatement, table_of, values_of
from passback.lti.models import Deployment, LaunchRecord, Platform

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""No 0 and O, no 1, I and L, no U: they are mistaken for one another, or spell words."""
LETTERS = 8
ACCEPTED, REFUSED, FAILED, LOST = "accepted", "refused", "failed", "lost"
ANONYMOUS_PER_MINUTE = 60
"""Refusals that belong to no login of ours are written down so often at most: anybody can cause them."""
_BUDGET = "passback.lti.refusals_budget"

LIKELY_CAUSES = (
    "The redirect URI registered in the LMS is not exactly this tool's: launches then end on an error page of the LMS.",
    "The person closed the window, or is not signed in to the LMS.",
    "The LMS was slow, or its single-use launch was used up by reloading.",
)

_IS_LOST = LaunchRecord.verdict == literal_column(f"'{LOST}'")
"""Written out, for the index over the lost ones only."""
_COLUMNS = ("code", "at", "tenant_id", "platform_id", "verdict", "state_hash", "error", "checks", "facts")
_ADD = SharedStatement(
    insert(table_of(LaunchRecord)).from_select(
        _COLUMNS,
        select(*values_of(LaunchRecord, *_COLUMNS).values()).where(
            exists().where(Platform.id == bindparam("platform_id"), Platform.status == "active"),
            exists().where(
                Deployment.id == bindparam("deployment"),
                Deployment.tenant_id == bindparam("tenant_id"),
                Deployment.status == "active",
            ),
        ),
    )
)
"""Accepts a launch whose platform and deployment are active at this moment: rows at hand may be seconds old."""

log = structlog.get_logger(__name__)


def new_code() -> str:
    """Return a code such as `7KQ2-MX9P`: 39 random bits."""
    number = secrets.randbelow(len(ALPHABET) ** LETTERS)
    letters = ""
    for _ in range(LETTERS):
        number, place = divmod(number, len(ALPHABET))
        letters += ALPHABET[place]
    return f"{letters[:4]}-{letters[4:]}"


def accepted(
    session: TenantSession,
    code: str,
    *,
    platform_id: UUID,
    deployment_id: UUID,
    state_hash: str,
    passed: Sequence[str],
    facts: JsonObject,
) -> bool:
    """Write down, within the launch's own transaction, that it was accepted; that uses up its state.

    Args:
        passed: the checks that held, in order.
        facts: what may be known of it: no claims, no names.

    Returns:
        False where the platform or the deployment is not active (any more), or the deployment is not the tenant's.

    Raises:
        IntegrityError: the state is used up, or its login is on record as lost (`found_again`).
    """
    checks: list[JsonObject] = [{"name": name, "verdict": "passed"} for name in passed]
    added = _ADD.run(
        session,
        code=code,
        at=utc_now(),
        tenant_id=session.tenant_id,
        platform_id=platform_id,
        deployment=deployment_id,
        verdict=ACCEPTED,
        state_hash=state_hash,
        error="",
        checks=checks,
        facts=facts,
    )
    if added:
        log.info("lti.launch", launch=code, verdict=ACCEPTED, platform=str(platform_id), way=facts.get("way"))
    return bool(added)


def is_used(session: Session, state_hash: str) -> bool:
    """Say whether a launch was accepted for a login."""
    query = select(LaunchRecord.code).where(LaunchRecord.state_hash == state_hash, ~_IS_LOST)
    return session.scalars(query).first() is not None


def found_again(state_hash: str) -> None:
    """Take a login off the list of the lost ones."""
    with unscoped(Unscoped.LOGIN, write=True) as session:
        _found_again(session, state_hash)


def _found_again(session: Session, state_hash: str) -> None:
    session.execute(delete(LaunchRecord).where(LaunchRecord.state_hash == state_hash, _IS_LOST))


def refused(
    code: str,
    error: str,
    *,
    detail: str = "",
    check: str = "",
    passed: Sequence[str] = (),
    platform_id: UUID | None = None,
    tenant_id: UUID | None = None,
    state_hash: str = "",
    facts: JsonObject | None = None,
    verdict: str = REFUSED,
) -> None:
    """Write down, in a transaction of its own, that a login or launch was refused and at which check.

    Args:
        verdict: `failed` where it was a fault of our own, not of what arrived.
        state_hash: of the login it answers, which then counts as come back, but is not used up.
    """
    log.warning(
        "lti.refused", launch=code, verdict=verdict, error=error, detail=detail, platform=str(platform_id or "")
    )
    if platform_id is None and not _budget().allows_one_more():
        return
    checks: list[JsonObject] = [{"name": name, "verdict": "passed"} for name in passed]
    checks.append({"name": check or error, "verdict": "failed", "detail": detail[:200]})
    with unscoped(Unscoped.LOGIN, write=True) as session:
        session.add(
            LaunchRecord(
                code=code,
                platform_id=platform_id,
                tenant_id=tenant_id,
                verdict=verdict,
                error=error,
                checks=checks,
                facts=facts or {},
            )
        )
        if state_hash:
            _found_again(session, state_hash)


def find(session: Session, code: str) -> LaunchRecord | None:
    """Return the record of a code as a person may type it: any case, with or without the dash."""
    letters = "".join(letter for letter in code.upper() if letter in ALPHABET)
    return session.get(LaunchRecord, f"{letters[:4]}-{letters[4:]}")


def recent(
    session: Session, *, tenant_id: UUID | None = None, before: datetime | None = None, limit: int = 50
) -> Sequence[LaunchRecord]:
    """Return the newest records, of one tenant or of all; `before` is the `at` of the last one of the page before."""
    answered = select(LaunchRecord).where(LaunchRecord.verdict != LOST)
    statement = answered.order_by(LaunchRecord.at.desc(), LaunchRecord.code).limit(limit)
    if tenant_id is not None:
        statement = statement.where(LaunchRecord.tenant_id == tenant_id)
    if before is not None:
        statement = statement.where(LaunchRecord.at < before)
    return session.scalars(statement).all()


def never_came_back(session: Session, *, limit: int = 50) -> Sequence[tuple[LaunchRecord, Platform]]:
    """Return logins that left for their LMS and never returned, newest first, as far as they are written down.

    `LIKELY_CAUSES` says what that usually means.
    """
    rows = session.execute(
        select(LaunchRecord, Platform)
        .join(Platform, Platform.id == LaunchRecord.platform_id)
        .where(_IS_LOST)
        .order_by(LaunchRecord.at.desc())
        .limit(limit)
    )
    return [(record, platform) for record, platform in rows]


def as_dict(record: LaunchRecord) -> dict[str, JsonValue]:
    """Return a record as the API and `--json` show it."""
    return {
        "code": record.code,
        "at": record.at.isoformat(),
        "verdict": record.verdict,
        "error": record.error,
        "platform": str(record.platform_id or ""),
        "tenant": str(record.tenant_id or ""),
        "checks": list(record.checks),
        "facts": record.facts,
    }


class _Budget:
    """How many anonymous refusals an app has written in the current minute."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._minute = -1
        self._used = 0

    def allows_one_more(self) -> bool:
        """Count one more and say whether it is still to be written."""
        minute = int(utc_now().timestamp() // 60)
        with self._lock:
            if self._minute != minute:
                self._minute, self._used = minute, 0
            self._used += 1
            return self._used <= ANONYMOUS_PER_MINUTE


def _budget() -> _Budget:
    """Return the current app's."""
    return cast("_Budget", current_app.extensions.setdefault(_BUDGET, _Budget()))
