"""What differs between two versions: found, named once, and nothing else."""

from hypothesis import given, settings
from hypothesis import strategies as st

from passback.content.comparing import Change, ChangeKind, Comparison, Side, compare, describe
from passback.plugin import Activity, ContentChange


def act(name: str, *below: Activity, title: str = "", href: str | None = None, tracked: bool = True) -> Activity:
    start = ("" if below else f"{name}.html") if href is None else href
    return Activity(name, title or name.title(), start, tracked, below)


def differ(old: list[Activity], new: list[Activity], **names: str) -> Comparison:
    before = Side(names.get("old_title", "T"), names.get("was", ""), tuple(old))
    return compare(before, Side(names.get("new_title", "T"), names.get("now", ""), tuple(new)))


def kinds(old: list[Activity], new: list[Activity]) -> list[tuple[str, str]]:
    return [(str(change.kind), change.activity) for change in differ(old, new).changes]


def test_the_same_structure_has_no_changes() -> None:
    tree = [act("a", act("b"), act("c", act("d")))]
    compared = differ(tree, tree)
    assert (compared.changes, compared.kept, compared.other_course) == ((), 4, "")


def test_added_gone_and_renamed() -> None:
    old = [act("one"), act("two"), act("three")]
    new = [act("one"), act("two", title="Second"), act("four")]
    assert kinds(old, new) == [("renamed", "two"), ("added", "four"), ("gone", "three")]


def test_only_what_really_moved_is_named() -> None:
    letters = [act(name) for name in "abcdefgh"]
    assert kinds(letters, [letters[-1], *letters[:-1]]) == [("moved", "h")]
    assert kinds(letters, [*letters[:2], act("new"), *letters[3:]]) == [("added", "new"), ("gone", "c")]


def test_moved_below_another_activity() -> None:
    old = [act("m", act("x"), act("y")), act("n", act("z"))]
    new = [act("m", act("y")), act("n", act("z"), act("x"))]
    (change,) = differ(old, new).changes
    assert change == Change(ChangeKind.MOVED, "x", "X", before="M", after="N")
    assert describe(change) == "Moved: “X” is now part of: N; it was part of: M."


def test_identifiers_made_anew_by_the_authoring_tool_are_no_other_activities() -> None:
    old = [Activity("i1", "Intro", "a.html"), Activity("i2", "Quiz", "b.html")]
    new = [Activity("j1", "Intro", "a.html"), Activity("j2", "Quiz", "b.html")]
    assert kinds(old, new) == [("identifier", "j1"), ("identifier", "j2")]


def test_what_cannot_be_told_apart_is_not_guessed() -> None:
    old = [Activity("i1", "Page", "a.html"), Activity("i2", "Page", "a.html")]
    assert kinds(old, [Activity("j1", "Page", "a.html")]) == [("added", "j1"), ("gone", "i1"), ("gone", "i2")]


def test_a_faulty_course_with_one_identifier_twice() -> None:
    twice = [Activity("same", "One", "1.html"), Activity("same", "Two", "2.html")]
    assert kinds(twice, twice) == []
    assert kinds(twice, twice[:1]) == [("gone", "same")]


def test_start_and_tracking() -> None:
    old, new = [act("a", href="a.html")], [act("a", href="b.html", tracked=False)]
    said = [describe(change) for change in differ(old, new).changes]
    assert said == ["Other start: “A” opens b.html; it was a.html.", "“A” reports no results any more."]


def test_another_course_is_suspected_by_the_packages_own_word() -> None:
    same = [act("a")]
    assert "“M2”; until now it was “M1”" in differ(same, same, was="M1", now="M2").other_course
    assert differ(same, [act("z")], was="M1", now="M1", new_title="Other").other_course, "some tools call all alike"
    assert differ(same, [act("z")], was="M1", now="M1").other_course == ""
    assert differ(same, same, was="", now="M2").other_course == ""


def test_otherwise_by_title_and_activities_together() -> None:
    assert differ([act("a")], [act("z")], new_title="Other").other_course
    assert not differ([act("a")], [act("z")]).other_course
    assert not differ([act("a")], [act("a")], new_title="Other").other_course


def test_a_content_types_own_words_name_the_activity() -> None:
    side = Side("T", "", (act("quiz"),))
    said = [
        ContentChange("Pass mark", "50", "80", "quiz"),
        ContentChange("Edition", "", "2004"),
        ContentChange("Sequencing", "", ""),
    ]
    assert [describe(change) for change in compare(side, side, said).changes] == [
        "Quiz: Pass mark: 80; it was 50.",
        "Edition: 2004; it was none.",
        "Sequencing: changed.",
    ]


NAMES = st.lists(st.sampled_from("abcdefghij"), unique=True)


@settings(max_examples=60)
@given(NAMES, NAMES)
def test_every_activity_is_accounted_for(old: list[str], new: list[str]) -> None:
    found = kinds([act(name) for name in old], [act(name) for name in new])
    assert {name for kind, name in found if kind == "added"} == set(new) - set(old)
    assert {name for kind, name in found if kind == "gone"} == set(old) - set(new)
    still = {name for kind, name in found if kind == "moved"}
    assert [name for name in old if name in new and name not in still] == [
        name for name in new if name in old and name not in still
    ], "the others have kept their order"


def test_ten_thousand_activities_in_a_deep_tree() -> None:
    deep = act("leaf")
    for number in range(300):
        deep = act(f"n{number}", deep)
    wide = [act(f"w{number}") for number in range(10_000)]
    assert kinds([deep, *wide], [*reversed(wide), deep])[0][0] == "moved"
