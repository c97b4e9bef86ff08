"""SCORM 1.2 RTE 3.3: the eight calls, their states, arguments and answers, and what the player is told."""

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from passback.plugin import LaunchContext, LearnerView, State
from passback_scorm.boot import bootstrap
from passback_scorm.rte.table import scorm12
from passback_scorm.settings import ScormSettings

CONTENT = {"units": [{"id": "the-sco", "title": "One", "href": "index.html"}]}
START = {"call": "LMSInitialize", "args": ['""']}
FINISH = {"call": "LMSFinish", "args": ['""']}
COMMIT = {"call": "LMSCommit", "args": ['""']}


def boot(mode: str = "normal", **settings: Any) -> dict[str, Any]:
    """Return what the server hands to the browser for a first launch."""
    state = State(CONTENT, ScormSettings(**settings), mode)  # type: ignore[arg-type]
    learner = LearnerView("8f3a", "Ada Lovelace", "Ada", "Lovelace")
    return bootstrap(LaunchContext(UUID(int=1), 1, UUID(int=2), learner, "Course", (), state))


def get(element: str) -> dict[str, Any]:
    return {"call": "LMSGetValue", "args": [json.dumps(element)]}


def put(element: str, value: object) -> dict[str, Any]:
    return {"call": "LMSSetValue", "args": [json.dumps(element), json.dumps(value)]}


@pytest.fixture
def play(javascript: Any) -> Any:
    """Run steps against the browser's API; return its answers as [returned, last error] and what it said."""

    def run(*steps: dict[str, Any], mode: str = "normal", **settings: Any) -> tuple[list[list[str]], list[Any]]:
        [result] = javascript([{"boot": boot(mode, **settings), "steps": steps}])
        return result["answers"], result["said"]

    return run


def test_before_initialize_nothing_works(play: Any) -> None:
    answers, said = play(get("cmi.core.student_id"), put("cmi.core.lesson_location", "1"), COMMIT, FINISH)
    assert answers == [["", "301"], ["false", "301"], ["false", "301"], ["false", "301"]]
    assert said == []


def test_after_finish_nothing_works(play: Any) -> None:
    after = (get("cmi.core.student_id"), put("cmi.core.lesson_location", "1"), COMMIT, FINISH, START)
    answers, said = play(START, FINISH, *after)
    assert answers[:2] == [["true", "0"], ["true", "0"]]
    assert answers[2:] == [["", "301"], ["false", "301"], ["false", "301"], ["false", "301"], ["false", "101"]]
    assert [one.get("kind") for one in said] == ["scorm.initialize", "scorm.finish", None]


def test_initialize_twice_is_a_general_exception(play: Any) -> None:
    answers, said = play(START, START, get("cmi.core.student_id"))
    assert answers == [["true", "0"], ["false", "101"], ["8f3a", "0"]]
    assert len(said) == 1


@pytest.mark.parametrize("call", ["LMSInitialize", "LMSFinish", "LMSCommit"])
@pytest.mark.parametrize("argument", ['"x"', "1", "{}", '" "', "false"])
def test_calls_that_take_an_empty_string_refuse_others(play: Any, call: str, argument: str) -> None:
    before = [] if call == "LMSInitialize" else [START]
    answers, said = play(*before, {"call": call, "args": [argument]})
    assert answers[-1] == ["false", "201"]
    assert len(said) == len(before)


@pytest.mark.parametrize("argument", [[], ["undefined"], ["null"]])
@pytest.mark.parametrize(("strict", "answer"), [(False, ["true", "0"]), (True, ["false", "201"])])
def test_a_forgotten_argument_is_forgiven_unless_strict(play: Any, argument: Any, strict: bool, answer: Any) -> None:
    answers, _ = play({"call": "LMSInitialize", "args": argument}, strict=strict)
    assert answers == [answer]


def test_reinitialise_is_a_setting(play: Any) -> None:
    suspend = put("cmi.core.exit", "suspend")
    steps = (START, START, suspend, FINISH, START, get("cmi.core.entry"), FINISH, START, get("cmi.core.entry"))
    answers, said = play(*steps, reinitialise=True)
    assert [answer[0] for answer in answers] == ["true", "true", "true", "true", "true", "resume", "true", "true", ""]
    kinds = [one["kind"] for one in said if "kind" in one]
    assert kinds == ["scorm.initialize", "scorm.finish"] * 2 + ["scorm.initialize"]


def test_errors_are_told_in_words(play: Any) -> None:
    def ask(call: str, argument: str) -> dict[str, Any]:
        return {"call": call, "args": [argument]}

    answers, _ = play(
        START,
        put("cmi.core.score.raw", "much"),
        ask("LMSGetErrorString", '"405"'),
        ask("LMSGetErrorString", "405"),
        ask("LMSGetDiagnostic", '"405"'),
        ask("LMSGetDiagnostic", '""'),
        ask("LMSGetDiagnostic", '"301"'),
        ask("LMSGetErrorString", '"999"'),
        ask("LMSGetErrorString", '"toString"'),
        ask("LMSGetErrorString", "{}"),
    )
    texts = [answer[0] for answer in answers[2:]]
    detail = "cmi.core.score.raw: Incorrect data type (much)"
    assert texts == ["Incorrect data type"] * 2 + [detail, detail, "Not initialized", "", "", ""]
    assert {answer[1] for answer in answers[2:]} == {"405"}  # asking leaves the last error as it is


