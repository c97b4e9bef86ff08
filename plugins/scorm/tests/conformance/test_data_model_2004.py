"""SCORM 2004 RTE 4: every element, its access, its type and every error code, in Python and in JavaScript.

ADL's own 8,169 checks are in `adl/test_run_time.py`; here is what they leave out, and what is lenient.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from plugins.scorm.tests.conformance.values_2004 import (
    INTERACTION,
    L4000,
    L64000,
    LENIENT,
    OBJECTIVE,
    READ_ONLY,
    RESPONSES,
    UNDEFINED,
    WRITABLE,
    WRITE_ONLY,
    Step,
)

from passback_scorm.rte.model import DataModel
from passback_scorm.rte.table import EDITIONS, scorm2004

TABLE = scorm2004()


@dataclass(frozen=True)
class Case:
    """Steps on a fresh data model."""

    name: str
    steps: tuple[Step, ...]
    strict: bool = True
    edition: str = "2004-4"
    values: dict[str, str] = field(default_factory=dict)
    stores: tuple[dict[str, bool], ...] = ()
    validity: dict[str, Any] = field(default_factory=dict)


def cases() -> Iterator[Case]:
    for name in READ_ONLY.split():
        element = name.replace(".n.", ".0.").replace("{target}", "{target=a}")
        yield Case(f"{name} is read only", (("set", element, "1", 404),))
    for name, before, good, bad, out in WRITABLE:
        for value in good:
            steps = (*before, ("set", name, value, 0), ("get", name, value, 0))
            yield Case(f"{name} takes {value[:20]!r}, {len(value)}", steps)
        for value, error in [(value, 406) for value in bad] + [(value, 407) for value in out]:
            yield Case(f"{name} refuses {value[:20]!r}, {len(value)}", (*before, ("set", name, value, error)))
    for name, good, bad in WRITE_ONLY:
        steps = [("set", name, value, error) for values, error in ((good, 0), (bad, 406)) for value in values]
        yield Case(f"{name} is write only", (*steps, ("get", name, "", 405)))
    yield from response_cases()
    yield from array_cases()
    yield from name_cases()
    yield from judged_cases()
    yield from navigation_cases()
    yield from store_cases()
    for name, good, bad, out in LENIENT:
        for values, error in ((good, 0), (bad, 406), (out, 407)):
            for value in values:
                about = f"{name} {value[:20]!r}, {len(value)}: {error}"
                yield Case(about, (("set", name, value, error),), strict=False)


def response_cases() -> Iterator[Case]:
    response, pattern = "cmi.interactions.0.learner_response", "cmi.interactions.0.correct_responses.0.pattern"
    for kind, good, bad, patterns, no_patterns in RESPONSES:
        before = (INTERACTION, ("set", "cmi.interactions.0.type", kind, 0))
        told = [(response, good, 0), (response, bad, 406), (pattern, patterns, 0), (pattern, no_patterns, 406)]
        for name, value, error in [(name, value, error) for name, values, error in told for value in values]:
            about = f"{kind}: {name.rpartition('.')[2]} {value[:30]!r}, {len(value)}"
            yield Case(about, (*before, ("set", name, value, error)))
            yield Case(about, (*before, ("set", name, value, 0)), strict=False)
        only_one = kind in {"true-false", "likert", "numeric", "other"}
        again = 351 if only_one or kind in {"choice", "sequencing"} else 0
        second, first = pattern.replace("es.0", "es.1"), ("set", pattern, patterns[0], 0)
        yield Case(f"{kind}: the same pattern again", (*before, first, ("set", second, patterns[0], again)))


def array_cases() -> Iterator[Case]:
    yield Case("records come one after the other", (
        ("get", "cmi.objectives._count", "0", 0), ("set", "cmi.objectives.1.id", "a", 351),
        ("get", "cmi.objectives.0.id", "", 301), ("set", "cmi.objectives.0.id", "a", 0),
        ("set", "cmi.objectives.1.id", "a", 351), ("set", "cmi.objectives.1.id", "b", 0),
        ("set", "cmi.objectives.0.id", "c", 351), ("set", "cmi.objectives.0.id", "a", 0),
        ("get", "cmi.objectives._count", "2", 0), ("get", "cmi.objectives.0.success_status", "unknown", 0),
        ("get", "cmi.objectives.0.score.raw", "", 403), ("get", "cmi.objectives.2.score.raw", "", 301),
        ("set", "cmi.objectives.2.score.raw", "1", 408), ("get", "cmi.objectives._count", "2", 0),
    ))  # fmt: skip
    yield Case("interactions depend on id and type", (
        ("set", "cmi.interactions.0.type", "choice", 408), ("set", "cmi.interactions.0.result", "correct", 408),
        ("set", "cmi.interactions.0.objectives.0.id", "o", 408), INTERACTION,
        ("set", "cmi.interactions.0.learner_response", "a", 408),
        ("set", "cmi.interactions.0.correct_responses.0.pattern", "a", 408),
        ("set", "cmi.interactions.0.type", "choice", 0), ("set", "cmi.interactions.0.learner_response", "a", 0),
        ("set", "cmi.interactions.0.correct_responses.1.pattern", "a", 351),
        ("set", "cmi.interactions.0.correct_responses.0.pattern", "a", 0),
        ("set", "cmi.interactions.0.correct_responses.1.pattern", "a", 351),
        ("set", "cmi.interactions.0.correct_responses.1.pattern", "b", 0),
        ("set", "cmi.interactions.0.objectives.0.id", "o", 0), ("set", "cmi.interactions.0.objectives.1.id", "o", 351),
        ("set", "cmi.interactions.0.objectives.0.id", "p", 0), ("set", "cmi.interactions.0.id", "j", 0),
        ("get", "cmi.interactions.0.correct_responses._count", "2", 0), ("get", "cmi.interactions.0.id", "j", 0),
        ("get", "cmi.interactions.1.objectives._count", "", 301), ("get", "cmi.interactions._count", "1", 0),
        ("set", "cmi.interactions.1.id", "j", 0),
    ))  # fmt: skip
    yield Case("comments depend on nothing", (
        ("set", "cmi.comments_from_learner.0.location", "here", 0),
        ("get", "cmi.comments_from_learner.0.comment", "", 403),
        ("get", "cmi.comments_from_lms._count", "0", 0), ("get", "cmi.comments_from_lms.0.comment", "", 301),
    ))  # fmt: skip
    for index in ("01", "00", "0000000", "1" * 400):
        name = f"cmi.objectives.{index}.id"
        yield Case(f"{name[:30]} has a malformed index", (("get", name, "", 301), ("set", name, "a", 351)))


def name_cases() -> Iterator[Case]:
    yield Case("no name", (("get", "", "", 301), ("set", "", "1", 351)))
    for name in UNDEFINED.split():
        yield Case(f"{name} is undefined", (("get", name, "", 401), ("set", name, "1", 401)))
    for group, children in TABLE.children.items():
        base = group.replace(".n", ".0")
        before = (OBJECTIVE,) if ".0" in base else ()
        steps = (("get", f"{base}._children", children, 0), ("set", f"{base}._children", "1", 404))
        yield Case(f"{group} has children", (*before, *steps))
    for array in (
        "cmi.objectives",
        "cmi.interactions",
        "cmi.comments_from_learner",
        "cmi.comments_from_lms",
        "adl.data",
    ):
        yield Case(f"{array} is counted", (("get", f"{array}._count", "0", 0), ("set", f"{array}._count", "1", 404)))
    for name, error in (("cmi.score._count", 301), ("cmi.location._children", 301), ("cmi.nothing._count", 401)):
        yield Case(f"{name} is no keyword", (("get", name, "", error),))
    yield Case("cmi._version", (("get", "cmi._version", "1.0", 0), ("set", "cmi._version", "2", 404)))
    yield Case("defaults", (
        ("get", "cmi.completion_status", "unknown", 0), ("get", "cmi.success_status", "unknown", 0),
        ("get", "cmi.credit", "credit", 0), ("get", "cmi.mode", "normal", 0), ("get", "cmi.suspend_data", "", 403),
        ("get", "cmi.learner_preference.audio_level", "1", 0), ("get", "cmi.learner_preference.language", "", 0),
        ("get", "adl.nav.request", "_none_", 0), ("get", "cmi.time_limit_action", "continue,no message", 0),
        ("get", "cmi.total_time", "PT0S", 0), ("get", "cmi.score.raw", "", 403), ("get", "cmi.location", "", 403),
        ("get", "cmi.max_time_allowed", "", 403), ("get", "cmi.launch_data", "", 403),
    ))  # fmt: skip


def judged_cases() -> Iterator[Case]:
    for status, measure, threshold, reached, missed in (
        ("cmi.completion_status", "cmi.progress_measure", "cmi.completion_threshold", "completed", "incomplete"),
        ("cmi.success_status", "cmi.score.scaled", "cmi.scaled_passing_score", "passed", "failed"),
    ):
        yield Case(f"{status} is judged", (
            ("set", status, reached, 0), ("get", status, "unknown", 0), ("set", measure, "0.5", 0),
            ("get", status, missed, 0), ("set", measure, "0.6", 0), ("get", status, reached, 0),
            ("set", status, missed, 0), ("get", status, reached, 0),
        ), values={threshold: "0.6"})  # fmt: skip
        yield Case(f"{status} is content's own", (
            ("set", measure, "0.5", 0), ("get", status, "unknown", 0), ("set", status, reached, 0),
            ("get", status, reached, 0),
        ))  # fmt: skip


def navigation_cases() -> Iterator[Case]:
    valid = "adl.nav.request_valid."
    asked = [f"{valid}{word}" for word in ("continue", "previous", "choice.{target=a.1}", "jump.{target=b}")]
    yield Case("nothing is known of requests", tuple(("get", name, "unknown", 0) for name in asked))
    known = {"continue": True, "previous": False, "choice": {"a.1": True, "__proto__": 1}, "jump": {}}
    answers = zip(asked, ("true", "false", "true", "false"), strict=True)
    yield Case("requests", tuple(("get", name, text, 0) for name, text in answers), validity=known)
    odd = (f"{valid}choice.{{target=nobody}}", f"{valid}choice.{{target=__proto__}}", f"{valid}choice.{{target=}}")
    yield Case("choices that are not there", tuple(("get", name, "false", 0) for name in odd), validity=known)
    for edition in ("2004-2", "2004-3"):
        yield Case(f"{edition} has no jump and no adl.data", (
            ("set", "adl.nav.request", "{target=a}jump", 406), ("set", "adl.nav.request", "{target=a}choice", 0),
            ("get", f"{valid}jump.{{target=a}}", "", 401), ("get", "adl.data._count", "", 401),
            ("set", "adl.data.0.store", "x", 401),
        ), edition=edition)  # fmt: skip
    yield Case("the 2nd edition", (
        ("set", "cmi.suspend_data", L4000 + "x", 406), OBJECTIVE,
        ("set", "cmi.objectives.0.progress_measure", "1", 401),
        ("get", "cmi.objectives._children", "id,score,success_status,completion_status,description", 0),
    ), edition="2004-2")  # fmt: skip
    yield Case("the 3rd edition", (
        ("set", "cmi.suspend_data", L64000, 0), OBJECTIVE, ("set", "cmi.objectives.0.progress_measure", "1", 0),
    ), edition="2004-3")  # fmt: skip


def store_cases() -> Iterator[Case]:
    values = {f"adl.data.{n}.id": f"t{n}" for n in range(4)}
    flags = tuple({"read": read, "write": write} for read in (True, False) for write in (True, False))
    yield Case("stores", (
        ("get", "adl.data._count", "4", 0), ("get", "adl.data._children", "id,store", 0),
        ("get", "adl.data.0.id", "t0", 0), ("set", "adl.data.0.id", "x", 404),
        ("get", "adl.data.0.store", "", 403), ("set", "adl.data.0.store", L64000, 0),
        ("get", "adl.data.0.store", L64000, 0), ("set", "adl.data.0.store", L64000 + "x", 406),
        ("set", "adl.data.0.store", "", 0), ("get", "adl.data.0.store", "", 403),
        ("get", "adl.data.1.store", "", 403), ("set", "adl.data.1.store", "x", 404),
        ("get", "adl.data.2.store", "", 405), ("set", "adl.data.2.store", "x", 0),
        ("get", "adl.data.3.store", "", 405), ("set", "adl.data.3.store", "x", 404),
        ("get", "adl.data.4.id", "", 301), ("get", "adl.data.4.store", "", 301), ("set", "adl.data.4.store", "x", 351),
        ("get", "adl.data._count", "4", 0),
    ), values=values, stores=flags)  # fmt: skip


CASES = list(cases())


def made(case: Case) -> dict[str, Any]:
    counts = {"adl.data": len(case.stores)} if case.stores else {}
    return {
        "values": case.values,
        "counts": counts,
        "strict": case.strict,
        "stores": list(case.stores),
        "validity": case.validity,
    }


def run_python(case: Case) -> list[Any]:
    told = made(case) | {"stores": case.stores, "values": dict(case.values)}
    model = DataModel(scorm2004(case.edition), **told)
    return [model.set(step[1], step[2]) if step[0] == "set" else list(model.get(step[1])) for step in case.steps]


def expected(case: Case) -> list[Any]:
    return [step[3] if step[0] == "set" else [step[2], step[3]] for step in case.steps]


@pytest.fixture(scope="session")
def in_javascript(javascript: Any) -> list[Any]:
    """The results of every case in JavaScript, from one run of Node."""
    sources = {edition: scorm2004(edition).source for edition in EDITIONS}
    return list(javascript([{"model": made(c) | {"table": sources[c.edition]}, "steps": c.steps} for c in CASES]))


def label(case: Case) -> str:
    return f"{'strict' if case.strict else 'lenient'}: {case.name}"[:90]


@pytest.mark.parametrize("case", CASES, ids=label)
def test_python(case: Case) -> None:
    assert run_python(case) == expected(case)


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda number: label(CASES[number]))
def test_javascript(number: int, in_javascript: list[Any]) -> None:
    assert in_javascript[number] == expected(CASES[number])


def test_every_element_has_cases() -> None:
    plain = {step[1] for case in CASES for step in case.steps}
    tested = {name.replace(".0.", ".n.").replace("{target=a}", "{target}") for name in plain}
    assert set(TABLE.elements) <= tested


def test_every_code_of_the_data_model_occurs() -> None:
    codes = {step[3] for case in CASES for step in case.steps}
    # 402: SCORM leaves no element of its data model to the LMS to implement or not.
    assert codes - {0} == {301, 351, 401, 403, 404, 405, 406, 407, 408}


def test_every_type_is_used() -> None:
    types: Any = TABLE.source["types"]
    used = {told["type"] for edition in EDITIONS for told in scorm2004(edition).source["elements"].values()}  # type: ignore[union-attr,call-overload,index]
    for told in types.values():
        for rule in told.values():
            used |= {*rule.get("of", ()), *rule.get("kinds", {}).values()}
    assert used == set(types)


def test_python_and_javascript_agree_on_anything(javascript: Any) -> None:
    """A thousand random conversations, most of them nearly right."""
    chance = random.Random(2004)
    conversations = [_conversation(chance) for _ in range(1000)]
    jobs = [{"model": {"table": TABLE.source, "strict": strict}, "steps": steps} for strict, steps in conversations]
    for (strict, steps), answer in zip(conversations, javascript(jobs), strict=True):
        model = DataModel(TABLE, strict=strict)
        ours = [model.set(*step[1:]) if step[0] == "set" else list(model.get(step[1])) for step in steps]
        assert ours == answer, steps


def _conversation(chance: random.Random) -> tuple[bool, list[list[str]]]:
    names = [*TABLE.elements, *["cmi.interactions.n.learner_response"] * 5]
    names += ["cmi.interactions.n.correct_responses.n.pattern", "cmi.interactions.n.type", "cmi.objectives.n.id"] * 5
    values = [value for row in (*WRITABLE,) for group in row[2:] for value in group if len(value) < 300]
    values += [value for row in RESPONSES for group in row[1:] for value in group if len(value) < 300]
    values += [row[0] for row in RESPONSES] * 3
    values += ["\x00", "\U0001f600", "{lang=en}{lang=en}a", "passed\n", "\x85", "\u00a05", "a\u2028", "{lang=\n}"]
    steps = [["set", "cmi.interactions.0.id", "i"], ["set", "cmi.interactions.0.type", chance.choice(RESPONSES)[0]]]
    for _ in range(chance.randint(1, 25)):
        name = chance.choice(names)
        while ".n" in name:
            name = name.replace(".n", f".{chance.choice('0000011122')}", 1)
        if chance.random() < 0.1:
            name = chance.choice([name + "._count", name.rpartition(".")[0] + "._children", name + "x", name[:-1]])
        steps.append(["get", name] if chance.random() < 0.3 else ["set", name, chance.choice(values)])
    return chance.random() < 0.7, steps
