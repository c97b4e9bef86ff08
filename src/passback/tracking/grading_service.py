"""Grades as they are kept: decided after every change, set by hand with a reason, owed to whoever waits for them."""

from collections.abc import Mapping, Sequence
from math import isfinite
from uuid import UUID

from sqlalchemy import select

from passback.clock import utc_now
from passback.content.models import Course, CourseVersion
from passback.db import JsonObject, TenantSession, held
from passback.delivery import owed
from passback.plugin import GradeDecision
from passback.staff.service import audit
from passback.tracking.activities import BY_ACTIVITY, catch_up
from passback.tracking.activity_grading import regrade_activities
from passback.tracking.deciding import Rule, Went, decide
from passback.tracking.errors import OverrideRefusedError
from passback.tracking.models import Attempt, Grade, Placement, Registration
from passback.tracking.outcome import load
from passback.tracking.registrations import lock_registration


def find_rule(
    session: TenantSession, placement: Placement, settings: JsonObject, versions: Mapping[UUID, bool | None]
) -> Rule:
    """Return the rule for attempts on `versions`, which may say already whether they report scores."""
    unknown = [version for version, reports in versions.items() if reports is None]
    found = {version for version, reports in versions.items() if reports}
    if unknown:
        statement = select(CourseVersion.id).where(CourseVersion.id.in_(unknown), CourseVersion.reports_score.is_(True))
        found |= set(session.scalars(statement))
    return Rule(placement, settings, frozenset(found))


def regrade(
    session: TenantSession,
    registration: Registration,
    grade: Grade | None,
    attempts: Sequence[Attempt],
    rule: Rule,
    *,
    keep: bool = True,
) -> GradeDecision:
    """Decide a registration's grade anew and note what is owed; the caller has locked registration and grade.

    Args:
        attempts: all of its attempts, in order.
        keep: what has been given stays until something replaces it: nothing yet takes no grade away, and a value that
            may still change takes no final one away. False where the rule itself has changed.
    """
    went = [
        Went(one.number, load(one.outcome), one.replaced, one.course_version_id in rule.reporting) for one in attempts
    ]
    decision = decide(went, rule)
    if grade is None:
        grade = Grade(registration_id=registration.id, version=0, final=False, completed=False)
        grade.reason = grade.overridden_by = grade.override_reason = ""
        session.add(grade)
    if grade.overridden_by:
        return decision
    if keep and grade.scaled is not None and (decision.scaled is None or (grade.final and not decision.final)):
        return decision
    grade.reason = decision.reason
    if (grade.scaled, grade.final, grade.completed) != (decision.scaled, decision.final, decision.completed):
        grade.learner_done_at = decision.at
        _set(session, grade, decision.scaled, final=decision.final, completed=decision.completed)
    held.save(session, grade)
    return decision


def regrade_placement(session: TenantSession, placement_id: UUID) -> int:
    """Decide every grade of a placement anew, because its rule has changed; return how many there are."""
    ids = session.scalars(
        select(Registration.id).where(Registration.placement_id == placement_id).order_by(Registration.id)
    ).all()
    for registration_id in ids:
        regrade_registration(session, registration_id, keep=False)
    return len(ids)


def regrade_registration(session: TenantSession, registration_id: UUID, *, keep: bool = True) -> GradeDecision:
    """Lock a registration with its attempts and decide its grade anew."""
    attempts = lock_attempts(session, registration_id)
    registration = lock_registration(session, registration_id)
    grade = lock_grade(session, registration_id)
    placement = session.scalars(select(Placement).where(Placement.id == registration.placement_id)).one()
    settings = session.scalars(select(Course.settings).where(Course.id == registration.course_id)).one()
    rule = find_rule(session, placement, settings, dict.fromkeys(attempt.course_version_id for attempt in attempts))
    decision = regrade(session, registration, grade, attempts, rule, keep=keep)
    if placement.columns == BY_ACTIVITY:
        catch_up(session, placement, attempts)
        regrade_activities(session, registration_id, rule, keep=keep)
    return decision


def lock_attempts(session: TenantSession, registration_id: UUID) -> Sequence[Attempt]:
    """Lock a registration's attempts and return them by number."""
    statement = select(Attempt).where(Attempt.registration_id == registration_id).order_by(Attempt.number)
    return session.scalars(statement.with_for_update().execution_options(populate_existing=True)).all()


def override(session: TenantSession, registration_id: UUID, scaled: float, *, by: str, reason: str) -> Grade:
    """Set a grade by hand; it stays until `withdraw_override`, whatever the learner does, and is sent like any other.

    Args:
        scaled: 0..1.
        by: a staff user's id, `cli` or `lti:<platform id>`.
        reason: why, for the audit and the ledger.

    Raises:
        OverrideRefusedError: no number from 0 to 1, or no reason.
    """
    if isinstance(scaled, bool) or not isfinite(scaled) or not 0 <= scaled <= 1 or not reason.strip() or not by:
        raise OverrideRefusedError
    registration = lock_registration(session, registration_id)
    grade = lock_grade(session, registration.id)
    if grade is None:
        grade = Grade(registration_id=registration.id, version=0)
        session.add(grade)
    before = grade.scaled
    grade.overridden_by, grade.override_reason, grade.reason = by, reason.strip(), f"set by hand: {reason.strip()}"
    _audit(session, by, "grade.override", registration_id, before=before, after=scaled, reason=reason.strip())
    _set(session, grade, scaled, final=True, completed=True)
    return grade


def withdraw_override(session: TenantSession, registration_id: UUID, *, by: str) -> GradeDecision:
    """Let the rule decide again."""
    lock_attempts(session, registration_id)
    lock_registration(session, registration_id)
    grade = lock_grade(session, registration_id)
    if grade is not None and grade.overridden_by:
        _audit(session, by, "grade.override_withdrawn", registration_id, before=grade.scaled)
        grade.overridden_by = grade.override_reason = ""
        session.flush()
    return regrade_registration(session, registration_id, keep=False)


def _set(session: TenantSession, grade: Grade, scaled: float | None, *, final: bool, completed: bool) -> None:
    grade.scaled, grade.final, grade.completed = scaled, final, completed
    grade.version += 1
    grade.changed_at = utc_now()
    session.flush()
    owed.score_changed(session, grade.registration_id, grade.version, sendable=scaled is not None)


def lock_grade(session: TenantSession, registration_id: UUID) -> Grade | None:
    """Lock a registration's grade and read it afresh; None where there is none yet."""
    statement = select(Grade).where(Grade.registration_id == registration_id).with_for_update()
    return session.scalars(statement.execution_options(populate_existing=True)).one_or_none()


def _audit(session: TenantSession, by: str, action: str, registration_id: UUID, **details: str | float | None) -> None:
    subject = f"registration:{registration_id}"
    audit(session, actor=by, action=action, subject=subject, tenant_id=session.tenant_id, **details)
