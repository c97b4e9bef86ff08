"""Which plugins are on: installed → on for the deployment → on for the tenant. No row means on."""

from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from passback.errors import PassbackError
from passback.plugins.models import PluginActivation
from passback.plugins.registry import PluginRegistry


class UnknownPluginError(PassbackError):
    """There is no plugin of that name here."""

    code = "unknown_plugin"
    status = 404
    advice = "`passback plugins list` shows the names."


def switched_off(session: Session, tenant_id: UUID | None) -> set[str]:
    """Return the plugins that are off for a tenant (None: for the deployment)."""
    scope = or_(PluginActivation.tenant_id.is_(None), PluginActivation.tenant_id == tenant_id)
    query = select(PluginActivation.plugin).where(PluginActivation.enabled.is_(False), scope)
    return set(session.scalars(query))


def is_on(session: Session, plugin: str, tenant_id: UUID | None) -> bool:
    """Say whether a plugin is on for the deployment and, where one is given, for the tenant."""
    return plugin not in switched_off(session, tenant_id)


def switch(session: Session, registry: PluginRegistry, plugin: str, *, on: bool, tenant_id: UUID | None = None) -> None:
    """Switch a plugin on or off for a tenant (None: for the deployment); its data stays.

    Raises:
        UnknownPluginError: it is not installed.
    """
    if plugin not in {info.name for info in registry.infos if info.source != "core"}:
        raise UnknownPluginError(plugin)
    where = PluginActivation.tenant_id.is_(None) if tenant_id is None else PluginActivation.tenant_id == tenant_id
    row = session.scalars(select(PluginActivation).where(PluginActivation.plugin == plugin, where)).one_or_none()
    if row is None:
        row = PluginActivation(plugin=plugin, tenant_id=tenant_id)
        session.add(row)
    row.enabled = on
    session.flush()
