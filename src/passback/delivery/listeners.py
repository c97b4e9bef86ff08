"""Which plugins listen to events, and which of them a tenant has switched on."""

from collections.abc import Mapping

from pluggy import HookImpl

from passback.db import TenantSession
from passback.plugins.activation import switched_off
from passback.runtime import runtime


def listeners() -> Mapping[str, HookImpl]:
    """Return the loaded plugins that implement `on_event`, by name."""
    hooks = runtime().plugins.manager.hook.on_event.get_hookimpls()
    return {hook.plugin_name: hook for hook in hooks}


def enabled_listeners(session: TenantSession) -> list[str]:
    """Return the names of the listeners that are on for the session's tenant, sorted."""
    names = listeners()
    return sorted(names.keys() - switched_off(session, session.tenant_id)) if names else []
