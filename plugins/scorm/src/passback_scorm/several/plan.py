"""The units of a SCORM 1.2 course in their order, and which of them may be opened now."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from pydantic import JsonValue, ValidationError

from passback.plugin import JsonObject
from passback_scorm.caching import OfCourse
from passback_scorm.several.prerequisites import DONE, Prerequisites, PrerequisitesError, read_prerequisites
from passback_scorm.unit import Unit

_MOST_PAGES = 500


@dataclass(frozen=True)
class Plan:
    """A course's units.

    Args:
        units: the unit nodes of the course data by id, in order.
        conditions: by unit, the prerequisites of it and of its chapters; those that cannot be kept are left out.
        chapters: by chapter, its units.
    """

    units: Mapping[str, JsonObject]
    conditions: Mapping[str, tuple[Prerequisites, ...]]
    chapters: Mapping[str, tuple[str, ...]]

    @property
    def order(self) -> tuple[str, ...]:
        """Return the ids of all units."""
        return tuple(self.units)

    def pages(self) -> list[JsonValue]:
        """Return the pages that belong to units, as pairs of id and href; none where there are very many."""
        if len(self.units) > _MOST_PAGES:
            return []
        return [[name, href] for name, node in self.units.items() if isinstance(href := node.get("href"), str)]

    def unit(self, wanted: str) -> Unit | None:
        """Return a unit."""
        node = self.units.get(wanted)
        try:
            return None if node is None else Unit.model_validate({**node, "scorm_type": node.get("kind", "sco")})
        except ValidationError:
            return None

    def open(self, statuses: Mapping[str, str]) -> frozenset[str]:
        """Return the units whose prerequisites are met, by `cmi.core.lesson_status` of each unit."""
        everything = {**statuses, **{name: _together(statuses, below) for name, below in self.chapters.items()}}
        return frozenset(one for one, all_of in self.conditions.items() if all(each.met(everything) for each in all_of))

    def first(self, opened: frozenset[str]) -> str:
        """Return where a course begins: its first open unit; the very first where conditions leave none open."""
        return next((one for one in self.units if one in opened), next(iter(self.units), ""))

    def beside(self, unit: str, step: int, opened: frozenset[str]) -> str:
        """Return the next open unit after (`step` 1) or before (-1) one, "" for none; from none, the first or last."""
        order = self.order[::step]
        after = order.index(unit) + 1 if unit in self.units else 0
        return next((one for one in order[after:] if one in opened), "")


def plan_of(content: JsonObject) -> Plan:
    """Return the plan of a course."""
    return _plan(OfCourse(content))


@lru_cache(maxsize=64)
def _plan(course: OfCourse) -> Plan:
    content = course.content
    organization = content.get("organization")
    items = organization.get("items") if isinstance(organization, dict) else None
    nodes = tuple(_nodes(items, ()))
    known = frozenset(str(node.get("id")) for node, _above in nodes)
    units = {str(node.get("id")): node for node, _above in nodes if node.get("kind")}
    expressions = {str(node.get("id")): str(node.get("prerequisites") or "") for node, _above in nodes}
    conditions: dict[str, tuple[Prerequisites, ...]] = {}
    chapters: dict[str, list[str]] = {}
    for node, above in nodes:
        own = str(node.get("id"))
        if own in units:
            conditions[own] = tuple(_kept((expressions[one] for one in (*above, own)), known))
            for chapter in above:
                chapters.setdefault(chapter, []).append(own)
    return Plan(units, conditions, {name: tuple(below) for name, below in chapters.items() if name not in units})


def troubles(expressions: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield, by item, why its prerequisites are not kept.

    Args:
        expressions: of all items of a course, "" where there are none.
    """
    for item, expression in expressions.items():
        try:
            unknown = [one for one in read_prerequisites(expression).items if one not in expressions]
        except PrerequisitesError as error:
            yield item, str(error)
        else:
            if unknown:
                yield item, f"the course has no item “{unknown[0]}”"


def _kept(expressions: Iterable[str], known: frozenset[str]) -> Iterator[Prerequisites]:
    for expression in expressions:
        read = _read(expression) if expression else None
        if read is not None and known.issuperset(read.items):
            yield read


@lru_cache(maxsize=2048)
def _read(expression: str) -> Prerequisites | None:
    try:
        return read_prerequisites(expression)
    except PrerequisitesError:
        return None


def _nodes(items: object, above: tuple[str, ...]) -> Iterator[tuple[JsonObject, tuple[str, ...]]]:
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict):
            yield item, above
            yield from _nodes(item.get("children"), (*above, str(item.get("id"))))


def _together(statuses: Mapping[str, str], below: tuple[str, ...]) -> str:
    """Return the status of a chapter: completed once all its units are (CMI001 4.6.2: a block's status)."""
    found = [statuses.get(one, "") for one in below]
    if all(status in DONE for status in found):
        return "completed"
    return "incomplete" if any(found) else "not attempted"
