"""Paths are cleaned once, refused where they are dangerous, and found again however content spells them."""

import posixpath
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passback.content.names import NameIndex, clean_path, is_noise, is_odd
from passback.plugin import PackageError

parts = st.text(st.characters(exclude_characters="/\\", exclude_categories=("Cc", "Cs")), min_size=1, max_size=20)
dangerous = st.lists(st.sampled_from(["..", ".", "", "a", "C:", "b\0", "/", "\\", "…", "x" * 300]), max_size=8)


@given(st.lists(parts, min_size=1, max_size=5) | dangerous)
def test_a_clean_path_stays_inside_whatever_went_in(pieces: list[str]) -> None:
    try:
        path = clean_path("/".join(pieces))
    except PackageError:
        return
    assert not path.startswith("/")
    assert ".." not in path.split("/")
    assert path in {"", posixpath.normpath(path)}
    assert all(character.isprintable() or not character.isascii() for character in path)


@given(st.text(max_size=60))
def test_cleaning_never_fails_otherwise_and_changes_nothing_twice(name: str) -> None:
    with suppress(PackageError):  # and never anything else
        once = clean_path(name)
        assert clean_path(once) == once


@given(st.lists(parts.filter(lambda part: part not in {".", ".."} and ":" not in part), min_size=1, max_size=5))
def test_an_honest_path_is_left_as_it_is_and_backslashes_are_put_right(pieces: list[str]) -> None:
    path = "/".join(pieces)
    assert clean_path(path) == path
    assert clean_path("\\".join(pieces)) == path


@pytest.mark.parametrize(
    "name",
    [
        "../x", "a/../../x", "a/../x", "..\\x", "a\\..\\..\\x", "/etc/passwd", "\\x", "//server/share/x",
        "C:\\x", "c:x", "C:/x", "a\0.png", "a\nb", "\x7f", "a" * 300, "a/" * 65 + "a", "ü" * 130, "\ud800",
    ],
)  # fmt: skip
def test_a_dangerous_path_is_refused(name: str) -> None:
    with pytest.raises(PackageError) as caught:
        clean_path(name)
    assert caught.value.code == "unsafe_path"


def test_empty_and_dot_parts_go() -> None:
    assert clean_path("./a//b/./c.html") == "a/b/c.html"


@pytest.mark.parametrize(
    "path",
    ["__MACOSX/a/._b", "a/.DS_Store", "THUMBS.DB", "a/b/Thumbs.db", ".gitattributes", ".git/HEAD", "a/._x.js"],
)
def test_leftovers_of_archivers_are_noise(path: str) -> None:
    assert is_noise(path)


@pytest.mark.parametrize("path", ["index.html", "a/_b.js", ".well-known/x", "thumbs.db.html", "...js"])
def test_course_files_are_not(path: str) -> None:
    assert not is_noise(path)


def test_names_that_windows_cannot_hold() -> None:
    assert [name for name in ["aux.js", "a/NUL", "a./b", "a /b", "b ", "console.js", "com10.js"] if is_odd(name)] == [
        "aux.js",
        "a/NUL",
        "a./b",
        "a /b",
        "b ",
    ]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("shared/Page One.html", "shared/Page One.html"),
        ("shared\\Page One.html", "shared/Page One.html"),
        ("shared/Page%20One.html", "shared/Page One.html"),
        ("SHARED/page one.HTML", "shared/Page One.html"),
        ("Shared%5Cpage%20one.html?x=1#top", "shared/Page One.html"),
        ("./shared//Page One.html", "shared/Page One.html"),
        ("shared/../shared/x/..\\Page One.html", "shared/Page One.html"),
        ("../../a.js", "a.js"),
        ("e\u0301le\u0300ve.html", "élève.html"),
        ("what?.html", "what?.html"),
        ("100%.html", "100%.html"),
        ("a.js", "a.js"),
        ("A.js", "A.js"),
        ("a.JS", None),  # a.js or A.js? nobody knows
        ("missing.html", None),
        ("", None),
    ],
)
def test_a_reference_finds_the_file_it_means(wanted: str, found: str | None) -> None:
    names = ["shared/Page One.html", "élève.html", "what?.html", "100%.html", "a.js", "A.js"]
    assert NameIndex(names).find(wanted) == found


def test_collisions_are_told() -> None:
    assert NameIndex(["a.js", "A.js", "b.js", "B.JS", "B.js", "c.js"]).collisions() == [
        "A.js", "B.JS", "B.js", "a.js", "b.js",
    ]  # fmt: skip
