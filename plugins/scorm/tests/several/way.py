"""A conversation with a course of several SCOs, told step by step."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from plugins.scorm.tests.courses_12 import three_scos

from passback.plugin import (
    AttemptReport,
    Fact,
    ImportContext,
    LaunchContext,
    LearnerView,
    MenuItem,
    Navigation,
    Outcome,
    PlayerPage,
    RuntimeEvent,
    State,
)
from passback.testing.packages import make_zip
from passback.testing.readers import open_package
from passback_scorm.content_type import ScormContentType
from passback_scorm.settings import ScormSettings

SCORM = ScormContentType()
STATUS, RAW, EXIT, TIME = "cmi.core.lesson_status", "cmi.core.score.raw", "cmi.core.exit", "cmi.core.session_time"
AUDIO = "cmi.student_preference.audio"


@dataclass
class Way:
    """One learner's way through a course; only the cells that are named are handed over, through JSON."""

    files: dict[str, str] = field(default_factory=three_scos)
    settings: dict[str, Any] = field(default_factory=dict)
    mode: str = "normal"
    now: datetime = datetime(2026, 3, 1, 9, tzinfo=UTC)
    sessions: int = 0
    sequence: int = 0
    facts: list[Fact] = field(default_factory=list)
    state: State = field(init=False)

    def __post_init__(self) -> None:
        settings = ScormSettings.model_validate(self.settings)
        data = SCORM.import_package(open_package(make_zip(self.files)), ImportContext(settings)).data
        self.state = State(data, settings, self.mode)

    def say(
        self, kind: str, data: dict[str, Any] | None = None, *, unit: str = "", session: int = 0, after: float = 0
    ) -> "Way":
        self.now += timedelta(seconds=after)
        self.sequence += 1
        event = RuntimeEvent(UUID(int=session or self.sessions), self.sequence, kind, unit, self.now, data or {})
        named = SCORM.scopes(event, self.state.content)
        seen = {key: cell for key, cell in self.state.cells.items() if key in named}
        transition = SCORM.apply(replace(self.state, cells=seen), event)
        assert set(transition.cells) <= named
        cells = {**self.state.cells, **{key: json.loads(json.dumps(cell)) for key, cell in transition.cells.items()}}
        self.state = replace(self.state, cells=cells, outcome=transition.outcome)
        self.facts += transition.facts
        return self

    def open(self, *, after: float = 0) -> "Way":
        self.sessions += 1
        self.sequence = -1
        return self.say("session.started", {"mode": self.mode}, after=after)

    def begin(self, **options: Any) -> "Way":
        return self.say("scorm.initialize", unit=self.at, **options)

    def set(self, *pairs: tuple[str, str], unit: str = "", **options: Any) -> "Way":
        return self.say("scorm.set", {"values": [list(one) for one in pairs]}, unit=unit or self.at, **options)

    def finish(self, *pairs: tuple[str, str], unit: str = "", **options: Any) -> "Way":
        return self.say("scorm.finish", {"values": [list(one) for one in pairs]}, unit=unit or self.at, **options)

    def go(self, request: str, target: str = "", **options: Any) -> "Way":
        return self.say("scorm.navigate", {"request": request, "target": target}, unit=self.at, **options)

    def passes(self, raw: str = "") -> "Way":
        """Begin and pass the SCO that is shown."""
        return self.begin().finish((STATUS, "passed"), *([(RAW, raw)] if raw else []))

    def leave(self, **options: Any) -> "Way":
        return self.say("session.ended", {"reason": "left"}, **options)

    def page(self, wanted: str = "") -> PlayerPage:
        """Return what would be furnished now, from the cells that it names."""
        named = SCORM.launch_scopes()
        first = replace(self.state, cells={key: cell for key, cell in self.state.cells.items() if key in named})
        named |= SCORM.then_scopes(first)
        state = replace(self.state, cells={key: cell for key, cell in self.state.cells.items() if key in named})
        learner = LearnerView("1")
        page = SCORM.launch(LaunchContext(UUID(int=1), 1, UUID(int=2), learner, "", (), state, wanted=wanted))
        assert isinstance(page, PlayerPage)
        return page

    def report(self) -> AttemptReport:
        """Return what people are told, from the cells that it names."""
        named = SCORM.launch_scopes()
        first = replace(self.state, cells={key: cell for key, cell in self.state.cells.items() if key in named})
        named |= SCORM.report_scopes(first)
        return SCORM.report(replace(self.state, cells={k: cell for k, cell in self.state.cells.items() if k in named}))

    @property
    def at(self) -> str:
        return self.page().activity

    @property
    def navigation(self) -> Navigation:
        found = self.page().navigation
        assert found is not None
        return found

    @property
    def menu(self) -> dict[str, MenuItem]:
        waiting, found = list(self.navigation.menu), {}
        while waiting:
            item = waiting.pop(0)
            found[item.id] = item
            waiting += item.children
        return found

    @property
    def values(self) -> dict[str, Any]:
        return dict(self.page().bootstrap["values"])  # type: ignore[arg-type]

    @property
    def suggestion(self) -> object:
        return self.page().bootstrap["suggestion"]

    @property
    def outcome(self) -> Outcome:
        return self.state.outcome

    @property
    def verdict(self) -> tuple[str, str]:
        return self.outcome.completion.value, self.outcome.success.value
