"""Which plugins are switched on, for the deployment and for each tenant, and with what settings."""

from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from passback.db import Base, JsonObject, Lifecycle, new_id


class PluginActivation(Base):
    """One switch; `tenant_id` None is the deployment's. No row means on: what is installed is meant to run."""

    __tablename__ = "plugin_activation"
    __table_args__ = (UniqueConstraint("plugin", "tenant_id"),)
    lifecycle = Lifecycle(keep="as long as the tenant; uninstalling a plugin keeps it", erase="not personal")

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    plugin: Mapped[str]
    tenant_id: Mapped[UUID | None] = mapped_column(Uuid, ForeignKey("tenant.id"))
    enabled: Mapped[bool] = mapped_column(default=True)
    settings: Mapped[JsonObject] = mapped_column(default=dict)
