"""The people who run the installation (learners and instructors come through their LMS and have no account)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from passback.clock import utc_now
from passback.db import Base, JsonObject, Lifecycle, new_id


class User(Base):
    """A member of staff. `password_hash` is argon2's, empty for people who sign in by OpenID Connect."""

    __tablename__ = "staff_user"
    lifecycle = Lifecycle(keep="until an administrator removes the account", erase="not personal")

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(default="")
    password_hash: Mapped[str] = mapped_column(default="")
    oidc_subject: Mapped[str | None] = mapped_column(unique=True)
    session_generation: Mapped[int] = mapped_column(default=0)
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_sign_in_at: Mapped[datetime | None]


class UserRole(Base):
    """administrator, developer or reporter; `tenant_id` None: for the whole installation."""

    __tablename__ = "staff_role"
    __table_args__ = (UniqueConstraint("user_id", "tenant_id", "role"),)
    lifecycle = Lifecycle(keep="as long as the account", erase="not personal")

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("staff_user.id", ondelete="CASCADE"))
    tenant_id: Mapped[UUID | None] = mapped_column(Uuid, ForeignKey("tenant.id"))
    role: Mapped[str]


class AuditEntry(Base):
    """Who did what to what, append-only. `actor` is a staff user's id, `cli` or `lti:<platform id>`."""

    __tablename__ = "audit_entry"
    lifecycle = Lifecycle(keep="as long as the installation", erase="not personal")

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    at: Mapped[datetime] = mapped_column(default=utc_now)
    tenant_id: Mapped[UUID | None] = mapped_column(Uuid, ForeignKey("tenant.id"))
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str] = mapped_column(default="")
    details: Mapped[JsonObject] = mapped_column(default=dict)
