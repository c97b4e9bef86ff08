"""What became of every login and launch, under a short code that people can read out on the telephone."""

import secrets
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

import structlog
from flask import current_app
from pydantic import JsonValue
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from passback.clock import utc_now
from passback.db import JsonObject, TenantSession, Unscoped, unscoped
from passback.db.prepared import SharedStatement, table_of, values_of
from passback.lti.models import LaunchRecord, LoginState, Platform

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""No 0 and O, no 1, I and L, no U: they are mistaken for one another, or spell words."""
LETTERS = 8
ACCEPTED, REFUSED = "accepted", "refused"
LOST_AFTER = timedelta(minutes=1)
ANONYMOUS_PER_MINUTE = 60
"""Refusals that belong to no login of ours are written down so often at most: anybody can cause them."""
_BUDGET = "passback.lti.refusals_budget"

LIKELY_CAUSES = (
    "The redirect URI registered in the LMS is not exactly this tool's: launches then end on an error page of the LMS.",
    "The person closed the window, or is not signed in to the LMS.",
    "The LMS was slow, or its single-use launch was used up by reloading.",
)

_ADD = SharedStatement(
    insert(table_of(LaunchRecord)).values(values_of(LaunchRecord, *table_of(LaunchRecord).columns.keys()))
)

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
    tenant_id: UUID | None,
    platform_id: UUID,
    passed: Sequence[str],
    facts: JsonObject,
) -> None:
    """Write down, within the launch's own transaction, that it was accepted.

    Args:
        passed: the checks that held, in order.
        facts: what may be known of it: no claims, no names.
    """
    checks: list[JsonObject] = [{"name": name, "verdict": "passed"} for name in passed]
    _ADD.run(
        session,
        code=code,
        at=utc_now(),
        tenant_id=tenant_id,
        platform_id=platform_id,
        verdict=ACCEPTED,
        error="",
        checks=checks,
        facts=facts,
    )
    log.info("lti.launch", launch=code, verdict=ACCEPTED, platform=str(platform_id), way=facts.get("way"))


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
) -> None:
    """Write down, in a transaction of its own, that a login or launch was refused and at which check.

    Args:
        state_hash: of the login it answers, which then counts as come back.
    """
    log.warning(
        "lti.refused", launch=code, verdict=REFUSED, error=error, detail=detail, platform=str(platform_id or "")
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
                verdict=REFUSED,
                error=error,
                checks=checks,
                facts=facts or {},
            )
        )
        if state_hash:
            came_back(session, state_hash)


def came_back(session: Session, state_hash: str) -> None:
    """Note that an answer arrived for a login, whatever it said."""
    session.execute(
        update(LoginState)
        .where(LoginState.state_hash == state_hash, LoginState.came_back_at.is_(None))
        .values(came_back_at=utc_now())
    )


def find(session: Session, code: str) -> LaunchRecord | None:
    """Return the record of a code as a person may type it: any case, with or without the dash."""
    letters = "".join(letter for letter in code.upper() if letter in ALPHABET)
    return session.get(LaunchRecord, f"{letters[:4]}-{letters[4:]}")


def recent(
    session: Session, *, tenant_id: UUID | None = None, before: datetime | None = None, limit: int = 50
) -> Sequence[LaunchRecord]:
    """Return the newest records, of one tenant or of all; `before` is the `at` of the last one of the page before."""
    statement = select(LaunchRecord).order_by(LaunchRecord.at.desc(), LaunchRecord.code).limit(limit)
    if tenant_id is not None:
        statement = statement.where(LaunchRecord.tenant_id == tenant_id)
    if before is not None:
        statement = statement.where(LaunchRecord.at < before)
    return session.scalars(statement).all()


def never_came_back(session: Session, *, limit: int = 50) -> Sequence[tuple[LoginState, Platform]]:
    """Return logins that left for their LMS more than a minute ago and never returned, newest first.

    `LIKELY_CAUSES` says what that usually means.
    """
    rows = session.execute(
        select(LoginState, Platform)
        .join(Platform, Platform.id == LoginState.platform_id)
        .where(
            LoginState.came_back_at.is_(None),
            LoginState.consumed_at.is_(None),
            LoginState.created_at < utc_now() - LOST_AFTER,
        )
        .order_by(LoginState.created_at.desc())
        .limit(limit)
    )
    return [(state, platform) for state, platform in rows]


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
