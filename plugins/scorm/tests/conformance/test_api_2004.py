"""SCORM 2004 RTE 3.1: the eight calls on API_1484_11, their states, arguments, answers, and what the player is told."""

import json
from typing import Any

import pytest
from plugins.scorm.tests.conformance.test_api import ANYTHING

from passback_scorm.rte.initial import browser_boot
from passback_scorm.rte.model import DataModel
from passback_scorm.rte.table import scorm2004

CALLS = "Initialize Terminate GetValue SetValue Commit GetLastError GetErrorString GetDiagnostic".split()  # noqa: SIM905
START = {"call": "Initialize", "args": ['""']}
END = {"call": "Terminate", "args": ['""']}
COMMIT = {"call": "Commit", "args": ['""']}


def boot(mode: str = "normal", *, strict: bool = False, reinitialise: bool = False, **given: str) -> dict[str, Any]:
    """Return what a launch hands to the browser; `given` by the names of `cmi`."""
    model = DataModel(scorm2004(), strict=strict)
    for name, text in {"entry": "ab-initio", "learner_id": "8f3a", **given}.items():
        model.give(f"cmi.{name}", text)
    return browser_boot(model, mode=mode, reinitialise=reinitialise)


def get(element: str) -> dict[str, Any]:
    return {"call": "GetValue", "args": [json.dumps(element)]}


def put(element: str, value: object) -> dict[str, Any]:
    return {"call": "SetValue", "args": [json.dumps(element), json.dumps(value)]}


def ask(call: str, argument: str) -> dict[str, Any]:
    return {"call": call, "args": [argument]}


@pytest.fixture
def play(javascript: Any) -> Any:
    """Run steps against the browser's API; return its answers as [returned, last error] and what it said."""

    def run(*steps: dict[str, Any], **told: Any) -> tuple[list[list[str]], list[Any]]:
        [result] = javascript([{"boot": boot(**told), "steps": steps}])
        return result["answers"], result["said"]

    return run


def test_before_initialize(play: Any) -> None:
    answers, said = play(get("cmi.learner_id"), put("cmi.location", "1"), COMMIT, END, ask("GetLastError", ""))
    assert answers == [["", "122"], ["false", "132"], ["false", "142"], ["false", "112"], ["112", "112"]]
    assert said == []


def test_after_terminate(play: Any) -> None:
    answers, said = play(START, END, get("cmi.learner_id"), put("cmi.location", "1"), COMMIT, END, START)
    assert answers[:2] == [["true", "0"], ["true", "0"]]
    assert answers[2:] == [["", "123"], ["false", "133"], ["false", "143"], ["false", "113"], ["false", "104"]]
    assert [one.get("kind") for one in said] == ["scorm.initialize", "scorm.finish", None]


def test_initialize_twice(play: Any) -> None:
    answers, said = play(START, START, get("cmi.learner_id"))
    assert answers == [["true", "0"], ["false", "103"], ["8f3a", "0"]]
    assert len(said) == 1


@pytest.mark.parametrize("call", ["Initialize", "Terminate", "Commit"])
@pytest.mark.parametrize("argument", ['"x"', "1", "{}", '" "', "false"])
def test_calls_that_take_an_empty_string_refuse_others(play: Any, call: str, argument: str) -> None:
    before = [] if call == "Initialize" else [START]
    answers, said = play(*before, ask(call, argument))
    assert answers[-1] == ["false", "201"]
    assert len(said) == len(before)


@pytest.mark.parametrize("argument", [[], ["undefined"], ["null"]])
@pytest.mark.parametrize(("strict", "answer"), [(False, ["true", "0"]), (True, ["false", "201"])])
def test_a_forgotten_argument_is_forgiven_unless_strict(play: Any, argument: Any, strict: bool, answer: Any) -> None:
    answers, _ = play({"call": "Initialize", "args": argument}, strict=strict)
    assert answers == [answer]


def test_reinitialise_is_a_setting(play: Any) -> None:
    suspend = put("cmi.exit", "suspend")
    request, asked = put("adl.nav.request", "continue"), get("adl.nav.request")
    steps = (START, START, suspend, request, END, START, get("cmi.entry"), asked, END, START, get("cmi.entry"))
    answers, said = play(*steps, reinitialise=True)
    assert [answer[0] for answer in answers[4:]] == ["true", "true", "resume", "_none_", "true", "true", ""]
    assert {answer[1] for answer in answers} == {"0"}
    assert [one["request"] for one in said if "finished" in one] == ["continue", ""]


def test_errors_are_told_in_words(play: Any) -> None:
    answers, _ = play(
        START, put("cmi.score.scaled", "80"), ask("GetErrorString", '"407"'), ask("GetErrorString", "407"),
        ask("GetDiagnostic", '"407"'), ask("GetDiagnostic", '""'), ask("GetDiagnostic", '"301"'),
        ask("GetErrorString", '"999"'), ask("GetErrorString", '"toString"'), ask("GetErrorString", '""'),
    )  # fmt: skip
    words = "Data model element value out of range"
    detail = f"cmi.score.scaled: {words} (80)"
    assert [answer[0] for answer in answers[2:]] == [words, words, detail, detail, "General get failure", "", "", ""]
    assert {answer[1] for answer in answers[2:]} == {"407"}  # asking leaves the last error as it is


