"""Reads the scripts of ADL's SCORM 2004 4th Edition Conformance Test Suite: what each visit of a SCO calls and expects.

A case is a list of visits in their order. A command of a visit reads `OP->parameter->expected value->expected error`
in words that `Commands.properties` spells out (`c~OB~0~S~SCA!0.5` is `cmi.objectives.0.score.scaled`, set to `0.5`).
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SHARED = Path(os.environ.get("PASSBACK_SHARED", Path(__file__).parents[5].parent / "shared"))
ROOT = SHARED / "conformance/adl-scorm2004-4e"
LEARNER_ID = "<the learner's id>"
"""Stands for the expected value of cmi.learner_id, which the tester types in."""
COMPARE_OBJECTIVES = "compareObjectives"

_LINE = re.compile(r"Act(?P<activity>\w+?)V(?P<number>[0-9]+)\.(?P<what>\w+)(?:\.[0-9]+)?=(?P<text>.*)", re.DOTALL)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|u.{4}|.)", re.DOTALL)
_CALLS = {
    "I": "Initialize",
    "T": "Terminate",
    "C": "Commit",
    "GET": "GetValue",
    "SET": "SetValue",
    "GES": "GetErrorString",
    "GLE": "GetLastError",
    "GeDi": "GetDiagnostic",
    "COI": COMPARE_OBJECTIVES,
}


@dataclass(frozen=True)
class Command:
    """One call and what it must answer.

    Args:
        number: its place in the visit, as the script counts.
        call: a function of the API, or `compareObjectives`: the ids of cmi.objectives are the set in `expected`.
        argument: an element or whatever the call takes; `&id&` stands for the index of the record with this id.
        value: what SetValue sets.
        expected: the answer; `less255`, `emptyCS` and LEARNER_ID are signs, see `evaluator`.
        error: what GetLastError says afterwards.
        interaction: the type of the interaction, where the comparison needs it.
    """

    number: int
    call: str
    argument: str = ""
    value: str = ""
    expected: str = ""
    error: str = "0"
    interaction: str = ""


@dataclass(frozen=True)
class Question:
    """What the tester is asked to see in the LMS, e.g. `toc.enabled.selectable` about `Activity 2`."""

    key: str
    about: str
    answer: bool


@dataclass(frozen=True)
class Visit:
    """One launch of a SCO.

    Args:
        activity: `act` of the launch URL; `number`: 1 for the first visit of this activity.
        instruction: what the tester does after it, e.g. `Continue` or `Choice~Activity 3`; "" where the SCO navigates.
    """

    activity: str
    number: int
    questions: tuple[Question, ...] = ()
    commands: tuple[Command, ...] = ()
    instruction: str = ""

    @property
    def name(self) -> str:
        """Return the script's name of it, e.g. `Act3V2`."""
        return f"Act{self.activity}V{self.number}"


@dataclass(frozen=True)
class Case:
    """A test case; `start` is `.` or the title of the item that the tester chooses first."""

    name: str
    start: str
    visits: tuple[Visit, ...]


def case_names() -> list[str]:
    """Return the names of all cases; none where the shared test data is missing."""
    return sorted(path.stem for path in (ROOT / "cases").glob("*.properties"))


@cache
def read_case(name: str) -> Case:
    """Return a case by its name, e.g. `CM-01`."""
    start = "."
    visits: list[tuple[str, int, list[tuple[str, str]]]] = []
    for line in _lines((ROOT / "cases" / f"{name}.properties").read_text("cp1252")):
        match = _LINE.fullmatch(line)
        if match:
            key = match["activity"], int(match["number"])
            if not visits or visits[-1][:2] != key:  # one name may come back later (CM-09aa): that is another visit
                visits.append((*key, []))
            visits[-1][2].append((match["what"], match["text"]))
        elif line.startswith("start="):
            start = line.removeprefix("start=")
    return Case(name, start, tuple(_visit(*visit) for visit in visits))


def manifest(name: str) -> bytes:
    """Return the imsmanifest.xml of a case's package."""
    return (ROOT / "manifests" / f"{name}.xml").read_bytes()


def _lines(text: str) -> Iterator[str]:
    """Yield logical lines: a backslash at the end joins the next one."""
    yield from text.replace("\r\n", "\n").replace("\\\n", "").split("\n")


def _visit(activity: str, number: int, said: list[tuple[str, str]]) -> Visit:
    texts = {what: text for what, text in said if what != "commands"}
    numbered = enumerate(text for what, text in said if what == "commands")
    commands = tuple(command for at, text in numbered if (command := _command(at, _unescape(text))) is not None)
    return Visit(activity, number, tuple(_questions(texts)), commands, texts.get("CUI", ""))


def _questions(texts: dict[str, str]) -> Iterator[Question]:
    if not texts.get("UIQ"):
        return
    for asked, answer in zip(texts["UIQ"].split("~"), texts["UIA"].split("~"), strict=True):
        key, _, about = asked.partition("@")
        about, dot, rest = about.partition(".")
        yield Question(key + dot + rest, about, answer == "Y")


def _unescape(text: str) -> str:
    """Replace \\uXXXX; every other backslash stands for itself."""
    return _ESCAPE.sub(lambda found: chr(int(found[1][1:], 16)) if _is_unicode(found[1]) else found[0], text)


def _is_unicode(escape: str) -> bool:
    return re.fullmatch("u[0-9a-fA-F]{4}", escape) is not None


def _command(number: int, text: str) -> Command | None:
    """Return a command; None for the one line without an operation (DMI, Act3V2, 47), which ADL's driver skips too."""
    operation, *rest = text.split("->")
    call = _CALLS.get(operation)
    if call is None:
        return None
    if call == COMPARE_OBJECTIVES:
        return Command(number, call, expected=rest[0])
    parameter, expected, error = rest[0], rest[-2], rest[-1]
    if call == "SetValue":
        path, _, value = parameter.partition("!")
        return Command(number, call, _element(path), _value(value), _word(expected), error)
    if call == "GetValue":
        path, _, kind = parameter.partition("!") if "~INTR~" in parameter else (parameter, "", "")
        learner = path in {"c~LI", "c~LN"}
        return Command(
            number, call, _element(path), "", LEARNER_ID if learner else _answer(expected), error, _word(kind)
        )
    if call in {"Initialize", "Commit", "Terminate"}:
        return Command(number, call, parameter, "", _word(expected), error)
    return Command(number, call, parameter, "", expected, error)


def _element(path: str) -> str:
    """Spell an element out: `c~OB~0~ID` is cmi.objectives.0.id; a single word stays as it is."""
    words = path.split("~")
    if len(words) == 1:
        return path
    if "tar" in words:
        at = words.index("tar")
        words[at:] = [_word("tar").replace("%s", words[at + 1])]
    return ".".join(_word(word) for word in words)


def _value(text: str) -> str:
    """Spell a value out: `tar~activity_1~TY.c` is {target=activity_1}choice."""
    kind, _, rest = text.partition("~")
    if kind != "tar":
        return _word(text)
    target, _, verb = rest.partition("~")
    return _word("tar").replace("%s", target) + _word(verb)


def _answer(text: str) -> str:
    return _word(text) or text


def _word(text: str) -> str:
    return _words().get(text, text)


@cache
def _words() -> dict[str, str]:
    lines = (ROOT / "Commands.properties").read_text("cp1252").splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {key: value for key, _, value in pairs}
