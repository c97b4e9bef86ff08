"""Rosters of LMS courses: read on demand, after an instructor's launch and every night; kept until a whole newer one.

A reading makes its calls without a transaction and only then touches the members, in batches, by what differs. Batches
are safe alone: all of them say what a whole roster said, and who is missing from it is noted last.
"""

import secrets
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from time import sleep
from uuid import UUID

import structlog
from sqlalchemy import select, update

from passback.clock import utc_now
from passback.db import TenantSession, tenant_session
from passback.delivery import ledger
from passback.delivery.models import ScoreDelivery
from passback.errors import NotFoundError, PassbackError
from passback.lti.errors import PlatformDisabledError
from passback.lti.models import Context, Deployment, Platform, ResourceLink
from passback.lti.nrps import Member, Reading, read_roster
from passback.lti.profiles import profile_for
from passback.lti.roster_errors import RosterError, RosterMissingError, RosterUnderWayError
from passback.lti.roster_models import Roster, RosterMember
from passback.lti.services import MEMBERSHIP_READ, ServiceClient
from passback.runtime import runtime
from passback.tracking.models import Registration

NOT_TOO_OFTEN = timedelta(minutes=15)
"""Between two readings that launches cause."""
AT_ONCE = timedelta(minutes=1)
"""Between two readings that somebody's click causes."""
AFTER_FAILURE = timedelta(hours=1)
LEASE = timedelta(seconds=120)
"""Longer than a page takes with all its waiting; renewed with each."""
BATCH = 200
"""Rows of one transaction: nobody waits long for it, and its memory stays small (`bench/lti.py`)."""
NOT_GRADABLE = "learner_not_gradable"
GRADABLE = frozenset({"learner", "both", "unknown"})
"""Roles whose grade an LMS may take; whether it does, it says itself."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Changes:
    """What a reading has changed. `tried_again` counts parked grades that go out once more."""

    members: int = 0
    added: int = 0
    changed: int = 0
    gone: int = 0
    left_out: int = 0
    tried_again: int = 0


@dataclass(frozen=True)
class _Task:
    """A reading that was begun: whose, from where, and the lease that it holds."""

    tenant_id: UUID
    context_id: UUID
    roster_id: UUID
    owner: str
    url: str
    client: ServiceClient
    page_size: int


def ask_after_launch(session: TenantSession, context_id: UUID) -> bool:
    """Have a course's roster read in the background, unless that was tried a short while ago; say whether it will be.

    Called in an instructor's launch: nothing is read here.
    """
    return _ask(session, context_id, NOT_TOO_OFTEN)


def ask_now(session: TenantSession, context_id: UUID) -> bool:
    """Have a course's roster read in the background because somebody wants it; say whether it will be.

    At most once a minute, and only where the LMS has said where it is.
    """
    return _ask(session, context_id, AT_ONCE)


def ensure_roster(session: TenantSession, context_id: UUID) -> Roster:
    """Return the locked roster of an LMS course, made where it is missing.

    Raises:
        NotFoundError: this tenant has no such course.
    """
    # Two at once: PostgreSQL waits at the course, SQLite's write transactions are one at a time anyway.
    query = select(Context.id).where(Context.id == context_id).with_for_update()
    if session.scalars(query).one_or_none() is None:
        raise NotFoundError(f"context {context_id}")
    roster = session.scalars(select(Roster).where(Roster.context_id == context_id).with_for_update()).one_or_none()
    if roster is None:
        roster = Roster(context_id=context_id)
        session.add(roster)
        session.flush()
    return roster


def memberships_url(session: TenantSession, context_id: UUID) -> tuple[str, Platform | None]:
    """Return where a course's roster is, as the newest launch said, with its platform; ("", None): not known."""
    row = session.execute(
        select(ResourceLink.memberships_url, Platform)
        .join(Deployment, Deployment.id == ResourceLink.deployment_id)
        .join(Platform, Platform.id == Deployment.platform_id)
        .join(Context, Context.id == ResourceLink.context_id)
        # Launches that name no course share one per deployment; no roster is everybody's there.
        .where(Context.id == context_id, Context.context_id != "", ResourceLink.memberships_url != "")
        .order_by(ResourceLink.updated_at.desc(), ResourceLink.id.desc())
        .limit(1)
    ).one_or_none()
    return (row[0], row[1]) if row else ("", None)


