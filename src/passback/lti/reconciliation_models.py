"""What comparing a course of an LMS with its gradebook came to: one report per course, the newest."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from passback.db import Base, Lifecycle, TenantScoped, tenant_key, tenant_table


class Reconciliation(TenantScoped, Base):
    """The newest comparison of one LMS course with its gradebook, and when the next one is due.

    `state`: due (never done), running, done or failed (`error` is the code of why, `error_status` the LMS's answer).
    `due_at`: when it is compared next, None: not by itself. `columns` is how many there are to read, `columns_read`
    how many have been; the other numbers count people's grades by what was found (`reconciling.Kind`) and done.
    """

    __tablename__ = "reconciliation"
    __table_args__ = tenant_table(
        tenant_key("context_id", "lti_context", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "context_id"),
        Index("ix_reconciliation_due", "due_at"),
    )
    lifecycle = Lifecycle(
        keep="400 days after it was last done",
        erase="not personal",
        purge_after=timedelta(days=400),
        purge_by="finished_at",
    )

    context_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(default="due")
    due_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    lease_owner: Mapped[str] = mapped_column(default="")
    lease_until: Mapped[datetime | None]
    columns: Mapped[int] = mapped_column(default=0)
    columns_read: Mapped[int] = mapped_column(default=0)
    in_order: Mapped[int] = mapped_column(default=0)
    under_way: Mapped[int] = mapped_column(default=0)
    missing: Mapped[int] = mapped_column(default=0)
    different: Mapped[int] = mapped_column(default=0)
    orphaned: Mapped[int] = mapped_column(default=0)
    sent_again: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(default="")
    error_status: Mapped[int] = mapped_column(default=0)


class ReconciliationFinding(TenantScoped, Base):
    """One grade that is not in order. `kind`: missing, different or orphaned; `action`: what was done about it.

    Or `duplicate`: a further column of the link, `line_item`, that gets no grades and is called `label`.

    `ours` and `theirs` are 0..1, None where there is no grade; `user_id` is the person as the LMS knows them, "" with
    a whole column; `label`: the activity whose column it is. `registration_id` is None where Passback knows of none.
    """

    __tablename__ = "reconciliation_finding"
    __table_args__ = tenant_table(
        tenant_key("reconciliation_id", "reconciliation", ondelete="CASCADE"),
        tenant_key("link_id", "resource_link", ondelete="CASCADE"),
        tenant_key("registration_id", "registration", ondelete="CASCADE"),
        Index("ix_reconciliation_finding_of", "tenant_id", "reconciliation_id", "id"),
    )
    lifecycle = Lifecycle(
        keep="until the next report of its course",
        erase="with learner",
        personal=("user_id",),
        whose=(("user_id", "subject"),),
    )

    reconciliation_id: Mapped[UUID]
    link_id: Mapped[UUID]
    registration_id: Mapped[UUID | None]
    user_id: Mapped[str] = mapped_column(default="")
    kind: Mapped[str]
    action: Mapped[str]
    ours: Mapped[float | None]
    theirs: Mapped[float | None]
    line_item: Mapped[str] = mapped_column(default="")
    label: Mapped[str] = mapped_column(default="")
