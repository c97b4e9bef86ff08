"""`adlcp:prerequisites`: AICC's script of conditions on other items (CMI001, 4.6.2; SCORM 1.2 CAM 2.3.2.5).

    expression = term { ("&" | "|") term }       "&" binds closer
    term       = "~" term | "(" expression ")" | [number "*"] "{" expression { "," expression } "}" | comparison
    comparison = identifier [ ("=" | "<>") status ]

An identifier alone is true once its item is completed or passed. `n*{…}` is true when at least n of the set are, a set
without a number when all are. Statuses may be given by their first letter, as AICC does. Nothing is evaluated as code.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

DONE = frozenset({"completed", "passed"})
LONGEST = 10_000
DEEPEST = 50
_STATUSES = ("passed", "completed", "failed", "incomplete", "browsed", "not attempted")
_TOKEN = re.compile(r'\s*(?:(<>|[&|~=(){},*])|"([^"]*)"|([^\s&|~=(){},*<>"]+))')

Statuses = Mapping[str, str]
"""`cmi.core.lesson_status` by item; what is missing was not attempted."""
Condition = Callable[[Statuses], bool]


class PrerequisitesError(ValueError):
    """The expression cannot be read. The message says where."""


@dataclass(frozen=True)
class Prerequisites:
    """An expression that was read; `items` are the identifiers it names, in order."""

    met: Condition
    items: tuple[str, ...]


def read_prerequisites(expression: str) -> Prerequisites:
    """Read an expression; an empty one always holds.

    Raises:
        PrerequisitesError: it is not one, or longer or deeper than anybody writes.
    """
    if not expression.strip():
        return Prerequisites(lambda _statuses: True, ())
    if len(expression) > LONGEST:
        raise PrerequisitesError(f"it has more than {LONGEST} characters")
    reader = _Reader(_tokens(expression))
    met = reader.expression()
    if reader.next() is not None:
        raise PrerequisitesError(f"something is left over at “{reader.next()}”")
    return Prerequisites(met, tuple(dict.fromkeys(reader.items)))


def _tokens(expression: str) -> list[str]:
    tokens, at = [], 0
    text = expression.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise PrerequisitesError(f"“{text[at : at + 20]}” is not understood")
        sign, quoted, word = found.groups()
        tokens.append(sign or (f'"{quoted}' if quoted is not None else word))
        at = found.end()
    return tokens


class _Reader:
    """Reads tokens from the left; each method returns the condition that its part stands for."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0
        self.items: list[str] = []

    def next(self) -> str | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self, *wanted: str) -> bool:
        if self.next() not in wanted:
            return False
        self.at += 1
        return True

    def must(self, wanted: str) -> None:
        if not self.take(wanted):
            raise PrerequisitesError(f"“{wanted}” is missing" + (f" before “{self.next()}”" if self.next() else ""))

    def expression(self) -> Condition:
        self.depth += 1
        if self.depth > DEEPEST:
            raise PrerequisitesError(f"it is nested more than {DEEPEST} deep")
        either = [self.all_of()]
        while self.take("|"):
            either.append(self.all_of())
        self.depth -= 1
        return either[0] if len(either) == 1 else lambda statuses: any(one(statuses) for one in either)

    def all_of(self) -> Condition:
        every = [self.term()]
        while self.take("&"):
            every.append(self.term())
        return every[0] if len(every) == 1 else lambda statuses: all(one(statuses) for one in every)

    def term(self) -> Condition:
        negated = False
        while self.take("~"):
            negated = not negated
        condition = self.positive()
        return (lambda statuses: not condition(statuses)) if negated else condition

    def positive(self) -> Condition:
        if self.take("("):
            inner = self.expression()
            self.must(")")
            return inner
        number = self.number()
        if self.next() == "{":
            return self.set(number)
        return self.comparison()

    def number(self) -> int | None:
        following = self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else None
        word = self.next() or ""
        if following != "*" or not (word.isascii() and word.isdigit()):
            return None
        self.at += 2
        if self.next() != "{":
            raise PrerequisitesError("a set in braces is missing after “*”")
        return int(word[:9])

    def set(self, number: int | None) -> Condition:
        self.must("{")
        members = [self.expression()]
        while self.take(","):
            members.append(self.expression())
        self.must("}")
        needed = len(members) if number is None else number
        return lambda statuses: sum(one(statuses) for one in members) >= needed

    def comparison(self) -> Condition:
        item = self.word("an item")
        self.items.append(item)
        if self.next() not in {"=", "<>"}:
            return lambda statuses: statuses.get(item, "") in DONE
        same = self.take("=") or not self.take("<>")
        status = _status(self.word("a status"))
        return lambda statuses: (statuses.get(item, "not attempted") == status) is same

    def word(self, what: str) -> str:
        token = self.next()
        if token is None or token in {"&", "|", "~", "=", "<>", "(", ")", "{", "}", ",", "*"}:
            raise PrerequisitesError(f"{what} is missing" + (f" before “{token}”" if token else " at the end"))
        self.at += 1
        return token.removeprefix('"')


def _status(word: str) -> str:
    """Return the status that a word or its first letter means, or the word, which then equals none."""
    small = word.strip().lower().replace("_", " ")
    found = [status for status in _STATUSES if small and status.startswith(small)]
    return found[0] if found else small
