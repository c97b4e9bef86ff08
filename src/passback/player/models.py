"""Single-use launch links."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from passback.clock import utc_now
from passback.db import Base, Lifecycle, TenantScoped, tenant_key, tenant_table


class LaunchTicket(TenantScoped, Base):
    """A launch link handed out without an LMS; it opens its registration once, for a short time."""

    __tablename__ = "launch_ticket"
    __table_args__ = tenant_table(tenant_key("registration_id", "registration", ondelete="CASCADE"))
    lifecycle = Lifecycle(
        keep="a day, so that a second use can be told from a forged link",
        erase="with learner",
        purge_after=timedelta(days=1),
        purge_by="created_at",
    )

    registration_id: Mapped[UUID]
    return_url: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    used_at: Mapped[datetime | None]
