"""Courses and their immutable versions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from passback.clock import utc_now
from passback.db import Base, JsonObject, Lifecycle, TenantScoped, tenant_key, tenant_table


class Course(TenantScoped, Base):
    """Imported content as people know it; what is played is one of its versions."""

    __tablename__ = "course"
    __table_args__ = tenant_table(Index("ix_course_title", "tenant_id", "title"))
    lifecycle = Lifecycle(keep="until staff delete it", erase="not personal")

    title: Mapped[str]
    content_type: Mapped[str]
    settings: Mapped[JsonObject] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    archived_at: Mapped[datetime | None]


class CourseVersion(TenantScoped, Base):
    """One import: never changed afterwards, so that a running attempt stays what it was.

    `content` is what the content type made of the package; `warnings` are `PackageWarning` as dictionaries;
    `reports_score` turns true once, when any attempt of this version reports a score (design §9).
    """

    __tablename__ = "course_version"
    __table_args__ = tenant_table(
        tenant_key("course_id", "course", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "course_id", "number"),
    )
    lifecycle = Lifecycle(keep="as long as its course", erase="not personal")

    course_id: Mapped[UUID]
    number: Mapped[int]
    content: Mapped[JsonObject]
    warnings: Mapped[list[JsonObject]]
    package_sha256: Mapped[str]
    package_name: Mapped[str]
    file_count: Mapped[int]
    total_bytes: Mapped[int]
    reports_score: Mapped[bool] = mapped_column(default=False)
    imported_at: Mapped[datetime] = mapped_column(default=utc_now)
