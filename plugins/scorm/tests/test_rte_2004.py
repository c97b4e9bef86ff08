"""What a SCORM 2004 launch starts with and what of it goes back to sequencing."""

from typing import Any

import pytest

from passback_scorm.rte.initial import Launch, browser_boot, initial_model, kept_values
from passback_scorm.rte.interval import format_interval, parse_interval
from passback_scorm.rte.model import DataModel
from passback_scorm.rte.result import asked, result_of, split_request
from passback_scorm.rte.table import scorm2004
from passback_scorm.sequencing import engine
from passback_scorm.sequencing.definition import Objective, ObjectiveMap, SequencingDefinition, to_json
from passback_scorm.sequencing.result import ObjectiveResult, RteResult
from passback_scorm.sequencing.state import Globals, SequencingState

READS = ObjectiveMap("shared", write_satisfied_status=True, write_normalized_measure=True)
NODE: dict[str, Any] = {
    "id": "one",
    "title": "One",
    "kind": "sco",
    "href": "index.html",
    "data_from_lms": "start here",
    "max_time_allowed": "PT1H",
    "time_limit_action": "exit,message",
    "shared_data": [{"target": "t", "read": True, "write": True}, {"target": "u", "read": True, "write": False}],
    "sequencing": to_json(
        SequencingDefinition(
            objectives=(
                Objective("main", primary=True, satisfied_by_measure=True, min_normalized_measure=0.75),
                Objective("other", maps=(READS,)),
            ),
            completed_by_measure=True,
            min_progress_measure=0.5,
        )
    ),
    "children": [],
}
TREE = engine.build_tree({"id": "org", "title": "", "items": [NODE]})


def launched(shared: Globals | None = None, state: SequencingState | None = None, **told: Any) -> DataModel:
    """Return the data model of the activity as the engine delivers it."""
    step = engine.open_session(TREE, state or engine.begin(TREE, 1), shared or Globals())
    assert step.delivered == "one"
    view = engine.view(TREE, step.state, step.globals, "one")
    return initial_model(scorm2004(), NODE, view, Launch("8f3a", "Lovelace, Ada", **told))


def test_a_first_launch() -> None:
    shared = Globals({"shared": {"satisfied": False, "measure": 0.25}}, {"u": "told before"})
    model = launched(shared, preferences={"audio_level": "0.5"})
    found = {name: model.get(name)[0] for name in model.given}
    assert found == {
        "cmi.learner_id": "8f3a",
        "cmi.learner_name": "Lovelace, Ada",
        "cmi.mode": "normal",
        "cmi.credit": "credit",
        "cmi.entry": "ab-initio",
        "cmi.total_time": "PT0H0M0S",
        "cmi.learner_preference.audio_level": "0.5",
        "cmi.launch_data": "start here",
        "cmi.max_time_allowed": "PT1H",
        "cmi.time_limit_action": "exit,message",
        "cmi.completion_threshold": "0.5",
        "cmi.scaled_passing_score": "0.75",
        "adl.data.0.id": "t",
        "adl.data.1.id": "u",
        "adl.data.1.store": "told before",
        "cmi.objectives.0.id": "main",
        "cmi.objectives.1.id": "other",
        "cmi.objectives.1.success_status": "failed",
        "cmi.objectives.1.score.scaled": "0.25",
    }
    assert [model.get(f"{array}._count")[0] for array in ("cmi.objectives", "adl.data")] == ["2", "2"]
    assert [model.set(f"adl.data.{n}.store", "x") for n in (0, 1, 2)] == [0, 404, 351]
    assert model.size == sum(len(str(value)) for value in model.given.values()) + 1


@pytest.mark.parametrize(("mode", "credit"), [("review", "no-credit"), ("browse", "no-credit")])
def test_other_modes(mode: str, credit: str) -> None:
    model = launched(mode=mode)
    assert [model.get(f"cmi.{name}")[0] for name in ("mode", "credit", "entry")] == [mode, credit, ""]


def test_only_what_content_said_goes_back() -> None:
    model = launched(Globals({"shared": {"satisfied": True}}))
    assert result_of(model) == RteResult()
    assert model.accept([("cmi.objectives.0.success_status", "passed"), ("cmi.completion_status", "unknown")])
    assert result_of(model) == RteResult(
        completion_status="unknown", objectives={"main": ObjectiveResult(success_status="passed")}
    )
    model.accept([("cmi.objectives.1.success_status", "passed")])  # what it was already, but content says so now
    assert result_of(model).objectives["other"] == ObjectiveResult(success_status="passed")


def test_everything_that_sequencing_takes_in() -> None:
    model = launched()
    said = {
        "cmi.exit": "suspend",
        "cmi.success_status": "failed",
        "cmi.completion_status": "incomplete",
        "cmi.score.scaled": "1.00000001",
        "cmi.score.raw": " 8 ",
        "cmi.score.min": "0",
        "cmi.score.max": "10",
        "cmi.progress_measure": "-0.00000001",
        "cmi.objectives.2.id": "of content",
        "cmi.objectives.2.progress_measure": "0.5",
        "adl.data.0.store": "new",
        "adl.nav.request": "{target=a}b}jump",
    }
    assert model.accept(reversed(said.items())) == set(said) - {"adl.nav.request"}
    assert result_of(model) == RteResult(
        "failed", "incomplete", 1.0, 8.0, 0.0, 10.0, 0.0,
        exit="suspend",
        objectives={"of content": ObjectiveResult(progress_measure=0.5)},
        shared_data={"t": "new"},
    )  # fmt: skip


