"""What is owed to whom: called in the transaction that records what happened, so that neither exists alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from passback.clock import utc_now
from passback.db import JsonObject, TenantSession, new_id
from passback.delivery.listeners import enabled_listeners
from passback.delivery.models import EventDelivery, ScoreDelivery
from passback.delivery.states import ON_ITS_WAY
from passback.delivery.wakeup import wake_after_commit

COURSE = ""
"""`ScoreDelivery.activity` of the grade of a course as a whole."""


@dataclass(frozen=True)
class Column:
    """Where the grade of one activity goes."""

    activity: str
    title: str
    line_item: str


def expect_activity_scores(
    session: TenantSession,
    columns: Sequence[Column],
    *,
    registration_id: UUID,
    sender: str,
    destination: str,
    user_id: str,
) -> None:
    """Say where the grades of a registration's activities go; that of the course as a whole goes nowhere any more.

    What was owed to a column of an activity that is not among these stays as it is: the activity may have left the
    course, and its grade stands.

    Args:
        columns: one for each activity; the others as for `expect_score`.
    """
    known: dict[str, ScoreDelivery] = {}
    for row in _of_registration(session, registration_id, sender):
        if row.activity == COURSE:
            _supersede(row)
        elif row.state != "parked" and (row.user_id, row.destination) == (user_id, destination):
            known[row.activity] = row
    session.flush()
    for column in columns:
        before = known.get(column.activity)
        if before is not None and before.line_item == column.line_item:
            before.activity_title = column.title
            continue
        row = expect_score(
            session,
            registration_id=registration_id,
            sender=sender,
            destination=destination,
            line_item=column.line_item,
            user_id=user_id,
            activity=column.activity,
        )
        row.activity_title = column.title
    session.flush()


def expect_score(
    session: TenantSession,
    *,
    registration_id: UUID,
    sender: str,
    destination: str,
    line_item: str,
    user_id: str,
    activity: str = COURSE,
) -> ScoreDelivery:
    """Say where a registration's grade goes; called at every learner's launch, which may have changed it.

    A new or moved key is queued at once: whether there is a grade to send is read when it is sent. A parked one is
    tried again, because a launch is a sign that the LMS knows the learner.

    Args:
        sender: key of the sender (`senders.register_sender`).
        destination: what shares caps and pauses, such as a platform's id.
        line_item: the line item's URL.
        user_id: the learner as the destination knows them.
        activity: the one whose grade it is; the course's own goes nowhere else, and no activity's goes anywhere.
    """
    row = _lock_key(session, line_item, user_id)
    rivals = [other for other in _of_registration(session, registration_id, sender) if other is not row]
    others = _same_grade(rivals, activity)
    if row is None and others:
        row = others.pop()
        row.line_item, row.user_id = line_item, user_id
        _start_over(row)
    elif row is None:
        row = ScoreDelivery(registration_id=registration_id, line_item=line_item, user_id=user_id)
        row.sender, row.destination, row.activity = sender, destination, activity
        row = _insert(session, row)
    for other in others:
        _supersede(other)
    if row.activity != activity:  # the column belongs to another activity now: other grades
        row.activity, row.sent = activity, 0
        queue_again(session, row)
    if row.registration_id != registration_id:  # another course was put behind the link: same key, other grades
        row.registration_id = registration_id
        row.sent = 0
        queue_again(session, row)
    row.sender, row.destination = sender, destination
    if row.state in {"parked", "superseded"}:
        _queue(row, utc_now())
    session.flush()
    if row.state == "queued":
        wake_after_commit(session)
    return row


def score_changed(session: TenantSession, registration_id: UUID, version: int, *, sendable: bool) -> None:
    """Note that a registration's grade is now `version`. The caller has the registration locked (FOR UPDATE).

    Args:
        sendable: it is to be sent; False leaves what is owed as it is (a grade that waits for the end).
    """
    if sendable:
        scores_changed(session, registration_id, {COURSE: version})


def scores_changed(session: TenantSession, registration_id: UUID, versions: Mapping[str, int]) -> None:
    """Note the new versions of grades that are to be sent, by activity; `COURSE` is that of the whole course.

    The caller has the registration locked (FOR UPDATE).
    """
    names = list(versions)
    named = ScoreDelivery.activity == names[0] if len(names) == 1 else ScoreDelivery.activity.in_(names)
    rows = session.scalars(
        select(ScoreDelivery)
        .where(ScoreDelivery.registration_id == registration_id, named, ScoreDelivery.state != "superseded")
        .order_by(ScoreDelivery.id)
        .with_for_update()
    )
    for row in rows:
        version = versions[row.activity]
        if version <= row.wanted:
            continue
        row.wanted = version
        if row.state not in ON_ITS_WAY:
            _queue(row, utc_now())
        wake_after_commit(session)


def publish(session: TenantSession, name: str, registration_id: UUID | None, data: JsonObject) -> None:
    """Owe the event `name` to every enabled plugin that listens, in the order of its registration's lane."""
    now, event_id = utc_now(), str(new_id())
    lane = str(registration_id or "")
    for listener in enabled_listeners(session):
        newest = select(func.max(EventDelivery.position)).where(
            EventDelivery.listener == listener, EventDelivery.lane == lane
        )
        payload: JsonObject = {
            "id": event_id,
            "registration": lane or None,
            "at": now.isoformat(),
            "data": data,
        }
        session.add(
            EventDelivery(
                listener=listener,
                lane=lane,
                position=(session.scalars(newest).one() or 0) + 1,
                event=name,
                payload=payload,
                created_at=now,
                due_at=now,
            )
        )
        session.flush()
        wake_after_commit(session)


