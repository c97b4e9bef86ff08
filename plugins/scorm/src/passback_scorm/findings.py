"""What an import finds out about a package, in plain words: what was put right, what is missing, what to know."""

from collections import Counter
from dataclasses import dataclass, field, replace

from lxml.etree import _Element

from passback.plugin import PackageWarning, Severity

_KEPT = 5
"""A fault that an authoring tool makes in every item is told so often, then counted."""


@dataclass
class Findings:
    """The findings of one import. `file` is the one that is read at present."""

    file: str = ""
    _kept: list[PackageWarning] = field(default_factory=list)
    _seen: Counter[str] = field(default_factory=Counter)

    def add(
        self,
        code: str,
        message: str,
        evidence: str = "",
        advice: str = "",
        *,
        at: _Element | None = None,
        severity: Severity = "warning",
    ) -> None:
        """Note something that was put right or left out; `at` is the element it was found in."""
        self._seen[code] += 1
        if self._seen[code] <= _KEPT:
            line = _line(at)
            place = f"{self.file}:{line}" if line else ""
            text = ": ".join(part for part in (place, evidence) if part)
            self._kept.append(
                PackageWarning(
                    code, message, text, advice, severity=severity, file=self.file if at is not None else "", line=line
                )
            )

    def take_over(self, warnings: tuple[PackageWarning, ...], file: str) -> None:
        """Keep what core said about a file."""
        self._kept += [replace(one, file=file) for one in warnings]

    @property
    def all(self) -> tuple[PackageWarning, ...]:
        """Return everything, in the order it was found; what comes too often is counted at the end."""
        more = [
            PackageWarning(code, f"The same was found in {count - _KEPT} more places.", code)
            for code, count in self._seen.items()
            if count > _KEPT
        ]
        return (*self._kept, *more)


def _line(element: _Element | None) -> int:
    line = element.sourceline if element is not None else None
    return line if isinstance(line, int) else 0
