"""What is owed to whom, and every try to deliver it."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, validates

from passback.clock import utc_now
from passback.db import Base, JsonObject, Lifecycle, TenantScoped, tenant_key, tenant_table
from passback.delivery.states import EVENT_MOVES, SCORE_MOVES, checked


class ScoreDelivery(TenantScoped, Base):
    """The score owed to one (line item, user): one row, whatever happens; what goes out is read when it is sent.

    `wanted` and `sent` are versions of the grade; `last_timestamp` is stored before each send. `state`: see `states`.
    `destination` names the destination for caps and breakers. `tries` counts the sends since the last answer that
    settled one; above 0 nobody knows what arrived. `failing_since` is the first of them that failed. `sent_attempt` is
    the newest attempt that the gradebook has a grade of; `repairs` counts how often in a row reconciliation did not
    find what had been accepted. `activity`: the one whose grade it is, with its title; "" for the course's.
    """

    __tablename__ = "score_delivery"
    __table_args__ = tenant_table(
        tenant_key("registration_id", "registration", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "line_item", "user_id"),
        Index("ix_score_delivery_due", "state", "due_at", "id"),
        Index("ix_score_delivery_destination", "destination", "state"),
        Index("ix_score_delivery_registration", "tenant_id", "registration_id"),
    )
    lifecycle = Lifecycle(keep="as long as its registration", erase="with learner", personal=("user_id",))

    registration_id: Mapped[UUID]
    sender: Mapped[str]
    destination: Mapped[str]
    line_item: Mapped[str]
    user_id: Mapped[str]
    activity: Mapped[str] = mapped_column(default="")
    activity_title: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default="recorded")
    wanted: Mapped[int] = mapped_column(default=0)
    sent: Mapped[int] = mapped_column(default=0)
    last_timestamp: Mapped[datetime | None]
    sent_scaled: Mapped[float | None]
    sent_final: Mapped[bool] = mapped_column(default=False)
    sent_attempt: Mapped[int] = mapped_column(default=0)
    accepted_at: Mapped[datetime | None]
    read_back_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(default=utc_now)
    lease_owner: Mapped[str] = mapped_column(default="")
    lease_until: Mapped[datetime | None]
    reason_class: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    first_queued_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    repairs: Mapped[int] = mapped_column(default=0)

    @validates("state")
    def _move(self, _key: str, to: str) -> str:
        return checked(SCORE_MOVES, self.state, to)


class EventDelivery(TenantScoped, Base):
    """An event owed to one listener, never merged; a `lane` (a registration) is delivered strictly by `position`."""

    __tablename__ = "event_delivery"
    __table_args__ = tenant_table(
        Index("ix_event_delivery_due", "state", "due_at"),
        Index("ix_event_delivery_lane", "tenant_id", "listener", "lane", "position"),
    )
    lifecycle = Lifecycle(
        keep="30 days after delivery, for support",
        erase="with learner",
        personal=("payload",),
        whose=(("lane", "registration"),),
        purge_after=timedelta(days=30),
        purge_by="settled_at",
    )

    listener: Mapped[str]
    lane: Mapped[str]
    position: Mapped[int]
    event: Mapped[str]
    payload: Mapped[JsonObject]
    state: Mapped[str] = mapped_column(default="queued")
    tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(default=utc_now)
    lease_owner: Mapped[str] = mapped_column(default="")
    lease_until: Mapped[datetime | None]
    reason_class: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    failing_since: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]

    @validates("state")
    def _move(self, _key: str, to: str) -> str:
        return checked(EVENT_MOVES, self.state, to)


class DeliveryTry(TenantScoped, Base):
    """One try of a score or an event, append-only: the evidence without the body (some LMSs echo personal data in it).

    It goes with what it delivers: `score_id` or `event_id`, the other one is None. `scaled` is the value that went out,
    by which reconciliation knows an older grade of ours from one that a teacher has entered.
    """

    __tablename__ = "delivery_try"
    __table_args__ = tenant_table(
        tenant_key("score_id", "score_delivery", ondelete="CASCADE"),
        tenant_key("event_id", "event_delivery", ondelete="CASCADE"),
        Index("ix_delivery_try_score", "tenant_id", "score_id", "at"),
        Index("ix_delivery_try_event", "tenant_id", "event_id", "at"),
    )
    lifecycle = Lifecycle(keep="as long as what it delivers", erase="with learner")

    score_id: Mapped[UUID | None]
    event_id: Mapped[UUID | None]
    at: Mapped[datetime] = mapped_column(default=utc_now)
    version: Mapped[int] = mapped_column(default=0)
    scaled: Mapped[float | None]
    verdict: Mapped[str]
    reason_class: Mapped[str] = mapped_column(default="")
    http_status: Mapped[int | None]
    body_sha256: Mapped[str] = mapped_column(default="")
    duration_ms: Mapped[int] = mapped_column(default=0)


class Destination(Base):
    """Where scores go (a platform; tenants may share one): its pauses and its circuit breaker.

    `failures` counts tries in a row that failed; `paused_until`: nothing is sent before (Retry-After, open breaker).
    """

    __tablename__ = "delivery_destination"
    lifecycle = Lifecycle(keep="as long as the installation: one row per platform", erase="not personal")

    name: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    paused_until: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(default="")


class JobLease(Base):
    """Who runs a scheduled job just now; one row per job, so that many processes run it once."""

    __tablename__ = "job_lease"
    lifecycle = Lifecycle(keep="as long as the job exists", erase="not personal")

    name: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(default="")
    until: Mapped[datetime | None]
    last_run_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(default="")
