"""SR.1 and SR.2: drawn once or anew, by the seed, and stored."""

from plugins.scorm.tests.sequencing.making import PASSED, Learner, cluster, course, leaf, without

from passback_scorm.sequencing.tree import Tree


def pool(**said: object) -> Tree:
    return course(cluster("pool", *(leaf(f"q{n}") for n in range(8)), **said), leaf("z"))


def available(learner: Learner) -> list[str]:
    return [one.id for one in learner.tracking.children(learner.tree.activities["pool"])]


def test_some_children_are_selected_in_their_order() -> None:
    tree = pool(selection_timing="once", select_count=3)
    drawn = {tuple(available(Learner(tree, seed))) for seed in range(20)}
    assert len(drawn) > 10
    assert all(len(one) == 3 and sorted(one) == list(one) for one in drawn)
    assert available(Learner(tree, 7)) == available(Learner(tree, 7))


def test_what_was_not_selected_is_neither_reached_nor_shown() -> None:
    learner = Learner(pool(selection_timing="once", select_count=2))
    chosen = available(learner)
    delivered = [learner.open(), *learner.finish(PASSED, PASSED)]
    assert delivered == [*chosen, "z"]
    assert learner.status("pool") == (True, True), "only what is available rolls up"
    assert learner.choices() == {"root", "pool", "z", *chosen}
    assert set(learner.step.validity.hidden) == {f"q{n}" for n in range(8)} - set(chosen)
    learner.ask("choice", next(iter(learner.step.validity.hidden)))
    assert learner.why == "SB.2.9-2"


def test_no_child_selected() -> None:
    learner = Learner(course(cluster("pool", leaf("q"), selection_timing="once", select_count=0), leaf("z")))
    assert not learner.open()
    assert learner.why == "SB.2.1-2"
    assert learner.ask("choice", "z") == "z"


def test_children_are_randomised_once_or_for_each_attempt() -> None:
    for timing, stays in (("once", True), ("onEachNewAttempt", False)):
        learner = Learner(pool(randomization_timing=timing, reorder_children=True))
        first = available(learner)
        assert first != sorted(first)
        assert sorted(first) == [f"q{n}" for n in range(8)]
        learner.open()
        assert available(learner) == first
        learner.ask("choice", "z")
        assert (available(learner) == first) is stays


def test_an_attempt_that_is_suspended_keeps_its_order() -> None:
    learner = Learner(pool(randomization_timing="onEachNewAttempt", reorder_children=True))
    first = available(learner)
    learner.open()
    learner.ask("suspendAll")
    learner.open()
    assert available(learner) == first


def test_never_is_never() -> None:
    learner = Learner(pool(select_count=2, reorder_children=True, control=without()))
    assert available(learner) == [f"q{n}" for n in range(8)]
    assert learner.step.state.draws == 0
