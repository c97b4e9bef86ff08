"""A data model that holds what content wrote, by the rules of a table. `static/datamodel.js` is its twin.

Both run the same cases in `tests/conformance`: change one only with the other.
"""

from dataclasses import dataclass, field

from pydantic import JsonValue

from passback_scorm.rte.table import Element, Table
from passback_scorm.rte.text import heavier, pack, units, unpack

MAX_INDEX_DIGITS = 6
KEYWORDS = frozenset({"_children", "_count", "_version"})
NO_ERROR, INVALID_ARGUMENT, NO_CHILDREN, NO_COUNT = 0, 201, 202, 203
NOT_IMPLEMENTED, KEYWORD, READ_ONLY, WRITE_ONLY, WRONG_TYPE, GENERAL = 401, 402, 403, 404, 405, 101


@dataclass(frozen=True)
class _Path:
    """An element as content names it: `model` with `n` for indices, and those indices."""

    name: str
    model: str
    indices: tuple[int, ...]
    ends: tuple[str, ...]


@dataclass
class DataModel:
    """Values by element name (packed, see `rte.text`), and how many records each array has.

    Args:
        strict: hold to the lengths and formats of the specification; else to what real content needs.
        size: UTF-16 units of all values together.
    """

    table: Table
    values: dict[str, JsonValue] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    strict: bool = False
    size: int = 0

    def text(self, name: str) -> str:
        """Return what was written to an element, whatever its access; "" where nothing was."""
        return unpack(self.values.get(name, "")) or ""

    def get(self, name: str) -> tuple[str, int]:
        """Return an element's value and the error code, as LMSGetValue must."""
        path = _path(name)
        if path is None or path.model.partition(".")[0] != self.table.root:
            return "", INVALID_ARGUMENT
        if path.model.endswith(("._children", "._count")):
            return self._keyword(path)
        element = self.table.elements.get(path.model)
        if element is None:
            return "", NOT_IMPLEMENTED
        if element.access == "wo":
            return "", WRITE_ONLY
        if not self._exists(path):
            return "", INVALID_ARGUMENT
        return (self.text(path.name) if path.name in self.values else element.default), NO_ERROR

    def set(self, name: str, text: str) -> int:
        """Set an element as content does and return the error code, as LMSSetValue must."""
        path = _path(name)
        if path is None or path.model.partition(".")[0] != self.table.root:
            return INVALID_ARGUMENT
        error = self._settable(path, text)
        if error == NO_ERROR:
            self._store(path, text)
        return error

    def _settable(self, path: _Path, text: str) -> int:
        base, _, last = path.model.rpartition(".")
        if last in KEYWORDS:
            return KEYWORD if base in self.table.known else NOT_IMPLEMENTED
        element = self.table.elements.get(path.model)
        if element is None or element.access == "ro":
            return READ_ONLY if element else NOT_IMPLEMENTED
        if not self._reachable(path):
            return INVALID_ARGUMENT
        if not self._fits(path, element, text) or heavier(text, self.table.value):
            return WRONG_TYPE
        too_much = self.size + units(text) - units(self.text(path.name)) > self.table.total
        return GENERAL if too_much else NO_ERROR

    def put(self, name: str, text: str) -> None:
        """Set an element as the LMS does: no check but that it exists in the table."""
        path = _path(name)
        if path is not None and path.model in self.table.elements:
            self._store(path, text)

    def drop(self, name: str) -> None:
        """Forget an element's value."""
        self.size -= units(self.text(name))
        self.values.pop(name, None)

    def _keyword(self, path: _Path) -> tuple[str, int]:
        base, _, last = path.model.rpartition(".")
        if base not in self.table.known:
            return "", NOT_IMPLEMENTED
        if last == "_children":
            children = self.table.children.get(base)
            if children is None:
                return "", NO_CHILDREN
            return (children, NO_ERROR) if self._exists(path) else ("", INVALID_ARGUMENT)
        if base not in self.table.arrays:
            return "", NO_COUNT
        if not self._exists(path):
            return "", INVALID_ARGUMENT
        return str(self.counts.get(path.name.rpartition(".")[0], 0)), NO_ERROR

    def _exists(self, path: _Path) -> bool:
        return all(index < self.counts.get(array, 0) for array, index in zip(path.ends, path.indices, strict=True))

    def _reachable(self, path: _Path) -> bool:
        return all(index <= self.counts.get(array, 0) for array, index in zip(path.ends, path.indices, strict=True))

    def _fits(self, path: _Path, element: Element, text: str) -> bool:
        rule = element.strict if self.strict else element.lenient
        sibling = rule.data.get("by")
        kind = self.text(f"{path.ends[0]}.{path.indices[0]}.{sibling}") if sibling else ""
        return rule.accepts(text, kind)

    def _store(self, path: _Path, text: str) -> None:
        self.size += units(text) - units(self.text(path.name))
        self.values[path.name] = pack(text)
        for array, index in zip(path.ends, path.indices, strict=True):
            self.counts[array] = max(self.counts.get(array, 0), index + 1)


def _path(name: str) -> _Path | None:
    """Take an element's name apart; None where it cannot be one (empty, a malformed index, a literal `n`)."""
    model: list[str] = []
    seen: list[str] = []
    indices: list[int] = []
    ends: list[str] = []
    for part in name.split("."):
        if part.isascii() and part.isdigit():
            if len(part) > MAX_INDEX_DIGITS or (part[0] == "0" and part != "0"):
                return None
            ends.append(".".join(seen))
            indices.append(int(part))
            model.append("n")
        elif part == "n":
            model.append("")
        else:
            model.append(part)
        seen.append(part)
    return _Path(name, ".".join(model), tuple(indices), tuple(ends)) if name else None
