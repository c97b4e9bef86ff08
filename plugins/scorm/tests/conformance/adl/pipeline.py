"""An LMS without a browser, one layer up: the content type itself, by events in and pages out, as core calls it."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from plugins.scorm.tests.conformance.adl.decoder import Question, Visit
from plugins.scorm.tests.conformance.adl.sco import PythonApi, play
from plugins.scorm.tests.conftest import adl_package

from passback.plugin import (
    ImportContext,
    JsonObject,
    LaunchContext,
    LearnerView,
    MenuItem,
    Navigation,
    Outcome,
    PlayerPage,
    RuntimeEvent,
    Scope,
    State,
    StateKey,
)
from passback_scorm.content_type import ScormContentType
from passback_scorm.rte.model import DataModel, Store
from passback_scorm.rte.result import asked, split_request
from passback_scorm.rte.table import scorm2004
from passback_scorm.rte.text import unpack
from passback_scorm.sequenced.course import Place, load_course, tree_of
from passback_scorm.sequencing.tree import Tree
from passback_scorm.settings import ScormSettings

LEARNER_ID = "learner-2"
KIND = ScormContentType()
SETTINGS = ScormSettings(strict=True, wall_clock_time=False)


@dataclass
class Registration:
    """A course with its cells, as the database would have them."""

    content: JsonObject
    cells: dict[StateKey, JsonObject] = field(default_factory=dict)
    outcome: Outcome = field(default_factory=Outcome)

    @property
    def tree(self) -> Tree:
        """The activity tree."""
        return tree_of(self.content)


@dataclass
class PipelineLearner:
    """Who takes the courses, one after the other."""

    shared: dict[StateKey, JsonObject] = field(default_factory=dict)
    courses: dict[str, Registration] = field(default_factory=dict)


class PipelineLms:
    """One learner in front of one course at a time; see `lms.Lms`, whose buttons it has."""

    def __init__(self, learner: PipelineLearner, course: str) -> None:
        self.learner = learner
        self.session = 0
        self.sequence = 0
        self.page: PlayerPage | None = None
        self.model: DataModel | None = None
        self.enter(course)

    def enter(self, course: str) -> None:
        """Go to a course, which does not open it yet."""
        if course not in self.learner.courses:
            made = KIND.import_package(adl_package(course), ImportContext(SETTINGS))
            self.learner.courses[course] = Registration(json.loads(json.dumps(made.data)))
        self.course = self.learner.courses[course]

    @property
    def step(self) -> Place:
        """Where the learner is: `exception` and `ended` are what a replay looks at."""
        return load_course(self._state(KIND.launch_scopes() | self._all())).place

    def open(self) -> None:
        """Begin a session."""
        self.session += 1
        self.sequence = 0
        self._say("session.started", "", {"mode": "normal"})
        self._furnish()

    def navigate(self, request: str, target: str = "") -> None:
        """Press a button; what the content said goes first."""
        self._talk()
        if not self.session or (self.page is None and request == "choice"):
            self.open()
        if request:
            self._say("scorm.navigate", self._activity(), {"request": request, "target": target})
        self._furnish()

    def follow_content(self) -> None:
        """Do what the content asked for, if it did."""
        request = asked(self.model) if self.model is not None else ""
        self.navigate(*split_request(request))

    def leave(self) -> None:
        """Close the window: what the content asked for is done, else its place is kept."""
        if self.model is not None and asked(self.model):
            self.follow_content()
        else:
            self._talk()
        self._say("session.ended", "", {"reason": "left"})
        self.page = self.model = None

    def choose(self, title: str) -> None:
        """Click on a title in the table of contents."""
        if self.page is None:
            self.open()
        self.navigate("choice", self._titled(title))

    def play(self, visit: Visit) -> list[str]:
        """Let the content that is shown run a visit's commands; return what was wrong."""
        assert self.model is not None
        return play(PythonApi(self.model), visit, LEARNER_ID)

    def place(self) -> str:
        """Return `act` of the activity that is shown; "" for none."""
        return self.page.start.rpartition("act=")[2] if self.page else ""

    def activity_at(self, act: str) -> str:
        """Return the id of the activity with an `act`."""
        return next(str(one["id"]) for one in _nodes(self.course.content) if str(one["href"]).endswith(f"act={act}"))

    def answer(self, question: Question) -> bool:
        """Say what a learner sees."""
        assert self.page is not None
        navigation = self.page.navigation or Navigation()
        menu = {one.id: one for one in _lines(navigation.menu)}
        usable = {"continue": navigation.can_continue, "previous": navigation.can_previous}
        subject, _, state = question.key.partition(".")
        if subject in usable:
            return usable[subject] is (state == "enabled")
        if question.key == "toc.enabled":
            return any(one.enabled for name, one in menu.items() if name != self.course.tree.root.id)
        if question.key in {"toc.enabled.selectable", "toc.visible"}:
            found = menu.get(self._titled(question.about))
            return found is not None and (found.enabled or question.key == "toc.visible")
        return question.key == "click.button"

    def _titled(self, title: str) -> str:
        if "root" in title:
            return self.course.tree.root.id
        [found] = [str(one["id"]) for one in _nodes(self.course.content) if one["title"] == title]
        return found

    def _all(self) -> frozenset[StateKey]:
        return frozenset(self.course.cells) | frozenset(self.learner.shared)

    def _state(self, keys: frozenset[StateKey]) -> State:
        known = {**self.learner.shared, **self.course.cells}
        cells = {key: known[key] for key in keys if key in known}
        return State(self.course.content, SETTINGS, "normal", self.course.outcome, cells)

    def _say(self, kind: str, activity: str, data: JsonObject) -> None:
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.sequence)
        event = RuntimeEvent(UUID(int=self.session), self.sequence, kind, activity, at, json.loads(json.dumps(data)))
        self.sequence += 1
        keys = KIND.scopes(event, self.course.content)
        transition = KIND.apply(self._state(keys), event)
        assert set(transition.cells) <= keys
        for key, cell in transition.cells.items():
            owner = self.learner.shared if key.scope is Scope.LEARNER else self.course.cells
            owner[key] = json.loads(json.dumps(cell))
        self.course.outcome = transition.outcome

    def _talk(self) -> None:
        """Say what the content set in this visit, as the player's recorder would: in one burst, the last values."""
        if self.model is None:
            return
        values: JsonObject = {"values": [[name, value] for name, value in self.model.values.items()]}
        activity = self._activity()
        self._say("scorm.initialize", activity, {})
        self._say("scorm.set", activity, values)
        self._say("scorm.finish", activity, {})
        self.model = None if self.page is None else self.model

    def _activity(self) -> str:
        return self.page.activity if self.page else ""

    def _furnish(self) -> None:
        first = self._state(KIND.launch_scopes())
        state = self._state(KIND.launch_scopes() | KIND.then_scopes(first))
        learner = LearnerView(LEARNER_ID, "Learner, Two")
        context = LaunchContext(UUID(int=9), 1, UUID(int=self.session), learner, "", (), state)
        self.page = KIND.launch(context)
        boot = json.loads(json.dumps(self.page.bootstrap))
        if not self.page.activity:
            self.model = None
            return
        self.model = DataModel(
            scorm2004(str(self.course.content["edition"])),
            counts=boot["counts"],
            strict=True,
            size=boot["size"],
            stores=tuple(Store(read=one["read"], write=one["write"]) for one in boot["stores"]),
            validity=boot["validity"],
            given={name: unpack(value) or "" for name, value in boot["values"].items()},
        )


def _lines(menu: tuple[MenuItem, ...]) -> list[MenuItem]:
    return [line for one in menu for line in (replace(one, children=()), *_lines(one.children))]


def _nodes(content: JsonObject) -> list[JsonObject]:
    organization = content["organization"]
    assert isinstance(organization, dict)
    waiting, found = list(organization["items"]), []  # type: ignore[arg-type]
    while waiting:
        node = waiting.pop()
        assert isinstance(node, dict)
        found.append(node)
        waiting += node["children"]  # type: ignore[arg-type,operator]
    return found
