"""What an institution had under LTI 1.1: its consumer keys, and the ids by which people and links were known."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from passback.clock import utc_now
from passback.db import Base, Lifecycle, TenantScoped, tenant_key, tenant_table


class Lti11Key(TenantScoped, Base):
    """A consumer key of LTI 1.1 with its secret, sealed: with it an LMS proves that it is the one from before."""

    __tablename__ = "lti11_key"
    __table_args__ = tenant_table(UniqueConstraint("tenant_id", "consumer_key"))
    lifecycle = Lifecycle(keep="until an administrator removes it", erase="not personal")

    consumer_key: Mapped[str]
    secret: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Lti11User(TenantScoped, Base):
    """The id that a learner had under a consumer key of LTI 1.1, as a signed launch said."""

    __tablename__ = "lti11_user"
    __table_args__ = tenant_table(
        tenant_key("learner_id", "learner", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "learner_id", "consumer_key"),
        Index("ix_lti11_user_id", "tenant_id", "consumer_key", "user_id"),
    )
    lifecycle = Lifecycle(keep="as long as the learner", erase="with learner", personal=("user_id",))

    learner_id: Mapped[UUID]
    consumer_key: Mapped[str]
    user_id: Mapped[str]


class Lti11Link(TenantScoped, Base):
    """The id that a link had under a consumer key of LTI 1.1, as a signed launch said."""

    __tablename__ = "lti11_link"
    __table_args__ = tenant_table(
        tenant_key("resource_link_id", "resource_link", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "resource_link_id", "consumer_key"),
        Index("ix_lti11_link_id", "tenant_id", "consumer_key", "former_id"),
    )
    lifecycle = Lifecycle(keep="as long as its link", erase="not personal")

    resource_link_id: Mapped[UUID]
    consumer_key: Mapped[str]
    former_id: Mapped[str]
