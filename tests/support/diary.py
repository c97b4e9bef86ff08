"""A content type that writes down every event it was given: lost, doubled and swapped ones show at once.

`diary.note` goes to the attempt's cell, `diary.share` to the learner's, `diary.fault` makes it fail; {"scaled": x} in
either is a score.
"""

from collections.abc import Iterable

from passback.plugin import (
    Completion,
    ContentType,
    Fact,
    JsonObject,
    RuntimeEvent,
    Scope,
    State,
    StateKey,
    Transition,
    hookimpl,
)
from tests.support.toy import ToyContentType

NOTES = StateKey(Scope.ATTEMPT, "notes")
SHARED = StateKey(Scope.LEARNER, "shared")


class DiaryContentType(ToyContentType):
    """Writes down what happens, in order."""

    key = "diary"
    label = "Diary"

    def scopes(self, event: RuntimeEvent, content: JsonObject) -> frozenset[StateKey]:
        if event.kind == "diary.bad_scope":
            raise RuntimeError("a fault of the plugin")
        return frozenset({SHARED, NOTES} if event.kind == "diary.share" else {NOTES})

    def launch_scopes(self) -> frozenset[StateKey]:
        return frozenset({NOTES, SHARED})

    def apply(self, state: State, event: RuntimeEvent) -> Transition:
        outcome = state.outcome
        match event.kind:
            case "session.ended":
                return Transition(outcome)
            case "diary.fault":
                raise RuntimeError("a fault of the plugin")
            case "diary.bad_cell":
                return Transition(outcome, {NOTES: {"x": float("nan")}})
            case "diary.undeclared":
                return Transition(outcome, {SHARED: {"x": 1}})
            case "diary.share":
                return Transition(outcome, {SHARED: _with(state, SHARED, event), NOTES: _with(state, NOTES, event)})
            case "diary.score" if isinstance(event.data.get("scaled"), int | float):
                outcome = outcome.with_(score_scaled=event.data["scaled"], at=event.at)
                return Transition(outcome, {NOTES: _with(state, NOTES, event)})
            case "diary.done":
                outcome = outcome.with_(completion=Completion.COMPLETED, at=event.at)
        fact = Fact("noted", {"sequence": event.sequence})
        return Transition(outcome, {NOTES: _with(state, NOTES, event)}, (fact,))


def _with(state: State, key: StateKey, event: RuntimeEvent) -> JsonObject:
    """Changes the list in place on purpose: core must see it all the same."""
    cell = state.cells.get(key, {"notes": []})
    notes = cell["notes"]
    assert isinstance(notes, list)
    notes.append(event.sequence)
    return {"notes": notes}


class DiaryPlugin:
    """The diary as a plugin; it listens, too, so that events are owed to somebody."""

    @hookimpl
    def register_content_types(self) -> Iterable[ContentType]:
        return [DiaryContentType()]

    @hookimpl
    def on_event(self, event: object) -> None:
        """Nothing: the tests look at what is owed."""
