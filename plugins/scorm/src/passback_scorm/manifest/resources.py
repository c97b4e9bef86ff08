"""The resources of a manifest: where each leads, and whether it talks to the LMS."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml.etree import _Element

from passback.plugin import PackageReader
from passback_scorm.findings import Findings
from passback_scorm.manifest.references import Reference, resolve
from passback_scorm.manifest.tree import attribute, child, children, collapsed, local_name

_SHOWN = 5
_PAGES = (".html", ".htm", ".xhtml")


@dataclass(frozen=True)
class Resource:
    """One resource. `scorm_type` is `sco`, `asset` or "" where the manifest does not say."""

    id: str
    scorm_type: str
    launch: Reference | None


@dataclass
class Scope:
    """A manifest with its own resources: the package's, or one inside it (IMS CP 1.1.4, section 4.7).

    Args:
        element: its `manifest` element.
        within: the manifest around it; everywhere: the resources of all manifests, for references into an inner one.
    """

    element: _Element
    within: "Scope | None" = None
    resources: dict[str, Resource] = field(default_factory=dict)
    inner: dict[str, "Scope"] = field(default_factory=dict)
    everywhere: dict[str, Resource] = field(default_factory=dict)
    _by_key: dict[str, Resource] = field(default_factory=dict)

    def find(self, wanted: str) -> Resource | None:
        """Return the resource called `wanted`, in this manifest, else around it; in another spelling if need be."""
        exact = (scope.resources.get(wanted) for scope in self.outwards())
        loose = (scope.by_key().get(_key(wanted)) for scope in self.outwards())
        return next((one for one in (*exact, self.everywhere.get(wanted), *loose) if one is not None), None)

    def outwards(self) -> "Iterator[Scope]":
        """Yield this manifest and those around it."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.within

    def by_key(self) -> dict[str, Resource]:
        """Return the resources by identifier without case and white space; of two alike the first."""
        if not self._by_key:
            self._by_key = {_key(name): one for name, one in reversed(self.resources.items())}
        return self._by_key


@dataclass
class Resources:
    """All resources of a package. `declared`: the files that the manifest lists and the package has."""

    root: Scope
    declared: set[str] = field(default_factory=set)


class ResourceReader:
    """Reads the resources of a manifest and of those inside it.

    Args:
        path: the manifest's.
    """

    def __init__(self, package: PackageReader, path: str, found: Findings) -> None:
        self._package = package
        self._folder = f"{posixpath.dirname(path)}/" if "/" in path else ""
        self._found = found
        self._missing: list[str] = []
        self._declared: set[str] = set()
        self._everywhere: dict[str, Resource] = {}
        self._asked: list[tuple[_Element, Scope]] = []

    def read(self, root: _Element) -> Resources:
        """Return the resources; files that are declared and missing become one warning."""
        scope = self._scope(root, (self._folder,), None)
        self._tell_missing()
        self._tell_dependencies()
        return Resources(scope, self._declared)

    def _scope(self, element: _Element, outer: tuple[str, ...], within: Scope | None) -> Scope:
        scope = Scope(element, within, everywhere=self._everywhere)
        bases = (*outer, attribute(element, "base"))
        section = child(element, "resources")
        if section is None and within is None:
            self._found.add("no_resources", "The manifest has no list of resources.")
        for one in children(section, "resource"):
            self._resource(one, (*bases, attribute(section, "base") if section is not None else ""), scope)
        for one in children(element, "manifest"):
            inner = self._scope(one, bases, scope)
            scope.inner.setdefault(collapsed(attribute(one, "identifier")), inner)
        return scope

    def _resource(self, element: _Element, outer: tuple[str, ...], scope: Scope) -> None:
        bases = (*outer, attribute(element, "base"))
        files = [resolve(self._package, bases, href) for href in _files(element)]
        self._missing += [one.wanted for one in files if not one.path and not one.external]
        self._declared.update(one.path for one in files if one.path)
        name = collapsed(attribute(element, "identifier")) or f"resource-{len(scope.resources) + 1}"
        if name in scope.resources:
            message = "Two resources have the same identifier; the first one is used."
            self._found.add("double_resource", message, name, at=element)
            return
        launch = self._launch(element, bases, files)
        if launch is not None and launch.path:
            self._declared.add(launch.path)
        resource = Resource(name, attribute(element, "scormtype").lower(), launch)
        scope.resources[name] = self._everywhere[name] = resource
        self._asked += [(one, scope) for one in children(element, "dependency")]

    def _launch(self, element: _Element, bases: tuple[str, ...], files: list[Reference]) -> Reference | None:
        href = attribute(element, "href")
        if href:
            return resolve(self._package, bases, href)
        if attribute(element, "scormtype").lower() != "sco":
            return None
        page = next((one for one in files if one.path.lower().endswith(_PAGES)), None)
        if page is not None:
            message = "A unit does not say with which file it starts; the first page it lists was taken."
            self._found.add("no_start_file", message, page.path, at=element)
        return page

    def _tell_missing(self) -> None:
        missing = list(dict.fromkeys(self._missing))
        if missing:
            more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
            self._found.add(
                "missing_files",
                f"The manifest lists {len(missing)} file(s) that the package does not contain.",
                ", ".join(missing[:_SHOWN]) + more,
                "If pages look broken, export the course again.",
            )

    def _tell_dependencies(self) -> None:
        for element, scope in self._asked:
            wanted = collapsed(attribute(element, "identifierref"))
            if wanted and scope.find(wanted) is None and not _names_manifest(scope, wanted):
                message = "A resource depends on another one that the manifest does not have."
                advice = "If pages look broken, export the course again."
                self._found.add("missing_dependency", message, wanted, advice, at=element, severity="note")


def _names_manifest(scope: Scope, wanted: str) -> bool:
    return any(wanted in one.inner for one in scope.outwards())


def _files(element: _Element) -> Iterator[str]:
    for one in element:
        if local_name(one.tag) == "file" and (href := attribute(one, "href")):
            yield href


def _key(identifier: str) -> str:
    return "".join(identifier.split()).lower()
