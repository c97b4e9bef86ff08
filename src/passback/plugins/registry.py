"""The plugins of one app, and the only way to call them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import pluggy
import structlog
from pluggy import HookImpl

from passback import hookspecs
from passback.plugin import ContentType, GradePolicy, LmsProfile
from passback.plugins.loading import Found, PluginLoadError, find_plugins

T = TypeVar("T")
log = structlog.get_logger(__name__)
ANYBODY: Callable[[str], bool] = lambda _name: True  # noqa: E731 - a default argument with a type


@dataclass(frozen=True)
class PluginInfo:
    """A plugin as `passback plugins list` shows it. `error` is set for one that failed to load."""

    name: str
    source: str = "core"
    hooks: tuple[str, ...] = ()
    error: str = ""


@dataclass
class PluginRegistry:
    """The plugins of one app. Made by `load`; never a module global."""

    manager: pluggy.PluginManager = field(default_factory=lambda: pluggy.PluginManager("passback"))
    infos: list[PluginInfo] = field(default_factory=list)
    content_types: dict[str, ContentType] = field(default_factory=dict)
    grade_policies: dict[str, GradePolicy] = field(default_factory=dict)
    lms_profiles: dict[str, LmsProfile] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(
        cls,
        wanted: str = "",
        *,
        builtin: Iterable[tuple[str, object]] = (),
        folder: Path | None = None,
        skip_failed: bool = False,
    ) -> "PluginRegistry":
        """Load core's own implementations, then the installed plugins, sorted by name.

        Args:
            wanted: "" for all, `off`, or names separated by commas.
            builtin: core's own, as (name, object).
            folder: plugins of one file each, beside the installed ones.
            skip_failed: go on without the plugins that fail to load.

        Raises:
            PluginLoadError: a plugin fails, or a wanted one is not installed.
        """
        registry = cls()
        registry.manager.add_hookspecs(hookspecs)
        for name, plugin in builtin:
            registry._register(name, plugin, "core")
        for found in find_plugins(wanted, folder):
            registry._try(found, skip_failed=skip_failed)
        return registry

    def _try(self, found: Found, *, skip_failed: bool) -> None:
        """Load one plugin whole or not at all."""
        plugin: object | None = None
        try:
            plugin = found.load()
            self._register(found.name, plugin, found.source)
        except (Exception, SystemExit) as error:  # whatever a plugin's import raises, its name must be told
            if plugin is not None and self.manager.is_registered(plugin):
                self.manager.unregister(plugin)
            if not skip_failed:
                raise PluginLoadError(f"plugin {found.name!r} ({found.source}) failed to load: {error}") from error
            log.exception("plugin.failed", plugin=found.name)
            self.infos.append(PluginInfo(found.name, found.source, error=str(error) or type(error).__name__))

    def _register(self, name: str, plugin: object, source: str) -> None:
        self.manager.register(plugin, name)
        self._check_templates(name, plugin)
        self.manager.check_pending()  # a misspelt hook would never be called, in silence
        self._collect_types(name, plugin)
        hooks = tuple(sorted(caller.name for caller in self.manager.get_hookcallers(plugin) or []))
        self.infos.append(PluginInfo(name, source, hooks))

    def _check_templates(self, name: str, plugin: object) -> None:
        """Flask takes the first template of a name it finds: each plugin keeps below `templates/<plugin>/`."""
        folder = home(plugin) / "templates"
        strays = [path.name for path in folder.iterdir() if path.name != name] if folder.is_dir() else []
        if strays and not type(plugin).__module__.startswith("passback."):
            raise PluginLoadError(f"templates must lie below templates/{name}/, not {', '.join(sorted(strays))}")

    def _collect_types(self, name: str, plugin: object) -> None:
        for kind in self._own(plugin, "register_content_types"):
            if kind.key in self.content_types:
                raise PluginLoadError(f"content type {kind.key!r} exists already (from {self.owners[kind.key]!r})")
            self.content_types[kind.key] = kind
            self.owners[kind.key] = name
        self.grade_policies.update({one.key: one for one in self._own(plugin, "register_grade_policies")})
        self.lms_profiles.update({one.product: one for one in self._own(plugin, "register_lms_profiles")})

    def _own(self, plugin: object, hook: str) -> list[Any]:
        """Return what one plugin registers; a fault here is a failure to load, not a log line."""
        callers = self.manager.hook
        return [
            item
            for implementation in getattr(callers, hook).get_hookimpls()
            if implementation.plugin is plugin
            for item in implementation.function()
        ]

    def collect(
        self, hook: str, *, only: Callable[[str], bool] = ANYBODY, **arguments: Any
    ) -> Iterator[tuple[str, Any]]:
        """Call every implementation of `hook` on its own and yield (plugin, result); one that raises is logged.

        Not for `firstresult` hooks. Implementations may leave arguments out, as pluggy allows.

        Args:
            only: says by plugin name who is asked (a tenant's filter).
        """
        for implementation in getattr(self.manager.hook, hook).get_hookimpls():
            if only(implementation.plugin_name):
                result = _guarded(implementation, hook, arguments)
                if result is not None:
                    yield implementation.plugin_name, result

    def chain(self, hook: str, name: str, value: T, **arguments: Any) -> T:
        """Hand `value` (the hook's argument `name`) from plugin to plugin; each may return another of its type."""
        for implementation in getattr(self.manager.hook, hook).get_hookimpls():
            changed = _guarded(implementation, hook, {**arguments, name: value})
            value = changed if isinstance(changed, type(value)) else value
        return value


def _guarded(implementation: HookImpl, hook: str, arguments: Mapping[str, Any]) -> Any:
    """Call one implementation; None where it raises: one plugin's fault is not another's."""
    try:
        return implementation.function(*[arguments[key] for key in implementation.argnames])
    except (Exception, SystemExit):
        log.exception("plugin.hook_failed", plugin=implementation.plugin_name, hook=hook)
        return None


def home(plugin: object) -> Path:
    """Return the folder a plugin's module lies in: its templates, static files and migrations are beside it."""
    name = plugin.__name__ if isinstance(plugin, ModuleType) else type(plugin).__module__
    return Path(import_module(name).__file__ or "").parent
