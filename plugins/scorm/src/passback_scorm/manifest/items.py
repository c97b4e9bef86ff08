"""The items of an organisation: nested, each with its resource, its properties and its sequencing."""

from dataclasses import dataclass, field, replace

from lxml.etree import _Element

from passback_scorm.findings import Findings
from passback_scorm.manifest.model import Item, Properties
from passback_scorm.manifest.properties import read_properties, read_threshold, with_sequencing
from passback_scorm.manifest.references import with_parameters
from passback_scorm.manifest.resources import Resource, Scope
from passback_scorm.manifest.sequencing import SequencingReader
from passback_scorm.manifest.tree import attribute, child, children, collapsed, text_of
from passback_scorm.sequencing.definition import SequencingDefinition

MAX_DEPTH = 128
"""Levels of items. One document cannot have more (core's reader refuses deeper XML), manifests inside it could."""

_HIDDEN = frozenset({"false", "0", "no"})


@dataclass(frozen=True)
class _Launch:
    """What an item opens: `kind` is "" where it is nothing, `wanted` the path that is not there."""

    kind: str = ""
    href: str = ""
    wanted: str = ""


@dataclass
class ItemReader:
    """Reads items, giving each an identifier of its own.

    Args:
        sequencing: None for SCORM 1.2, which has none.
    """

    found: Findings
    sequencing: SequencingReader | None = None
    _ids: set[str] = field(default_factory=set)
    _taken_apart: set[str] = field(default_factory=set)

    def below(self, parent: _Element, scope: Scope, depth: int = 0) -> tuple[Item, ...]:
        """Return the items below an organisation or item, in order."""
        elements = list(children(parent, "item"))
        if elements and depth >= MAX_DEPTH:
            self.found.add("too_deep", "Items are nested too deep; the deepest are left out.", at=parent)
            return ()
        return tuple(self._item(element, scope, depth + 1) for element in elements)

    def of_resources(self, scope: Scope) -> tuple[Item, ...]:
        """Return one item per SCO, else the first page, for a manifest without an organisation."""
        launchable = [one for one in scope.resources.values() if one.launch and one.launch.path]
        chosen = [one for one in launchable if one.scorm_type == "sco"] or launchable[:1]
        opened = [(one, self._opened(one, one.id, "", None)) for one in chosen]
        return tuple(Item(self.own_id(one.id), one.id, kind=launch.kind, href=launch.href) for one, launch in opened)

    def definition(self, element: _Element, *, leaf: bool) -> SequencingDefinition:
        """Return the sequencing of an item or organisation; in 1.2 the defaults."""
        if self.sequencing is None:
            return SequencingDefinition()
        definition = self.sequencing.read(child(element, "sequencing"))
        return read_threshold(element, definition, self.found, leaf=leaf)

    def _item(self, element: _Element, scope: Scope, depth: int) -> Item:
        name = self.own_id(collapsed(attribute(element, "identifier")), element)
        title = text_of(element, "title") or name
        wanted = collapsed(attribute(element, "identifierref"))
        below = self.below(element, scope, depth)
        inner = self._flattened(wanted, scope, element, depth) if wanted else None
        launch = self._launch(element, wanted, title, scope) if wanted and inner is None else _Launch()
        below += inner or ()
        item = Item(
            name,
            title,
            attribute(element, "isvisible").lower() not in _HIDDEN,
            launch.kind,
            launch.href,
            launch.wanted,
            read_properties(element, title, self.found),
            self.definition(element, leaf=not below),
            below,
        )
        return self._playable(item, element)

    def _playable(self, item: Item, element: _Element) -> Item:
        """Return the item in a shape that can be played: only leaves open, only what opens counts."""
        if self.sequencing is not None:
            item = replace(item, properties=with_sequencing(item.properties, item.sequencing))
        if item.kind and item.children:
            return self._with_page_inside(item, element)
        if not item.children and not item.kind and not item.wanted and not attribute(element, "identifierref"):
            self.found.add(
                "heading", "An item opens nothing; it is a heading.", item.title, at=element, severity="note"
            )
        return item

    def _with_page_inside(self, item: Item, element: _Element) -> Item:
        """Return a chapter whose own page is its first unit: sequencing opens nothing but leaves (SN 2.1)."""
        message = "A chapter has a page of its own; the page was made its first unit."
        self.found.add("chapter_with_page", message, item.title, at=element)
        page = replace(item, id=self.own_id(f"{item.id}-page"), children=(), sequencing=SequencingDefinition())
        return replace(item, kind="", href="", properties=Properties(), children=(page, *item.children))

    def _launch(self, element: _Element, wanted: str, title: str, scope: Scope) -> _Launch:
        resource = scope.find(wanted)
        if resource is None:
            message = f"“{title}” names a resource that the manifest does not have; it cannot be opened."
            self.found.add("missing_resource", message, wanted, _AGAIN, at=element, severity="problem")
            return _Launch()
        if resource.launch is None:
            message = f"“{title}” names a resource that has no file to start with; it cannot be opened."
            self.found.add("no_launch_file", message, wanted, _AGAIN, at=element, severity="problem")
            return _Launch()
        if resource.id != wanted:
            message = f"“{title}” names its resource in another spelling; it was found."
            self.found.add("repaired_reference", message, wanted, at=element)
        return self._opened(resource, title, attribute(element, "parameters"), element)

    def _opened(self, resource: Resource, title: str, parameters: str, element: _Element | None) -> _Launch:
        launch = resource.launch
        assert launch is not None  # noqa: S101  # callers leave out resources without a file
        if launch.external:
            href = with_parameters_of_url(launch.external, parameters)
            if resource.scorm_type == "sco":
                message = f"“{title}” starts outside of the package, where no result can be recorded."
                self.found.add("starts_elsewhere", message, launch.external, at=element, severity="problem")
            return _Launch("asset", href)
        if not launch.path:
            message = f"“{title}” starts with a file that is not in the package; it cannot be opened."
            self.found.add("missing_launch_file", message, launch.wanted, _AGAIN, at=element, severity="problem")
            return _Launch(wanted=launch.wanted)
        if resource.scorm_type not in {"sco", "asset"}:
            message = f"“{title}” does not say whether it is a SCO; it is treated as one."
            self.found.add("no_scorm_type", message, resource.id, at=element)
        if launch.repaired:
            message = f"“{title}” names its file in another spelling; it was found."
            self.found.add("repaired_path", message, launch.wanted, at=element)
        href = launch.href.removesuffix(launch.suffix) + with_parameters(launch.suffix, parameters)
        return _Launch("asset" if resource.scorm_type == "asset" else "sco", href)

    def _flattened(self, wanted: str, scope: Scope, element: _Element, depth: int) -> tuple[Item, ...] | None:
        """Return the items of the manifest inside this one that an item stands for; None where it stands for none.

        Each takes one place only: so nothing loops, and nothing grows.
        """
        inner = next((one.inner[wanted] for one in scope.outwards() if wanted in one.inner), None)
        if inner is None:
            return None
        if wanted in self._taken_apart:
            message = "A manifest inside the manifest is used twice; it stays where it came first."
            self.found.add("inner_manifest_twice", message, wanted, at=element)
            return ()
        self._taken_apart.add(wanted)
        message = "A manifest inside the manifest was taken apart: its items are items of this course."
        self.found.add("inner_manifest", message, wanted, at=element)
        organization = child(child(inner.element, "organizations"), "organization")
        return self.below(organization, inner, depth) if organization is not None else self.of_resources(inner)

    def own_id(self, wanted: str, element: _Element | None = None) -> str:
        """Return an identifier that no item has yet: `wanted`, or made from it."""
        name = wanted or f"item-{len(self._ids)}"
        if name in self._ids and element is not None:
            message = "Two items have the same identifier; the second was renamed."
            self.found.add("double_item", message, name, at=element)
        while name in self._ids:
            name += f"-{len(self._ids) + 1}"
        self._ids.add(name)
        return name


_AGAIN = "Check this unit in your authoring tool and export the course again."


def with_parameters_of_url(url: str, parameters: str) -> str:
    """Append an item's parameters to a whole URL."""
    mark = min((place for place in (url.find("?"), url.find("#")) if place >= 0), default=len(url))
    return url[:mark] + with_parameters(url[mark:], parameters)
