"""Where each plugin keeps its migrations: a `migrations` folder beside its module, by convention."""

from passback.db.migrate import History
from passback.plugins.registry import PluginRegistry, home


def histories(registry: PluginRegistry) -> list[History]:
    """Return the migration histories of the loaded plugins that have tables, by name."""
    installed = {info.name for info in registry.infos if info.source != "core" and not info.error}
    found = [
        History(name, home(plugin) / "migrations")
        for name, plugin in registry.manager.list_name_plugin()
        if name in installed and plugin is not None and (home(plugin) / "migrations").is_dir()
    ]
    return sorted(found, key=lambda history: history.plugin)