def sync_roster(
    tenant_id: UUID,
    context_id: UUID,
    *,
    on_page: Callable[[Reading], None] = lambda _reading: None,
    wait: Callable[[float], None] = sleep,
) -> Changes:
    """Read a course's roster now and keep it; what was kept before stays whole until then.

    Args:
        context_id: our id of the LMS course.
        on_page: told after each page.
        wait: lets seconds pass, for an LMS that asks to wait.

    Raises:
        RosterUnderWayError: somebody else reads it just now.
        RosterError, PagingError, PlatformDisabledError: why there is no new one; noted with the roster.
        NotFoundError: this tenant has no such course.
    """
    task = _begin(tenant_id, context_id)

    def note(reading: Reading) -> None:
        _note_page(task, reading)
        on_page(reading)

    try:
        reading = read_roster(task.client, task.url, page_size=task.page_size, on_page=note, wait=wait)
        return _keep(task, reading)
    except RosterUnderWayError:
        raise
    except PassbackError as error:
        _fail(task, error.code, error)
        raise
    except Exception:
        _fail(task, "fault")
        raise


def next_night(now: datetime, roster_id: UUID) -> datetime:
    """Return a moment between one and five o'clock (UTC) of the next day, for each roster another."""
    night = datetime.combine(now.date() + timedelta(days=1), time(1), now.tzinfo)
    return night + timedelta(minutes=roster_id.int % 240)


def _ask(session: TenantSession, context_id: UUID, pause: timedelta) -> bool:
    now = utc_now()
    if not memberships_url(session, context_id)[0]:
        return False
    roster = ensure_roster(session, context_id)
    if roster.tried_at is not None and now - roster.tried_at < pause:
        return False
    roster.asked_at = now
    if roster.due_at is None or roster.due_at > now:
        roster.due_at = now
    return True


def _begin(tenant_id: UUID, context_id: UUID) -> _Task:
    """Take the lease of a roster, or note at once why it cannot be read."""
    error: PassbackError
    with tenant_session(tenant_id, write=True) as session:
        now, roster = utc_now(), ensure_roster(session, context_id)
        if roster.lease_until is not None and roster.lease_until > now:
            raise RosterUnderWayError(str(roster.id))
        roster.tried_at, roster.pages, roster.read = now, 0, 0
        url, platform = memberships_url(session, context_id)
        if platform is not None and platform.status == "active":
            roster.state, roster.lease_owner, roster.lease_until = "reading", secrets.token_hex(8), now + LEASE
            session.flush()
            session.expunge(platform)  # it goes along where there is no session
            profile = profile_for(runtime().plugins.lms_profiles, platform.product, platform.issuer)
            client = ServiceClient(platform, (MEMBERSHIP_READ,))
            owner, page_size = roster.lease_owner, profile.roster_page
            return _Task(tenant_id, context_id, roster.id, owner, url, client, page_size)
        error = PlatformDisabledError() if platform is not None else RosterMissingError()
        _note_failure(roster, error.code, error)
    raise error


def _note_page(task: _Task, reading: Reading) -> None:
    with tenant_session(task.tenant_id, write=True) as session:
        roster = _own(session, task)
        roster.pages, roster.read = reading.pages, len(reading.members)


def _own(session: TenantSession, task: _Task) -> Roster:
    """Return the locked roster with its lease renewed.

    Raises:
        RosterUnderWayError: the lease ran out and another reading has begun.
    """
    query = select(Roster).where(Roster.id == task.roster_id).with_for_update()
    roster = session.scalars(query).one_or_none()
    if roster is None or roster.lease_owner != task.owner:
        raise RosterUnderWayError(str(task.roster_id))
    roster.lease_until = utc_now() + LEASE
    return roster


def _keep(task: _Task, reading: Reading) -> Changes:
    added = changed = tried_again = 0
    members = list(reading.members.values())
    for start in range(0, len(members), BATCH):
        with tenant_session(task.tenant_id, write=True) as session:
            _own(session, task)
            batch = _merge(session, task.roster_id, members[start : start + BATCH])
            added, changed = added + batch.added, changed + batch.changed
            tried_again += _try_parked_again(session, task.context_id, batch.gradable)
    with tenant_session(task.tenant_id, write=True) as session:
        roster, now = _own(session, task), utc_now()
        gone = _note_gone(session, task.roster_id, reading.members.keys(), now)
        roster.state, roster.error, roster.error_status = "current", "", 0
        roster.read_at, roster.due_at, roster.left_out = now, next_night(now, roster.id), reading.left_out
        roster.lease_owner, roster.lease_until = "", None
    result = Changes(len(members), added, changed, gone, reading.left_out, tried_again)
    log.info("roster.read", roster=str(task.roster_id), pages=reading.pages, members=result.members, gone=gone)
    return result


@dataclass(frozen=True)
class _Batch:
    """`gradable`: keys of those who could not have been graded before, as far as the roster knew."""

    added: int
    changed: int
    gradable: Collection[str]


