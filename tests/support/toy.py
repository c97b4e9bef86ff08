"""A toy content type: the smallest one that is real. Core's tests play it where no plugin is installed.

A package is a ZIP with `toy.json` ({"title": …, "start": "index.html"}). Its script says `toy.page` with
{"page": n, "of": m}, `toy.score` with {"scaled": x} and `toy.end`.
"""

import json
from collections.abc import Iterable, Sequence

from flask import Blueprint
from pydantic import BaseModel

from passback.plugin import (
    SESSION_ENDED,
    SESSION_STARTED,
    Activity,
    AttemptReport,
    Completion,
    ContentType,
    Detection,
    Fact,
    ImportContext,
    ImportedContent,
    JsonObject,
    LaunchContext,
    Outcome,
    PackageError,
    PackageReader,
    PlayerPage,
    RuntimeEvent,
    Scope,
    State,
    StateKey,
    Success,
    Timeline,
    TimelineEntry,
    Transition,
    hookimpl,
)
from tests.support.toy_parts import PartsContentType

PAGES = StateKey(Scope.ATTEMPT, "pages")


class ToySettings(BaseModel):
    """Settings of a toy course."""

    pass_mark: float = 0.5


class ToyContentType:
    """Pages that were seen, and a score."""

    key = "toy"
    label = "Toy"
    state_version = 1
    settings = ToySettings

    def detect(self, package: PackageReader) -> Detection | None:
        return Detection(90, "Toy course") if package.find("toy.json") else None

    def import_package(self, package: PackageReader, context: ImportContext) -> ImportedContent:
        try:
            toy = json.loads(package.read("toy.json"))
            title, start = str(toy["title"]), str(toy["start"])
        except (ValueError, KeyError, TypeError) as error:
            raise PackageError("toy_broken", "toy.json is not valid.", "Write title and start into it.") from error
        return ImportedContent(title, (Activity("toy", title, start),), {"start": start}, picture="cover.png")

    def scopes(self, event: RuntimeEvent, content: JsonObject) -> frozenset[StateKey]:
        return frozenset({PAGES})

    def launch_scopes(self) -> frozenset[StateKey]:
        return frozenset({PAGES})

    def apply(self, state: State, event: RuntimeEvent) -> Transition:
        outcome = state.outcome.with_(at=event.at)
        cell: JsonObject = dict(state.cells.get(PAGES, {"seen": []}))
        match event.kind:
            case "session.started":
                return Transition(outcome.with_(completion=_at_least_started(outcome), ended=False))
            case "session.ended" | "toy.end":
                return Transition(outcome.with_(ended=True))
            case "toy.pause":
                return Transition(outcome, {PAGES: {**cell, "paused": event.data.get("on") is not False}})
            case "toy.page":
                return _page(outcome, cell, event)
            case "toy.score" if isinstance(event.data.get("scaled"), (int, float)):
                return _score(outcome, state, float(event.data["scaled"]))  # type: ignore[arg-type]
        return Transition(state.outcome)

    def launch(self, context: LaunchContext) -> PlayerPage:
        boot: JsonObject = {"pages": context.state.cells.get(PAGES, {"seen": []})}
        return PlayerPage(("toy.js",), boot, str(context.state.content["start"]), "toy")

    def routes(self) -> Blueprint | None:
        return None

    def report(self, state: State) -> AttemptReport:
        return AttemptReport(rows=(("Pages seen", str(state.cells.get(PAGES, {}).get("seen", []))),))

    def is_paused(self, state: State) -> bool:
        return state.cells.get(PAGES, {}).get("paused") is True

    def timeline(self, events: Sequence[RuntimeEvent], content: JsonObject) -> Timeline:
        pages = sum(event.kind == "toy.page" for event in events)
        entries = tuple(TimelineEntry(event.at, event.kind, trouble=event.kind == "toy.oops") for event in events)
        return Timeline(entries, (f"<b>{pages}</b> of {content['start']}",) if pages else ())


def _at_least_started(outcome: Outcome) -> Completion:
    started = outcome.completion not in {Completion.NOT_ATTEMPTED, Completion.UNKNOWN}
    return outcome.completion if started else Completion.INCOMPLETE


def _page(outcome: Outcome, cell: JsonObject, event: RuntimeEvent) -> Transition:
    page, pages = event.data.get("page"), event.data.get("of")
    seen = cell["seen"]
    if not isinstance(page, int) or not isinstance(pages, int) or pages < 1 or not isinstance(seen, list):
        return Transition(outcome)
    seen = sorted({*(one for one in seen if isinstance(one, int)), page})
    done = Completion.COMPLETED if len(seen) >= pages else Completion.INCOMPLETE
    progress = min(1.0, len(seen) / pages)
    return Transition(outcome.with_(completion=done, progress=progress), {PAGES: {"seen": list(seen)}})


def _score(outcome: Outcome, state: State, scaled: float) -> Transition:
    assert isinstance(state.settings, ToySettings)
    success = Success.PASSED if scaled >= state.settings.pass_mark else Success.FAILED
    return Transition(
        outcome.with_(score_scaled=scaled, success=success), facts=(Fact("answered", {"scaled": scaled}),)
    )


class ToyPlugin:
    """The toy as a plugin."""

    @hookimpl
    def register_content_types(self) -> Iterable[ContentType]:
        return [ToyContentType(), PartsContentType()]


assert SESSION_STARTED == "session.started"
assert SESSION_ENDED == "session.ended"
