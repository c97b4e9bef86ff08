"""A toy of several activities: parts of which some open others. Core's tests of menu and navigation play it.

A package has `parts.json`: {"title": …, "parts": [{"id", "title", "start", "needs": id of a part, or absent}, …]}. Its
script says `parts.done`, `parts.score` with {"score": 0..1}, and `parts.go` with {"request": continue | previous |
choice | end, "target": id}.
"""

import json
from typing import Any, cast

from flask import Blueprint
from pydantic import BaseModel

from passback.plugin import (
    Activity,
    AttemptReport,
    Completion,
    Detection,
    ImportContext,
    ImportedContent,
    JsonObject,
    LaunchContext,
    MenuItem,
    Navigation,
    NavigationAction,
    Outcome,
    PackageError,
    PackageReader,
    PlayerPage,
    RuntimeEvent,
    Scope,
    State,
    StateKey,
    Transition,
)

PLACE = StateKey(Scope.ATTEMPT, "place")


class PartsSettings(BaseModel):
    """There are none."""


class PartsContentType:
    """Parts, one after another or as the learner likes."""

    key = "parts"
    label = "Toy of several parts"
    state_version = 1
    settings = PartsSettings

    def detect(self, package: PackageReader) -> Detection | None:
        return Detection(95, "Toy of several parts") if package.find("parts.json") else None

    def import_package(self, package: PackageReader, context: ImportContext) -> ImportedContent:
        try:
            made = json.loads(package.read("parts.json"))
            activities = tuple(Activity(one["id"], one["title"], one["start"]) for one in made["parts"])
            if not activities:
                raise PackageError("parts_none", "There are no parts.")
            return ImportedContent(made["title"], activities, {"parts": made["parts"]})
        except (ValueError, KeyError, TypeError) as error:
            raise PackageError("parts_broken", "parts.json is not valid.") from error

    def scopes(self, event: RuntimeEvent, content: JsonObject) -> frozenset[StateKey]:
        return frozenset({PLACE, _cell(event.activity)})

    def launch_scopes(self) -> frozenset[StateKey]:
        return frozenset({PLACE})

    def then_scopes(self, state: State) -> frozenset[StateKey]:
        return frozenset({_cell(_place(state)["at"])})

    def apply(self, state: State, event: RuntimeEvent) -> Transition:
        place = _place(state)
        started = state.outcome.with_(at=event.at, ended=False, completion=Completion.INCOMPLETE)
        if event.kind == "session.started":
            return Transition(started if state.outcome.completion is Completion.NOT_ATTEMPTED else state.outcome)
        if event.kind == "parts.done" and event.activity in _ids(state):
            done = sorted({*place["done"], event.activity})
            progress = len(done) / len(_ids(state))
            completion = Completion.COMPLETED if progress == 1 else Completion.INCOMPLETE
            cells: dict[StateKey, JsonObject] = {PLACE: {**place, "done": done}, _cell(event.activity): {"said": True}}
            return Transition(state.outcome.with_(at=event.at, completion=completion, progress=progress), cells)
        if event.kind == "parts.score" and event.activity in _ids(state):
            said = event.data.get("score")
            if isinstance(said, bool) or not isinstance(said, int | float) or not 0 <= said <= 1:
                return Transition(state.outcome)
            scores = {**place["scores"], event.activity: said}
            return Transition(state.outcome.with_(at=event.at), {PLACE: {**place, "scores": scores}})
        if event.kind == "parts.go":
            return Transition(state.outcome, {PLACE: {**place, "at": _next(state, place, event.data)}})
        return Transition(state.outcome)

    def launch(self, context: LaunchContext) -> PlayerPage:
        state, place = context.state, _place(context.state)
        at = context.wanted or place["at"]
        boot: JsonObject = {"said": bool(state.cells.get(_cell(at))), "ids": list(_ids(state))}
        start = next((one["start"] for one in _parts(state) if one["id"] == at), "")
        navigation = _navigation(state, place, at)
        return PlayerPage(("parts.js",), boot, start, at, navigation=navigation, ended=at == "end")

    def routes(self) -> Blueprint | None:
        return None

    def activity_outcomes(self, state: State) -> dict[str, Outcome]:
        """A part that was said to be done is completed, with the score that was said, and over once it is left."""
        place = _place(state)
        found = {}
        for part in (
            one for one in _ids(state) if one in place["scores"] or one in place["done"] or one == place["at"]
        ):
            completion = Completion.COMPLETED if part in place["done"] else Completion.INCOMPLETE
            found[part] = Outcome(completion, score_scaled=place["scores"].get(part), ended=part != place["at"])
        return found

    def report(self, state: State) -> AttemptReport:
        return AttemptReport(rows=(("Done", str(_place(state)["done"])),))


def _cell(activity: str) -> StateKey:
    return StateKey(Scope.ACTIVITY, activity)


def _parts(state: State) -> list[dict[str, str]]:
    return cast("list[dict[str, str]]", state.content["parts"])


def _ids(state: State) -> list[str]:
    return [one["id"] for one in _parts(state)]


def _place(state: State) -> dict[str, Any]:
    return {"at": _ids(state)[0], "done": [], "scores": {}, **state.cells.get(PLACE, {})}


def _open(state: State, place: dict[str, Any], part: str) -> bool:
    needs = {one["id"]: one.get("needs") for one in _parts(state)}
    return part in needs and (not needs[part] or needs[part] in place["done"])


def _next(state: State, place: dict[str, Any], asked: JsonObject) -> str:
    ids, at = _ids(state), place["at"]
    index = ids.index(at) if at in ids else 0
    step = {"continue": index + 1, "previous": index - 1}.get(str(asked.get("request")))
    target = "end" if asked.get("request") == "end" else str(asked.get("target"))
    if step is not None:
        target = ids[step] if 0 <= step < len(ids) else at
    return target if target == "end" or _open(state, place, target) else at


def _navigation(state: State, place: dict[str, Any], at: str) -> Navigation:
    ids = _ids(state)
    menu = tuple(
        MenuItem(
            one["id"],
            one["title"],
            enabled=_open(state, place, one["id"]),
            current=one["id"] == at,
            status="completed" if one["id"] in place["done"] else "",
        )
        for one in _parts(state)
    )
    index = ids.index(at) if at in ids else 0
    forth = index + 1 < len(ids) and _open(state, place, ids[index + 1])
    return Navigation(menu, forth, index > 0, (NavigationAction("end", "End the course"),))
