"""The items of an organisation, each with its resource and its SCORM 1.2 properties (CAM 2.3.2.5)."""

import math
from collections.abc import Iterable

from lxml.etree import _Element

from passback_scorm.manifest.model import Findings, Item
from passback_scorm.manifest.references import with_parameters
from passback_scorm.manifest.resources import Resource
from passback_scorm.manifest.tree import attribute, children, text_of
from passback_scorm.timespan import parse_timespan
from passback_scorm.unit import Unit


def read_items(parent: _Element, resources: dict[str, Resource], found: Findings) -> tuple[Item, ...]:
    """Return the items below an organisation or item, in order, each with an identifier of its own."""
    return _Reader(resources, found).below(parent)


def items_of_resources(resources: dict[str, Resource], found: Findings) -> tuple[Item, ...]:
    """Return one item per SCO, else per launchable resource, for a manifest without an organisation."""
    launchable = [one for one in resources.values() if one.launch and not one.launch.external]
    chosen = [one for one in launchable if one.scorm_type == "sco"] or launchable[:1]
    return tuple(Item(one.id, one.id, unit=_unit(one, one.id, one.id, "", found)) for one in chosen)


class _Reader:
    def __init__(self, resources: dict[str, Resource], found: Findings) -> None:
        self._resources = resources
        self._by_key = {_key(name): resource for name, resource in reversed(resources.items())}
        self._found = found
        self._ids: set[str] = set()

    def below(self, parent: _Element) -> tuple[Item, ...]:
        return tuple(self._item(element) for element in children(parent, "item"))

    def _item(self, element: _Element) -> Item:
        name = self._own_id(attribute(element, "identifier"))
        title = text_of(element, "title") or name
        visible = attribute(element, "isvisible").lower() not in {"false", "0", "no"}
        unit = self._launch(element, name, title, visible=visible)
        return Item(name, title, visible, unit, self.below(element))

    def _launch(self, element: _Element, name: str, title: str, *, visible: bool) -> Unit | None:
        wanted = attribute(element, "identifierref")
        if not wanted:
            return None
        resource = self._resources.get(wanted) or self._by_key.get(_key(wanted))
        if resource is None or resource.launch is None:
            message = f"“{title}” names a resource that the manifest does not have or that has no file."
            self._found.add("missing_resource", message, wanted)
            return None
        unit = _unit(resource, name, title, attribute(element, "parameters"), self._found)
        return unit.model_copy(update={"visible": visible, **_properties(element, title, self._found)})

    def _own_id(self, wanted: str) -> str:
        name = wanted or f"item-{len(self._ids) + 1}"
        if name in self._ids:
            self._found.add("double_item", "Two items have the same identifier; the second was renamed.", name)
        while name in self._ids:
            name += f"-{len(self._ids) + 1}"
        self._ids.add(name)
        return name


def _unit(resource: Resource, name: str, title: str, parameters: str, found: Findings) -> Unit:
    launch = resource.launch
    assert launch is not None  # noqa: S101  # callers leave out resources without a file
    if resource.scorm_type not in {"sco", "asset"}:
        found.add("no_scorm_type", f"“{title}” does not say whether it is a SCO; it is treated as one.", resource.id)
    href = launch.external or launch.href.removesuffix(launch.suffix) + with_parameters(launch.suffix, parameters)
    if launch.path and launch.path != launch.wanted:
        found.add("repaired_path", f"“{title}” names its file in another spelling; it was found.", launch.wanted)
    return Unit(id=name, title=title, href=href, scorm_type="asset" if resource.scorm_type == "asset" else "sco")


def _properties(element: _Element, title: str, found: Findings) -> dict[str, object]:
    texts = {
        "prerequisites": text_of(element, "prerequisites"),
        "max_time_allowed": text_of(element, "maxtimeallowed"),
        "time_limit_action": text_of(element, "timelimitaction").lower(),
        "data_from_lms": _data_from_lms(element),
    }
    if texts["max_time_allowed"] and parse_timespan(texts["max_time_allowed"]) is None:
        found.add("odd_time_limit", f"The time limit of “{title}” is not a time.", texts["max_time_allowed"])
        texts["max_time_allowed"] = ""
    return {**texts, "mastery_score": _mastery(children(element, "masteryscore"), title, found)}


def _data_from_lms(element: _Element) -> str:
    """Return adlcp:datafromlms as written: its line breaks may mean something to the SCO."""
    found = next(children(element, "datafromlms"), None)
    return "" if found is None else "".join(str(part) for part in found.itertext()).strip()


def _mastery(elements: Iterable[_Element], title: str, found: Findings) -> float | None:
    text = next((text_of(element) for element in elements), "").removesuffix("%").strip()
    if not text:
        return None
    try:
        mark = float(text.replace(",", "."))
    except ValueError:
        mark = math.nan
    if 0 <= mark <= 100:
        return mark
    found.add("odd_mastery_score", f"The pass mark of “{title}” is not a number from 0 to 100; it is left out.", text)
    return None


def _key(identifier: str) -> str:
    return "".join(identifier.split()).lower()
