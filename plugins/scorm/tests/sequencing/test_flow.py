"""SB.2.1 to SB.2.3: walking the tree forwards and backwards."""

from plugins.scorm.tests.sequencing.making import PASSED, Learner, cluster, course, leaf, when, without

SKIPPED = {"pre_rules": when("always", "skip")}
CLOSED = {"pre_rules": when("always", "disabled")}


def at(learner: Learner, name: str) -> Learner:
    assert learner.ask("choice", name) == name
    return learner


def test_forwards_through_clusters_and_to_the_end() -> None:
    learner = Learner(course(cluster("m", leaf("a"), cluster("n", leaf("b"))), leaf("c")))
    assert [learner.open(), *learner.finish(PASSED, PASSED)] == ["a", "b", "c"]
    learner.ask("continue", result=PASSED)
    assert learner.ended, "SB.2.1-1: walking off the end ends the session"
    assert learner.status("root") == (True, True)


def test_backwards_into_the_last_of_a_cluster_and_not_beyond_the_first() -> None:
    learner = at(Learner(course(cluster("m", leaf("a"), leaf("b")), leaf("c"))), "c")
    assert learner.ask("previous") == "b"
    assert learner.ask("previous") == "a"
    assert not learner.ask("previous")
    assert learner.why == "SB.2.1-3"


def test_a_forward_only_cluster_is_entered_at_its_first_from_behind() -> None:
    tree = course(cluster("m", leaf("a"), leaf("b"), control=without(forward_only=True)), leaf("c"))
    assert at(Learner(tree), "c").ask("previous") == "a"


def test_a_forward_only_cluster_that_is_skipped_through_from_behind_is_left_backwards() -> None:
    """SB.2.1, step 2: the direction turns at its end."""
    inner = cluster("m", leaf("a", **SKIPPED), leaf("b", **SKIPPED), control=without(forward_only=True))
    assert at(Learner(course(leaf("z"), inner, leaf("c"))), "c").ask("previous") == "z"


def test_forward_only_forbids_to_step_back_over_what_is_skipped() -> None:
    tree = course(
        leaf("z"), cluster("m", leaf("a"), leaf("b", **SKIPPED), leaf("c")), control=without(forward_only=True)
    )
    learner = at(Learner(tree), "c")
    assert learner.ask("previous") == "a"
    assert not learner.ask("previous")
    assert learner.why == "SB.2.1-4"


def test_skipped_activities_and_clusters_are_passed() -> None:
    tree = course(
        leaf("a", **SKIPPED), cluster("m", leaf("b"), **SKIPPED), cluster("n", leaf("c", **SKIPPED), leaf("d"))
    )
    assert Learner(tree).open() == "d"


def test_everything_skipped() -> None:
    learner = Learner(course(leaf("a", **SKIPPED), leaf("b", **SKIPPED)))
    assert not learner.open()
    assert learner.ended


def test_a_disabled_activity_stops_flow() -> None:
    learner = Learner(course(leaf("a"), leaf("b", **CLOSED), leaf("c")))
    learner.open()
    assert not learner.step.validity.continue_
    assert not learner.ask("continue")
    assert learner.why == "SB.2.2-2"


def test_a_cluster_without_flow_stops_it_but_leaves_the_choice() -> None:
    """CM-07d"""
    learner = Learner(course(leaf("a"), cluster("m", leaf("b"), control=without(flow=False))))
    learner.open()
    assert learner.step.validity.continue_
    assert not learner.ask("continue")
    assert learner.why == "SB.2.2-1"
    assert learner.ask("choice", "b") == "b"


def test_ten_thousand_that_are_skipped() -> None:
    """A manifest may have as many items; Python's stack may not."""
    learner = Learner(
        course(*(leaf(f"a{n}", **SKIPPED) for n in range(10_000)), leaf("last"), control=without(choice=False))
    )
    assert learner.open() == "last"
    assert not learner.ask("previous")
    assert learner.why == "SB.2.1-3"
