"""Attribute values as they come: other case, percent for shares, words that mean nothing. Odd ones are told."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from lxml.etree import _Element

from passback_scorm.findings import Findings
from passback_scorm.manifest.tree import attribute, local_name

_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_DURATION = re.compile(
    r"P(?=.)(\d+Y)?(\d+M)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?",
    re.ASCII,
)


@dataclass(frozen=True)
class Values:
    """The attributes of one element."""

    element: _Element
    found: Findings

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a boolean."""
        text = attribute(self.element, name.lower())
        if not text:
            return default
        value = _FLAGS.get(text.lower())
        self._odd(name, text, value is None, str(default).lower())
        return default if value is None else value

    def word(self, name: str, allowed: Iterable[str], default: str) -> str:
        """Return one of `allowed`, in its proper spelling."""
        text = attribute(self.element, name.lower())
        if not text:
            return default
        word = proper(text, allowed)
        self._odd(name, text, not word, default or "nothing")
        return word or default

    def count(self, name: str) -> int | None:
        """Return a number of things; None where there is none."""
        text = attribute(self.element, name.lower())
        value = int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
        self._odd(name, text, bool(text) and value is None, "no number")
        return value

    def share(self, name: str, default: float, *, low: float = 0.0) -> float:
        """Return a number from `low` to 1; percentages are put right."""
        return self.share_of(name, attribute(self.element, name.lower()), default, low=low)

    def share_of(self, name: str, text: str, default: float, *, low: float = 0.0) -> float:
        """Return what `text` says as a number from `low` to 1."""
        if not text:
            return default
        value = number(text.removesuffix("%"))
        if value is not None and 1 < value <= 100:
            message = f"“{name}” goes up to 1; {text} was read as a percentage."
            self.found.add("percentage", message, text, at=self.element)
            return value / 100
        odd = value is None or not low <= value <= 1
        self._odd(name, text, odd, f"{default:g}")
        return default if odd or value is None else value

    def duration(self, name: str) -> str:
        """Return an ISO 8601 duration, "" for none."""
        text = attribute(self.element, name.lower())
        odd = bool(text) and not _DURATION.fullmatch(text)
        self._odd(name, text, odd, "no limit")
        return "" if odd else text

    def known(self, *names: str) -> bool:
        """Say whether the element has one of these attributes."""
        wanted = {name.lower() for name in names}
        return any(local_name(key) in wanted for key in self.element.attrib)

    def _odd(self, name: str, text: str, odd: bool, instead: str) -> None:
        if odd:
            self.found.add("odd_value", f"“{name}” cannot be “{text[:80]}”; {instead} was used.", at=self.element)


def number(text: str) -> float | None:
    """Return a finite number, with a comma or a point; None for anything else."""
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def proper(text: str, allowed: Iterable[str]) -> str:
    """Return the member of `allowed` that `text` means, whatever its case; "" for none."""
    return next((word for word in allowed if word.lower() == text.strip().lower()), "")
