"""An attempt under lock: what one transaction does to it, from the first event to what is owed.

Locks are taken in one order everywhere: attempt, its session, registration, state cells, course version, grade,
deliveries. Who writes a grade holds its registration.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import bindparam, select, update

from passback.content.models import Course, CourseVersion
from passback.db import JsonObject, TenantSession, held
from passback.db.held import Prepared
from passback.plugin import GradeDecision, Outcome, RuntimeEvent
from passback.tracking import outcome as outcomes
from passback.tracking.activities import ActivityBook, open_book
from passback.tracking.courses import Subject, make_subject
from passback.tracking.errors import SessionUnknownError
from passback.tracking.fold import Fold, SaidFact
from passback.tracking.models import Attempt, Placement, PlaySession, Registration
from passback.tracking.outcome import Parts, normalised_score, raise_by
from passback.tracking.rollup import Around, roll_up
from passback.tracking.state import BranchCells, ScratchCells, StoredCells

_LOCKED = Prepared(
    (Attempt, PlaySession, Registration),
    PlaySession.__table__.c.id == bindparam("play"),
    PlaySession.__table__.c.attempt_id == Attempt.__table__.c.id,
    Registration.__table__.c.id == Attempt.__table__.c.registration_id,
    lock=True,
)
_AROUND = Prepared(
    (Registration, Course, CourseVersion, Placement),
    Registration.__table__.c.id == bindparam("registration"),
    Course.__table__.c.id == Registration.__table__.c.course_id,
    CourseVersion.__table__.c.course_id == Course.__table__.c.id,
    CourseVersion.__table__.c.id == bindparam("version"),
    Placement.__table__.c.id == Registration.__table__.c.placement_id,
    only={
        Registration: ("id",),
        Course: ("id", "content_type", "settings"),
        CourseVersion: ("id", "reports_score"),
    },
)


@dataclass
class Work:
    """One attempt, locked, with one of its sessions and what that session's events change."""

    session: TenantSession
    attempt: Attempt
    play: PlaySession
    registration: Registration
    placement: Placement
    subject: Subject
    parts: Parts
    cells: StoredCells
    before: JsonObject
    book: ActivityBook | None = None
    facts: list[SaidFact] = field(default_factory=list)

    def apply(self, events: Sequence[RuntimeEvent]) -> None:
        """Apply the session's events in their order: to the attempt, or to the session's branch where it has one."""
        if not events:
            return
        play = self.play
        if play.branch is None:
            fold = Fold(self.subject, self.cells, self.parts.live, play.mode)
            fold.activities = self.book.live(play) if self.book else None
            fold.run(events)
            self.parts.live = fold.live
            if self.book and fold.activities:
                self.book.hear(fold.activities, play)
        else:
            fold = self._on_branch(play.branch, events)
        self.facts += fold.facts
        play.applied_seq = max(play.applied_seq, events[-1].sequence)

    def apply_holes(self, events: Sequence[RuntimeEvent]) -> None:
        """Apply events whose place was passed long ago: they may raise the outcome; the state has moved on."""
        if not events:
            return
        base, live = self._base()
        key = f"{self.play.id}:holes"
        fold = Fold(self.subject, ScratchCells(base), live, self.play.mode)
        self._run_beside(fold, events, key)
        self.facts += fold.facts
        known = self.parts.branches.get(key, Outcome())
        self.parts.branches[key] = raise_by(known, fold.live)

    def _on_branch(self, branch: JsonObject, events: Sequence[RuntimeEvent]) -> Fold:
        cells = _branch_cells(branch)
        fold = Fold(self.subject, cells, outcomes.load(cast("JsonObject", branch["live"])), self.play.mode)
        self._run_beside(fold, events, str(self.play.id))
        self.play.branch = {"live": outcomes.dump(fold.live), "cells": list(cells.to_json())}
        self.parts.branches[str(self.play.id)] = fold.live
        return fold

    def _run_beside(self, fold: Fold, events: Sequence[RuntimeEvent], key: str) -> None:
        """Run a fold whose events can only raise what there is."""
        fold.activities = self.book.said_beside(key) if self.book else None
        fold.run(events)
        if self.book and fold.activities:
            self.book.hear_beside(key, fold.activities)

    def _base(self) -> tuple[StoredCells | BranchCells, Outcome]:
        branch = self.play.branch
        if branch is None:
            return self.cells, self.parts.live
        return _branch_cells(branch), outcomes.load(cast("JsonObject", branch["live"]))

    def take_branch(self) -> None:
        """Give the session the state as it is now, for what may still arrive from it; it is the newest no longer."""
        self.play.branch = {"live": outcomes.dump(self.parts.live), "cells": list(self.cells.snapshot())}

    def conclude(self, now: datetime) -> tuple[Outcome, GradeDecision | None]:
        """Write state and outcome, and where they changed rollup, grade and what is owed; return both.

        The grade is None where nothing that counts has changed.
        """
        self.cells.write()
        total = self.parts.total()
        self.attempt.parts, self.attempt.outcome = self.parts.to_json(), outcomes.dump(total)
        held.save(self.session, self.attempt)
        held.save(self.session, self.play)
        moved = self.book is not None and self.book.write(self.session)
        if self.attempt.outcome == self.before and not self.facts and not moved:
            return total, None
        if normalised_score(total) is not None and not self.subject.reports_score:
            self._note_score()
        around = Around(self.registration, self.placement, self.subject)
        return total, roll_up(self.session, self.attempt, around, self.facts, now)

    def _note_score(self) -> None:
        self.session.execute(
            update(CourseVersion)
            .where(CourseVersion.id == self.subject.version_id, CourseVersion.reports_score.is_(False))
            .values(reports_score=True)
            .execution_options(synchronize_session=False)
        )
        self.subject = replace(self.subject, reports_score=True)


