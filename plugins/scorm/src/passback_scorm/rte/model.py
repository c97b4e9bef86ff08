"""A data model that holds what content wrote, by the rules of a table. `static/datamodel.js` is its twin.

Both run the same cases in `tests/conformance`: change one only with the other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypedDict

from pydantic import JsonValue

from passback_scorm.rte.table import Element, Judgement, Table
from passback_scorm.rte.text import heavier, pack, units, unpack

MAX_INDEX_DIGITS = 6
KEYWORDS = frozenset({"_children", "_count", "_version"})
NO_ERROR = 0
_PASSES = 3
_TARGET = ".{target="


class Store(TypedDict):
    """Whether a SCO may read and write one record of adl.data (4th edition, CAM 3.4.1.20)."""

    read: bool
    write: bool


@dataclass(frozen=True)
class _Path:
    """An element as content names it: `model` with `n` for indices, and those indices.

    Args:
        ends: the arrays that the indices belong to.
        target: what stands in {target=}.
    """

    name: str
    model: str
    indices: tuple[int, ...]
    ends: tuple[str, ...]
    target: str = ""

    @property
    def record(self) -> str:
        """Return the outermost record's name, e.g. `cmi.interactions.3`."""
        return f"{self.ends[0]}.{self.indices[0]}" if self.ends else ""

    @property
    def column(self) -> str:
        """Return the name with n for its last index, e.g. `cmi.interactions.3.objectives.n.id`."""
        array = self.ends[-1]
        return f"{array}.n.{self.name.removeprefix(f'{array}.{self.indices[-1]}.')}"


