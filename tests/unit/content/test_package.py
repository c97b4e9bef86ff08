"""The package reader: honest packages are read whatever tool made them, hostile ones are refused in plain words."""

import io
import tracemalloc
import zipfile
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passback.content.package import ZipPackage
from passback.plugin import PackageError, PackageReader
from passback.settings import MEBIBYTE, PackageLimits
from passback.testing.packages import Member, bomb, hostile_packages, lying, make_zip, named, symlink
from tests.support.shared import shared_path

COURSE = {"toy.json": "{}", "index.html": "<p>Hello"}
REFUSED = {
    "path_climbs_out": "unsafe_path",
    "path_climbs_out_with_backslashes": "unsafe_path",
    "path_is_absolute": "unsafe_path",
    "path_has_a_drive": "unsafe_path",
    "path_has_a_nul": "unsafe_path",
    "path_has_a_newline": "unsafe_path",
    "symlink": "symlink",
    "encrypted": "encrypted",
    "bzip2": "compression",
    "size_says_less": "damaged",
    "size_says_more": "damaged",
    "checksum_is_wrong": "damaged",
    "two_names": "damaged",
    "bomb": "bomb",
    "bomb_that_says_little": "damaged",
    "cut_off": "truncated",
    "empty_file": "empty_file",
    "web_page": "web_page",
    "not_a_zip": "not_a_zip",
}


def open_package(data: bytes, **limits: Any) -> ZipPackage:
    return ZipPackage(io.BytesIO(data), "course.zip", PackageLimits(**limits))


def read_all(package: ZipPackage) -> dict[str, bytes]:
    """Read every file in pieces, as the import does."""
    sizes = {}
    for name in package.names():
        with package.open(name) as file:
            first = file.read(100)
            while file.read(MEBIBYTE):
                pass
            sizes[name] = first
    return sizes


def refusal(data: bytes, **limits: Any) -> PackageError:
    with pytest.raises(PackageError) as caught:
        read_all(open_package(data, **limits))
    return caught.value


def test_every_hostile_package_is_in_the_table() -> None:
    assert set(hostile_packages(COURSE)) == set(REFUSED)


@pytest.mark.parametrize(("trick", "code"), REFUSED.items())
def test_a_hostile_package_is_refused(trick: str, code: str) -> None:
    error = refusal(hostile_packages(COURSE)[trick])
    assert error.code == code
    assert error.message.endswith((".", "”."))
    assert error.advice


@pytest.mark.parametrize("trick", ["bomb", "bomb_that_says_little"])
def test_a_bomb_costs_no_memory(trick: str) -> None:
    data = hostile_packages(COURSE)[trick]
    tracemalloc.start()
    try:
        refusal(data)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * MEBIBYTE


def test_a_file_that_is_too_large_to_read_at_once_is_refused_before_it_is_read() -> None:
    package = open_package(make_zip(COURSE, members=[bomb("zeros.bin", 30 * MEBIBYTE)]))
    with pytest.raises(PackageError) as caught:
        package.read("zeros.bin")
    assert caught.value.code == "too_large"
    assert len(package.read("zeros.bin", limit=30 * MEBIBYTE)) == 30 * MEBIBYTE


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"max_files": 1}, "too_many_files"),
        ({"max_bytes": 100}, "too_large"),
        ({"max_unpacked_bytes": 9}, "too_large"),
        ({"max_file_bytes": 7}, "too_large"),
    ],
)
def test_the_settings_limits_hold(limits: dict[str, int], code: str) -> None:
    assert refusal(make_zip(COURSE), **limits).code == code


def test_the_limits_allow_what_is_exactly_at_them() -> None:
    data = make_zip(COURSE)
    limits = {"max_files": 2, "max_bytes": len(data), "max_unpacked_bytes": 10, "max_file_bytes": 8}
    assert read_all(open_package(data, **limits)) == {"toy.json": b"{}", "index.html": b"<p>Hello"}


def test_small_files_may_be_packed_tightly() -> None:
    """A megabyte of spaces is 1000 : 1; the ratio is judged on what could fill a disk."""
    package = open_package(make_zip(COURSE, members=[bomb("spaces.js", 10 * MEBIBYTE)]))
    assert package.size("spaces.js") == 10 * MEBIBYTE


def test_a_huge_table_of_contents_is_refused_before_objects_are_made_of_it() -> None:
    data = make_zip({f"f{number}": "" for number in range(300)})
    tracemalloc.start()
    try:
        error = refusal(data, max_files=10)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert error.code == "too_many_files"
    assert peak < 200_000  # zipfile's own entries would take more


def test_entries_are_counted_whatever_the_end_record_says() -> None:
    data = bytearray(make_zip({f"f{number}": "" for number in range(30)}))
    data[-12:-10] = data[-14:-12] = (1).to_bytes(2, "little")
    assert refusal(bytes(data), max_files=10).code == "too_many_files"


@pytest.mark.parametrize("field", [slice(-10, -6), slice(-6, -2)])
def test_an_end_record_that_points_outside_is_damage(field: slice) -> None:
    data = bytearray(make_zip(COURSE))
    data[field] = (0x7FFFFFFF).to_bytes(4, "little")
    assert refusal(bytes(data)).code in {"damaged", "too_many_files"}


