"""An LMS that is the real player in Chromium: real buttons, a real menu, and a SCO that calls the real API.

`python -m plugins.scorm.tests.conformance.adl.chromium [CASE…]` plays the cases named, else all, and prints how many
pass and what is wrong with the others.
"""

import argparse
import io
import logging
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from playwright.sync_api import Browser, Error, Page, sync_playwright
from plugins.scorm.tests.conformance.adl.decoder import Question, Visit, case_names
from plugins.scorm.tests.conformance.adl.evaluator import Answer
from plugins.scorm.tests.conformance.adl.lms import Course
from plugins.scorm.tests.conformance.adl.replay import replay
from plugins.scorm.tests.conformance.adl.sco import complaints
from plugins.scorm.tests.conftest import adl_files
from tests.conftest import make_settings
from tests.support.live import ARGUMENTS, CHROMIUM, PATIENCE, LiveTool, start_tool
from tests.support.road import free_port

from passback.app import create_app
from passback.content.models import Course as CourseRow
from passback.db import db, tenant_session
from passback.db.migrate import upgrade
from passback.testing.packages import make_zip
from passback.tracking.models import Registration

HERE = Path(__file__).parent
SETTINGS = {"strict": True, "wall_clock_time": False}
LOOK = """() => ({
  next: !document.getElementById("next").disabled && !document.getElementById("steps").hidden,
  previous: !document.getElementById("previous").disabled && !document.getElementById("steps").hidden,
  menu: [...document.querySelectorAll("#menu .line")].map((line) => ({
    title: line.firstElementChild.textContent.trim().replace(/\\s+/g, " "), open: line.tagName === "BUTTON",
  })),
})"""
"""What a learner sees."""
SETTLED = """(before) => {
  if (location.pathname.startsWith("/result/")) return { ended: true };
  const text = (id) => document.getElementById(id)?.textContent;
  const frame = document.getElementById("content");
  const sco = frame?.contentWindow?.sco;
  if (sco && sco.visit !== before) return { visit: sco.visit, act: sco.act };
  const panel = document.getElementById("panel");
  if (!panel) return document.readyState === "complete" ? { note: text("main")?.trim() || location.pathname } : null;
  const arrived = [text("panel-text"), text("panel-title")].includes(text("say"));
  return !frame && !panel.hidden && arrived ? { note: text("panel-text") || text("panel-title") } : null;
}"""
"""What the player has come to, another visit than `before` in front; null while it is under way."""
PLAY = '(commands) => document.getElementById("content").contentWindow.sco.play(commands)'


class Person(NamedTuple):
    """Somebody with a registration."""

    registration: UUID
    id: str


@dataclass
class Suite:
    """A running tool that has the suite's packages as courses, each imported when it is first asked for."""

    tool: LiveTool
    browser: Browser
    courses: dict[str, UUID] = field(default_factory=dict)
    learners: int = 0

    def course(self, name: str) -> UUID:
        """Return the course made of a package."""
        if name not in self.courses:
            made = self.tool.import_file(io.BytesIO(make_zip(adl_files(name, page=sco_page()))), f"{name}.zip")
            with self.tool.app.app_context(), tenant_session(self.tool.tenant_id, write=True) as session:
                session.get_one(CourseRow, made.course_id).settings = SETTINGS
            self.courses[name] = made.course_id
        return self.courses[name]

    def register(self, course: str, subject: str) -> Person:
        """Register a learner on a course."""
        registration = self.tool.register(self.course(course), learner=subject)
        with self.tool.app.app_context(), tenant_session(self.tool.tenant_id) as session:
            return Person(registration, str(session.get_one(Registration, registration).learner_id))

    def play(self, case: str) -> list[str]:
        """Play a case as a new learner with a new profile of the browser; return what was wrong."""
        self.learners += 1
        context = self.browser.new_context(viewport={"width": 1280, "height": 720})
        context.set_default_timeout(PATIENCE)
        try:
            return replay(case, Learner(self, f"learner-{self.learners}", context.new_page()), ChromiumLms)
        except Error as error:
            return [f"the player did not answer: {error.message.splitlines()[0]}"]
        finally:
            context.close()


@dataclass
class Learner:
    """Who takes the courses, one after the other, in one tab."""

    suite: Suite
    subject: str
    page: Page


