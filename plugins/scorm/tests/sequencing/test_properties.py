"""Whatever a manifest says and whoever asks for what: no exception, no dead end, no state that cannot be stored."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plugins.scorm.tests.sequencing.random_courses import benign, organizations, steps

from passback_scorm.sequencing import engine
from passback_scorm.sequencing.result import RteResult
from passback_scorm.sequencing.state import Globals, SequencingState
from passback_scorm.sequencing.tree import Tree

Asked = tuple[str, str, RteResult | None]
thorough = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def ask(tree: Tree, state: SequencingState, shared: Globals, asked: Asked) -> engine.Step:
    request, target, result = asked
    if request == "open":
        return engine.open_session(tree, state, shared, result=result)
    if request in {"close", "finish"}:
        return engine.set_aside(tree, state, shared, result=result, finished=request == "finish")
    return engine.navigate(tree, state, shared, request, target, result=result)


def stored(state: SequencingState) -> SequencingState:
    return SequencingState.from_json(json.loads(json.dumps(state.to_json())))


def play(tree: Tree, asked: list[Asked], seed: int = 1) -> list[engine.Step]:
    taken = [engine.open_session(tree, engine.begin(tree, seed), Globals())]
    for one in asked:
        taken.append(ask(tree, taken[-1].state, taken[-1].globals, one))
    return taken


@thorough
@given(organizations(), steps)
def test_a_step_delivers_a_leaf_or_nothing_and_only_the_way_to_it_is_active(
    organization: dict[str, Any], asked: list[Asked]
) -> None:
    tree = engine.build_tree(organization)
    for step in play(tree, asked):
        active = {name for name, one in step.state.activities.items() if one.active}
        current = tree.get(step.state.current)
        assert active <= ({one.id for one in current.path()} if current else set())
        if step.delivered:
            assert step.delivered == step.state.current
            assert not tree.activities[step.delivered].children
            assert step.delivered in active
        if step.ended:
            assert current is None


@thorough
@given(organizations(), steps, st.integers())
def test_a_stored_state_is_as_good_as_the_one_in_memory(
    organization: dict[str, Any], asked: list[Asked], seed: int
) -> None:
    tree = engine.build_tree(organization)
    step = other = engine.open_session(tree, engine.begin(tree, seed), Globals())
    for one in asked:
        before = step.state.to_json(), step.globals.to_json()
        after = ask(tree, step.state, step.globals, one)
        assert (step.state.to_json(), step.globals.to_json()) == before, "what is handed in is left alone"
        other = ask(tree, stored(other.state), Globals.from_json(other.globals.to_json()), one)
        step = after
        assert (step.delivered, step.exception, step.validity) == (other.delivered, other.exception, other.validity)
        assert step.state.to_json() == other.state.to_json()


@thorough
@given(organizations(), steps)
def test_nobody_is_locked_out(organization: dict[str, Any], asked: list[Asked]) -> None:
    """Opening the course is never refused as a request; that no activity can be had may be the manifest's will."""
    tree = engine.build_tree(organization)
    for step in play(tree, asked):
        opened = engine.open_session(tree, step.state, step.globals)
        assert not opened.exception.startswith(("NB.", "TB.", "DB.2"))
        if not opened.delivered and any(opened.validity.choice.values()):
            target = next(name for name, valid in opened.validity.choice.items() if valid)
            assert engine.navigate(tree, opened.state, opened.globals, "choice", target).delivered


@thorough
@given(organizations(benign), steps)
def test_a_course_that_closes_nothing_can_always_be_opened(organization: dict[str, Any], asked: list[Asked]) -> None:
    tree = engine.build_tree(organization)
    for step in play(tree, asked):
        opened = engine.open_session(tree, step.state, step.globals)
        assert opened.delivered
        again = engine.open_session(tree, opened.state, opened.globals)
        assert again.delivered == opened.delivered, "a closed tab loses no place"
        suspended = engine.navigate(tree, opened.state, opened.globals, "suspendAll")
        assert suspended.ended
        resumed = engine.navigate(tree, suspended.state, suspended.globals, "resumeAll")
        assert resumed.delivered == opened.delivered


@thorough
@given(organizations(), steps)
def test_what_looks_possible_is_possible_and_nothing_else(organization: dict[str, Any], asked: list[Asked]) -> None:
    tree = engine.build_tree(organization)
    for step in play(tree, asked)[-2:]:
        expected = {
            **{("choice", name): valid for name, valid in step.validity.choice.items()},
            **{("jump", name): valid for name, valid in step.validity.jump.items()},
            ("previous", ""): step.validity.previous,
            ("exitAll", ""): step.validity.exit_all,
            ("suspendAll", ""): step.validity.suspend_all,
        }
        for (request, target), valid in expected.items():
            found = engine.navigate(tree, step.state, step.globals, request, target)
            assert valid is bool(found.delivered or found.ended), (request, target, found.exception)
        found = engine.navigate(tree, step.state, step.globals, "continue")
        assert step.validity.continue_ is bool(found.delivered or found.ended or found.exception == "SB.2.2-1")