def test_every_code_has_its_text(play: Any) -> None:
    codes = scorm2004().errors
    answers, _ = play(*(ask("GetErrorString", json.dumps(code)) for code in codes))
    assert [answer[0] for answer in answers] == list(codes.values())
    assert " ".join(codes) == (
        "0 101 102 103 104 111 112 113 122 123 132 133 142 143 201 301 351 391 401 402 403 404 405 406 407 408"
    )


def test_a_diagnostic_has_at_most_255_characters(play: Any) -> None:
    answers, _ = play(START, put("x" * 5000, "y" * 5000), ask("GetDiagnostic", '""'))
    assert 0 < len(answers[-1][0]) <= 255


@pytest.mark.parametrize("strict", [True, False])
def test_nothing_throws_whatever_is_passed(play: Any, strict: bool) -> None:
    names = ('"cmi.location"', '"cmi.score.scaled"', '"cmi"', '"cmi.objectives"', '"adl.data.0.store"', '"__proto__"')
    calls = [
        {"call": call, "args": [argument, other][: 2 if call == "SetValue" else 1]}
        for call in CALLS
        for argument in (*ANYTHING, *names)
        for other in (ANYTHING if call == "SetValue" else ANYTHING[:1])
    ]
    answers, _ = play(
        START, *(call for call in calls if call["call"] != "Terminate"), get("cmi.learner_id"), strict=strict
    )
    assert all(isinstance(returned, str) and error in scorm2004().errors for returned, error in answers)
    assert answers[-1] == ["8f3a", "0"]  # and the model is whole


def test_the_version_attribute(javascript: Any) -> None:
    [result] = javascript([{"boot": boot(), "steps": [{"call": "GetLastError", "args": [""]}, {"version": True}]}])
    assert result["answers"][-1] == ["1.0", "0"]


def test_statuses_and_terminate_do_not_wait(play: Any) -> None:
    _, said = play(
        START,
        put("cmi.score.scaled", "0.8"),
        put("cmi.success_status", "passed"),
        put("cmi.completion_status", "completed"),
        put("cmi.suspend_data", "x"),
        COMMIT,
        put("adl.nav.request", "{target=next.one}choice"),
        END,
    )
    values = [[name for name, _ in one["data"].get("values", [])] for one in said if "kind" in one]
    assert values == [
        [],
        ["cmi.score.scaled", "cmi.success_status"],
        ["cmi.completion_status"],
        ["cmi.suspend_data"],
        ["adl.nav.request"],
    ]
    assert said[-1] == {"finished": "finished", "request": "{target=next.one}choice"}


def test_refused_values_are_not_told(play: Any) -> None:
    _, said = play(START, put("cmi.score.scaled", "80"), put("cmi.learner_id", "x"), put("cmi", "x"), {"timers": True})
    assert [one["kind"] for one in said] == ["scorm.initialize"]


@pytest.mark.parametrize("mode", ["review", "browse"])
def test_nothing_counts_in_other_modes(play: Any, mode: str) -> None:
    steps = START, put("cmi.success_status", "failed"), get("cmi.success_status"), COMMIT, END
    answers, said = play(*steps, mode=mode)
    assert [answer[0] for answer in answers] == ["true", "true", "failed", "true", "true"]
    assert said == [{"finished": "finished", "request": ""}]


def test_another_activity_gets_a_model_of_its_own(javascript: Any) -> None:
    """The window of an activity that was left may live on; what it says is no longer heard."""
    after = [{**START, "former": True}, {**put("cmi.location", "late"), "former": True}, {**END, "former": True}]
    steps = [START, put("cmi.location", "a"), {"furnish": boot(launch_data="b")}, *after]
    steps += [get("cmi.launch_data"), START, get("cmi.launch_data"), get("cmi.location")]
    for reinitialise in (False, True):
        [result] = javascript([{"boot": boot(reinitialise=reinitialise), "steps": steps}])
        assert result["answers"][2:5] == [["false", "104"], ["false", "133"], ["false", "113"]]
        assert result["answers"][5:] == [["", "122"], ["true", "0"], ["b", "0"], ["", "403"]]
        assert "late" not in json.dumps(result["said"])


def test_the_next_activity_does_not_hurry(javascript: Any) -> None:
    """The player lets the recorder say its last words before every activity that follows, too."""
    steps = [START, {"teardown": True}, {"furnish": boot()}, START, put("cmi.location", "b"), {"timers": True}]
    [result] = javascript([{"boot": boot(), "steps": steps}])
    assert [(one["kind"], one["urgent"]) for one in result["said"]][-1] == ("scorm.set", False)
