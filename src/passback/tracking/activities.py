"""What each activity of an attempt has come to, where a placement counts by activity.

It is kept as the attempt's own outcome is (`tracking.outcome.Parts`), one row for each activity, under the attempt's
lock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select

from passback.content.errors import ContentTypeMissingError
from passback.content.models import CourseVersion
from passback.content.versions import activities
from passback.db import TenantSession
from passback.plugin import SESSION_STARTED, Activity, Outcome, RuntimeEvent, TellsActivities
from passback.tracking.courses import Subject, find_subject
from passback.tracking.fold import heard
from passback.tracking.models import ActivityResult, Attempt, Placement, PlaySession
from passback.tracking.outcome import Parts, dump, load, normalised_score, raise_by
from passback.tracking.state import load_state

BY_COURSE, BY_ACTIVITY = "course", "activity"
"""Values of `Placement.columns`."""
MOST = 50
"""Activities of a course that can count on their own."""


def counted(version: CourseVersion) -> list[Activity]:
    """Return the activities of a version that can count on their own, in their order: tracked ones with content."""
    found: list[Activity] = []
    waiting = list(activities(version))
    while waiting:
        one = waiting.pop(0)
        waiting[:0] = one.children
        if one.tracked and one.href and not one.children:
            found.append(one)
    return found


def can_count(content_type: object, version: CourseVersion) -> bool:
    """Say whether activities can count on their own: there are several, not too many, and their kind tells of them."""
    return isinstance(content_type, TellsActivities) and 2 <= len(counted(version)) <= MOST


@dataclass
class ActivityBook:
    """The activities of an attempt that is locked, and what its events make of them."""

    attempt_id: UUID
    version_id: UUID
    rows: dict[str, ActivityResult] = field(default_factory=dict)
    parts: dict[str, Parts] = field(default_factory=dict)

    def live(self, play: PlaySession) -> dict[str, Outcome]:
        """Return what the newest session is to go on with."""
        for name, row in self.rows.items():
            if row.session_id != play.id:
                self.parts[name].start_session()
                row.session_id = play.id
        return {name: parts.live for name, parts in self.parts.items()}

    def hear(self, told: Mapping[str, Outcome], play: PlaySession) -> None:
        """Take in what the newest session says."""
        for name, outcome in told.items():
            self.of(name, play.id).live = outcome

    def said_beside(self, key: str) -> dict[str, Outcome]:
        """Return what a superseded session has said since, by the key of its branch."""
        return {name: parts.branches[key] for name, parts in self.parts.items() if key in parts.branches}

    def hear_beside(self, key: str, told: Mapping[str, Outcome]) -> None:
        """Take in what a superseded session says: it can only raise what there is."""
        for name, outcome in told.items():
            branches = self.of(name, None).branches
            branches[key] = raise_by(branches.get(key, Outcome()), outcome).with_(at=outcome.at)

    def write(self, session: TenantSession) -> bool:
        """Keep what has changed; return whether anything has."""
        changed = False
        for name, parts in self.parts.items():
            row, now = self.rows[name], parts.to_json()
            if row.parts == now and row in session:
                continue
            changed, total = True, parts.total()
            row.parts, row.outcome = now, dump(total)
            row.reports_score = row.reports_score or normalised_score(total) is not None
            session.add(row)
        session.flush()
        return changed

    def of(self, name: str, session_id: UUID | None) -> Parts:
        """Return the parts of an activity, new ones where nothing was heard of it yet."""
        if name not in self.rows:
            self.rows[name] = ActivityResult(
                attempt_id=self.attempt_id,
                course_version_id=self.version_id,
                activity=name,
                session_id=session_id,
                parts={},
                outcome={},
                reports_score=False,
            )
            self.parts[name] = Parts()
        return self.parts[name]


def open_book(session: TenantSession, attempt: Attempt, subject: Subject, placement: Placement) -> ActivityBook | None:
    """Return the book of a locked attempt; None where its activities do not count."""
    if placement.columns != BY_ACTIVITY or not isinstance(subject.content_type, TellsActivities):
        return None
    statement = select(ActivityResult).where(ActivityResult.attempt_id == attempt.id)
    rows = {
        row.activity: row
        for row in session.scalars(statement.execution_options(populate_existing=True))
        if row.activity
    }
    parts = {name: Parts.from_json(row.parts) for name, row in rows.items()}
    return ActivityBook(attempt.id, attempt.course_version_id, rows, parts)


def catch_up(session: TenantSession, placement: Placement, attempts: Sequence[Attempt]) -> None:
    """Note what the activities of locked attempts have come to before anybody asked: the placement counts anew."""
    for attempt in attempts:
        try:
            subject = find_subject(session, attempt)
        except ContentTypeMissingError:
            continue
        book = open_book(session, attempt, subject, placement)
        if book is None:
            continue
        outcome = load(attempt.outcome)
        state = load_state(session, subject, attempt, outcome=outcome)
        moment = outcome.at or attempt.started_at
        event = RuntimeEvent(attempt.id, 0, SESSION_STARTED, "", moment, {"mode": "normal"})
        known = {name: parts.live for name, parts in book.parts.items()}
        for name, told in heard(subject, state, known, event).items():
            book.of(name, None).live = told
        book.write(session)
