"""Who is in a course of an LMS, as its membership service said when it was last read whole."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from passback.clock import utc_now
from passback.db import Base, Lifecycle, TenantScoped, tenant_key, tenant_table


class Roster(TenantScoped, Base):
    """The roster of one LMS course and how its reading goes.

    `state`: waiting (never read), reading, current or failed (`error` is the code of why; what was read before stays).
    `due_at`: when it is read next, None: not by itself. `pages` and `read` count what the reading under way, or the
    last one, has brought. `left_out`: entries of the last reading that named nobody. `asked_at` is when somebody last
    wanted it read, `tried_at` when a reading last began, `read_at` when one last came to its end.
    """

    __tablename__ = "roster"
    __table_args__ = tenant_table(
        tenant_key("context_id", "lti_context", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "context_id"),
        Index("ix_roster_due", "due_at"),
    )
    lifecycle = Lifecycle(
        keep="400 days after it was last read, its members with it",
        erase="not personal",
        purge_after=timedelta(days=400),
        purge_by="read_at",
    )

    context_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(default="waiting")
    due_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]
    tried_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    lease_owner: Mapped[str] = mapped_column(default="")
    lease_until: Mapped[datetime | None]
    pages: Mapped[int] = mapped_column(default=0)
    read: Mapped[int] = mapped_column(default=0)
    left_out: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(default="")
    error_status: Mapped[int] = mapped_column(default=0)


class RosterMember(TenantScoped, Base):
    """A person in a roster. `user_id` is the LMS's key, the same as a learner's `subject`.

    `role`: learner, staff, both, mentor, test (an LMS's test user) or unknown; `status`: active or inactive;
    `gone_at` is set when a whole roster no longer named them. `sort_name` is what lists are ordered by.
    """

    __tablename__ = "roster_member"
    __table_args__ = tenant_table(
        tenant_key("roster_id", "roster", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "roster_id", "user_id"),
        Index("ix_roster_member_sort", "tenant_id", "roster_id", "sort_name", "id"),
    )
    lifecycle = Lifecycle(
        keep="as long as its roster; those who left the course for 200 days",
        erase="with learner",
        personal=("user_id", "name", "given_name", "family_name", "email", "sort_name"),
        whose=(("user_id", "subject"),),
        purge_after=timedelta(days=200),
        purge_by="gone_at",
    )

    roster_id: Mapped[UUID]
    user_id: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
    given_name: Mapped[str] = mapped_column(default="")
    family_name: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    sort_name: Mapped[str] = mapped_column(default="")
    role: Mapped[str]
    status: Mapped[str] = mapped_column(default="active")
    first_seen_at: Mapped[datetime] = mapped_column(default=utc_now)
    gone_at: Mapped[datetime | None]
