"""What content said in an attempt, for support: calls in SCORM's words, and what to make of them in plain ones.

The browser lists with each event what content called since the one before (`static/calls.js`). Nothing in those lists
is believed beyond being shown, cut short. Events without a list are told by their kind and by what they changed.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

from passback.plugin import SESSION_ENDED, SESSION_STARTED, JsonObject, RuntimeEvent, Timeline, TimelineEntry
from passback_scorm.rte.table import Table, scorm12, scorm2004
from passback_scorm.rte.text import readable, unpack
from passback_scorm.runtime import COMMIT, FINISH, INITIALIZE, pairs

NAVIGATE = "scorm.navigate"
MOST_LINES, LONGEST = 100, 120
LONGEST_AGO = timedelta(hours=6)
_ENDS = {"left": "left", "idle": "silent for half an hour", "superseded": "opened elsewhere", "finished": "finished"}


@dataclass(frozen=True)
class Call:
    """A line of the browser's list; `error` 0 where the call was taken, `value` only where it may be told."""

    name: str
    element: str = ""
    size: int = 0
    error: int = 0
    times: int = 1
    value: str = ""
    ago: timedelta = timedelta()


@dataclass
class _Run:
    """What a session has shown so far of one activity."""

    title: str
    initialized: bool = False
    finished: bool = False
    said: bool = False
    unsaved: int = 0


@dataclass
class _Teller:
    table: Table
    titles: dict[str, str]
    entries: list[TimelineEntry] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    runs: dict[str, _Run] = field(default_factory=dict)
    over: bool = False
    refused: Counter[tuple[str, str, int]] = field(default_factory=Counter)

    @property
    def names(self) -> Mapping[str, str]:
        """Return what the version calls its calls."""
        return cast("dict[str, dict[str, str]]", self.table.source["api"])["calls"]

    def hear(self, event: RuntimeEvent) -> None:
        """Take in one event."""
        if event.kind == SESSION_STARTED:
            self.close()
            self._tell(event, "The course was opened")
        elif event.kind == SESSION_ENDED:
            self.over = True
            why = _ENDS.get(str(event.data.get("reason")), "")
            self._tell(event, f"The course was closed{f': {why}' if why else ''}")
        elif event.kind == NAVIGATE:
            target = str(event.data.get("target") or "")
            request = str(event.data.get("request") or "")[:40]
            to = f" to “{self.titles.get(target, target[:LONGEST])}”" if target else ""
            self._tell(event, f"The learner or the course asked to go on: {request}{to}")
        else:
            self._said(event)

    def close(self) -> None:
        """Draw the conclusions of a session; of one that is still open there are none yet."""
        for run in self.runs.values() if self.over else ():
            self.findings += self._about(run)
        self.runs, self.over = {}, False

    def _said(self, event: RuntimeEvent) -> None:
        run = self.runs.setdefault(event.activity, _Run(self._title(event)))
        calls = list(_calls(event)) or list(_guessed(event))
        for call in calls:
            self._note(run, call)
            self._tell(event, self._words(call), ago=call.ago, trouble=call.error != 0)
        if event.kind == INITIALIZE:
            run.initialized, run.finished = True, False
        elif event.kind == FINISH:
            run.finished, run.unsaved = True, 0
        more = _number(_object(event.data.get("calls")).get("more"))
        if more:
            self._tell(event, f"{more:,} more calls that are not listed")

    def _note(self, run: _Run, call: Call) -> None:
        if call.error:
            self.refused[(call.name, call.element, call.error)] += call.times
        elif call.name == "set":
            run.said = True
            run.unsaved += call.times
        elif call.name == "commit":
            run.unsaved = 0

    def _about(self, run: _Run) -> Iterator[str]:
        names = self.names
        where = f"“{run.title}”: " if run.title else ""
        if run.initialized and not run.finished:
            yield f"{where}{names['terminate']} was never called; a session that ends without it counts as a pause."
        if run.unsaved and not run.finished:
            yield (
                f"{where}{names['commit']} was not called after the last {run.unsaved} changes; "
                "Passback had saved them by itself."
            )
        if run.finished and not run.said:
            yield f"{where}it ended without setting anything: no status and no score."

    def refusals(self) -> Iterator[str]:
        """Yield what was refused, what happened most often first."""
        for (name, element, error), times in self.refused.most_common(10):
            if name == "get" and error == self.table.codes["unset"]:
                continue  # asking what was never set is how content looks whether it was
            what = f"{self.names[name]}{f' of {element}' if element else ''}"
            yield f"{what} was refused {_times(times)}: {self._error(error)}."

    def _words(self, call: Call) -> str:
        text = " ".join(part for part in (self.names[call.name], call.element) if part)
        if call.name == "set":
            text += f" = “{call.value}”" if call.value else f" ({call.size:,} characters)"
        if call.times > 1:
            text += f", {_times(call.times)}"
        return f"{text}: refused, {self._error(call.error)}" if call.error else text

    def _error(self, error: int) -> str:
        known = self.table.errors.get(str(error), "")
        return f"error {error}{f', {known.lower()}' if known else ''}"

    def _title(self, event: RuntimeEvent) -> str:
        return self.titles.get(event.activity, "") if len(self.titles) > 1 else ""

    def _tell(self, event: RuntimeEvent, text: str, *, ago: timedelta = timedelta(), trouble: bool = False) -> None:
        self.entries.append(TimelineEntry(event.at - ago, readable(text), self._title(event), trouble))


