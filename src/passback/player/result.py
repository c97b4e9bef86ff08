"""The result page's facts: what was saved, what it comes to, and whether the gradebook has it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from passback.content.models import Course
from passback.db import tenant_session
from passback.delivery.models import ScoreDelivery
from passback.delivery.states import ON_ITS_WAY, SENT
from passback.player.errors import LinkExpiredError
from passback.player.tokens import Entry, as_uuid
from passback.tracking.activities import BY_ACTIVITY
from passback.tracking.models import Grade, Placement, Registration
from passback.tracking.window_words import date_lines


@dataclass(frozen=True)
class Sent:
    """Where the grade is on its way to the LMS. `state`: see `delivery.states`."""

    state: str
    at: datetime | None
    percent: float | None
    reason: str
    activity: str = ""

    @property
    def arrived(self) -> bool:
        """True where the LMS has taken it."""
        return self.state in SENT


@dataclass(frozen=True)
class Result:
    """What the learner reads after leaving. Percentages 0..100; None where there is no such thing.

    `by_activity` is what became of the grade of each activity, where each has a column of its own.
    """

    title: str
    started: bool
    completion: str
    success: str
    score: float | None
    progress: float | None
    grade: float | None
    overridden: bool
    last_saved: datetime | None
    sent: Sent | None
    dates: Sequence[str] = ()
    by_activity: Sequence[Sent] = ()

    @property
    def finished(self) -> bool:
        """True where there is nothing left to go on with."""
        return self.success in {"passed", "failed"} or self.completion == "completed"

    @property
    def pending(self) -> bool:
        """True while the grade is on its way."""
        ways = [*([self.sent] if self.sent else []), *self.by_activity]
        return any(one.state in ON_ITS_WAY for one in ways)


def find_result(entry: Entry) -> Result:
    """Return the result of a registration.

    Raises:
        LinkExpiredError: the registration is gone.
    """
    with tenant_session(as_uuid(entry.tenant)) as session:
        registration = session.get(Registration, as_uuid(entry.registration))
        if registration is None:
            raise LinkExpiredError("the registration is gone")
        grade = session.scalars(select(Grade).where(Grade.registration_id == registration.id)).one_or_none()
        owed = session.scalars(
            select(ScoreDelivery)
            .where(ScoreDelivery.registration_id == registration.id)
            .order_by(ScoreDelivery.id.desc())
        ).all()
        placement = session.get(Placement, registration.placement_id)
        course = session.get_one(Course, registration.course_id)
    by_activity = placement is not None and placement.columns == BY_ACTIVITY
    whole = None if by_activity else next((row for row in owed if not row.activity), None)
    return Result(
        title=(placement.title if placement else "") or course.title,
        started=registration.attempts > 0,
        completion=registration.completion,
        success=registration.success,
        score=_percent(registration.score_scaled),
        progress=_percent(registration.progress),
        grade=_percent(grade.scaled) if grade else None,
        overridden=bool(grade and grade.overridden_by),
        last_saved=registration.last_activity_at,
        sent=_sent(whole) if whole else None,
        by_activity=[_sent(row) for row in reversed(owed) if row.activity and row.state != "superseded"],
        dates=date_lines(placement) if placement else (),
    )


def _sent(delivery: ScoreDelivery) -> Sent:
    return Sent(
        delivery.state, delivery.accepted_at, _percent(delivery.sent_scaled), delivery.reason, delivery.activity_title
    )


def _percent(scaled: float | None) -> float | None:
    """Return 0..1 as per cent, rounded to a tenth; whole numbers without a fraction when shown."""
    return None if scaled is None else round(scaled * 100, 1)
