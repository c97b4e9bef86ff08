"""The resources of a manifest: where each leads, and whether it talks to the LMS."""

import posixpath
from dataclasses import dataclass

from lxml.etree import _Element

from passback.plugin import PackageReader
from passback_scorm.manifest.model import Findings
from passback_scorm.manifest.references import Reference, resolve
from passback_scorm.manifest.tree import attribute, child, children

_SHOWN = 5


@dataclass(frozen=True)
class Resource:
    """One resource. `scorm_type` is `sco`, `asset` or "" where the manifest does not say."""

    id: str
    scorm_type: str
    launch: Reference | None


def read_resources(package: PackageReader, path: str, root: _Element, found: Findings) -> dict[str, Resource]:
    """Return the resources by identifier, in order; files that are declared and missing become one warning."""
    section = child(root, "resources")
    if section is None:
        found.add("no_resources", "The manifest has no list of resources.")
        return {}
    outer = (posixpath.dirname(path), _base(root), _base(section))
    resources: dict[str, Resource] = {}
    missing: list[str] = []
    for element in children(section, "resource"):
        bases = (*outer, _base(element))
        href = attribute(element, "href")
        launch = resolve(package, bases, href) if href else None
        name = attribute(element, "identifier") or f"resource-{len(resources) + 1}"
        if name in resources:
            found.add("double_resource", "Two resources have the same identifier; the first one is used.", name)
            continue
        resources[name] = Resource(name, attribute(element, "scormtype").lower(), launch)
        missing += _missing(package, bases, element)
    if missing:
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        found.add(
            "missing_files",
            f"The manifest lists {len(missing)} file(s) that the package does not contain.",
            ", ".join(missing[:_SHOWN]) + more,
            "If pages look broken, export the course again.",
        )
    return resources


def _missing(package: PackageReader, bases: tuple[str, ...], element: _Element) -> list[str]:
    hrefs = (attribute(file, "href") for file in children(element, "file"))
    references = (resolve(package, bases, href) for href in hrefs if href)
    return [one.wanted for one in references if not one.path and not one.external]


def _base(element: _Element) -> str:
    return attribute(element, "base")
