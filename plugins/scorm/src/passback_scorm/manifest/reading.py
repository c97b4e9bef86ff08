"""Reading a package's manifest (SCORM 1.2 CAM, section 2.3). Forgiving: what is imperfect becomes a warning."""

from lxml.etree import _Element

from passback.plugin import PackageError, PackageReader
from passback_scorm.manifest.editions import read_version
from passback_scorm.manifest.items import items_of_resources, read_items
from passback_scorm.manifest.model import Findings, Item, Manifest
from passback_scorm.manifest.resources import Resource, read_resources
from passback_scorm.manifest.tree import attribute, child, children, local_name, text_of

FILE_NAME = "imsmanifest.xml"


def find_manifest(package: PackageReader) -> str | None:
    """Return the path of the manifest: the one nearest to the package's root, in any spelling."""
    paths = [path for path in package.names() if path.rpartition("/")[2].lower() == FILE_NAME]
    return min(paths, key=lambda path: path.count("/"), default=None)


def read_manifest(package: PackageReader) -> Manifest:
    """Return what the manifest says.

    Raises:
        PackageError: there is no manifest, or it cannot be read at all.
    """
    path = find_manifest(package)
    if path is None:
        raise PackageError("no_manifest", f"The package has no {FILE_NAME}.", "Export the course as a SCORM package.")
    parsed = package.xml(path)
    root = parsed.root
    found = Findings(list(parsed.warnings))
    if "/" in path:
        found.add("manifest_in_folder", "The manifest is not at the top of the package; its folder was used.", path)
    if local_name(root.tag) != "manifest":
        found.add("odd_root", "The manifest does not begin with a manifest element.", local_name(root.tag))
    resources = read_resources(package, path, root, found)
    organization = _organization(root, found)
    items = read_items(organization, resources, found) if organization is not None else ()
    if not any(item.units() for item in items):
        items = _without_organization(resources, found)
    language, description, title = _metadata(root)
    named = text_of(organization, "title") if organization is not None else ""
    return Manifest(
        path,
        read_version(root),
        named or title or next((item.title for item in items), "") or package.name,
        attribute(organization, "identifier") if organization is not None else "",
        items,
        language,
        description,
        tuple(found.warnings),
    )


def _organization(root: _Element, found: Findings) -> _Element | None:
    section = child(root, "organizations")
    offered = list(children(section, "organization")) if section is not None else []
    if section is None or not offered:
        return None
    wanted = attribute(section, "default")
    chosen = next((one for one in offered if attribute(one, "identifier") == wanted), None) if wanted else None
    if chosen is None and (wanted or len(offered) > 1):
        found.add(
            "no_default_organization", "The manifest's default organisation is missing; the first was used.", wanted
        )
    return offered[0] if chosen is None else chosen


def _without_organization(resources: dict[str, Resource], found: Findings) -> tuple[Item, ...]:
    items = items_of_resources(resources, found)
    if items:
        found.add("no_organization", "The manifest has no usable table of contents; its resources were used instead.")
    return items


def _metadata(root: _Element) -> tuple[str, str, str]:
    """Return language, description and title from the package's metadata (LOM, in either of its bindings)."""
    metadata = child(root, "metadata")
    lom = (
        next((one for one in metadata.iter() if local_name(one.tag) == "general"), None)
        if metadata is not None
        else None
    )
    if lom is None:
        return "", "", ""
    language = text_of(lom, "language")
    return language[:35], text_of(lom, "description")[:4000], text_of(lom, "title")[:255]
