"""Rules of a table: whether a text is a value of a type. `static/rules.js` is the twin; both run the same cases."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypedDict

from passback_scorm.rte.text import units

Fault = Literal["", "type", "range"]
"""What is wrong with a text: nothing, it is no value of the type, or the value lies outside the range."""

_LANGUAGE = re.compile(r"\{lang=([^}]*)\}")
_TAG = re.compile("[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_FLAG = re.compile(r"\{(case_matters|order_matters)=([^}]*)\}")


class RuleData(TypedDict, total=False):
    """A rule as the table writes it. `values` and `blank` suffice alone; every other condition that is there must hold.

    max: UTF-16 units without the delimiters before the text. by: the sibling element whose value chooses from
    `patterns` (inline) or `kinds` (names of types). flags, localized: {case_matters=}, {order_matters=}, {lang=} may
    come first. language: a language tag. of: names of types: what the text is; what its `items` between this separator
    are (`unique`: no two alike); what the two sides of a `pair` are; what the ends of a `span` are (one may
    be missing).
    """

    values: list[str]
    blank: bool
    max: int
    pattern: str
    range: tuple[float | None, float | None]
    by: str
    patterns: dict[str, str]
    kinds: dict[str, str]
    flags: list[str]
    localized: bool
    language: bool
    items: str
    unique: bool
    pair: str
    span: str
    of: list[str]


@dataclass(frozen=True)
class Rule:
    """Says whether a text is a value of a type.

    Args:
        languages: the primary subtags that `language` and `localized` know; any where empty.
    """

    data: RuleData
    languages: frozenset[str] = frozenset()
    pattern: re.Pattern[str] | None = None
    patterns: dict[str, re.Pattern[str]] = field(default_factory=dict)
    kinds: "dict[str, Rule]" = field(default_factory=dict)
    of: "tuple[Rule, ...]" = ()

    def fault(self, text: str, kind: str = "") -> Fault:
        """Return what is wrong with `text`; `kind` is the value of the sibling element that the rule's `by` names."""
        if kind in self.kinds:
            return self.kinds[kind].fault(text)
        data = self.data
        if text in data.get("values", ()) or (not text and data.get("blank")):
            return ""
        bare = self._bare(text)
        if bare is None or ("max" in data and units(bare) > data["max"]):
            return "type"
        if not self._matches(bare, kind) or not self._consists(bare):
            return "type"
        return "" if "range" not in data or _within(float(bare), *data["range"]) else "range"

    def _bare(self, text: str) -> str | None:
        """Take the delimiters off that come before a text (RTE 4.1.1.6); None where one of them has no such value."""
        flags, tongue = set(self.data.get("flags", ())), self.data.get("localized", False)
        while True:
            if (match := _FLAG.match(text)) and match[1] in flags:
                if match[2] not in {"true", "false"}:  # after {lang=} it is the beginning of the text
                    return text if self.data.get("localized") and not tongue else None
                flags.remove(match[1])
            elif tongue and (match := _LANGUAGE.match(text)):
                if not self._is_language(match[1]):
                    return None
                tongue = False
            else:
                return text
            text = text[match.end() :]

    def _is_language(self, text: str) -> bool:
        primary = text.partition("-")[0].lower()
        return bool(_TAG.fullmatch(text)) and (not self.languages or primary in self.languages)

    def _matches(self, text: str, kind: str) -> bool:
        pattern = self.patterns.get(kind, self.pattern)
        if pattern is not None and not pattern.fullmatch(text):
            return False
        if pattern is None and "values" in self.data and not self.of:
            return False
        return not self.data.get("language") or self._is_language(text)

    def _consists(self, text: str) -> bool:
        data = self.data
        if "items" in data:
            items = text.split(data["items"])
            twice = data.get("unique", False) and len(set(items)) < len(items)
            return not twice and all(not self.of[0].fault(item) for item in items)
        if "pair" in data:
            sides = text.split(data["pair"])
            return len(sides) == 2 and any(sides) and not any(map(Rule.fault, self.of, sides))
        if "span" in data:
            ends = text.split(data["span"])
            numbers = [float(end) for end in ends if end and not self.of[0].fault(end)]
            return len(ends) <= 2 and len(numbers) == sum(map(bool, ends)) and numbers == sorted(numbers)
        return not self.of or not self.of[0].fault(text)


def compile_rule(data: RuleData, languages: frozenset[str], named: Callable[[str], Rule]) -> Rule:
    """Return the rule that `data` describes; `named` returns those of other types."""
    return Rule(
        data,
        languages,
        re.compile(data["pattern"]) if "pattern" in data else None,
        {kind: re.compile(text) for kind, text in data.get("patterns", {}).items()},
        {kind: named(name) for kind, name in data.get("kinds", {}).items()},
        tuple(named(name) for name in data.get("of", ())),
    )


def _within(number: float, low: float | None, high: float | None) -> bool:
    return (low is None or low <= number) and (high is None or number <= high)
