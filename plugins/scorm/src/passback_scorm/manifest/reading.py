"""Reading a package's manifest (1.2 CAM 2.3, 2004 CAM 3.4 and 5). Forgiving: what is imperfect becomes a finding."""

import posixpath
from dataclasses import dataclass

from lxml.etree import _Element

from passback.plugin import PackageError, PackageReader
from passback_scorm.findings import Findings
from passback_scorm.manifest.editions import Version, read_version
from passback_scorm.manifest.items import ItemReader
from passback_scorm.manifest.metadata import read_metadata
from passback_scorm.manifest.model import Manifest, Organization, Properties
from passback_scorm.manifest.properties import with_sequencing
from passback_scorm.manifest.resources import ResourceReader, Resources
from passback_scorm.manifest.sequencing import SequencingReader, read_collection
from passback_scorm.manifest.tree import attribute, child, children, collapsed, local_name, text_of
from passback_scorm.manifest.values import Values

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
    found = Findings(path)
    found.take_over(parsed.warnings, path)
    if "/" in path:
        found.add("manifest_in_folder", "The manifest is not at the top of the package; its folder was used.", path)
    if local_name(root.tag) != "manifest":
        found.add("odd_root", "The manifest does not begin with a manifest element.", local_name(root.tag), at=root)
    version = read_version(root, found)
    resources = ResourceReader(package, path, found).read(root)
    metadata = read_metadata(package, f"{posixpath.dirname(path)}/" if "/" in path else "", root, found)
    organization = _Organizations(root, resources, version, found).choose()
    title = organization.title or metadata.title or next((one.title for one in organization.items), "") or package.name
    return Manifest(
        path,
        version,
        title,
        organization,
        metadata.language,
        metadata.description,
        frozenset(resources.declared),
        found.all,
        collapsed(attribute(root, "identifier")),
    )


@dataclass(frozen=True)
class _Organizations:
    """The tables of contents that a manifest offers; one is played."""

    root: _Element
    resources: Resources
    version: Version
    found: Findings

    def choose(self) -> Organization:
        """Return the default one, else the first that has something to open, else one made of the resources."""
        section = child(self.root, "organizations")
        offered = list(children(section, "organization"))
        sequencing = (
            SequencingReader(read_collection(self.root, self.found), self.found) if self.version.is_2004 else None
        )
        first: Organization | None = None
        for element in self._in_order(section, offered):
            organization = self._read(element, sequencing)
            if next(organization.units(), None) is not None:
                if first is not None:
                    message = (
                        "The table of contents of choice has nothing to open; another one of the manifest is used."
                    )
                    self.found.add("other_organization", message, organization.title, at=element)
                return organization
            first = first or organization
        return self._of_resources() or first or Organization("", "")

    def _in_order(self, section: _Element | None, offered: list[_Element]) -> list[_Element]:
        """Return the organisations, the one of choice first."""
        wanted = collapsed(attribute(section, "default")) if section is not None else ""
        chosen = next((one for one in offered if wanted and collapsed(attribute(one, "identifier")) == wanted), None)
        if chosen is None and (wanted or len(offered) > 1) and offered:
            message = "The manifest's default organisation is missing; the first was used."
            self.found.add("no_default_organization", message, wanted, at=section)
        elif len(offered) > 1:
            message = f"The manifest has {len(offered)} tables of contents; its default one is used."
            self.found.add("several_organizations", message, wanted, at=section)
        return offered if chosen is None else [chosen, *(one for one in offered if one is not chosen)]

    def _read(self, element: _Element, sequencing: SequencingReader | None) -> Organization:
        reader = ItemReader(self.found, sequencing)
        values = Values(element, self.found)
        name = reader.own_id(collapsed(attribute(element, "identifier")) or "organization")
        definition = reader.definition(element, leaf=False)
        return Organization(
            name,
            text_of(element, "title"),
            reader.below(element, self.resources.root),
            definition,
            with_sequencing(Properties(), definition),
            values.flag("objectivesGlobalToSystem", default=True),
            values.flag("sharedDataGlobalToSystem", default=True),
        )

    def _of_resources(self) -> Organization | None:
        reader = ItemReader(self.found)
        name = reader.own_id("organization")
        items = reader.of_resources(self.resources.root)
        if not items:
            return None
        message = "The manifest has no usable table of contents; its resources were used instead."
        self.found.add("no_organization", message)
        return Organization(name, "", items)
