"""Platforms, deployments, our keys, links and contexts, and the record of every launch."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from passback.clock import utc_now
from passback.db import Base, JsonObject, Lifecycle, TenantScoped, new_id, tenant_key, tenant_table
from passback.tracking.windows import WindowColumns


class Platform(Base):
    """A registered LMS: issuer + client id. `status`: pending (nothing is fetched), active or disabled.

    `tenant_id`, where set, is the tenant of deployments that turn up unannounced; None sends them to the inbox.
    `registration_uri` and `registration_token` (encrypted), where the LMS gave them, change our registration there
    (RFC 7592); `configuration_url` is where it registered from.
    """

    __tablename__ = "platform"
    __table_args__ = (UniqueConstraint("issuer", "client_id"),)
    lifecycle = Lifecycle(keep="until an administrator deletes it", erase="not personal")

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    issuer: Mapped[str]
    client_id: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
    product: Mapped[str] = mapped_column(default="")
    version: Mapped[str] = mapped_column(default="")
    auth_login_url: Mapped[str]
    token_url: Mapped[str]
    token_audience: Mapped[str] = mapped_column(default="")
    jwks_url: Mapped[str]
    algorithms: Mapped[list[str]] = mapped_column(default=lambda: ["RS256"])
    approved_hosts: Mapped[list[str]] = mapped_column(default=list)
    status: Mapped[str] = mapped_column(default="pending")
    tenant_id: Mapped[UUID | None] = mapped_column(Uuid, ForeignKey("tenant.id"))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    configuration_url: Mapped[str] = mapped_column(default="")
    registration_uri: Mapped[str] = mapped_column(default="")
    registration_token: Mapped[str] = mapped_column(default="")


class Deployment(Base):
    """(issuer, client id, deployment id) → tenant. `status`: active, inbox (waits for a tenant) or blocked.

    `name`, `url` and `guid` are the institution's, as its launch says them (claim `tool_platform`), for whoever has to
    say whose this is. `asked_at` is the newest launch that had to wait.
    """

    __tablename__ = "deployment"
    __table_args__ = (UniqueConstraint("platform_id", "deployment_id"),)
    lifecycle = Lifecycle(keep="as long as its platform", erase="not personal")

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    platform_id: Mapped[UUID] = mapped_column(ForeignKey("platform.id", ondelete="CASCADE"))
    deployment_id: Mapped[str]
    tenant_id: Mapped[UUID | None] = mapped_column(Uuid, ForeignKey("tenant.id"))
    status: Mapped[str] = mapped_column(default="active")
    name: Mapped[str] = mapped_column(default="")
    url: Mapped[str] = mapped_column(default="")
    guid: Mapped[str] = mapped_column(default="")
    first_seen_at: Mapped[datetime] = mapped_column(default=utc_now)
    asked_at: Mapped[datetime | None]


class Invitation(Base):
    """A registration URL that fixes the tenant, good for one registration. Only its token's hash is kept."""

    __tablename__ = "invitation"
    lifecycle = Lifecycle(
        keep="90 days, to explain a registration",
        erase="not personal",
        purge_after=timedelta(days=90),
        purge_by="created_at",
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    token_hash: Mapped[str] = mapped_column(unique=True)
    tenant_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("tenant.id"))
    note: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    platform_id: Mapped[UUID | None] = mapped_column(ForeignKey("platform.id", ondelete="SET NULL"))


