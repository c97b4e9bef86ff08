"""Learners, placements, registrations, attempts, sessions, events and state."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from passback.clock import utc_now
from passback.db import Base, JsonObject, Lifecycle, TenantScoped, tenant_key, tenant_table
from passback.tracking.windows import WindowColumns


class Learner(TenantScoped, Base):
    """A person as one source knows them. `source` is `lti:<platform id>` or `direct` (no LMS); `subject` its key."""

    __tablename__ = "learner"
    __table_args__ = tenant_table(UniqueConstraint("tenant_id", "source", "subject"))
    lifecycle = Lifecycle(
        keep="until erased",
        erase="anonymise",
        personal=("subject", "name", "given_name", "family_name", "email", "locale"),
    )

    source: Mapped[str]
    subject: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
    given_name: Mapped[str] = mapped_column(default="")
    family_name: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    locale: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Placement(WindowColumns, TenantScoped, Base):
    """Where a course is offered and how it counts there: a link in an LMS, or `direct` without one.

    `counts` is the key of a grade policy (`score`, `completion`, `pass`); `pass_mark` 0..1 or None: the content's
    own verdict; `which_attempt` is `best`, `last`, `first` or `average`; `max_attempts` 0 = any number; `points` the
    maximum in the gradebook. `columns`: `course`, one grade for all of it, or `activity`, one for each and none
    for the whole. Its dates are `windows.Windows`.
    """

    __tablename__ = "placement"
    __table_args__ = tenant_table(tenant_key("course_id", "course"))
    lifecycle = Lifecycle(keep="until staff delete it", erase="not personal")

    course_id: Mapped[UUID | None]
    title: Mapped[str] = mapped_column(default="")
    kind: Mapped[str]
    counts: Mapped[str] = mapped_column(default="score")
    pass_mark: Mapped[float | None]
    which_attempt: Mapped[str] = mapped_column(default="best")
    max_attempts: Mapped[int] = mapped_column(default=0)
    points: Mapped[float] = mapped_column(default=100.0)
    columns: Mapped[str] = mapped_column(default="course")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Registration(TenantScoped, Base):
    """Learner x course x placement, with the rollup that reports read. Content and listeners know it by its id."""

    __tablename__ = "registration"
    __table_args__ = tenant_table(
        tenant_key("learner_id", "learner"),
        tenant_key("course_id", "course"),
        tenant_key("placement_id", "placement"),
        UniqueConstraint("tenant_id", "placement_id", "learner_id", "course_id"),
        Index("ix_registration_course", "tenant_id", "course_id", "id"),
    )
    lifecycle = Lifecycle(keep="until the learner is erased or staff delete it", erase="with learner")

    learner_id: Mapped[UUID]
    course_id: Mapped[UUID]
    placement_id: Mapped[UUID]
    completion: Mapped[str] = mapped_column(default="not attempted")
    success: Mapped[str] = mapped_column(default="unknown")
    score_scaled: Mapped[float | None]
    progress: Mapped[float | None]
    duration_seconds: Mapped[float] = mapped_column(default=0.0)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    last_activity_at: Mapped[datetime | None]


class Attempt(TenantScoped, Base):
    """One go at a course version. `status`: active (a session is open), suspended or ended.

    `outcome` is the sticky one (design §9), made of `parts`: what earlier sessions came to, what the newest one says,
    what late events of superseded ones add (`tracking.outcome.Parts`). `replaced`: it was left before it came to
    anything, because the learner went on with another version of the course; it uses up none of the allowed attempts.
    """

    __tablename__ = "attempt"
    __table_args__ = tenant_table(
        tenant_key("registration_id", "registration", ondelete="CASCADE"),
        tenant_key("course_version_id", "course_version"),
        UniqueConstraint("tenant_id", "registration_id", "number"),
    )
    lifecycle = Lifecycle(keep="as long as its registration", erase="with learner")

    registration_id: Mapped[UUID]
    course_version_id: Mapped[UUID]
    number: Mapped[int]
    status: Mapped[str] = mapped_column(default="active")
    outcome: Mapped[JsonObject] = mapped_column(default=dict)
    parts: Mapped[JsonObject] = mapped_column(default=dict)
    started_at: Mapped[datetime] = mapped_column(default=utc_now)
    ended_at: Mapped[datetime | None]
    replaced: Mapped[bool] = mapped_column(default=False)


class StateCell(TenantScoped, Base):
    """What a content type keeps between events, one row per scope (design §3 *state*).

    `owner_id` is the attempt for the scopes `attempt` and `activity`, the learner for `learner`; `key` names the
    activity or the learner-wide cell. `state_version` is the content type's.

    `owner_id` has no foreign key because it points into one of two tables. Two columns with a key each would need two
    partial unique indexes and a choice between them in the statements of every commit, the path whose cost is measured
    (`bench/commit.py`). What a key would prevent does not arise on that path: a cell is written only under the lock of
    the attempt or learner that owns it, in the tenant's scope. The price: who deletes attempts or learners deletes
    their cells too.
    """

    __tablename__ = "state_cell"
    __table_args__ = tenant_table(UniqueConstraint("tenant_id", "owner_id", "scope", "key"))
    lifecycle = Lifecycle(
        keep="as long as its attempt or learner",
        erase="with learner",
        personal=("data",),
        whose=(("owner_id", "attempt"), ("owner_id", "learner")),
    )

    owner_id: Mapped[UUID]
    scope: Mapped[str]
    key: Mapped[str] = mapped_column(default="")
    state_version: Mapped[int]
    data: Mapped[JsonObject]


class PlaySession(TenantScoped, Base):
    """One launch of an attempt in one browser.

    `status`: open, closed or superseded; `mode`: normal, review or browse; `applied_seq` is the highest event number
    that is part of the state (the contiguous prefix), `stored_seq` the highest that is stored (a gap lies between),
    `leaving_seq` the one after which the learner has left. `branch` is the state at the moment another session took
    over: a session with one is not the newest and touches nothing but the branch. `launch_code` is the LMS launch's.
    """

    __tablename__ = "play_session"
    __table_args__ = tenant_table(
        tenant_key("attempt_id", "attempt", ondelete="CASCADE"),
        Index("ix_play_session_open", "status", "last_seen_at"),
        Index("ix_play_session_attempt", "tenant_id", "attempt_id"),
        Index("ix_play_session_launch", "tenant_id", "launch_code"),
    )
    lifecycle = Lifecycle(keep="as long as its attempt", erase="with learner")

    attempt_id: Mapped[UUID]
    status: Mapped[str] = mapped_column(default="open")
    mode: Mapped[str] = mapped_column(default="normal")
    closed_reason: Mapped[str] = mapped_column(default="")
    tab: Mapped[str] = mapped_column(default="")
    launch_code: Mapped[str] = mapped_column(default="")
    applied_seq: Mapped[int] = mapped_column(default=0)
    stored_seq: Mapped[int] = mapped_column(default=0)
    leaving_seq: Mapped[int | None]
    branch: Mapped[JsonObject | None]
    opened_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_seen_at: Mapped[datetime] = mapped_column(default=utc_now)
    closed_at: Mapped[datetime | None]


class StoredEvent(TenantScoped, Base):
    """A runtime event, append-only. (`session_id`, `sequence`) is inserted once, however often it is sent.

    `sequence` is 0 for the start of the session, 1, 2, 3 … as the player counts, and negative for core's own ends.
    """

    __tablename__ = "runtime_event"
    __table_args__ = tenant_table(
        tenant_key("session_id", "play_session", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "session_id", "sequence"),
    )
    lifecycle = Lifecycle(keep="as long as its attempt", erase="with learner", personal=("data",))

    session_id: Mapped[UUID]
    sequence: Mapped[int]
    kind: Mapped[str]
    activity: Mapped[str] = mapped_column(default="")
    data: Mapped[JsonObject]
    at: Mapped[datetime]
    recorded_at: Mapped[datetime] = mapped_column(default=utc_now)
    late: Mapped[bool] = mapped_column(default=False)


class Grade(TenantScoped, Base):
    """What a placement's policy makes of a registration's attempts. `version` grows with every change.

    `scaled` 0..1 or None: nothing to send yet, and `reason` says why ("80 so far, not finished").
    """

    __tablename__ = "grade"
    __table_args__ = tenant_table(
        tenant_key("registration_id", "registration", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "registration_id"),
    )
    lifecycle = Lifecycle(keep="as long as its registration", erase="with learner")

    registration_id: Mapped[UUID]
    version: Mapped[int] = mapped_column(default=0)
    scaled: Mapped[float | None]
    final: Mapped[bool] = mapped_column(default=False)
    completed: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(default="")
    overridden_by: Mapped[str] = mapped_column(default="")
    override_reason: Mapped[str] = mapped_column(default="")
    learner_done_at: Mapped[datetime | None]
    changed_at: Mapped[datetime] = mapped_column(default=utc_now)


class ActivityResult(TenantScoped, Base):
    """What one activity has come to in an attempt, kept where a placement counts by activity.

    `parts` are those of an outcome as the attempt's own are (`tracking.outcome.Parts`, never closed: that is the
    attempt's), `outcome` their total; `session_id` the newest session that has spoken. `reports_score`: it has reported
    a score, so that others' completions of the same activity wait for theirs.
    """

    __tablename__ = "activity_result"
    __table_args__ = tenant_table(
        tenant_key("attempt_id", "attempt", ondelete="CASCADE"),
        tenant_key("course_version_id", "course_version"),
        UniqueConstraint("tenant_id", "attempt_id", "activity"),
        Index("ix_activity_result_scored", "tenant_id", "course_version_id", "activity", "reports_score"),
    )
    lifecycle = Lifecycle(keep="as long as its attempt", erase="with learner")

    attempt_id: Mapped[UUID]
    course_version_id: Mapped[UUID]
    activity: Mapped[str]
    session_id: Mapped[UUID | None]
    parts: Mapped[JsonObject] = mapped_column(default=dict)
    outcome: Mapped[JsonObject] = mapped_column(default=dict)
    reports_score: Mapped[bool] = mapped_column(default=False)


class ActivityGrade(TenantScoped, Base):
    """What a placement that counts by activity makes of one of them, as `Grade` is of a registration."""

    __tablename__ = "activity_grade"
    __table_args__ = tenant_table(
        tenant_key("registration_id", "registration", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "registration_id", "activity"),
    )
    lifecycle = Lifecycle(keep="as long as its registration", erase="with learner")

    registration_id: Mapped[UUID]
    activity: Mapped[str]
    version: Mapped[int] = mapped_column(default=0)
    scaled: Mapped[float | None]
    final: Mapped[bool] = mapped_column(default=False)
    completed: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(default="")
    learner_done_at: Mapped[datetime | None]
    changed_at: Mapped[datetime] = mapped_column(default=utc_now)