def test_every_code_has_its_text(play: Any) -> None:
    codes = scorm12().errors
    answers, _ = play(*({"call": "LMSGetErrorString", "args": [json.dumps(code)]} for code in codes))
    assert [answer[0] for answer in answers] == list(codes.values())
    assert set(codes) == {"0", "101", "201", "202", "203", "301", "401", "402", "403", "404", "405"}


THROWS = "{ toString() { throw new Error('no'); }, get [Symbol.toStringTag]() { throw new Error('no'); } }"
ANYTHING = (
    'undefined', 'null', '0', 'NaN', 'true', '{}', '[]', '[["cmi"]]', '() => 1', 'Symbol("x")', '10n',
    'Object.create(null)', 'new Proxy({}, { get() { throw new Error("no"); } })', THROWS, '"x".repeat(3000000)',
    '"\\u0000"', '"\\ud800"', 'new String("cmi.core.lesson_location")', 'new Date(NaN)', '/x/',
)  # fmt: skip


@pytest.mark.parametrize("strict", [True, False])
def test_nothing_throws_whatever_is_passed(play: Any, strict: bool) -> None:
    calls = [
        {"call": call, "args": [argument, other][: 2 if call == "LMSSetValue" else 1]}
        for call in scorm_calls()
        for argument in (*ANYTHING, '"cmi.core.lesson_location"', '"cmi.core.score.raw"')
        for other in ANYTHING
    ]
    answers, _ = play(START, *(call for call in calls if call["call"] not in {"LMSFinish"}), strict=strict)
    assert all(isinstance(returned, str) and error in scorm12().errors for returned, error in answers)


def scorm_calls() -> list[str]:
    words = "Initialize Finish GetValue SetValue Commit GetLastError GetErrorString GetDiagnostic"
    return [f"LMS{word}" for word in words.split()]


def test_values_become_strings(play: Any) -> None:
    def raw(element: str, expression: str) -> dict[str, Any]:
        return {"call": "LMSSetValue", "args": [json.dumps(element), expression]}

    answers, _ = play(
        START,
        raw("cmi.core.score.raw", "7.5"),
        get("cmi.core.score.raw"),
        raw("cmi.core.lesson_location", "3"),
        get("cmi.core.lesson_location"),
        raw("cmi.core.lesson_location", "undefined"),
        get("cmi.core.lesson_location"),
        raw("cmi.suspend_data", "new String('kept')"),
        get("cmi.suspend_data"),
        raw("cmi.suspend_data", "Object.create(null)"),
        get("cmi.suspend_data"),
    )
    assert [answer[0] for answer in answers[1:]] == [
        "true", "7.5", "true", "3", "true", "", "true", "kept", "false", "kept",
    ]  # fmt: skip


# --- What the player is told


def test_changes_are_deltas_in_the_order_of_the_last_set(play: Any) -> None:
    _, said = play(
        START,
        put("cmi.core.lesson_location", "1"),
        put("cmi.suspend_data", "a"),
        put("cmi.core.lesson_location", "2"),
        {"timers": True},
        put("cmi.core.lesson_location", "3"),
        {"timers": True},
        {"timers": True},
    )
    assert [(one["kind"], one["data"], one["urgent"]) for one in said] == [
        ("scorm.initialize", {}, True),
        ("scorm.set", {"values": [["cmi.suspend_data", "a"], ["cmi.core.lesson_location", "2"]]}, False),
        ("scorm.set", {"values": [["cmi.core.lesson_location", "3"]]}, False),
    ]
    assert {one["activity"] for one in said} == {"the-sco"}


@pytest.mark.parametrize("ends", [{"timers": True}, {"hidden": True}, {"teardown": True}, COMMIT, FINISH])
def test_the_player_knows_of_changes_before_they_are_recorded(javascript: Any, ends: dict[str, Any]) -> None:
    changes = put("cmi.core.lesson_location", "1"), put("cmi.suspend_data", "a"), put("cmi.core.score.raw", "no number")
    [result] = javascript([{"boot": boot(), "steps": [START, *changes, ends]}])
    assert result["held"] == [0, 1, 1, 1, 0]
    recorded = next(one for one in result["said"] if one.get("data"))
    assert recorded["held"] == 1  # let go of after it is recorded, not before


