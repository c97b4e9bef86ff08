"""What every content type must hold to, as a test class to subclass. Needs pytest and hypothesis.

class TestMyContentType(ContentTypeContract):
    content_type = MyContentType()

    def package(self):
        return make_zip({"mine.json": "{}", "index.html": ""})

    def conversation(self):
        return [("mine.page", {"page": 1}), ("mine.end", {})]
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from math import isfinite
from typing import ClassVar, cast
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, JsonValue

from passback.plugin import (
    SESSION_ENDED,
    SESSION_STARTED,
    Activity,
    ComparesVersions,
    Completion,
    ContentType,
    Detection,
    ImportContext,
    ImportedContent,
    JsonObject,
    LaunchContext,
    LearnerView,
    Outcome,
    PlayerPage,
    RuntimeEvent,
    SeveralActivities,
    State,
    StateKey,
    Success,
    TellsActivities,
    TellsTimeline,
    Transition,
)
from passback.testing.packages import make_zip
from passback.testing.readers import open_package

SESSION, OTHER_SESSION = UUID(int=1), UUID(int=2)
START = datetime(2026, 1, 1, tzinfo=UTC)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
json_objects = st.dictionaries(st.text(), json_values, max_size=5)


class ContentTypeContract:
    """Subclass it, set `content_type`, write `package` and `conversation`; pytest runs the rest."""

    content_type: ClassVar[ContentType]
    course_settings: ClassVar[JsonObject] = {}

    def package(self) -> bytes:
        """Return a ZIP that the content type plays."""
        raise NotImplementedError

    def conversation(self) -> Sequence[tuple[str, JsonObject]]:
        """Return (kind, data) of what content says in one good session that leads to a result."""
        raise NotImplementedError

    def activity(self, number: int) -> str:  # noqa: ARG002
        """Return the activity that an event of the conversation is about, 1 for the first; "" where there is one."""
        return ""

    # --- Import

    def test_detects_its_own_package_and_no_other(self) -> None:
        """Its own package is claimed with a label; one that has nothing of it is not."""
        found = self.content_type.detect(open_package(self.package()))
        assert isinstance(found, Detection)
        assert found.label
        assert 0 < found.confidence <= 100
        assert self.content_type.detect(open_package(make_zip({"readme.txt": "nothing to play"}))) is None

    def test_detect_survives_files_of_garbage(self) -> None:
        """Whatever the files of a package hold, `detect` does not raise."""
        names = open_package(self.package()).names()
        for garbage in (b"", b"\xff\xfe\x00", b"<", b"{", b"[" * 5000, bytes(range(256))):
            self.content_type.detect(open_package(make_zip(dict.fromkeys(names, garbage))))

    def test_imports_plain_data(self) -> None:
        """What an import hands over can be stored: JSON, a title, activities with ids of their own."""
        content = self._content
        assert content.title
        assert _through_json(content.data) == content.data
        ids = [activity.id for activity in _walk(content)]
        assert ids
        assert len(ids) == len(set(ids))

    # --- Events

    def test_a_conversation_leads_somewhere(self) -> None:
        """The events of a good session change the outcome from what it was."""
        state, _ = self._play()
        assert replace(state.outcome, duration_seconds=0.0, at=None, ended=False) != Outcome()

    def test_apply_is_pure(self) -> None:
        """The same state and event give the same transition, and neither is changed by it."""
        state = self._fresh()
        for event in self._events():
            before, said = deepcopy(state), deepcopy(event)
            first = self.content_type.apply(state, event)
            assert (state, event) == (before, said)
            assert self.content_type.apply(deepcopy(state), deepcopy(event)) == first
            state = follow(state, first)

    def test_cells_are_json_and_within_the_scopes(self) -> None:
        """A transition writes plain JSON, only into cells that `scopes` named, and never reads another."""
        _, transitions = self._play(only_named_cells=True)
        everything, _ = self._play()
        for event, transition in transitions:
            assert set(transition.cells) <= self.content_type.scopes(event, self._content.data)
            for cell in transition.cells.values():
                assert _through_json(cell) == cell
        seen, _ = self._play(only_named_cells=True)
        assert seen.outcome == everything.outcome

    def test_outcomes_are_sane(self) -> None:
        """Vocabularies and numbers are those of `Outcome`."""
        _, transitions = self._play()
        for _event, transition in transitions:
            check_outcome(transition.outcome)

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
    @given(data=st.data())
    def test_apply_is_total(self, data: st.DataObject) -> None:
        """Garbage, at any moment, of any kind: nothing is raised, and what comes out can be stored."""
        events = self._events()
        state = self._fresh()
        for event in events[: data.draw(st.integers(0, len(events)), "events before")]:
            state = follow(state, self.content_type.apply(state, event))
        known = {SESSION_STARTED, SESSION_ENDED, *(kind for kind, _ in self.conversation())}
        kind = data.draw(st.one_of(*map(st.just, sorted(known)), st.text()), "kind")
        event = RuntimeEvent(
            data.draw(st.sampled_from([SESSION, OTHER_SESSION]), "session"),
            data.draw(st.integers(0, 2**31), "sequence"),
            kind,
            data.draw(st.text(), "activity"),
            START + timedelta(seconds=data.draw(st.integers(-(10**6), 10**6), "seconds")),
            data.draw(json_objects | self._mutations(kind), "data"),
        )
        transition = self.content_type.apply(state, event)
        assert set(transition.cells) <= self.content_type.scopes(event, self._content.data)
        for cell in transition.cells.values():
            assert _through_json(cell) == cell
        check_outcome(transition.outcome)

    def test_unknown_kinds_change_nothing(self) -> None:
        """An event of a kind that the content type does not know leaves the outcome and the cells alone."""
        state, _ = self._play()
        transition = self.content_type.apply(state, _event(90, "some-other.word", {"score": 1}))
        assert transition == Transition(state.outcome)

    # --- Launch and report

    def test_launch_furnishes_the_player(self) -> None:
        """What the browser gets is JSON, and the file to start with is in the package."""
        for state in (self._fresh(), self._play()[0]):
            page = self.content_type.launch(self._launch(state))
            if isinstance(page, PlayerPage):
                assert _through_json(page.bootstrap) == page.bootstrap
                shows_nothing = not page.start and page.navigation is not None
                start = page.start.partition("?")[0].partition("#")[0]
                assert shows_nothing or open_package(self.package()).find(start)

    def test_report_is_readable(self) -> None:
        """A report has labels and texts, before anything happened and after."""
        for state in (self._fresh(), self._play()[0]):
            report = self.content_type.report(state)
            assert all(isinstance(text, str) and label for label, text in report.rows)
            assert _through_json(report.details) == report.details

    def test_timeline_is_readable(self) -> None:
        """A timeline tells the conversation in order, and whatever garbage is among its events."""
        if not isinstance(self.content_type, TellsTimeline):
            return
        told = self.content_type.timeline(self._events(), self._content.data)
        assert [entry.at for entry in told.entries] == sorted(entry.at for entry in told.entries)
        odd: list[JsonObject] = [{}, {"values": 7}, {"calls": {"lines": [[None] * 9, 7]}}, {"reason": []}]
        garbage = [_event(n, event.kind, data) for n, data in enumerate(odd) for event in self._events()]
        for entry in (*told.entries, *self.content_type.timeline(garbage, self._content.data).entries):
            assert entry.text
            assert entry.text.encode()

    def test_activities_are_told_apart(self) -> None:
        """What each activity has come to is told from the named cells alone, about activities that there are."""
        if not isinstance(self.content_type, TellsActivities):
            return
        state, ids = self._fresh(), {one.id for one in _walk(self._content)}
        told: Mapping[str, Outcome] = {}
        for event in self._events():
            state = follow(state, self.content_type.apply(state, event))
            named = self.content_type.scopes(event, self._content.data)
            if not named:
                continue
            seen = replace(state, cells={key: cell for key, cell in state.cells.items() if key in named})
            before = deepcopy(seen)
            told = self.content_type.activity_outcomes(seen)
            assert seen == before
            assert told == self.content_type.activity_outcomes(state)
            assert set(told) <= ids
            for outcome in told.values():
                check_outcome(outcome)
        several = sum(not one.children for one in _walk(self._content)) > 1
        assert not several or any(one.completion is not Completion.NOT_ATTEMPTED for one in told.values())

    def test_versions_are_compared(self) -> None:
        """A version differs from itself in nothing; data that an older plugin has written is compared, too."""
        if not isinstance(self.content_type, ComparesVersions):
            return
        data = self._content.data
        assert tuple(self.content_type.compare(data, deepcopy(data))) == ()
        garbage: list[JsonValue] = [None, 7, "x", [7, [None]], {"items": [{}]}]
        odd: list[JsonObject] = [{}, *(cast("JsonObject", dict.fromkeys(data, value)) for value in garbage)]
        for one in odd:
            for change in (*self.content_type.compare(data, one), *self.content_type.compare(one, data)):
                assert change.what
                assert all(isinstance(text, str) for text in (change.before, change.after, change.activity))

    # --- Parts

    @cached_property
    def _content(self) -> ImportedContent:
        return self.content_type.import_package(open_package(self.package()), ImportContext(self._settings()))

    def _settings(self) -> BaseModel:
        return self.content_type.settings.model_validate(self.course_settings)

    def _fresh(self) -> State:
        return State(self._content.data, self._settings())

    def _events(self) -> list[RuntimeEvent]:
        started: JsonObject = {"mode": "normal"}
        ended: JsonObject = {"reason": "left"}
        said = [(SESSION_STARTED, started), *self.conversation(), (SESSION_ENDED, ended)]
        return [_event(number, kind, data, self.activity(number)) for number, (kind, data) in enumerate(said)]

    def _play(self, *, only_named_cells: bool = False) -> tuple[State, list[tuple[RuntimeEvent, Transition]]]:
        state, transitions = self._fresh(), []
        for event in self._events():
            named = self.content_type.scopes(event, self._content.data)
            cells = {key: cell for key, cell in state.cells.items() if key in named or not only_named_cells}
            transition = self.content_type.apply(replace(state, cells=cells), event)
            transitions.append((event, transition))
            state = follow(state, transition)
        return state, transitions

    def _launch(self, state: State) -> LaunchContext:
        named = self.content_type.launch_scopes()
        if isinstance(self.content_type, SeveralActivities):
            first = {key: cell for key, cell in state.cells.items() if key in named}
            named |= self.content_type.then_scopes(replace(state, cells=first))
        state = replace(state, cells={key: cell for key, cell in state.cells.items() if key in named})
        content = self._content
        learner = LearnerView("0b5c", "Zoë O'Neil", "Zoë", "O'Neil", "nl")
        return LaunchContext(UUID(int=3), 1, SESSION, learner, content.title, content.activities, state)

    def _mutations(self, kind: str) -> st.SearchStrategy[JsonObject]:
        """Data of the conversation with values replaced by garbage: it gets further than garbage alone."""
        shapes = [data for said, data in self.conversation() if data and said == kind]
        if not shapes:
            return json_objects
        return st.sampled_from(shapes).flatmap(
            lambda shape: st.fixed_dictionaries({key: st.just(value) | json_values for key, value in shape.items()})
        )


def follow(state: State, transition: Transition) -> State:
    """Return the state after a transition, its cells stored as JSON and read back as the database does."""
    cells: Mapping[StateKey, JsonObject] = {
        **state.cells,
        **{key: _through_json(cell) for key, cell in transition.cells.items()},
    }
    return replace(state, cells=cells, outcome=transition.outcome)


def check_outcome(outcome: Outcome) -> None:
    """Assert that an outcome's words and numbers are what `Outcome` says they are."""
    assert isinstance(outcome.completion, Completion)
    assert isinstance(outcome.success, Success)
    numbers = (outcome.score_scaled, outcome.score_raw, outcome.score_min, outcome.score_max, outcome.progress)
    assert all(isfinite(number) for number in numbers if number is not None)
    assert outcome.duration_seconds >= 0


def _event(number: int, kind: str, data: JsonObject, activity: str = "") -> RuntimeEvent:
    return RuntimeEvent(SESSION, number, kind, activity, START + timedelta(seconds=number), data)


def _walk(content: ImportedContent) -> Iterator[Activity]:
    waiting = list(content.activities)
    while waiting:
        activity = waiting.pop(0)
        waiting += activity.children
        yield activity


def _through_json(value: JsonObject) -> JsonObject:
    stored: JsonObject = json.loads(json.dumps(value, allow_nan=False))
    return stored