def test_a_suspended_attempt_goes_on() -> None:
    state, shared = engine.begin(TREE, 1), Globals()
    first = launched()
    first.accept(
        [
            ("cmi.suspend_data", "\x00packed\ud800"), ("cmi.location", "page 3"), ("cmi.exit", "suspend"),
            ("cmi.session_time", "PT1M"), ("cmi.objectives.2.id", "extra"),
            ("cmi.objectives.1.success_status", "failed"), ("cmi.interactions.0.id", "q1"), ("adl.data.0.store", "x"),
            ("adl.nav.request", "suspendAll"),
        ]
    )  # fmt: skip
    step = engine.open_session(TREE, state, shared)
    step = engine.navigate(TREE, step.state, step.globals, "suspendAll", result=result_of(first))
    step.globals.objectives["shared"] = {"satisfied": True}  # another activity passed it meanwhile
    second = launched(step.globals, step.state, kept=kept_values(first), total_time=6000)
    read = {name: second.get(f"cmi.{name}") for name in ("entry", "total_time", "suspend_data", "location")}
    assert read == {
        "entry": ("resume", 0), "total_time": ("PT0H1M0S", 0), "suspend_data": ("\x00packed\ud800", 0),
        "location": ("page 3", 0),
    }  # fmt: skip
    assert second.get("cmi.objectives.1.success_status") == ("passed", 0)
    assert [second.get(f"cmi.objectives.{n}.id")[0] for n in range(3)] == ["main", "other", "extra"]
    assert second.get("cmi.interactions._count") == ("1", 0)
    assert second.get("adl.data.0.store") == ("x", 0)
    assert second.get("adl.nav.request") == ("_none_", 0)
    assert result_of(second) == RteResult()


def test_a_new_attempt_begins_anew() -> None:
    model = launched(kept={"cmi.location": "page 3"}, total_time=6000)
    assert model.get("cmi.location") == ("", 403)


def test_what_the_browser_gets() -> None:
    model = launched()
    model.set("cmi.location", "here")
    boot = browser_boot(model, reinitialise=True)
    assert boot["values"] == model.given | model.values
    assert boot["stores"] == [{"read": True, "write": True}, {"read": True, "write": False}]
    assert {key: boot[key] for key in ("mode", "strict", "reinitialise")} == {
        "mode": "normal", "strict": False, "reinitialise": True,
    }  # fmt: skip


def test_a_commit_in_any_order() -> None:
    model = DataModel(scorm2004())
    pairs = [(f"cmi.interactions.{n}.{name}", text) for n in (2, 0, 1) for name, text in (
        ("learner_response", "a"), ("objectives.1.id", "p"), ("objectives.0.id", "o"), ("type", "choice"), ("id", "i"),
    )]  # fmt: skip
    assert model.accept(pairs) == {name for name, _ in pairs}
    assert model.counts["cmi.interactions"] == 3
    assert model.accept([("cmi.interactions.7.id", "gap"), ("cmi.location", "x"), ("cmi", "x")]) == {"cmi.location"}
    exchanged = [("cmi.interactions.0.objectives.0.id", "p"), ("cmi.interactions.0.objectives.1.id", "o")]
    assert len(model.accept(exchanged)) == 2


@pytest.mark.parametrize(
    ("request_", "parts"),
    [("continue", ("continue", "")), ("{target=a.b}choice", ("choice", "a.b")), ("{target=x}jump", ("jump", "x"))],
)
def test_requests(request_: str, parts: tuple[str, str]) -> None:
    model = DataModel(scorm2004())
    assert asked(model) == ""
    assert model.set("adl.nav.request", "_none_") == 0
    assert asked(model) == ""
    assert model.set("adl.nav.request", request_) == 0
    assert split_request(asked(model)) == parts


@pytest.mark.parametrize(
    ("text", "hundredths"),
    [
        ("PT0S", 0), ("PT1.5S", 150), ("PT0.129S", 12), ("PT1H2M3S", 372300), ("P1DT1S", 8640100),
        ("P1Y", 365 * 8640000), ("P2M", 60 * 8640000), ("PT90M", 540000), ("P", None), ("PT", None), ("1H", None),
        ("", None),
        ("PT" + "9" * 5000 + "S", None),
    ],
)  # fmt: skip
def test_intervals(text: str, hundredths: int | None) -> None:
    assert parse_interval(text) == hundredths
    if hundredths is not None:
        assert parse_interval(format_interval(hundredths)) == hundredths


def test_intervals_are_written_in_hours_minutes_and_seconds() -> None:
    told = {0: "PT0H0M0S", 150: "PT0H0M1.5S", 4: "PT0H0M0.04S", 29 * 8640000: "PT696H0M0S", -5: "PT0H0M0S"}
    assert {number: format_interval(number) for number in told} == told


def test_records_by_the_ten_thousand_stay_quick() -> None:
    """What is unique is looked up, not searched for: 20,000 ids would be 200 million comparisons."""
    model = DataModel(scorm2004())
    pairs = [(f"cmi.objectives.{n}.id", f"o{n}") for n in range(20_000)]
    assert len(model.accept(pairs)) == 20_000
    assert model.accept([(name, f"{text}x") for name, text in pairs]) == frozenset()
    assert model.set("cmi.objectives.20000.id", "o7") == 351


def test_patterns_that_all_move_on_by_one() -> None:
    model = DataModel(scorm2004(), strict=True)
    model.accept([("cmi.interactions.0.id", "i"), ("cmi.interactions.0.type", "choice")])
    patterns = [f"cmi.interactions.0.correct_responses.{n}.pattern" for n in range(9)]
    assert len(model.accept((name, f"p{n}") for n, name in enumerate(patterns))) == 9
    assert len(model.accept((name, f"p{n + 1}") for n, name in enumerate(patterns))) == 9
    assert [model.text(name) for name in patterns] == [f"p{n + 1}" for n in range(9)]
