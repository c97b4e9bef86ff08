"""An LMS without a browser: the sequencing engine and the server's run time, with what a learner sees and presses."""

from dataclasses import dataclass, field
from typing import Any

from plugins.scorm.tests.conformance.adl.decoder import Question, Visit
from plugins.scorm.tests.conformance.adl.sco import PythonApi, play
from plugins.scorm.tests.conftest import adl_package

from passback_scorm.importing import course_data
from passback_scorm.manifest.reading import read_manifest
from passback_scorm.rte.initial import Launch, initial_model, kept_values
from passback_scorm.rte.interval import parse_interval
from passback_scorm.rte.model import DataModel
from passback_scorm.rte.result import asked, result_of, split_request
from passback_scorm.rte.table import scorm2004
from passback_scorm.sequencing import engine
from passback_scorm.sequencing.state import Globals, SequencingState

LEARNER_ID = "learner-2"


@dataclass
class Learner:
    """Who takes the courses, one after the other: what is global to the system stays with them."""

    shared: Globals = field(default_factory=Globals)
    courses: dict[str, "Course"] = field(default_factory=dict)

    def course(self, name: str) -> "Course":
        """Return the learner's registration for a package of the suite."""
        return self.courses.setdefault(name, Course(name))


@dataclass
class Kept:
    """What the run time keeps of an attempt on an activity; times in hundredths of a second."""

    values: dict[str, Any] = field(default_factory=dict)
    total_time: int = 0


class Course:
    """A registration: the tree, the state as it lies in the database, and what is global to the course."""

    def __init__(self, name: str) -> None:
        data: dict[str, Any] = course_data(read_manifest(adl_package(name)))
        organization = data["organization"]
        self.tree = engine.build_tree(organization)
        self.nodes = _nodes({**organization, "children": organization["items"]})
        self.stored = engine.begin(self.tree, seed=1).to_json()
        self.shared = Globals()
        self.kept: dict[str, Kept] = {}


class Lms:
    """One learner in front of one course at a time."""

    def __init__(self, learner: Learner, course: str) -> None:
        self.learner = learner
        self.model: DataModel | None = None
        self.enter(course)

    def enter(self, course: str) -> None:
        """Go to a course, which does not open it yet."""
        self.course = self.learner.course(course)
        self.step = engine.Step(self._state, self._globals, ended=True)

    def open(self) -> None:
        """Open the course: begin or go on."""
        self._take(engine.open_session(self.course.tree, self._state, self._globals))

    def navigate(self, request: str, target: str = "") -> None:
        """Ask for something, as the learner or the content does. What the content has set goes along."""
        result = result_of(self.model) if self.model is not None else None
        self._keep()
        self._take(
            engine.navigate(self.course.tree, self._state, self._globals, request, target, result=result),
        )

    def follow_content(self) -> None:
        """Do what the content asked for in adl.nav.request, if it did."""
        request = asked(self.model) if self.model is not None else ""
        self.navigate(*split_request(request))

    def leave(self) -> None:
        """Close the window: what the content asked for is done, else its place is kept."""
        if self.model is not None and asked(self.model):
            self.follow_content()
            return
        result = result_of(self.model) if self.model is not None else None
        self._keep()
        finished = result is not None and result.exit != "suspend"
        self._take(
            engine.set_aside(self.course.tree, self._state, self._globals, result=result, finished=finished),
        )

    def choose(self, title: str) -> None:
        """Click on a title in the table of contents."""
        self.navigate("choice", self._titled(title))

    def play(self, visit: Visit) -> list[str]:
        """Let the content that is shown run a visit's commands; return what was wrong."""
        assert self.model is not None
        return play(PythonApi(self.model), visit, LEARNER_ID)

    def place(self) -> str:
        """Return `act` of the activity that is shown; "" for none."""
        href = str(self.course.nodes[self.step.delivered].get("href", "")) if self.step.delivered else ""
        return href.rpartition("act=")[2]

    def activity_at(self, act: str) -> str:
        """Return the id of the activity with an `act`."""
        return next(name for name, node in self.course.nodes.items() if node.get("href", "").endswith(f"act={act}"))

    def answer(self, question: Question) -> bool:
        """Say what a learner sees."""
        validity = self.step.validity
        hidden = self.course.nodes.get(self.step.delivered, {}).get("hide_lms_ui", ())
        usable = {
            "continue": validity.continue_ and "continue" not in hidden,
            "previous": validity.previous and "previous" not in hidden,
        }
        subject, _, state = question.key.partition(".")
        if subject in usable:
            return usable[subject] is (state == "enabled")
        if question.key == "toc.enabled":
            return any(self._selectable(name) for name in self.course.nodes if name != self.course.tree.root.id)
        if question.key == "toc.enabled.selectable":
            return self._selectable(self._titled(question.about))
        if question.key == "toc.visible":
            return self._visible(self._titled(question.about))
        return (
            question.key == "click.button"
        )  # "did the LMS let you use its buttons?": the visit goes on or it does not

    def _visible(self, activity: str) -> bool:
        return activity not in self.step.validity.hidden and bool(self.course.nodes[activity].get("visible", True))

    def _selectable(self, activity: str) -> bool:
        return self._visible(activity) and self.step.validity.choice[activity]

    def _titled(self, title: str) -> str:
        if "root" in title:
            return self.course.tree.root.id
        [found] = [name for name, node in self.course.nodes.items() if node["title"] == title]
        return found

    @property
    def _state(self) -> SequencingState:
        return SequencingState.from_json(self.course.stored)

    @property
    def _globals(self) -> Globals:
        tree, system, own = self.course.tree, self.learner.shared, self.course.shared
        return Globals(
            (system if tree.objectives_global_to_system else own).objectives,
            (system if tree.shared_data_global_to_system else own).shared_data,
        )

    def _take(self, step: engine.Step) -> None:
        """Store a step, and furnish the delivery if there is one."""
        tree, system, own = self.course.tree, self.learner.shared, self.course.shared
        (system if tree.objectives_global_to_system else own).objectives = step.globals.objectives
        (system if tree.shared_data_global_to_system else own).shared_data = step.globals.shared_data
        self.step, self.course.stored = step, step.state.to_json()
        self.model = self._furnish() if step.delivered else None

    def _furnish(self) -> DataModel:
        name = self.step.delivered
        view = engine.view(self.course.tree, self._state, self._globals, name)
        kept = self.course.kept.setdefault(name, Kept()) if view.resumed else Kept()
        self.course.kept[name] = kept
        launch = Launch(LEARNER_ID, "Learner, Two", total_time=kept.total_time, kept=kept.values)
        model = initial_model(scorm2004(), self.course.nodes[name], view, launch, strict=True)
        model.validity = self.step.validity.requests()
        return model

    def _keep(self) -> None:
        """Keep what the content set, for the case that its attempt goes on later."""
        if self.model is not None and self.step.delivered:
            kept = self.course.kept[self.step.delivered]
            kept.values = kept_values(self.model)
            kept.total_time += parse_interval(self.model.text("cmi.session_time") or "PT0S") or 0


def _nodes(top: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    waiting = [top]
    while waiting:
        node = waiting.pop()
        found[node["id"]] = node
        waiting += node["children"]
    return found
