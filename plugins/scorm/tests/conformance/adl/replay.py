"""Replays ADL's scripts without a browser: `replay(case)` returns what went wrong.

`python -m plugins.scorm.tests.conformance.adl.replay` prints how many cases pass, in the engine's hands and through the
content type as core calls it, and what is wrong with the others.
"""

import sys
from collections.abc import Callable
from typing import Any

from plugins.scorm.tests.conformance.adl.decoder import Visit, case_names, read_case
from plugins.scorm.tests.conformance.adl.lms import Learner, Lms
from plugins.scorm.tests.conformance.adl.pipeline import PipelineLearner, PipelineLms

BEFORE = {
    "CO-07b": ("CO-07a",),
    "OB-03b": ("OB-03a",),
    "OB-03c": ("OB-03a", "OB-03b"),
    "OB-09b": ("OB-09a",),
    "SX-11b": ("SX-11a",),
    "SX-11c": ("SX-11a", "SX-11b"),
}
"""Cases that ADL has the same learner do first, since objectives are global to the system."""


def replay(name: str, learner: Any = None, lms: Callable[[Any, str], Any] = Lms) -> list[str]:
    """Play a case, after those that must come before it, as a new learner; return what was wrong with it, in words."""
    learner = learner or Learner()
    for before in BEFORE.get(name, ()):
        _Replay(before, learner, lms).run()
    return _Replay(name, learner, lms).run()


class _Replay:
    def __init__(self, name: str, learner: Any, lms: Callable[[Any, str], Any]) -> None:
        self.case = read_case(name)
        self.lms = lms(learner, "DDMa" if name == "DDM" else name)
        self.wrong: list[str] = []

    def run(self) -> list[str]:
        """Return what was wrong; a wrong activity ends the case, as the rest would mean nothing."""
        self._begin()
        for number, visit in enumerate(self.case.visits):
            place = self.lms.place()
            if place != visit.activity:
                return [*self.wrong, f"{visit.name}: the activity shown is {place or 'none'} {self.lms.step.exception}"]
            self._visit(visit)
            following = self.case.visits[number + 1 : number + 2]
            self._instructed(visit, following[0].activity if following else "")
        return self.wrong

    def _begin(self) -> None:
        if self.case.start in {".", "DDMa"}:
            self.lms.open()
        else:
            self.lms.choose(self.case.start)

    def _visit(self, visit: Visit) -> None:
        for question in visit.questions:
            answer = self.lms.answer(question)
            if answer is not question.answer:
                self.wrong.append(f"{visit.name}: {question.key} {question.about} is {answer}")
        self.wrong += self.lms.play(visit)

    def _instructed(self, visit: Visit, following: str) -> None:
        """Do what the tester is told to do after a visit; the learner's wish goes before the content's."""
        lms = self.lms
        instruction, _, about = visit.instruction.partition("~")
        match instruction:
            case "Continue" | "Previous":
                lms.navigate(instruction.lower())
            case "Choice" | "ChoiceExit":
                lms.choose(about)
            case "TRIGExitAll" | "ExitCM09ba" | "exitlaunch":
                lms.navigate("exitAll")
            case "SuspendCM09ca":
                lms.navigate("suspendAll")
            case "ContinueExitCM8":
                lms.navigate("continue")
            case "DMIt1" | "DMIt2" | "DMIt3" | "DMIt4" | "APIt1" | "APIt2":
                lms.navigate("choice", lms.activity_at(following))
            case _ if instruction.startswith(("Relaunch", "DMBx", "ReLaunch", "autoend")):
                lms.leave()
            case _:
                lms.follow_content()
        self._expect_end(visit, instruction)
        self._relaunch(instruction, about)

    def _expect_end(self, visit: Visit, instruction: str) -> None:
        ends = {"ChoiceExit", "TRIGExitAll", "ContinueExitCM8", "HasEnded", "AutoTest", "SuspendCM09ca", "ExitCM09ba"}
        if instruction in ends and not self.lms.step.ended:
            self.wrong.append(f"{visit.name}: the session goes on with {self.lms.place() or 'nothing'}")

    def _relaunch(self, instruction: str, about: str) -> None:
        lms = self.lms
        if instruction in {"exitlaunch", "autoendrelaunch", "ReLaunchDDMa", "ReLaunchDDMb"}:
            lms.enter(about or instruction.removeprefix("ReLaunch"))
            lms.open()
        elif instruction.startswith(("Relaunch", "DMBx")) or instruction in {
            "SuspendCM09ca",
            "ExitCM09ba",
            "ContinueExitCM8",
        }:
            lms.open()
        if instruction == "RelaunchCM10":
            lms.choose("Activity 4")
        elif instruction == "RootSX4b":
            lms.navigate("choice", lms.course.tree.root.id)


def main() -> int:
    """Print what is wrong with every case that fails, and how many pass in both layers."""
    names, failed = case_names(), set()
    layers = {"engine": (Learner, Lms), "content type": (PipelineLearner, PipelineLms)}
    for layer, (learner, lms) in layers.items():
        for name in names:
            wrong = replay(name, learner(), lms)
            if wrong:
                failed.add(name)
                print(f"{name}, {layer}: {wrong[0]}" + (f" (and {len(wrong) - 1} more)" if wrong[1:] else ""))  # noqa: T201
    print(f"ADL SCORM 2004 4th Edition: {len(names) - len(failed)}/{len(names)}")  # noqa: T201
    return 1 if failed or not names else 0


if __name__ == "__main__":
    sys.exit(main())
