"""What testing a platform came to."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from passback.clock import utc_now
from passback.db import Base, JsonObject, Lifecycle, new_id


class PlatformDiagnosis(Base):
    """One self-test of a platform. `checks` is what `diagnosis_checks.Check` holds, in the order of the tests.

    `complete`: a link with services was known, so that line items and roster were asked for too.
    """

    __tablename__ = "platform_diagnosis"
    __table_args__ = (Index("ix_platform_diagnosis_of", "platform_id", "at"),)
    lifecycle = Lifecycle(
        keep="90 days, to see since when something fails",
        erase="not personal",
        purge_after=timedelta(days=90),
        purge_by="at",
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    platform_id: Mapped[UUID] = mapped_column(ForeignKey("platform.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(default=utc_now)
    complete: Mapped[bool] = mapped_column(default=False)
    checks: Mapped[list[JsonObject]] = mapped_column(default=list)


class PlatformClock(Base):
    """How many seconds a platform's clock is ahead of ours (below 0: behind), by its services' newest answer."""

    __tablename__ = "platform_clock"
    lifecycle = Lifecycle(keep="as long as its platform: one row each", erase="not personal")

    platform_id: Mapped[UUID] = mapped_column(ForeignKey("platform.id", ondelete="CASCADE"), primary_key=True)
    seconds: Mapped[float]
    at: Mapped[datetime] = mapped_column(default=utc_now)