def lock_session(session: TenantSession, session_id: UUID) -> tuple[Attempt, PlaySession, Registration]:
    """Lock a session with its attempt and registration, and read them as they are now.

    Raises:
        SessionUnknownError: there is none of that id.
    """
    rows = _LOCKED.rows(session, play=session_id)
    if not rows:
        raise SessionUnknownError(str(session_id))
    attempt, play, registration = rows[0]
    return attempt, play, registration


def begin_work(session: TenantSession, session_id: UUID) -> Work:
    """Lock a session's attempt and begin to work on it.

    Raises:
        SessionUnknownError: there is no such session.
        ContentTypeMissingError: the course's plugin is not loaded.
    """
    return work_on(session, *lock_session(session, session_id))


def work_on(session: TenantSession, attempt: Attempt, play: PlaySession, registration: Registration) -> Work:
    """Begin to work on an attempt that `lock_session` has locked."""
    rows = _AROUND.rows(session, registration=registration.id, version=attempt.course_version_id)
    _registration, course, version, placement = rows[0]
    subject = make_subject(session, attempt, registration.learner_id, course, version)
    return Work(
        session=session,
        attempt=attempt,
        play=play,
        registration=registration,
        placement=placement,
        subject=subject,
        parts=Parts.from_json(attempt.parts or {}),
        cells=StoredCells(session, subject, attempt, lock=True),
        before=attempt.outcome,
        book=open_book(session, attempt, subject, placement) if play.mode == "normal" else None,
    )


def lock_attempt(session: TenantSession, attempt_id: object) -> Attempt | None:
    """Lock an attempt and read it afresh."""
    statement = select(Attempt).where(Attempt.id == attempt_id).with_for_update()
    return session.scalars(statement.execution_options(populate_existing=True)).one_or_none()


def _branch_cells(branch: JsonObject) -> BranchCells:
    cells = branch["cells"]
    return BranchCells(cell for cell in cells if isinstance(cell, dict)) if isinstance(cells, list) else BranchCells([])