def test_a_name_that_says_utf8_and_is_not() -> None:
    assert refusal(make_zip(COURSE, members=[Member(b"\xff.html", flags=0x800)])).code == "bad_names"


def test_a_file_and_a_folder_of_one_name() -> None:
    error = refusal(make_zip({"a/b": "", "a": ""}))
    assert error.code == "path_conflict"
    assert "“a”" in error.message


@pytest.mark.parametrize("mode", [0o060644, 0o020644, 0o010644, 0o140644])
def test_devices_are_refused(mode: int) -> None:
    assert refusal(make_zip(COURSE, members=[Member(b"dev", mode=mode)])).code == "special_file"


def test_a_symlink_is_refused_whatever_system_it_claims() -> None:
    link = symlink("link", "/etc/passwd")
    dos = Member(link.name, link.data, method=link.method, mode=link.mode, system=0)
    assert refusal(make_zip(COURSE, members=[dos])).code == "symlink"


def test_only_noise_is_an_empty_package() -> None:
    assert refusal(make_zip({"__MACOSX/x": "", ".DS_Store": ""})).code == "empty_package"
    assert refusal(make_zip({})).code == "empty_package"


def test_noise_and_folders_are_left_out() -> None:
    noise = {"__MACOSX/._index.html": "", "img/.DS_Store": "", "img/Thumbs.db": "", ".gitattributes": ""}
    package = open_package(make_zip({**COURSE, **noise}, members=[named(b"img/"), named(b"win\\")]))
    assert list(package.names()) == ["toy.json", "index.html"]
    assert package.warnings == []


def test_backslashes_are_put_right_with_a_warning() -> None:
    package = open_package(make_zip(COURSE, members=[named(b"img\\a\\b.png", b"png")]))
    assert package.read("img/a/b.png") == b"png"
    assert [(warning.code, warning.evidence) for warning in package.warnings] == [("backslashes", "img/a/b.png")]


def test_of_two_files_with_one_path_the_last_is_used_as_by_every_unpacker() -> None:
    package = open_package(make_zip(COURSE, members=[named(b"a.html", b"old"), named(b"./a.html", b"new")]))
    assert package.read("a.html") == b"new"
    assert [warning.code for warning in package.warnings] == ["double_name"]


def test_names_that_collide_or_are_odd_are_told() -> None:
    package = open_package(make_zip({**COURSE, "a.js": "1", "A.js": "2", "aux.css": "", "b /c": ""}))
    assert {warning.code: warning.evidence for warning in package.warnings} == {
        "case_collision": "A.js, a.js",
        "odd_name": "aux.css, b /c",
    }
    assert (package.read("a.js"), package.read("A.js")) == (b"1", b"2")


def test_a_missing_file_is_a_package_error() -> None:
    with pytest.raises(PackageError) as caught:
        open_package(make_zip(COURSE)).open("nothing.html")
    assert caught.value.code == "file_missing"


@pytest.mark.parametrize(
    "around",
    [{"prefix": b"MZ self-extracting " * 9}, {"comment": b"made by hand"}, {"zip64": True}],
)
def test_unusual_but_honest_archives_are_read(around: dict[str, Any]) -> None:
    data = make_zip(COURSE, **around)
    assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None
    assert read_all(open_package(data)) == {"toy.json": b"{}", "index.html": b"<p>Hello"}


def test_a_zip64_end_record_in_the_wrong_place() -> None:
    data = make_zip(COURSE, zip64=True).replace(b"PK\x06\x06", b"PK\x00\x00")
    assert refusal(data).code == "damaged"


@given(st.data())
def test_a_damaged_package_is_a_package_error_and_no_other(data: st.DataObject) -> None:
    whole = make_zip({**COURSE, "a/ü.txt": "text " * 50}, zip64=data.draw(st.booleans()))
    broken = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(broken)) | st.just(len(broken)))
    with suppress(PackageError):  # and never anything else
        read_all(open_package(bytes(broken[:cut])))


@given(st.binary(max_size=300))
def test_any_bytes_at_all_are_refused_clearly(data: bytes) -> None:
    assert refusal(data).code in {"empty_file", "not_a_zip", "truncated", "web_page", "damaged", "empty_package"}


def test_a_size_that_is_too_small_does_not_let_more_bytes_through() -> None:
    package = open_package(make_zip(COURSE, members=[lying("a.bin", b"x" * 1000, 10)]))
    with package.open("a.bin") as file, pytest.raises(PackageError):
        file.read()


def test_a_real_package_is_read_whole() -> None:
    with shared_path("content/singlescobasic.zip").open("rb") as file:
        package = ZipPackage(file, "singlescobasic.zip", PackageLimits())
        assert isinstance(package, PackageReader)
        assert package.find("IMSMANIFEST.XML") == "imsmanifest.xml"
        root = package.xml("imsmanifest.xml").root
        assert root.tag.endswith("}manifest")
        assert sum(len(package.read(name)) for name in package.names()) == sum(map(package.size, package.names()))
        assert len(package.names()) > 40