def timeline(events: Sequence[RuntimeEvent], content: JsonObject) -> Timeline:
    """Tell the events of an attempt."""
    edition = str(content.get("edition", ""))
    table = scorm2004(edition) if edition.startswith("2004") else scorm12()
    teller = _Teller(table, dict(_titles(_object(content.get("organization")).get("items"))))
    for event in events:
        teller.hear(event)
    teller.close()
    silent = any(event.kind == SESSION_ENDED for event in events) and not any(_is_contents(event) for event in events)
    nothing = [f"{teller.names['initialize']} was never called: the content looked for no run time, or found none."]
    findings = [*(nothing if silent else ()), *teller.findings, *teller.refusals()]
    counted = Counter(findings)
    return Timeline(tuple(teller.entries), tuple(_often(text, times) for text, times in counted.items()))


def _often(text: str, times: int) -> str:
    return text if times == 1 else f"{text} (in {times} sessions)"


def _is_contents(event: RuntimeEvent) -> bool:
    return event.kind in {INITIALIZE, FINISH, COMMIT, "scorm.set"}


def _calls(event: RuntimeEvent) -> Iterator[Call]:
    """Yield what the browser listed with an event; what is no such list is passed over."""
    lines = _object(event.data.get("calls")).get("lines")
    for line in lines[:MOST_LINES] if isinstance(lines, list) else ():
        if not isinstance(line, list) or len(line) < 6 or line[1] not in _CALLS:
            continue
        ago, name, element, size, error, times, *value = line
        yield Call(
            str(name),
            _short(element),
            _number(size),
            _number(error),
            max(1, _number(times)),
            _short(value[0]) if value else "",
            min(timedelta(milliseconds=_number(ago)), LONGEST_AGO),
        )


def _guessed(event: RuntimeEvent) -> Iterator[Call]:
    """Yield what an event without a list must have come from; values stay untold."""
    if event.kind == INITIALIZE:
        yield Call("initialize")
    for name, text in list(pairs(event.data.get("values")))[:MOST_LINES]:
        yield Call("set", _short(name), len(text))
    if event.kind in {FINISH, COMMIT}:
        yield Call("terminate" if event.kind == FINISH else "commit")


_CALLS = ("initialize", "terminate", "get", "set", "commit")


def _titles(items: Any) -> Iterator[tuple[str, str]]:
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict):
            if item.get("kind"):
                yield str(item.get("id")), str(item.get("title") or item.get("id"))
            yield from _titles(item.get("children"))


def _object(value: object) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _short(value: Any) -> str:
    text = unpack(value) or ""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _number(value: Any) -> int:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if plain and 0 <= value < 2**53 else 0


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number:,} times")