class RegistrationRequest(Base):
    """A registration that came without an invitation: kept, and nothing fetched, until an administrator decides.

    `registration_token` is encrypted. `status`: waiting, done, failed (`error` says why) or declined.
    """

    __tablename__ = "registration_request"
    lifecycle = Lifecycle(
        keep="90 days, to explain a registration",
        erase="not personal",
        purge_after=timedelta(days=90),
        purge_by="created_at",
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    configuration_url: Mapped[str] = mapped_column(unique=True)
    registration_token: Mapped[str] = mapped_column(default="")
    status: Mapped[str] = mapped_column(default="waiting")
    error: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    decided_at: Mapped[datetime | None]
    platform_id: Mapped[UUID | None] = mapped_column(ForeignKey("platform.id", ondelete="SET NULL"))


class ToolKey(Base):
    """One of our key pairs. `private_key` is encrypted with the secret key. `status`: next, active or retired."""

    __tablename__ = "tool_key"
    lifecycle = Lifecycle(keep="14 days after it is retired", erase="not personal")

    kid: Mapped[str] = mapped_column(primary_key=True)
    private_key: Mapped[str]
    public_jwk: Mapped[JsonObject]
    status: Mapped[str] = mapped_column(default="active")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    retired_at: Mapped[datetime | None]


class ServiceToken(Base):
    """An access token for a platform's services, per set of scopes, encrypted."""

    __tablename__ = "service_token"
    __table_args__ = (UniqueConstraint("platform_id", "scopes"),)
    lifecycle = Lifecycle(
        keep="until it expires", erase="not personal", purge_after=timedelta(0), purge_by="expires_at"
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    platform_id: Mapped[UUID] = mapped_column(ForeignKey("platform.id", ondelete="CASCADE"))
    scopes: Mapped[str]
    token: Mapped[str]
    expires_at: Mapped[datetime]


_IS_LOST = text("verdict = 'lost'")


class LaunchRecord(Base):
    """What became of one login or launch, for the debugger page; no claims, no names.

    `verdict`: accepted, refused, failed (a fault of ours) or lost (a login that left for its LMS and never came back).
    `checks` is a list of {name, verdict, detail}; `facts` is what the browser said of itself. `state_hash`, of an
    accepted or lost one, is there once only: that is what uses up a login's state, for longer than the state is good.
    """

    __tablename__ = "launch_record"
    __table_args__ = (
        Index("ix_launch_record_at", "at"),
        Index("ix_launch_record_lost", "at", sqlite_where=_IS_LOST, postgresql_where=_IS_LOST),
    )
    lifecycle = Lifecycle(
        keep="90 days, for support", erase="not personal", purge_after=timedelta(days=90), purge_by="at"
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=utc_now)
    tenant_id: Mapped[UUID | None] = mapped_column(Uuid, ForeignKey("tenant.id"))
    platform_id: Mapped[UUID | None] = mapped_column(ForeignKey("platform.id", ondelete="SET NULL"))
    verdict: Mapped[str]
    state_hash: Mapped[str | None] = mapped_column(unique=True)
    error: Mapped[str] = mapped_column(default="")
    checks: Mapped[list[JsonObject]] = mapped_column(default=list)
    facts: Mapped[JsonObject] = mapped_column(default=dict)


class Context(TenantScoped, Base):
    """A course in the LMS."""

    __tablename__ = "lti_context"
    __table_args__ = tenant_table(UniqueConstraint("tenant_id", "deployment_id", "context_id"))
    lifecycle = Lifecycle(keep="as long as its deployment", erase="not personal")

    deployment_id: Mapped[UUID] = mapped_column(ForeignKey("deployment.id", ondelete="CASCADE"))
    context_id: Mapped[str]
    title: Mapped[str] = mapped_column(default="")
    label: Mapped[str] = mapped_column(default="")


class LinkChoice(WindowColumns, TenantScoped, Base):
    """What an instructor chose in the picker; its id travels as a custom parameter, so copies of a link find it.

    `title` and `text` are "" for the course's own; `target` is how the LMS is asked to show it: "", `iframe` or
    `window`, `width` and `height` in pixels or 0. `resource_id` is what its line item is called in the LMS where the
    link was chosen anew: the first choice's, so that the column stays the same.
    """

    __tablename__ = "link_choice"
    __table_args__ = tenant_table(tenant_key("course_id", "course"))
    lifecycle = Lifecycle(keep="until staff delete its course", erase="not personal")

    course_id: Mapped[UUID]
    counts: Mapped[str] = mapped_column(default="score")
    pass_mark: Mapped[float | None]
    which_attempt: Mapped[str] = mapped_column(default="best")
    max_attempts: Mapped[int] = mapped_column(default=0)
    points: Mapped[float] = mapped_column(default=100.0)
    columns: Mapped[str] = mapped_column(default="course")
    title: Mapped[str] = mapped_column(default="")
    text: Mapped[str] = mapped_column(default="")
    target: Mapped[str] = mapped_column(default="")
    width: Mapped[int] = mapped_column(default=0)
    height: Mapped[int] = mapped_column(default=0)
    resource_id: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class ContentSelection(TenantScoped, Base):
    """A picker that is open in somebody's browser, found by the token in its address.

    `task` is encrypted: what the LMS wants back holds the teacher's session key there.
    """

    __tablename__ = "content_selection"
    lifecycle = Lifecycle(
        keep="a day, so that a picker left open still works",
        erase="not personal",
        purge_after=timedelta(days=1),
        purge_by="created_at",
    )

    token_hash: Mapped[str] = mapped_column(unique=True)
    task: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class ResourceLink(TenantScoped, Base):
    """A link in an LMS and its services as the newest launch gave them; `placement_id` says what it offers.

    `line_item_chosen`: a person has said which of several columns gets the grades, and launches do not change it.
    `creating_until` is set while one process makes the link's line item, so that no other makes a second one.
    """

    __tablename__ = "resource_link"
    __table_args__ = tenant_table(
        tenant_key("placement_id", "placement"),
        tenant_key("choice_id", "link_choice"),
        tenant_key("context_id", "lti_context", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "deployment_id", "context_id", "link_id"),
    )
    lifecycle = Lifecycle(keep="as long as its deployment", erase="not personal")

    deployment_id: Mapped[UUID] = mapped_column(ForeignKey("deployment.id", ondelete="CASCADE"))
    context_id: Mapped[UUID | None]
    link_id: Mapped[str]
    placement_id: Mapped[UUID]
    choice_id: Mapped[UUID]
    title: Mapped[str] = mapped_column(default="")
    line_item_url: Mapped[str] = mapped_column(default="")
    line_item_chosen: Mapped[bool] = mapped_column(default=False)
    line_items_url: Mapped[str] = mapped_column(default="")
    ags_scopes: Mapped[list[str]] = mapped_column(default=list)
    memberships_url: Mapped[str] = mapped_column(default="")
    creating_until: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


class ActivityColumn(TenantScoped, Base):
    """The line item of one activity of a link whose placement counts by activity.

    It stays when a new version of the course lacks the activity: its grades stand. `title` is the activity's,
    `position` its place among the columns; `creating_until` as with `ResourceLink`.
    """

    __tablename__ = "activity_column"
    __table_args__ = tenant_table(
        tenant_key("resource_link_id", "resource_link", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "resource_link_id", "activity"),
    )
    lifecycle = Lifecycle(keep="as long as its link", erase="not personal")

    resource_link_id: Mapped[UUID]
    activity: Mapped[str]
    title: Mapped[str] = mapped_column(default="")
    position: Mapped[int] = mapped_column(default=0)
    line_item_url: Mapped[str] = mapped_column(default="")
    creating_until: Mapped[datetime | None]


class FormerPlacement(TenantScoped, Base):
    """Where a link led before it was pointed elsewhere: coming back to that choice it finds its learners again."""

    __tablename__ = "former_placement"
    __table_args__ = tenant_table(
        tenant_key("resource_link_id", "resource_link", ondelete="CASCADE"),
        tenant_key("choice_id", "link_choice"),
        tenant_key("placement_id", "placement"),
        UniqueConstraint("tenant_id", "resource_link_id", "choice_id"),
    )
    lifecycle = Lifecycle(keep="as long as its link", erase="not personal")

    resource_link_id: Mapped[UUID]
    choice_id: Mapped[UUID]
    placement_id: Mapped[UUID]
