"""What a review shows: a learner's attempts in the terms of the course's standard, and the way of the grade."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from passback.content.models import Course
from passback.db import TenantSession
from passback.delivery import ledger
from passback.delivery.ledger import LedgerEntry
from passback.delivery.models import DeliveryTry
from passback.delivery.words import VERDICTS, reason_in_words
from passback.lti.score_answers import REASONS
from passback.tracking.models import Attempt, Placement, PlaySession, Registration
from passback.tracking.report import AttemptView, RegistrationReport, registration_report
from passback.tracking.timeline import AttemptTimeline, attempt_timeline

SITTINGS = 50
"""Sessions that are listed of one attempt, the newest: enough for people, bounded for the page."""


@dataclass(frozen=True)
class Try:
    """One try to send the grade, in plain words."""

    row: DeliveryTry
    verdict: str
    reason: str


@dataclass(frozen=True)
class Sent:
    """A grade's way to one column, with its tries, the newest first."""

    entry: LedgerEntry
    tries: Sequence[Try]


@dataclass(frozen=True)
class Work:
    """One attempt and its sittings, the newest first; `timeline` of the newest attempt only."""

    view: AttemptView
    sittings: Sequence[PlaySession]
    timeline: AttemptTimeline | None = None


@dataclass(frozen=True)
class ReviewPage:
    """Everything the page shows."""

    title: str
    report: RegistrationReport
    attempts: Sequence[Work]
    sent: Sequence[Sent]


def review_page(session: TenantSession, registration_id: UUID) -> ReviewPage:
    """Read what a review shows; nothing is written.

    Raises:
        RegistrationUnknownError: it is gone.
    """
    report = registration_report(session, registration_id)
    placement = session.scalars(select(Placement).where(Placement.id == report.placement)).one()
    title = placement.title or session.scalars(select(Course.title).where(Course.id == report.course)).one()
    sittings = _sittings(session, registration_id)
    newest = len(report.attempts)
    attempts = [
        Work(
            one,
            sittings.get(one.number, ()),
            attempt_timeline(session, registration_id, one.number) if one.number == newest else None,
        )
        for one in reversed(report.attempts)
    ]
    this = select(Registration.id).where(Registration.id == registration_id)
    sent = [Sent(entry, _tries(session, entry.id)) for entry in ledger.scores_of(session, this)]
    return ReviewPage(title, report, attempts, sent)


def _sittings(session: TenantSession, registration_id: UUID) -> Mapping[int, list[PlaySession]]:
    rows = session.execute(
        select(Attempt.number, PlaySession)
        .join(PlaySession, PlaySession.attempt_id == Attempt.id)
        .where(Attempt.registration_id == registration_id)
        .order_by(PlaySession.opened_at.desc())
        .limit(SITTINGS)
    )
    found: dict[int, list[PlaySession]] = {}
    for number, play in rows:
        found.setdefault(number, []).append(play)
    return found


def _tries(session: TenantSession, delivery_id: UUID) -> list[Try]:
    return [
        Try(
            row,
            VERDICTS.get(row.verdict, row.verdict),
            reason_in_words(row.reason_class, REASONS.get(row.reason_class, "")),
        )
        for row in reversed(ledger.tries_of(session, delivery_id))
    ]
