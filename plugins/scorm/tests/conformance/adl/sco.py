"""Plays the part of a SCO of ADL's suite: runs the commands of a visit and looks at every answer."""

from collections.abc import Callable, Iterator

from plugins.scorm.tests.conformance.adl.decoder import COMPARE_OBJECTIVES, Command, Visit
from plugins.scorm.tests.conformance.adl.evaluator import Answer, wrong

from passback_scorm.rte.model import DataModel


class PythonApi:
    """The API's state machine over the server's data model, in the words and codes of the table."""

    def __init__(self, model: DataModel) -> None:
        self.model = model
        self._api = model.table.source["api"]
        self._words = {word: call for call, word in self._api["calls"].items()}
        self._state = "before"
        self.last_error = 0

    def call(self, word: str, argument: str = "", value: str = "") -> str:
        """Return what the function `word` of the API returns; `last_error` says the rest."""
        call = self._words[word]
        if call in {"last_error", "error_string", "diagnostic"}:
            texts = self.model.table.errors
            return str(self.last_error) if call == "last_error" else texts.get(argument, "")
        refusal = self._api["states"][call].get(self._state, 0)
        if call in {"initialize", "terminate", "commit"}:
            return self._say(self._turn(call, argument, refusal))
        if refusal:
            self.last_error = refusal
            return "" if call == "get" else "false"
        if call == "set":
            return self._say(self.model.set(argument, value))
        returned, self.last_error = self.model.get(argument)
        return returned

    def _turn(self, call: str, argument: str, refusal: int) -> int:
        error = self._api["codes"]["argument"] if argument else refusal
        if not error and call != "commit":
            self._state = "running" if call == "initialize" else "after"
        return int(error)

    def _say(self, error: int) -> str:
        self.last_error = error
        return "false" if error else "true"


def play(api: PythonApi, visit: Visit, learner_id: str) -> list[str]:
    """Run a visit to its end; return what was wrong, in words."""
    answers = [_answer(api, command) for command in visit.commands]
    api.call("Terminate")
    return complaints(visit, answers, learner_id)


def complaints(visit: Visit, answers: list[Answer], learner_id: str) -> list[str]:
    """Return what is wrong with the answers to a visit's commands."""
    pairs = zip(visit.commands, answers, strict=True)
    found = ((command, wrong(command, answer, learner_id)) for command, answer in pairs)
    return [f"{visit.name}, command {command.number}: {problem}" for command, problem in found if problem]


def steps(visit: Visit) -> list[dict[str, object]]:
    """Return a visit as steps for the browser's API in `harness.cjs`."""
    return [{"adl": [one.call, one.argument, one.value]} for one in visit.commands] + [{"adl": ["Terminate", "", ""]}]


def _answer(api: PythonApi, command: Command) -> Answer:
    if command.call == COMPARE_OBJECTIVES:
        return Answer(",".join(_ids(api.call, "cmi.objectives")), "0")
    argument = command.argument
    if "&" in argument:
        before, wanted, after = argument.split("&")
        index = next((n for n, found in enumerate(_ids(api.call, before.rstrip("."))) if found == wanted), None)
        if index is None:
            return Answer(f"no record has the id {wanted}", "-1")
        argument = f"{before}{index}{after}"
    returned = api.call(command.call, argument, command.value)
    return Answer(returned, str(api.last_error))


def _ids(call: Callable[..., str], array: str) -> Iterator[str]:
    for index in range(int(call("GetValue", f"{array}._count"))):
        yield call("GetValue", f"{array}.{index}.id")
