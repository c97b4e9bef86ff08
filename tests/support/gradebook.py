"""A gradebook that is as strict as Moodle's, a sender for it, and learners whose grades are owed to it."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from flask import Flask
from sqlalchemy import select

from passback.content.models import Course
from passback.db import TenantSession, tenant_session
from passback.delivery import owed
from passback.delivery.models import DeliveryTry, ScoreDelivery
from passback.delivery.senders import ScorePayload, register_sender
from passback.outbound import OutboundTimeoutError
from passback.plugin import SendResult, Verdict
from passback.tracking.models import Grade, Learner, Placement, Registration

Key = tuple[str, str]


@dataclass(frozen=True)
class Post:
    """One score that reached the gradebook."""

    key: Key
    scaled: float
    timestamp: datetime
    first_try: bool
    final: bool


@dataclass
class Gradebook:
    """Keeps the value of every (line item, user); refuses stamps as Moodle 4.1 does: whole seconds must grow.

    `script` says what the next sends meet: `ok`, `lost` (never arrives, times out), `late` (arrives, times out),
    `put off` (by the sender itself), an HTTP status that is answered without effect, or a function to call while the
    send is under way (then `ok`).
    """

    script: deque[str | int | Callable[[], object]] = field(default_factory=deque)
    retry_after: float | None = None
    values: dict[Key, float] = field(default_factory=dict)
    stamps: dict[Key, datetime] = field(default_factory=dict)
    posts: list[Post] = field(default_factory=list)
    read_backs: int = 0
    refused_as_older: int = 0
    overlaps: int = 0
    most_at_once: int = 0
    _under_way: list[Key] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def prepare(self, session: TenantSession, delivery: ScoreDelivery) -> ScorePayload | None:
        grade = session.scalars(select(Grade).where(Grade.registration_id == delivery.registration_id)).one_or_none()
        if grade is None or grade.scaled is None:
            return None
        key = (delivery.line_item, delivery.user_id)
        return ScorePayload(grade.version, grade.scaled, grade.final, minimum_interval=1.0, data=key)

    def send(self, payload: ScorePayload, *, timestamp: datetime, first_try: bool) -> SendResult:
        key = payload.data
        assert isinstance(key, tuple)
        with self._lock:
            self.overlaps += key in self._under_way
            self._under_way.append(key)
            self.most_at_once = max(self.most_at_once, len(self._under_way))
        try:
            return self._answer(key, payload, timestamp, first_try)
        finally:
            with self._lock:
                self._under_way.remove(key)

    def _answer(self, key: Key, payload: ScorePayload, timestamp: datetime, first_try: bool) -> SendResult:
        if not first_try:
            self.read_backs += 1
            if self.values.get(key) == payload.scaled:
                return SendResult(Verdict.DELIVERED, "read_back", sent_scaled=payload.scaled, read_back=True)
        step = self.script.popleft() if self.script else "ok"
        if callable(step):
            step()
            step = "ok"
        if step == "put off":
            return SendResult(Verdict.RETRY, "put_off", retry_after=self.retry_after)
        if step == "lost":
            raise OutboundTimeoutError
        if isinstance(step, int):
            verdict = Verdict.PARKED if step == 422 else Verdict.RETRY
            return SendResult(verdict, f"status_{step}", http_status=step, retry_after=self.retry_after)
        with self._lock:
            before = self.stamps.get(key)
            if before is not None and int(timestamp.timestamp()) <= int(before.timestamp()):
                self.refused_as_older += 1
                return SendResult(Verdict.RETRY, "older_timestamp", http_status=409)
            self.stamps[key], self.values[key] = timestamp, payload.scaled
            self.posts.append(Post(key, payload.scaled, timestamp, first_try, payload.final))
        if step == "late":
            raise OutboundTimeoutError
        return SendResult(Verdict.DELIVERED, http_status=200)


@dataclass(frozen=True)
class Pupil:
    """A registration whose grade is owed to the gradebook."""

    tenant_id: UUID
    registration_id: UUID
    user_id: str
    line_item: str

    @property
    def key(self) -> Key:
        return (self.line_item, self.user_id)

    def launch(self, *, line_item: str = "", destination: str = "lms") -> None:
        """Open the course: the launch says where the grade goes."""
        with tenant_session(self.tenant_id, write=True) as session:
            owed.expect_score(
                session,
                registration_id=self.registration_id,
                sender="gradebook",
                destination=destination,
                line_item=line_item or self.line_item,
                user_id=self.user_id,
            )

    def grade(self, scaled: float | None, *, final: bool = True) -> None:
        """Get a grade, as tracking records it: the grade and what is owed in one transaction."""
        with tenant_session(self.tenant_id, write=True) as session:
            query = select(Grade).where(Grade.registration_id == self.registration_id).with_for_update()
            row = session.scalars(query).one_or_none()
            if row is None:
                row = Grade(registration_id=self.registration_id, version=0)
                session.add(row)
            row.version, row.scaled, row.final = row.version + 1, scaled, final
            session.flush()
            owed.score_changed(session, self.registration_id, row.version, sendable=scaled is not None)

    def delivery(self) -> ScoreDelivery:
        """Return the delivery that is not superseded."""
        with tenant_session(self.tenant_id) as session:
            query = select(ScoreDelivery).where(
                ScoreDelivery.registration_id == self.registration_id, ScoreDelivery.state != "superseded"
            )
            return session.scalars(query).one()

    def tries(self) -> list[DeliveryTry]:
        """Return every try of the delivery, in order."""
        delivery_id = self.delivery().id
        with tenant_session(self.tenant_id) as session:
            query = select(DeliveryTry).where(DeliveryTry.score_id == delivery_id).order_by(DeliveryTry.id)
            return list(session.scalars(query))


def use_gradebook(app: Flask) -> Gradebook:
    """Return a gradebook that `app` sends to as `gradebook`."""
    gradebook = Gradebook()
    register_sender(app, "gradebook", gradebook)
    return gradebook


def enrol(tenant_id: UUID, number: int = 1, *, destination: str = "lms", launched: bool = True) -> Pupil:
    """Make a learner with a registration, who has opened the course once."""
    with tenant_session(tenant_id, write=True) as session:
        course = Course(title="Fire safety", content_type="toy")
        learner = Learner(source="direct", subject=f"learner-{number}")
        session.add_all([course, learner])
        session.flush()
        placement = Placement(course_id=course.id, kind="lti")
        session.add(placement)
        session.flush()
        registration = Registration(learner_id=learner.id, course_id=course.id, placement_id=placement.id)
        session.add(registration)
        session.flush()
        pupil = Pupil(tenant_id, registration.id, f"user-{number}", "https://lms.test/items/1")
    if launched:
        pupil.launch(destination=destination)
    return pupil
