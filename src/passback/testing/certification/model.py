"""What a case is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from passback.testing.certification.bench import Bench

Run = Callable[["Bench"], str]


class CaseFailedError(AssertionError):
    """The tool did another thing than the case asks for; the text says which."""


@dataclass(frozen=True)
class Case:
    """One thing that is asked of the tool.

    Args:
        id: as in the conformance guide or our own list, with the variant behind a dash: `B1`, `X8-within`.
        sent: what the platform sends, in words.
        expected: the verdict that is right, in words.
        run: does it and returns what the tool did, in words; raises `CaseFailedError` where that is not right.
    """

    id: str
    sent: str
    expected: str
    run: Run


@dataclass(frozen=True)
class Part:
    """Cases that belong together, under a heading."""

    title: str
    cases: tuple[Case, ...]
