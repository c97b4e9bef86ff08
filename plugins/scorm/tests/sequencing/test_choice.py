"""SB.2.4 and SB.2.9: what can be chosen from where, and why not."""

from typing import Any

import pytest
from plugins.scorm.tests.sequencing.making import PASSED, Learner, Node, cluster, course, leaf, when, without

from passback_scorm.sequencing.tree import Tree

STOP = {"pre_rules": when("always", "stopForwardTraversal")}
HIDDEN = {"pre_rules": when("always", "hiddenFromChoice")}


def modules(**said: Any) -> Tree:
    """Return three modules of two; `said` is the definition of activities by id."""

    def module(name: str) -> Node:
        leaves = (leaf(f"{name}{n}", **said.get(f"{name}{n}", {})) for n in (1, 2))
        return cluster(name, *leaves, **said.get(name, {}))

    return course(module("a"), module("b"), module("c"), **said.get("root", {}))


def from_(start: str, tree: Tree) -> Learner:
    """Start the course and jump there, which no rule of choice forbids."""
    learner = Learner(tree)
    learner.open()
    assert learner.ask("jump", start) == start
    return learner


def test_everything_can_be_chosen_and_a_cluster_leads_to_its_first() -> None:
    learner = from_("b1", modules())
    assert learner.choices() == set(learner.tree.activities)
    assert learner.ask("choice", "c") == "c1"
    assert learner.ask("choice", "root") == "a1"
    assert learner.ask("choice", "a1") == "a1", "choosing what is there begins it anew"
    assert learner.attempts("a1") == 3


@pytest.mark.parametrize(
    ("definitions", "start", "target", "why"),
    [
        ({"c": HIDDEN}, "a1", "c1", "SB.2.9-3"),
        ({"a1": STOP}, "a1", "a2", "SB.2.4-1"),
        ({"b": STOP}, "a1", "b2", "SB.2.4-1"),
        ({"root": {"control": without(forward_only=True)}}, "b1", "a", ""),
        ({"b": {"control": without(forward_only=True)}}, "b2", "b1", "SB.2.4-2"),
        ({"c": {"prevent_activation": True}}, "a1", "c1", "SB.2.9-6"),
        ({"a": {"prevent_activation": True}}, "c1", "a2", "SB.2.9-6"),
        ({"a": {"constrain_choice": True}}, "a1", "c1", "SB.2.9-8"),
        ({"c": {"constrain_choice": True}}, "c1", "a1", "SB.2.9-8"),
    ],
)
def test_what_forbids_a_choice(definitions: dict[str, Any], start: str, target: str, why: str) -> None:
    learner = from_(start, modules(**definitions))
    assert (target in learner.choices()) is (why == "")
    learner.ask("choice", target)
    assert learner.why == why


def test_what_leads_to_a_choice_all_the_same() -> None:
    assert "b1" in from_("a1", modules(a={"constrain_choice": True})).choices(), "the next one may be chosen"
    assert "a2" in from_("a1", modules(a={"prevent_activation": True, "constrain_choice": True})).choices()
    assert "c" in from_("a1", modules(c={"prevent_activation": True})).choices(), "the cluster itself activates"
    assert "a1" in from_("a2", modules(a1=STOP)).choices(), "only what lies ahead is stopped"
    assert "c1" in from_("a1", modules(a1={"constrain_choice": True})).choices(), "a leaf constrains nothing"


def test_choice_disabled_below() -> None:
    """SB.2.9-4, refused as a request already."""
    learner = from_("a1", modules(c={"control": without(choice=False)}))
    assert learner.choices() == set(learner.tree.activities) - {"c1", "c2"}


def test_choice_exit_of_a_cluster_that_was_left_without_exit() -> None:
    """SB.2.9-7: the request is refused while the cluster is active."""
    learner = from_("b1", modules(b={"control": without(choice_exit=False)}))
    learner.ask("exit")
    learner.ask("choice", "a1")
    assert learner.why == "NB.2.1-8"


def test_a_cluster_that_leads_nowhere_becomes_current() -> None:
    """SB.2.9-9"""
    dead = cluster("m", leaf("x"), leaf("y"), control=without(flow=False))
    learner = Learner(course(leaf("a"), dead, leaf("b")))
    learner.open()
    assert "m" not in learner.choices()
    assert not learner.ask("choice", "m", PASSED)
    assert learner.why == "SB.2.9-9"
    assert learner.step.state.current == "m"
    assert learner.status("a") == (True, True)
    assert learner.ask("choice", "y") == "y"


def test_from_a_cluster_down() -> None:
    dead = cluster("m", cluster("n", leaf("x"), prevent_activation=True), leaf("y"), control=without(flow=False))
    learner = Learner(course(leaf("a"), dead))
    learner.open()
    learner.ask("choice", "m")
    assert learner.step.state.current == "m"
    learner.ask("choice", "x")
    assert learner.why == "SB.2.9-6"
    assert learner.ask("choice", "y") == "y"


def test_the_menu_of_a_course_that_begins_by_choice() -> None:
    learner = Learner(course(leaf("a"), leaf("b", **HIDDEN), control=without(flow=False)))
    assert not learner.open()
    assert learner.choices() == {"a"}
    assert learner.step.validity.hidden == ("b",)
    assert learner.ask("choice", "a") == "a"
