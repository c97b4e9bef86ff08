"""Courses and their immutable versions."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from passback.clock import utc_now
from passback.db import Base, JsonObject, Lifecycle, TenantScoped, tenant_key, tenant_table
from passback.db.types import Bytes


class Course(TenantScoped, Base):
    """Imported content as people know it; what is played is one of its versions.

    `current_number` is the version that new attempts take where staff have gone back to an older one; None: the newest.
    `last_number` is the highest number that a version ever had, so that none is given twice. `on_new_version`: what
    becomes of learners who are under way on another version (`versions.OnNewVersion`). `settings` are staff's and stay
    with the course; what a package says itself is in its version.
    """

    __tablename__ = "course"
    __table_args__ = tenant_table(Index("ix_course_title", "tenant_id", "title"))
    lifecycle = Lifecycle(keep="until staff delete it", erase="not personal")

    title: Mapped[str]
    content_type: Mapped[str]
    settings: Mapped[JsonObject] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    archived_at: Mapped[datetime | None]
    current_number: Mapped[int | None]
    last_number: Mapped[int] = mapped_column(default=0)
    on_new_version: Mapped[str] = mapped_column(default="ask")


class PackageFacts:
    """What is known of a package that was read and stored.

    `content` is what the content type made of it; `warnings` are `PackageWarning` as dictionaries; `reports_score`
    turns true once, when any attempt of a version reports a score (design §9).
    """

    content: Mapped[JsonObject]
    warnings: Mapped[list[JsonObject]]
    package_sha256: Mapped[str]
    package_name: Mapped[str]
    file_count: Mapped[int]
    total_bytes: Mapped[int] = mapped_column(Bytes)
    reports_score: Mapped[bool] = mapped_column(default=False)


class CourseVersion(PackageFacts, TenantScoped, Base):
    """One import: never changed afterwards, so that a running attempt stays what it was.

    `imported_by` is a staff user's id, `cli`, `lti:<platform id>` or "" where nobody noted it.
    """

    __tablename__ = "course_version"
    __table_args__ = tenant_table(
        tenant_key("course_id", "course", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "course_id", "number"),
    )
    lifecycle = Lifecycle(keep="as long as its course", erase="not personal")

    course_id: Mapped[UUID]
    number: Mapped[int]
    imported_at: Mapped[datetime] = mapped_column(default=utc_now)
    imported_by: Mapped[str] = mapped_column(default="")


class StagedVersion(PackageFacts, TenantScoped, Base):
    """A package that was uploaded for a course and waits for somebody to look at what it changes.

    Its files lie in storage under its id, which becomes that of the course version once it is confirmed.
    """

    __tablename__ = "staged_version"
    __table_args__ = tenant_table(tenant_key("course_id", "course", ondelete="CASCADE"))
    lifecycle = Lifecycle(
        keep="a day; what nobody has confirmed by then was not wanted",
        erase="not personal",
        purge_after=timedelta(days=1),
        purge_by="staged_at",
    )

    course_id: Mapped[UUID]
    staged_at: Mapped[datetime] = mapped_column(default=utc_now)
    staged_by: Mapped[str] = mapped_column(default="")
