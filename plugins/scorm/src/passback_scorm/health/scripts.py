"""A rough look at JavaScript: which functions there are, who calls whom, what runs on opening and on leaving.

No parser: names are taken for what they say, whatever object they hang on. What follows from it is a guess.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

LOAD, LEAVE, OTHER = "load", "leave", "other"
"""What makes code run: opening the page, leaving it, or anything else."""

_EVENTS = {"load": LOAD, "domcontentloaded": LOAD, "pageshow": LOAD, "ready": LOAD} | dict.fromkeys(
    ("unload", "beforeunload", "pagehide"), LEAVE
)
_TOKEN = re.compile(
    r"//[^\n]*|/\*.*?(?:\*/|\Z)|(?P<string>\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)"
    r"|\bfunction\b\s{0,9}\*?\s{0,9}(?P<function>[\w$]*)\s{0,9}\([^()]{0,500}\)|(?P<word>[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*)"
    r"|=>|&&|\|\||[{}();=:?,]",
    re.DOTALL,
)
_CONDITIONAL = frozenset({"if", "else", "for", "while", "switch", "catch", "do", "case", "?", "&&", "||"})
_SCRIPT = re.compile(r"<script\b[^<>]{0,1000}>(.*?)(?:</script|\Z)", re.IGNORECASE | re.DOTALL)
_COMMENT = re.compile(r"(<script\b[^<>]{0,1000}>.*?(?:</script|\Z))|<!--.*?(?:-->|\Z)", re.IGNORECASE | re.DOTALL)
_NOT_LINE_END = re.compile(r"[^\n]+")
# Patterns that begin with plain letters are found 20 times faster; that they begin a word is looked up behind.
_ATTRIBUTES = tuple(
    re.compile(on + r"(?<!\w..)([A-Za-z]{3,20})\s*=\s*(?:\"([^\"]{0,2000})\"|'([^']{0,2000})')") for on in ("on", "ON")
)
_BOUND = re.compile(r"on(?<!\w..)([a-z]{3,20})\s*=\s*(?!function\b)([A-Za-z_$][\w$.]*)\s*[;\n}]")
_LISTENER = re.compile(
    r"(?:addEventListener|attachEvent|\.on|\.bind)\(\s*[\"'](?:on)?(\w+)[\"']\s*,\s*(?!function\b)([A-Za-z_$][\w$.]*)\s*[,)]"
)


@dataclass(frozen=True)
class Call:
    """A call. `conditional`: only if something holds. `arguments`: the text after the parenthesis, cut off."""

    name: str
    offset: int
    conditional: bool
    arguments: str


@dataclass
class Function:
    """A function, or the code outside of any. `runs`: what makes it run, as far as its place tells."""

    file: str
    name: str = ""
    runs: set[str] = field(default_factory=set)
    calls: list[Call] = field(default_factory=list)


@dataclass
class Scripts:
    """All scripts of a course that were looked at."""

    functions: list[Function] = field(default_factory=list)
    bound: dict[str, set[str]] = field(default_factory=dict)

    def add_script(self, file: str, text: str) -> None:
        """Take in a script file."""
        self._take(Function(file, runs={LOAD}), text, 0)

    def add_page(self, file: str, text: str) -> int:
        """Take in an HTML page: its scripts and what its attributes run. Return how many characters its scripts had."""
        taken = 0
        for start, end in script_spans(text):
            self._take(Function(file, runs={LOAD}), text[start:end], start)
            taken += end - start
        for match in (match for pattern in _ATTRIBUTES for match in pattern.finditer(text)):
            runs = {_EVENTS.get(match[1].lower(), OTHER)}
            self._take(Function(file, runs=runs), match[2] or match[3] or "", match.start(2 if match[2] else 3))
        return taken

    def callers(self, function: Function) -> Iterator[tuple[Function, Call]]:
        """Yield who calls a function by its name."""
        if function.name:
            yield from self._calls.get(function.name, ())

    def calling(self, names: frozenset[str]) -> Iterator[tuple[Function, Call]]:
        """Yield every call of one of these names."""
        for name in names:
            yield from self._calls.get(name, ())

    def runs(self, function: Function) -> set[str]:
        """Return what makes a function run by itself, not through its callers."""
        return function.runs | (self.bound.get(function.name, set()) if function.name else set())

    @cached_property
    def _calls(self) -> dict[str, list[tuple[Function, Call]]]:
        calls: dict[str, list[tuple[Function, Call]]] = {}
        for function in self.functions:
            for call in function.calls:
                calls.setdefault(call.name, []).append((function, call))
        return calls

    def _take(self, top: Function, text: str, offset: int) -> None:
        self.functions += _Reader(top, text, offset).read()
        for match in (*_BOUND.finditer(text), *_LISTENER.finditer(text)):
            self.bound.setdefault(_last(match[2]), set()).add(_EVENTS.get(match[1].lower(), OTHER))


@dataclass
class _Block:
    """What is between braces; `depth`: how many parentheses are open around it."""

    function: Function
    conditional: bool = False
    depth: int = 0


class _Reader:
    """Goes through one script, token by token."""

    def __init__(self, top: Function, text: str, offset: int) -> None:
        self._text = text
        self._offset = offset
        self._blocks = [_Block(top)]
        self._functions = [top]
        self._parentheses: list[str] = []
        self._next: Function | None = None
        self._conditional = False
        self._word = self._string = self._before = self._before_arrow = ""

    def read(self) -> list[Function]:
        for match in _TOKEN.finditer(self._text):
            token = match[0]
            if token.startswith(("//", "/*")):
                continue
            if self._before == "=>" and not token.startswith("{"):
                self._next = None  # an arrow function without a body in braces: its calls count as its surroundings'
            if match["string"] is not None:
                self._string = token[1:-1]
            elif match["function"] is not None:
                self._next = self._function(match["function"])
            elif match["word"] is not None:
                self._conditional |= token in _CONDITIONAL
                self._word = token
            else:
                self._take_sign(token, match.end())
            self._before = token
        return self._functions

    def _take_sign(self, sign: str, end: int) -> None:
        if sign == "{":
            self._open()
        elif sign == "}":
            self._close()
        elif sign == "(":
            self._call(end)
        elif sign == ")":
            del self._parentheses[-1:]
        elif sign == ";" and len(self._parentheses) == self._blocks[-1].depth:
            self._conditional = False
        elif sign == "=>":
            self._before = self._before_arrow
            self._next = self._function("")
        elif sign in _CONDITIONAL:
            self._conditional = True

    def _open(self) -> None:
        around = self._blocks[-1]
        if self._next is not None:
            self._blocks.append(_Block(self._next, depth=len(self._parentheses)))
            self._next = None
        else:
            conditional = around.conditional or self._conditional
            self._blocks.append(_Block(around.function, conditional, len(self._parentheses)))
        self._conditional = False

    def _close(self) -> None:
        if len(self._blocks) > 1:
            del self._parentheses[self._blocks.pop().depth :]
        self._conditional = False

    def _call(self, end: int) -> None:
        name = _last(self._word) if self._before == self._word else ""
        if not name:
            self._before_arrow = self._before
        self._parentheses.append(name)
        if name and name not in _CONDITIONAL:
            block = self._blocks[-1]
            conditional = block.conditional or self._conditional
            arguments = self._text[end : end + 120]
            block.function.calls.append(Call(name, self._offset + end, conditional, arguments))

    def _function(self, name: str) -> Function:
        """Return a new function: named, named by what it is assigned to, or run by what it is handed to."""
        block = self._blocks[-1].function
        function = Function(block.file, name)
        if not name:
            assigned = self._before in {"=", ":"}
            called = self._parentheses[-1].lower() if self._parentheses else ""
            if assigned:
                function.name = _last(self._word)
                event = function.name.lower().removeprefix("on")
                function.runs = {_EVENTS[event]} if event in _EVENTS and event != "ready" else set()
            elif called in {"addeventlistener", "attachevent", "on", "bind"}:
                function.runs = {_EVENTS.get(self._string.lower().removeprefix("on"), OTHER)}
            elif called in {"$", "jquery", "ready"}:
                function.runs = {LOAD}
            elif self._before in {"(", "!"} and not called:
                function.runs = set(block.runs)
            else:
                function.runs = {OTHER}
        self._functions.append(function)
        return function


def script_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the scripts of an HTML page begin and end."""
    return (match.span(1) for match in _SCRIPT.finditer(text))


def without_comments(page: str) -> str:
    """Return an HTML page with blanks for its comments, so that places in it stay where they are.

    What old pages keep for Internet Explorer in conditional comments is in no browser's way today. Comment marks inside
    scripts are the script's own and stay.
    """
    if "<!--" not in page:
        return page
    return _COMMENT.sub(
        lambda match: match[0] if match[1] else _NOT_LINE_END.sub(lambda line: " " * len(line[0]), match[0]), page
    )


def _last(name: str) -> str:
    return name.rpartition(".")[2]
