"""Finding plugins and making sure that each is what it says, before any of its hooks is called."""

import importlib.util
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

from packaging.requirements import InvalidRequirement, Requirement

from passback import __version__
from passback.plugin import ENTRY_POINT_GROUP

NAME = re.compile(r"[a-z][a-z0-9_]{0,40}\Z")


class PluginLoadError(RuntimeError):
    """A plugin cannot be loaded; the message names it and the cause."""


@dataclass(frozen=True)
class Found:
    """A plugin that is there: where it came from, and how to get it."""

    name: str
    source: str
    distribution: Distribution | None = None
    entry_point: EntryPoint | None = None
    file: Path | None = None

    def load(self) -> object:
        """Import the plugin and return its object; a class is called for one.

        Raises:
            PluginLoadError: its distribution does not fit this Passback, or its name is not a name.
        """
        if not NAME.match(self.name):
            raise PluginLoadError(f"{self.name!r} is not a plugin name (lower-case letters, digits, underscores)")
        if self.distribution is not None:
            check_requirement(self.distribution)
        loaded = self.entry_point.load() if self.entry_point else _load_file(self.name, self.file)
        return loaded() if isinstance(loaded, type) else loaded


def find_plugins(wanted: str, folder: Path | None = None) -> Iterator[Found]:
    """Yield the installed plugins (and the files in `folder`), sorted by name, filtered by `PASSBACK_PLUGINS`.

    Raises:
        PluginLoadError: two plugins of one name, or a wanted one that is not there.
    """
    if wanted == "off":
        return iter(())
    found: dict[str, Found] = {}
    for one in sorted([*_installed(), *_files(folder)], key=lambda one: (one.name, one.source)):
        if one.name in found and found[one.name].source != one.source:
            raise PluginLoadError(f"two plugins are called {one.name!r}: {found[one.name].source} and {one.source}")
        found[one.name] = one
    names = _wanted(wanted, set(found))
    return (one for name, one in found.items() if name in names)


def check_requirement(distribution: Distribution) -> None:
    """Check the distribution's own `Requires-Dist: passback…` against this version (pip may have been overruled).

    Raises:
        PluginLoadError: it wants another Passback.
    """
    for line in distribution.requires or []:
        try:
            requirement = Requirement(line)
        except InvalidRequirement as error:
            raise PluginLoadError(f"{distribution.name} has a requirement that cannot be read: {line!r}") from error
        if requirement.name == "passback" and not requirement.specifier.contains(__version__, prereleases=True):
            raise PluginLoadError(f"{distribution.name} needs {line}; this is {__version__}")


def _installed() -> Iterator[Found]:
    for point in entry_points(group=ENTRY_POINT_GROUP):
        source = f"{point.dist.name} {point.dist.version}" if point.dist else point.value
        yield Found(point.name, source, point.dist, point)


def _files(folder: Path | None) -> Iterator[Found]:
    for file in sorted(folder.glob("*.py")) if folder else []:
        yield Found(file.stem, str(file), file=file)


def _wanted(wanted: str, there: set[str]) -> set[str]:
    if not wanted:
        return there
    names = {name.strip() for name in wanted.split(",") if name.strip()}
    missing = names - there
    if missing:
        raise PluginLoadError(f"PASSBACK_PLUGINS names plugins that are not installed: {', '.join(sorted(missing))}")
    return names


def _load_file(name: str, file: Path | None) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"passback_file_plugin_{name}", file) if file else None
    if spec is None or spec.loader is None:
        raise PluginLoadError(f"{file} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
