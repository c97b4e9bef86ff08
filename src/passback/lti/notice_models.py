"""The platform notification service: notices asked for, notices that came, and where copied courses come from."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from passback.clock import utc_now
from passback.db import Base, Lifecycle, TenantScoped, tenant_key, tenant_table


class NoticeSubscription(TenantScoped, Base):
    """What one deployment's platform is to send, at the address that its newest launch named.

    `wanted`: types that the platform offers and Passback understands; `handler`: our address they go to. `state`: due,
    subscribed or failed (`error` is the code of why, `error_status` the platform's answer); `due_at`: when it is tried
    next, None: not by itself. `heard_at`: when a notice last came.
    """

    __tablename__ = "notice_subscription"
    __table_args__ = tenant_table(
        UniqueConstraint("tenant_id", "deployment_id"), Index("ix_notice_subscription_due", "due_at")
    )
    lifecycle = Lifecycle(keep="as long as its deployment", erase="not personal")

    deployment_id: Mapped[UUID] = mapped_column(ForeignKey("deployment.id", ondelete="CASCADE"))
    url: Mapped[str]
    handler: Mapped[str] = mapped_column(default="")
    wanted: Mapped[list[str]] = mapped_column(default=list)
    state: Mapped[str] = mapped_column(default="due")
    due_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(default="")
    error_status: Mapped[int] = mapped_column(default=0)
    subscribed_at: Mapped[datetime | None]
    heard_at: Mapped[datetime | None]


class ReceivedNotice(TenantScoped, Base):
    """A notice that was taken: by its token's nonce and by its own id each is taken once, however often it comes."""

    __tablename__ = "received_notice"
    __table_args__ = tenant_table(
        UniqueConstraint("tenant_id", "platform_id", "nonce_hash"),
        UniqueConstraint("tenant_id", "platform_id", "notice_id"),
    )
    lifecycle = Lifecycle(
        keep="30 days: far longer than a token holds or a platform repeats itself",
        erase="not personal",
        purge_after=timedelta(days=30),
        purge_by="at",
    )

    platform_id: Mapped[UUID] = mapped_column(ForeignKey("platform.id", ondelete="CASCADE"))
    nonce_hash: Mapped[str]
    notice_id: Mapped[str]
    kind: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=utc_now)


class ContextOrigin(TenantScoped, Base):
    """An LMS course from which another was copied: `origin` is the platform's id of it. Its attempts stay there."""

    __tablename__ = "context_origin"
    __table_args__ = tenant_table(
        tenant_key("context_id", "lti_context", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "context_id", "origin"),
    )
    lifecycle = Lifecycle(keep="as long as the copy", erase="not personal")

    context_id: Mapped[UUID]
    origin: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=utc_now)
