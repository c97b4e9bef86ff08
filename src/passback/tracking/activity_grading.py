"""Grades of activities, where a placement counts by activity: by the same rules as the grade of a registration."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from passback.clock import utc_now
from passback.db import TenantSession
from passback.delivery import owed
from passback.plugin import GradeDecision
from passback.tracking.deciding import Rule, Went, decide
from passback.tracking.models import ActivityGrade, ActivityResult, Attempt
from passback.tracking.outcome import load, normalised_score


def regrade_activities(session: TenantSession, registration_id: UUID, rule: Rule, *, keep: bool = True) -> None:
    """Decide the grade of each activity anew and note what is owed; the caller has locked the registration.

    Args:
        keep: as for `grading_service.regrade`.
    """
    grades = {grade.activity: grade for grade in activity_grades(session, registration_id, lock=True)}
    changed: dict[str, int] = {}
    for activity, went in sorted(_went(session, registration_id).items()):
        grade = grades.get(activity)
        if grade is None:
            grade = ActivityGrade(registration_id=registration_id, activity=activity, version=0)
            grade.final = grade.completed = False
            session.add(grade)
        if _set(grade, decide(went, rule), keep=keep) and grade.scaled is not None:
            changed[activity] = grade.version
    session.flush()
    if changed:
        owed.scores_changed(session, registration_id, changed)


def activity_grades(session: TenantSession, registration_id: UUID, *, lock: bool = False) -> Sequence[ActivityGrade]:
    """Return the grades of a registration's activities, read afresh."""
    query = select(ActivityGrade).where(ActivityGrade.registration_id == registration_id)
    query = query.order_by(ActivityGrade.activity).execution_options(populate_existing=True)
    return session.scalars(query.with_for_update() if lock else query).all()


def _set(grade: ActivityGrade, decision: GradeDecision, *, keep: bool) -> bool:
    """Put a decision into a grade; return whether the grade has changed."""
    if keep and grade.scaled is not None and (decision.scaled is None or (grade.final and not decision.final)):
        return False
    grade.reason = decision.reason
    if (grade.scaled, grade.final, grade.completed) == (decision.scaled, decision.final, decision.completed):
        return False
    grade.scaled, grade.final, grade.completed = decision.scaled, decision.final, decision.completed
    grade.learner_done_at, grade.changed_at = decision.at, utc_now()
    grade.version += 1
    return True


def _went(session: TenantSession, registration_id: UUID) -> dict[str, list[Went]]:
    """Return how each activity went in each attempt in which it was opened. The end of a session ends them all."""
    found: dict[str, list[Went]] = {}
    rows = session.execute(
        select(ActivityResult, Attempt.number, Attempt.outcome, Attempt.replaced)
        .join(Attempt, Attempt.id == ActivityResult.attempt_id)
        .where(Attempt.registration_id == registration_id)
        .order_by(Attempt.number, ActivityResult.activity)
    )
    for result, number, whole, replaced in rows:
        outcome = load(result.outcome)
        outcome = outcome.with_(ended=outcome.ended or load(whole).ended)
        reports = result.reports_score or (normalised_score(outcome) is None and _is_scored(session, result))
        found.setdefault(result.activity, []).append(Went(number, outcome, replaced, reports))
    return found


def _is_scored(session: TenantSession, result: ActivityResult) -> bool:
    """Say whether anybody's go at this activity has reported a score."""
    query = select(ActivityResult.id).where(
        ActivityResult.course_version_id == result.course_version_id,
        ActivityResult.activity == result.activity,
        ActivityResult.reports_score.is_(True),
    )
    return session.scalars(query.limit(1)).one_or_none() is not None