class ChromiumLms:
    """One learner in front of one course at a time; see `lms.Lms`, whose buttons it has."""

    def __init__(self, learner: Learner, course: str) -> None:
        self.learner = learner
        self.page = learner.page
        self.shown: dict[str, Any] = {}
        self.enter(course)

    @property
    def step(self) -> SimpleNamespace:
        """Where the learner is: `exception` and `ended` are what a replay looks at."""
        return SimpleNamespace(ended=self.shown.get("ended", False), exception=self.shown.get("note", ""))

    def enter(self, course: str) -> None:
        """Go to a course, which does not open it yet."""
        self.course = Course(course)
        self.person = self.learner.suite.register(course, self.learner.subject)
        self.opened = False

    def open(self) -> None:
        """Open the course by a launch; a passed one goes on where it was suspended, else begins anew."""
        self.page.goto(self.learner.suite.tool.launch_url(self.person.registration))
        self.opened = True
        self._settle()
        paused = self.page.get_by_role("button", name="Go on where I was")
        again = self.page.get_by_role("button", name="Start a new attempt")
        if self.shown.get("note") and paused.is_visible():
            paused.click()
            self._settle()
        elif self.shown.get("note") and again.is_visible():
            again.click()
            self._settle()
            self.shown["note"] = "in a new attempt, as the course was passed"

    def navigate(self, request: str, target: str = "") -> None:
        """Press a button or a line of the menu."""
        if request == "choice":
            self._press_line(self.course.nodes[target]["title"])
        elif request == "suspendAll":
            self.leave()
        else:
            end = self.page.get_by_role("button", name="End the course")
            self._press(
                {"continue": self.page.locator("#next"), "previous": self.page.locator("#previous")}.get(request, end)
            )

    def follow_content(self) -> None:
        """Do nothing: the player has done what the content asked for."""

    def leave(self) -> None:
        """Press Exit, where the content has not ended the session already."""
        if not self.shown.get("ended"):
            self._press(self.page.locator("#leave"))

    def choose(self, title: str) -> None:
        """Click on a title in the table of contents."""
        self._press_line(self._title(title))

    def place(self) -> str:
        """Return `act` of the activity that is shown; "" for none."""
        return str(self.shown.get("act", ""))

    def activity_at(self, act: str) -> str:
        """Return the id of the activity with an `act`."""
        return next(name for name, node in self.course.nodes.items() if node.get("href", "").endswith(f"act={act}"))

    def play(self, visit: Visit) -> list[str]:
        """Let the content that is shown run a visit's commands; return what was wrong."""
        commands = [[one.call, one.argument, one.value] for one in visit.commands]
        played = self.page.evaluate(PLAY, commands)
        if played["request"]:
            self._settle()
        elif played["request"] == "":
            self.page.locator("#notices [data-name=finished]").wait_for()
        return complaints(visit, [Answer(*one) for one in played["answers"]], self.person.id)

    def answer(self, question: Question) -> bool:
        """Say what a learner sees."""
        seen = self.page.evaluate(LOOK)
        subject, _, state = question.key.partition(".")
        usable = {"continue": seen["next"], "previous": seen["previous"]}
        if subject in usable:
            return usable[subject] is (state == "enabled")
        root = _plain(self.course.nodes[self.course.tree.root.id]["title"])
        if question.key == "toc.enabled":
            return any(line["open"] for line in seen["menu"] if line["title"] != root)
        if question.key in {"toc.enabled.selectable", "toc.visible"}:
            lines = [one for one in seen["menu"] if one["title"] == self._title(question.about)]
            return any(line["open"] or question.key == "toc.visible" for line in lines)
        return question.key == "click.button"

    def _title(self, title: str) -> str:
        return _plain(self.course.nodes[self.course.tree.root.id]["title"] if "root" in title else title)

    def _press_line(self, title: str) -> None:
        if not self.opened:
            self.open()
        titles = [one["title"] for one in self.page.evaluate(LOOK)["menu"]]
        if _plain(title) not in titles:
            self.shown = {"note": f"the menu has no {title}"}
            return
        self._press(self.page.locator("#menu .line").nth(titles.index(_plain(title))))

    def _press(self, button: Any) -> None:
        if button.is_enabled() and button.evaluate("(one) => one.tagName") == "BUTTON":
            button.click()
            self._settle()
        else:
            self.shown = {"note": f"{button.inner_text()!r} cannot be pressed"}

    def _settle(self) -> None:
        self.shown = self.page.wait_for_function(SETTLED, arg=self.shown.get("visit", 0)).json_value()


@cache
def sco_page() -> str:
    """Return the page of every SCO: it runs the commands it is given."""
    return (HERE / "sco.html").read_text().replace("/*commands.cjs*/", (HERE / "commands.cjs").read_text())


def _plain(title: str) -> str:
    return re.sub(r"\s+", " ", title).strip()


@contextmanager
def running_suite(browser: Browser, folder: Path) -> Iterator[Suite]:
    """Run a tool on a database of its own in `folder` until the block ends."""
    port = free_port()
    urls = {"url": f"http://localhost:{port}", "content_url": f"http://*.localhost:{port}"}
    settings = make_settings(folder, plugins="scorm", port=port, **urls)
    app = create_app(settings)
    with app.app_context():
        upgrade(db.engine)
        db.engine.dispose()
    with start_tool(settings) as tool:
        yield Suite(tool, browser)


def main() -> int:
    """Print what is wrong with every case that fails, and how many pass."""
    parser = argparse.ArgumentParser(description="Plays ADL's test cases in the real player in Chromium.")
    parser.add_argument("cases", nargs="*", metavar="CASE", help="a case's name, e.g. CM-01; none: all")
    cases = parser.parse_args().cases or case_names()
    logging.disable(logging.INFO)
    failed = 0
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        with running_suite(browser, Path(folder)) as suite:
            structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
            for case in cases:
                wrong = suite.play(case)
                failed += bool(wrong)
                if wrong:
                    print(f"{case}: {wrong[0]}" + (f" (and {len(wrong) - 1} more)" if wrong[1:] else ""), flush=True)  # noqa: T201
        browser.close()
    print(f"ADL SCORM 2004 4th Edition: {len(cases) - failed}/{len(cases)}")  # noqa: T201
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