def queue_again(session: TenantSession, row: ScoreDelivery) -> None:
    """Queue `row` whatever its state; what is under way just now is followed by another send."""
    if row.state == "sending":
        row.wanted += 1  # the next send puts it right: it notes the version that it reads
    else:
        _queue(row, utc_now())
    wake_after_commit(session)


def _same_grade(rivals: Sequence[ScoreDelivery], activity: str) -> list[ScoreDelivery]:
    """Return those that are of the same grade; where the course counts as a whole, no activity's goes anywhere."""
    for rival in rivals:
        if activity == COURSE != rival.activity:
            _supersede(rival)
    return [rival for rival in rivals if rival.activity == activity]


def _lock_key(session: TenantSession, line_item: str, user_id: str) -> ScoreDelivery | None:
    return session.scalars(
        select(ScoreDelivery)
        .where(ScoreDelivery.line_item == line_item, ScoreDelivery.user_id == user_id)
        .with_for_update()
    ).one_or_none()


def _of_registration(session: TenantSession, registration_id: UUID, sender: str) -> list[ScoreDelivery]:
    return list(
        session.scalars(
            select(ScoreDelivery)
            .where(
                ScoreDelivery.registration_id == registration_id,
                ScoreDelivery.sender == sender,
                ScoreDelivery.state != "superseded",
            )
            .order_by(ScoreDelivery.id)
            .with_for_update()
        )
    )


def _insert(session: TenantSession, row: ScoreDelivery) -> ScoreDelivery:
    """Add and queue the row, or return the one that a launch beside this one made meanwhile."""
    _queue(row, utc_now())
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        found = _lock_key(session, row.line_item, row.user_id)
        if found is None:
            raise
        return found
    return row


def _start_over(row: ScoreDelivery) -> None:
    """Forget what the former line item got; the last timestamp stays, growing does no harm."""
    row.wanted = row.sent = row.tries = 0
    row.sent_scaled = row.accepted_at = row.read_back_at = row.failing_since = None
    row.sent_final = False
    _release(row)
    _queue(row, utc_now())


def _queue(row: ScoreDelivery, now: datetime) -> None:
    row.state, row.reason_class, row.reason = "queued", "", ""
    row.due_at = row.first_queued_at = now
    row.failing_since = None


def _supersede(row: ScoreDelivery) -> None:
    row.state, row.reason_class = "superseded", "moved"
    _release(row)


def _release(row: ScoreDelivery) -> None:
    """Take the lease away: a worker that holds it finds out when it wants to record its answer."""
    row.lease_owner, row.lease_until = "", None
