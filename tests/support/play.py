"""A learner at a toy course, without a browser: what tests of tracking arrange with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from passback.clock import utc_now
from passback.content.models import Course, CourseVersion
from passback.db import JsonObject, tenant_session
from passback.plugin import Outcome
from passback.tracking import pipeline
from passback.tracking.journal import IncomingEvent
from passback.tracking.learners import upsert_learner
from passback.tracking.models import Attempt, Grade, Placement, PlaySession, Registration, StateCell, StoredEvent
from passback.tracking.outcome import load
from passback.tracking.pipeline import Receipt
from passback.tracking.registrations import ensure_registration, get_registration
from passback.tracking.sessions import Standing, open_session, standing


def event(sequence: int, kind: str = "toy.page", **data: Any) -> IncomingEvent:
    """Return an event as a player would send it now."""
    return IncomingEvent(sequence, kind, "toy", utc_now(), data)


def page(sequence: int, number: int, of: int = 10) -> IncomingEvent:
    """The learner sees a page."""
    return event(sequence, "toy.page", page=number, of=of)


def score(sequence: int, scaled: object) -> IncomingEvent:
    """The course reports a score."""
    return event(sequence, "toy.score", scaled=scaled)


@dataclass
class Desk:
    """One learner registered on one toy course."""

    tenant_id: UUID
    course_id: UUID
    placement_id: UUID
    registration_id: UUID

    def open(self, **options: Any) -> UUID:
        """Open a session."""
        with tenant_session(self.tenant_id, write=True) as session:
            return open_session(session, get_registration(session, self.registration_id), **options).id

    def send(self, session_id: UUID, events: Sequence[IncomingEvent] = (), *, leaving: bool = False) -> Receipt:
        """Send events (none: a heartbeat)."""
        return pipeline.record(self.tenant_id, session_id, events, leaving=leaving)

    def standing(self, tab: str = "") -> Standing:
        """What an opener meets."""
        with tenant_session(self.tenant_id) as session:
            return standing(session, get_registration(session, self.registration_id), tab=tab)

    def registration(self) -> Registration:
        """The registration's row."""
        with tenant_session(self.tenant_id) as session:
            return get_registration(session, self.registration_id)

    def attempts(self) -> list[Attempt]:
        """The attempts, by number."""
        with tenant_session(self.tenant_id) as session:
            statement = select(Attempt).where(Attempt.registration_id == self.registration_id)
            return list(session.scalars(statement.order_by(Attempt.number)))

    def outcome(self) -> Outcome:
        """The newest attempt's outcome."""
        return load(self.attempts()[-1].outcome)

    def grade(self) -> Grade | None:
        """The grade's row."""
        with tenant_session(self.tenant_id) as session:
            return session.scalars(select(Grade).where(Grade.registration_id == self.registration_id)).one_or_none()

    def session(self, session_id: UUID) -> PlaySession:
        """A session's row."""
        with tenant_session(self.tenant_id) as session:
            return session.scalars(select(PlaySession).where(PlaySession.id == session_id)).one()

    def events(self, session_id: UUID) -> list[StoredEvent]:
        """What is stored of a session, by number."""
        with tenant_session(self.tenant_id) as session:
            statement = select(StoredEvent).where(StoredEvent.session_id == session_id)
            return list(session.scalars(statement.order_by(StoredEvent.sequence)))

    def cells(self) -> dict[tuple[str, str], JsonObject]:
        """The cells of the newest attempt and of the learner."""
        attempt = self.attempts()[-1]
        with tenant_session(self.tenant_id) as session:
            learner = get_registration(session, self.registration_id).learner_id
            rows = session.scalars(select(StateCell).where(StateCell.owner_id.in_({attempt.id, learner})))
            return {(row.scope, row.key): row.data for row in rows}


def add_course(tenant_id: UUID, content_type: str = "toy", **version: Any) -> UUID:
    """Add a course with one version."""
    with tenant_session(tenant_id, write=True) as session:
        course = Course(title="A toy", content_type=content_type)
        session.add(course)
        session.flush()
        add_version(session, course.id, 1, **version)
        return course.id


def add_version(session: Any, course_id: UUID, number: int, **fields: Any) -> UUID:
    """Add a version to a course."""
    structure: JsonObject = {
        "data": {"start": "index.html", "number": number},
        "activities": [{"id": "toy", "title": "A toy", "href": "index.html", "tracked": True, "children": []}],
        "title": "A toy",
    }
    version = CourseVersion(
        course_id=course_id,
        number=number,
        content=structure,
        warnings=[],
        package_sha256="",
        package_name="toy.zip",
        file_count=1,
        total_bytes=1,
        **fields,
    )
    session.add(version)
    session.flush()
    return version.id


def add_desk(tenant_id: UUID, *, course_id: UUID | None = None, learner: str = "learner", **placement: Any) -> Desk:
    """Register a learner on a (new) toy course at a placement of its own."""
    course_id = course_id or add_course(tenant_id)
    with tenant_session(tenant_id, write=True) as session:
        place = Placement(course_id=course_id, kind="direct", **placement)
        session.add(place)
        session.flush()
        person = upsert_learner(session, source="direct", subject=learner, name="Zoë")
        registration = ensure_registration(session, learner=person, course_id=course_id, placement=place)
        return Desk(tenant_id, course_id, place.id, registration.id)


LATER = timedelta(minutes=31)
"""Longer than a session stays open without a sign of life."""