@dataclass
class DataModel:
    """Values by element name (packed, see `rte.text`), and how many records each array has.

    Args:
        strict: hold to the lengths and formats of the specification; else to what real content needs.
        size: UTF-16 units of all values together.
        stores: may be read, may be written, for each record of adl.data.
        given: what the launch started with, by element name; `values` is what content set since then, so that what it
            left alone can be told from what it said again.
        validity: what a navigation request would do now: `continue` and `previous` as bool, `choice` and `jump` as
            bool by target; what is not in it is unknown.
    """

    table: Table
    values: dict[str, JsonValue] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    strict: bool = False
    size: int = 0
    stores: tuple[Store, ...] = ()
    validity: Mapping[str, JsonValue] = field(default_factory=dict)
    given: dict[str, JsonValue] = field(default_factory=dict)
    _owners: dict[str, dict[str, int]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def text(self, name: str) -> str:
        """Return what was written to an element, whatever its access; "" where nothing was."""
        return unpack(self.values.get(name, self.given.get(name, ""))) or ""

    def has(self, name: str) -> bool:
        """Say whether an element has a value, be it ""."""
        return name in self.values or name in self.given

    def get(self, name: str) -> tuple[str, int]:
        """Return an element's value and the error code, as GetValue must."""
        path = _path(name)
        if path is None:
            return "", self.table.codes["get_name"]
        if path.model.partition(".")[0] not in self.table.roots:
            return "", self.table.codes["root"]
        if path.model.endswith(("._children", "._count")):
            return self._keyword(path)
        element = self.table.elements.get(path.model)
        fault = self._ungettable(path, element)
        if fault or element is None:
            return "", self.table.codes[fault]
        return self._value(path, element)

    def set(self, name: str, text: str) -> int:
        """Set an element as content does and return the error code, as SetValue must."""
        path = _path(name)
        if path is None:
            return self.table.codes["set_name"]
        if path.model.partition(".")[0] not in self.table.roots:
            return self.table.codes["root"]
        fault = self._unsettable(path, text)
        if fault:
            return self.table.codes[fault]
        self._store(path, text)
        return NO_ERROR

    def accept(self, pairs: Iterable[tuple[str, str]]) -> frozenset[str]:
        """Set what a commit says, in whatever order it comes; return the elements that were set.

        The browser says each element once, where content set it last, so a record's id may come after what needs it.
        """
        waiting = sorted(pairs, key=_order)
        taken: set[str] = set()
        for _ in range(_PASSES):
            refused = [(name, text) for name, text in waiting if self.set(name, text) != NO_ERROR]
            taken |= {name for name, _ in waiting} - {name for name, _ in refused}
            if not refused or len(refused) == len(waiting):
                break
            waiting = refused[::-1]  # values that moved on to the next record settle from the other end
        return frozenset(taken)

    def put(self, name: str, text: str) -> None:
        """Set an element as the LMS does: no check but that it exists in the table."""
        path = _path(name)
        if path is not None and path.model in self.table.elements:
            self._store(path, text)

    def give(self, name: str, text: str) -> None:
        """Put an element among what the launch starts with."""
        self.put(name, text)
        if name in self.values:
            self.given[name] = self.values.pop(name)

    def drop(self, name: str) -> None:
        """Forget an element's value."""
        self.size -= units(self.text(name))
        self.values.pop(name, None)
        self.given.pop(name, None)

    def _ungettable(self, path: _Path, element: Element | None) -> str:
        """Return what is wrong with asking for an element, by its name in the table's codes."""
        if element is None:
            return "unknown"
        if element.access == "wo":
            return "write_only"
        if not self._within(path):
            return "get_index"
        return "write_only" if element.flags and not self._store_of(path)["read"] else ""

    def _value(self, path: _Path, element: Element) -> tuple[str, int]:
        if element.validity:
            return self._valid(path), NO_ERROR
        judged = self._judge(element.judged) if element.judged else None
        if judged is not None:
            return judged, NO_ERROR
        text = self.text(path.name)
        if text or (self.has(path.name) and not element.empty_is_unset):
            return text, NO_ERROR
        return (element.default, NO_ERROR) if element.default is not None else ("", self.table.codes["unset"])

    def _unsettable(self, path: _Path, text: str) -> str:
        """Return what is wrong with setting an element, by its name in the table's codes."""
        base, _, last = path.model.rpartition(".")
        if last in KEYWORDS:
            return "keyword" if base in self.table.known else "unknown"
        element = self.table.elements.get(path.model)
        if element is None or element.access == "ro":
            return "read_only" if element else "unknown"
        if not self._within(path, more=0 if element.fixed else 1):
            return "set_index"
        if element.flags and not self._store_of(path)["write"]:
            return "read_only"
        if not all(self.has(f"{path.record}.{sibling}") for sibling in element.needs):
            return "dependency"
        return self._unfit(path, element, text) or self._too_much(path, text)

    def _unfit(self, path: _Path, element: Element, text: str) -> str:
        if path.indices and path.indices[-1] and self.text(f"{path.record}.type") in element.single_for:
            return "conflict"
        rule = element.strict if self.strict else element.lenient
        sibling = rule.data.get("by")
        fault = rule.fault(text, self.text(f"{path.record}.{sibling}") if sibling else "")
        if fault:
            return fault
        changed = element.once and self.has(path.name) and self.text(path.name) != text
        return "conflict" if changed or self._taken(path, element, text) else ""

    def _taken(self, path: _Path, element: Element, text: str) -> bool:
        """Say whether another record has this value where no two may have the same."""
        if not element.unique and self.text(f"{path.record}.type") not in element.unique_for:
            return False
        if not element.once and not self.strict:  # what may change may be exchanged, in a commit in one go
            return False
        owners = self._owners.get(path.column)
        if owners is None:
            array, last = path.column.split(".n.")
            names = ((n, f"{array}.{n}.{last}") for n in range(self.counts.get(array, 0)))
            owners = self._owners[path.column] = {self.text(name): n for n, name in names if self.has(name)}
        return owners.get(text, path.indices[-1]) != path.indices[-1]

    def _too_much(self, path: _Path, text: str) -> str:
        if heavier(text, self.table.value):
            return "heavy"
        return "full" if self.size + units(text) - units(self.text(path.name)) > self.table.total else ""

    def _keyword(self, path: _Path) -> tuple[str, int]:
        base, _, last = path.model.rpartition(".")
        codes = self.table.codes
        children = self.table.children.get(base)
        if base not in self.table.known:
            return "", codes["unknown"]
        if last == "_children" and children is None:
            return "", codes["no_children"]
        if last == "_count" and base not in self.table.arrays:
            return "", codes["no_count"]
        if not self._within(path):
            return "", codes["get_index"]
        if last == "_children":
            return children or "", NO_ERROR
        return str(self.counts.get(path.name.rpartition(".")[0], 0)), NO_ERROR

    def _valid(self, path: _Path) -> str:
        request = path.model.removesuffix(".{target}").rpartition(".")[2]
        answer = self.validity.get(request)
        if isinstance(answer, dict):
            answer = answer.get(path.target) is True
        return str(answer).lower() if isinstance(answer, bool) else "unknown"

    def _judge(self, judged: Judgement) -> str | None:
        """Return the status that the LMS decides; None where it has no threshold, so that content's word stands."""
        if not self.has(judged.threshold):
            return None
        if not self.has(judged.measure):
            return judged.unknown
        reached = float(self.text(judged.measure)) >= float(self.text(judged.threshold))
        return judged.reached if reached else judged.missed

    def _within(self, path: _Path, more: int = 0) -> bool:
        """Say whether every index names a record; with `more` 1, a record may also be the next one."""
        return all(index < self.counts.get(end, 0) + more for end, index in zip(path.ends, path.indices, strict=True))

    def _store_of(self, path: _Path) -> Store:
        index = path.indices[0]
        return self.stores[index] if index < len(self.stores) else {"read": False, "write": False}

    def _store(self, path: _Path, text: str) -> None:
        before = self.text(path.name)
        self.size += units(text) - units(before)
        self.values[path.name] = pack(text)
        self.given.pop(path.name, None)
        for array, index in zip(path.ends, path.indices, strict=True):
            self.counts[array] = max(self.counts.get(array, 0), index + 1)
        owners = self._owners.get(path.column) if self._owners and path.indices else None
        if owners is not None:
            if owners.get(before) == path.indices[-1]:
                del owners[before]
            owners[text] = path.indices[-1]


def _path(name: str) -> _Path | None:
    """Take an element's name apart; None where it cannot be one (empty, a malformed index, a literal `n`)."""
    head, targeted, target = name.partition(_TARGET)
    if targeted and target.endswith("}"):  # a target is an identifier of the manifest and may have dots
        return _Path(name, f"{head}.{{target}}", (), (), target[:-1])
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


def _order(pair: tuple[str, str]) -> tuple[str, int, int, int]:
    """Return where a record's element belongs: records by number, the id first, then the type."""
    path = _path(pair[0])
    if path is None or not path.indices:
        return "", 0, 0, 0
    own = path.name.removeprefix(f"{path.record}.")
    return path.ends[0], path.indices[0], {"id": 0, "type": 1}.get(own, 2), path.indices[-1]
