"""Reading the table of a data model: elements, access, types, arrays and keywords."""

import json
import re
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Literal, TypedDict

from passback.plugin import JsonObject
from passback_scorm.rte.text import units

Access = Literal["ro", "rw", "wo"]


class RuleData(TypedDict, total=False):
    """A rule as the table writes it; every condition that is there must hold, `values` and `blank` suffice alone."""

    max: int
    pattern: str
    values: list[str]
    range: tuple[float, float]
    blank: bool
    by: str
    patterns: dict[str, str]


@dataclass(frozen=True)
class Rule:
    """Says whether a text is a value of a type."""

    data: RuleData
    pattern: re.Pattern[str] | None = None
    patterns: dict[str, re.Pattern[str]] = field(default_factory=dict)

    def accepts(self, text: str, kind: str = "") -> bool:
        """Say whether `text` fits; `kind` is the value of the sibling element that the rule's `by` names."""
        data = self.data
        if text in data.get("values", ()) or (not text and data.get("blank")):
            return True
        if "max" in data and units(text) > data["max"]:
            return False
        pattern = self.patterns.get(kind, self.pattern)
        if pattern is not None and not pattern.fullmatch(text):
            return False
        if pattern is None and "values" in data:
            return False
        return "range" not in data or data["range"][0] <= float(text) <= data["range"][1]


@dataclass(frozen=True)
class Element:
    """One element of the data model; `name` has `n` for every index."""

    name: str
    access: Access
    strict: Rule
    lenient: Rule
    default: str = ""


@dataclass(frozen=True)
class Table:
    """The data model of one version.

    Args:
        source: what the browser gets.
        total: UTF-16 units that all values together may have.
        value: bytes that one value may have as JSON in ASCII, so that the event with it is taken (at most 1 MiB).
    """

    version: str
    root: str
    source: JsonObject
    elements: dict[str, Element]
    children: dict[str, str]
    arrays: frozenset[str]
    known: frozenset[str]
    total: int
    value: int
    errors: dict[str, str]


@cache
def scorm12() -> Table:
    """Return the data model of SCORM 1.2 (Run-Time Environment 1.2, section 3.4)."""
    return load("scorm12.json")


def load(name: str) -> Table:
    """Read a table that lies beside this module."""
    source = json.loads(files(__package__).joinpath(name).read_text("utf-8"))
    types = {key: _rules(value) for key, value in source["types"].items()}
    elements = {
        key: Element(key, value["access"], *types[value["type"]], value.get("default", ""))
        for key, value in source["elements"].items()
    }
    known = {prefix for key in elements for prefix in _prefixes(key)}
    return Table(
        source["version"],
        source["root"],
        source,
        elements,
        {group: _children(group, elements) for group in source["children"]},
        frozenset(key.removesuffix(".n") for key in known if key.endswith(".n")),
        frozenset(key for key in known if not key.endswith(".n")),
        source["limits"]["total"],
        source["limits"]["value"],
        source["errors"],
    )


def _rules(data: dict[str, RuleData]) -> tuple[Rule, Rule]:
    strict = _rule(data["strict"])
    return strict, _rule(data["lenient"]) if "lenient" in data else strict


def _rule(data: RuleData) -> Rule:
    pattern = re.compile(data["pattern"]) if "pattern" in data else None
    return Rule(data, pattern, {kind: re.compile(text) for kind, text in data.get("patterns", {}).items()})


def _prefixes(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]


def _children(group: str, elements: dict[str, Element]) -> str:
    inner = f"{group}.n." if any(name.startswith(f"{group}.n.") for name in elements) else f"{group}."
    names = (name.removeprefix(inner).partition(".")[0] for name in elements if name.startswith(inner))
    return ",".join(dict.fromkeys(names))