def _merge(session: TenantSession, roster_id: UUID, members: Sequence[Member]) -> _Batch:
    """Bring some members up to date; only what differs is written."""
    wanted = [member.user_id for member in members]
    query = select(RosterMember).where(RosterMember.roster_id == roster_id, RosterMember.user_id.in_(wanted))
    known = {row.user_id: row for row in session.scalars(query)}
    added = changed = 0
    gradable: list[str] = []
    for member in members:
        row = known.get(member.user_id)
        before = row is not None and is_gradable(row)
        if row is None:
            row = RosterMember(roster_id=roster_id, user_id=member.user_id, role=member.role)
            session.add(row)
            added += 1
            _fill(row, member)
        else:
            changed += _fill(row, member)
        if is_gradable(row) and not before:
            gradable.append(member.user_id)
    session.flush()
    return _Batch(added, changed, gradable)


def is_gradable(row: RosterMember) -> bool:
    """Say whether, going by the roster, the LMS may take somebody's grade."""
    return row.gone_at is None and row.status == "active" and row.role in GRADABLE


def _fill(row: RosterMember, member: Member) -> bool:
    """Write down what differs; say whether anything did."""
    gone = member.status == "deleted"
    said: dict[str, object] = {
        "name": member.name,
        "given_name": member.given_name,
        "family_name": member.family_name,
        "email": member.email,
        "sort_name": sort_name(member),
        "role": member.role,
        "status": "inactive" if gone else member.status,
    }
    if gone != (row.gone_at is not None):
        said["gone_at"] = utc_now() if gone else None
    different = {name: value for name, value in said.items() if getattr(row, name) != value}
    for name, value in different.items():
        setattr(row, name, value)
    return bool(different)


def sort_name(member: Member) -> str:
    """Return what somebody is listed under: family name first, else any name, else the LMS's key."""
    family = " ".join(filter(None, [member.family_name, member.given_name])) if member.family_name else ""
    return (family or member.name or member.given_name or member.user_id).casefold()[:200]


def _note_gone(session: TenantSession, roster_id: UUID, named: Collection[str], now: datetime) -> int:
    """Note who is in the course no longer; their rows stay for a while, so that it can be told."""
    query = select(RosterMember.id, RosterMember.user_id)
    rows = session.execute(query.where(RosterMember.roster_id == roster_id, RosterMember.gone_at.is_(None)))
    missing = [key for key, user_id in rows if user_id not in named]
    for some in _batches(missing):
        session.execute(
            update(RosterMember)
            .where(RosterMember.id.in_(some))
            .values(gone_at=now)
            .execution_options(synchronize_session=False)
        )
    return len(missing)


def _batches(ids: Sequence[UUID]) -> Iterable[Sequence[UUID]]:
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))


def _try_parked_again(session: TenantSession, context_id: UUID, user_ids: Collection[str]) -> int:
    """Queue the grades of learners whom the LMS would not have graded, now that it says something else of them."""
    if not user_ids:
        return 0
    parked = session.scalars(
        select(ScoreDelivery.id)
        .join(Registration, Registration.id == ScoreDelivery.registration_id)
        .join(ResourceLink, ResourceLink.placement_id == Registration.placement_id)
        .where(
            ResourceLink.context_id == context_id,
            ScoreDelivery.state == "parked",
            ScoreDelivery.reason_class == NOT_GRADABLE,
            ScoreDelivery.user_id.in_(user_ids),
        )
        .distinct()
    ).all()
    for delivery_id in sorted(parked):
        ledger.send_again(session, delivery_id)
    return len(parked)


def _fail(task: _Task, code: str, error: PassbackError | None = None) -> None:
    with tenant_session(task.tenant_id, write=True) as session:
        query = select(Roster).where(Roster.id == task.roster_id).with_for_update()
        roster = session.scalars(query).one_or_none()
        if roster is not None and roster.lease_owner == task.owner:
            _note_failure(roster, code, error)
    log.warning("roster.failed", roster=str(task.roster_id), code=code, detail=error.detail if error else "")


def _note_failure(roster: Roster, code: str, error: PassbackError | None) -> None:
    """Keep why. What may pass by itself is tried again within hours, the rest the next night."""
    now = utc_now()
    roster.state, roster.error, roster.lease_owner, roster.lease_until = "failed", code, "", None
    roster.error_status, roster.due_at = 0, next_night(now, roster.id)
    asked: float | None = None
    if isinstance(error, RosterError):
        roster.error_status, asked = error.http_status, error.retry_after
    if code in {"roster_later", "roster_answer", "pages_broken"}:
        roster.due_at = now + max(AFTER_FAILURE, timedelta(seconds=asked or 0.0))
