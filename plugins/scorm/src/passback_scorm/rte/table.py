"""Reading the table of a data model: elements, access, types, arrays and keywords."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, TypedDict, cast

from passback.plugin import JsonObject
from passback_scorm.rte.rules import Rule, RuleData, compile_rule

Access = Literal["ro", "rw", "wo"]
EDITIONS = ("2004-2", "2004-3", "2004-4")
NEWEST_EDITION = "2004-4"


class ElementData(TypedDict, total=False):
    """An element as the table writes it; see `Element`."""

    access: Access
    type: str
    default: str
    needs: list[str]
    once: bool
    unique: bool
    unique_for: list[str]
    single_for: list[str]
    fixed: bool
    flags: bool
    empty_is_unset: bool
    validity: bool
    judged: dict[str, str]
    urgent: bool
    editions: "dict[str, ElementData | None]"


class Source(TypedDict, total=False):
    """A table as its JSON writes it."""

    version: str
    roots: list[str]
    elements: dict[str, ElementData]
    types: dict[str, dict[str, RuleData]]
    children: list[str]
    limits: dict[str, int]
    codes: dict[str, int]
    errors: dict[str, str]
    languages: str


@dataclass(frozen=True)
class Judgement:
    """How the LMS decides a status (RTE 4.2.4, 4.2.22): a measure against a threshold, once there is a threshold."""

    threshold: str
    measure: str
    reached: str
    missed: str
    unknown: str


@dataclass(frozen=True)
class Element:
    """One element of the data model; `name` has `n` for every index.

    Args:
        default: what is read before anything was set; None: that is an error.
        needs: elements of the same record that must have been set before.
        once: cannot be changed; `unique`: no two records in the array may have the same; `unique_for`, `single_for`:
            the interaction types for which that holds, or for which there is one record only.
        fixed: content cannot add records; `flags`: each record says whether it may be read and written.
        empty_is_unset: "" stands for never set (adl.data, RTE 4.3.1).
        validity: answered from what the launch says of navigation requests.
    """

    name: str
    access: Access
    strict: Rule
    lenient: Rule
    default: str | None = None
    needs: tuple[str, ...] = ()
    once: bool = False
    unique: bool = False
    unique_for: frozenset[str] = frozenset()
    single_for: frozenset[str] = frozenset()
    fixed: bool = False
    flags: bool = False
    empty_is_unset: bool = False
    validity: bool = False
    judged: Judgement | None = None


@dataclass(frozen=True)
class Table:
    """The data model of one version.

    Args:
        source: what the browser gets.
        codes: the error code of each thing that may be wrong; see the JSON.
        total: UTF-16 units that all values together may have.
        value: bytes that one value may have as JSON in ASCII, so that the event with it is taken (at most 1 MiB).
    """

    version: str
    roots: frozenset[str]
    source: JsonObject
    elements: dict[str, Element]
    children: dict[str, str]
    arrays: frozenset[str]
    known: frozenset[str]
    total: int
    value: int
    codes: dict[str, int]
    errors: dict[str, str]


@cache
def scorm12() -> Table:
    """Return the data model of SCORM 1.2 (Run-Time Environment 1.2, section 3.4)."""
    return make_table(_read("scorm12.json"))


@cache
def scorm2004(edition: str = NEWEST_EDITION) -> Table:
    """Return the data model of SCORM 2004 (Run-Time Environment, section 4) in one of its editions.

    Args:
        edition: `2004-2`, `2004-3` or `2004-4`; of any other, the newest one's.
    """
    return make_table(in_edition(_read("scorm2004.json"), edition if edition in EDITIONS else NEWEST_EDITION))


def in_edition(source: JsonObject, edition: str) -> JsonObject:
    """Return a table with what `editions` says of an edition put in place: other properties, or null: not in it."""
    elements = {}
    for name, told in cast("Source", source)["elements"].items():
        changes = told.get("editions", {}).get(edition, {})
        if changes is not None:
            elements[name] = {key: value for key, value in told.items() if key != "editions"} | changes
    return source | {"version": edition, "elements": cast("JsonObject", elements)}


def make_table(source: JsonObject) -> Table:
    """Return the table that a JSON source describes."""
    data = cast("Source", source)
    rules = _Rules(data)
    elements = {name: _element(name, told, rules) for name, told in data["elements"].items()}
    known = {prefix for name in elements for prefix in _prefixes(name)}
    return Table(
        version=data["version"],
        roots=frozenset(data["roots"]),
        source=source,
        elements=elements,
        children={group: names for group in data["children"] if (names := _children(group, elements))},
        arrays=frozenset(name.removesuffix(".n") for name in known if name.endswith(".n")),
        known=frozenset(name for name in known if not name.endswith(".n")),
        total=data["limits"]["total"],
        value=data["limits"]["value"],
        codes=data["codes"],
        errors=data["errors"],
    )


class _Rules:
    """The rules of a table's types, made once each."""

    def __init__(self, source: Source) -> None:
        self._types = source["types"]
        self._languages = frozenset(source.get("languages", "").split())
        self._made: dict[tuple[str, str], Rule] = {}
        self.unset = None if source["codes"]["unset"] else ""

    def named(self, name: str, mode: str) -> Rule:
        """Return a type's rule; lenient ones know any language."""
        if (name, mode) not in self._made:
            data = self._types[name].get(mode) or self._types[name]["strict"]
            languages = self._languages if mode == "strict" else frozenset[str]()
            self._made[name, mode] = compile_rule(data, languages, lambda other: self.named(other, mode))
        return self._made[name, mode]


def _element(name: str, told: ElementData, rules: _Rules) -> Element:
    judged = told.get("judged")
    return Element(
        name,
        told["access"],
        rules.named(told["type"], "strict"),
        rules.named(told["type"], "lenient"),
        told.get("default", rules.unset),
        tuple(told.get("needs", ())),
        told.get("once", False),
        told.get("unique", False),
        frozenset(told.get("unique_for", ())),
        frozenset(told.get("single_for", ())),
        told.get("fixed", False),
        told.get("flags", False),
        told.get("empty_is_unset", False),
        told.get("validity", False),
        Judgement(**judged) if judged else None,
    )


def _read(name: str) -> JsonObject:
    source: JsonObject = json.loads(files(__package__).joinpath(name).read_text("utf-8"))
    return source


def _prefixes(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]


def _children(group: str, elements: dict[str, Element]) -> str:
    inner = f"{group}.n." if any(name.startswith(f"{group}.n.") for name in elements) else f"{group}."
    names = (name.removeprefix(inner).partition(".")[0] for name in elements if name.startswith(inner))
    return ",".join(dict.fromkeys(names))
