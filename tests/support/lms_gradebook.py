"""A learner of a school whose grade goes to the practice LMS, and what its gradebook shows of them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import time_machine
from flask import Flask
from sqlalchemy import select

from passback.db import TenantSession, tenant_session
from passback.delivery import engine, owed
from passback.delivery.models import DeliveryTry, ScoreDelivery
from passback.lti.models import Context
from passback.sandbox.model import LineItem, Link, Result, User
from passback.sandbox.server import SandboxServer
from passback.tracking.models import Grade
from tests.support.lti import School, make_school
from tests.support.practice import practice_lms

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@dataclass
class Gradebook:
    """A learner of a school who has launched a link, and what the LMS shows of them."""

    school: School
    server: SandboxServer
    clock: time_machine.Traveller
    link: Link
    who: User | None = None

    def launch(self, user: User | None = None) -> None:
        """Launch as the learner, or as another one, whose grade is meant from then on."""
        self.who = user or self.who
        assert self.school.launch(user=user, link=self.link).reply.status == 303

    def grade(self, scaled: float, *, final: bool = True, done_at: datetime | None = None) -> None:
        """Record a grade, as the pipeline does."""
        with tenant_session(self.school.tenant_id, write=True) as session:
            delivery = self._delivery(session)
            query = select(Grade).where(Grade.registration_id == delivery.registration_id)
            grade = session.scalars(query).one_or_none()
            if grade is None:
                grade = Grade(registration_id=delivery.registration_id, version=0)
                session.add(grade)
            grade.version += 1
            grade.scaled, grade.final, grade.learner_done_at = scaled, final, done_at
            session.flush()
            owed.score_changed(session, delivery.registration_id, grade.version, sendable=True)

    def drain(self, *, after: float = 0) -> None:
        """Deliver what is due, `after` seconds from now."""
        self.clock.shift(after)
        engine.drain()

    @property
    def delivery(self) -> ScoreDelivery:
        """What is owed."""
        with tenant_session(self.school.tenant_id) as session:
            return self._delivery(session)

    @property
    def tries(self) -> list[DeliveryTry]:
        """Every try, in order."""
        with tenant_session(self.school.tenant_id) as session:
            return list(session.scalars(select(DeliveryTry).order_by(DeliveryTry.at, DeliveryTry.id)))

    @property
    def shown(self) -> float | None:
        """What the gradebook shows for the learner."""
        result = self.result
        return result.score if result else None

    @property
    def result(self) -> Result | None:
        column = self.school.lms.links.column(self.link.id)
        return self.school.lms.gradebook.result(column.id, self.school.learner.id) if column else None

    @property
    def column(self) -> LineItem:
        """The column that came with the link."""
        column = self.school.lms.links.column(self.link.id)
        assert column is not None
        return column

    @property
    def context_id(self) -> UUID:
        """The tool's id of the LMS course."""
        with tenant_session(self.school.tenant_id) as session:
            return session.scalars(select(Context.id)).one()

    def calls(self, area: str) -> int:
        """How many requests a service got."""
        return len(self.server.platform.log.of(area))

    def _delivery(self, session: TenantSession) -> ScoreDelivery:
        rows = session.scalars(select(ScoreDelivery).where(ScoreDelivery.state != "superseded")).all()
        return max((row for row in rows if self.who is None or row.user_id == self.who.id), key=lambda row: row.id)


@contextmanager
def gradebooks(app: Flask) -> Iterator[Callable[..., Gradebook]]:
    """Make gradebooks in LMSs that behave like a product, at nine o'clock."""
    with ExitStack() as stack:
        clock = stack.enter_context(time_machine.travel(START, tick=False))

        def _open(product: str = "moodle", *, launched: bool = True) -> Gradebook:
            server = stack.enter_context(practice_lms(app, product))
            school = make_school(app, server.platform)
            school.change_platform(product=server.platform.config.profile.product_family_code.lower())
            found = Gradebook(school, server, clock, school.link)
            if launched:
                found.launch()
            return found

        yield _open