def test_status_commit_and_finish_do_not_wait(play: Any) -> None:
    _, said = play(
        START,
        put("cmi.core.score.raw", 80),
        put("cmi.core.lesson_status", "passed"),
        put("cmi.suspend_data", "x"),
        COMMIT,
        COMMIT,
        put("cmi.core.exit", ""),
        FINISH,
    )
    assert [(one.get("kind"), len(one.get("data", {}).get("values", []))) for one in said] == [
        ("scorm.initialize", 0),
        ("scorm.set", 2),
        ("scorm.commit", 1),
        (None, 0),
        ("scorm.finish", 1),
        (None, 0),
    ]
    assert all(one["urgent"] for one in said if "kind" in one)
    assert said[3] == {"flush": True}  # nothing new: only see to it that all is on its way
    assert said[5] == {"finished": "finished"}


def test_large_values_go_when_they_are_set(play: Any) -> None:
    _, said = play(
        START,
        put("cmi.core.lesson_location", "7"),
        put("cmi.suspend_data", "x" * 9000),
        *(put(f"cmi.interactions.{n}.student_response", "y" * 6000) for n in range(3)),
    )
    sizes = [[len(text) for _name, text in one["data"]["values"]] for one in said[1:]]
    assert sizes == [[1], [9000], [6000, 6000, 6000]]
    assert all(one["urgent"] for one in said)


def test_what_content_says_while_the_page_ends_goes_at_once(play: Any) -> None:
    _, said = play(
        START,
        put("cmi.suspend_data", "before"),
        {"teardown": True},
        put("cmi.core.session_time", "00:00:05"),
        put("cmi.core.exit", "suspend"),
        FINISH,
    )
    assert [(one["kind"], one["urgent"]) for one in said if "kind" in one] == [
        ("scorm.initialize", True),
        ("scorm.set", True),
        ("scorm.set", True),
        ("scorm.set", True),
        ("scorm.finish", True),
    ]


def test_a_hidden_page_keeps_nothing_back(play: Any) -> None:
    _, said = play(START, put("cmi.suspend_data", "x"), {"hidden": True})
    assert said[1]["data"] == {"values": [["cmi.suspend_data", "x"]]}
    assert said[1]["urgent"]


def test_refused_values_are_not_told(play: Any) -> None:
    _, said = play(START, put("cmi.core.score.raw", "x"), put("cmi.core.student_id", "x"), {"timers": True})
    assert [one["kind"] for one in said] == ["scorm.initialize"]


def test_text_that_no_database_keeps_travels_packed(play: Any) -> None:
    answers, said = play(
        START,
        {"call": "LMSSetValue", "args": ['"cmi.suspend_data"', '"a\\u0000\\ud800b"']},
        COMMIT,
        {"call": "LMSGetValue", "args": ['"cmi.suspend_data"']},
    )
    assert said[1]["data"]["values"] == [["cmi.suspend_data", {"utf16": "YQAAAADYYgA="}]]
    assert answers[-1][1] == "0"


@pytest.mark.parametrize(("mode", "credit"), [("review", "no-credit"), ("browse", "no-credit"), ("normal", "credit")])
def test_modes(play: Any, mode: str, credit: str) -> None:
    steps = (START, get("cmi.core.lesson_mode"), get("cmi.core.credit"), get("cmi.core.entry"))
    answers, said = play(
        *steps, put("cmi.core.lesson_status", "failed"), get("cmi.core.lesson_status"), COMMIT, FINISH, mode=mode
    )
    assert [answer[0] for answer in answers[:4]] == ["true", mode, credit, "ab-initio" if mode == "normal" else ""]
    assert answers[5] == ["failed", "0"]  # content sees what it wrote …
    kinds = [one.get("kind") for one in said if "flush" not in one]
    assert kinds == (["scorm.initialize", "scorm.set", "scorm.finish", None] if mode == "normal" else [None])


def test_first_launch_offers_what_the_specification_asks_for(play: Any) -> None:
    expected = {
        "cmi.core.student_id": "8f3a",
        "cmi.core.student_name": "Lovelace, Ada",
        "cmi.core.lesson_status": "not attempted",
        "cmi.core.lesson_location": "",
        "cmi.core.entry": "ab-initio",
        "cmi.core.total_time": "0000:00:00.00",
        "cmi.core.credit": "credit",
        "cmi.suspend_data": "",
        "cmi.launch_data": "",
        "cmi.student_data.mastery_score": "80",
        "cmi.comments_from_lms": "",
    }
    answers, _ = play(START, *(get(element) for element in expected), mastery_score=80)
    assert answers[1:] == [[value, "0"] for value in expected.values()]


def test_names_for_people_with_one(play: Any) -> None:
    from passback_scorm.boot import student_name

    learner = LearnerView("1")
    names = {"": "", "Plato": "Plato", "Ada Lovelace": "Lovelace, Ada", "Lovelace, Ada": "Lovelace, Ada"}
    assert {name: student_name(replace(learner, name=name)) for name in names} == names
    assert student_name(LearnerView("1", "X", "Zoë", "van der Berg")) == "van der Berg, Zoë"
    assert student_name(LearnerView("1", "", "Zoë", "")) == "Zoë"
