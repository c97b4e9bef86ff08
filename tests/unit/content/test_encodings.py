"""File names come back right although the archiver did not say how it wrote them.

The pages are those of the archivers in Moodle's `lib/filestorage/tests/fixtures`: Windows 8 (Czech and German),
Total Commander, 7-Zip, WinRAR, WinZip (DOS and Windows pages), Info-ZIP and macOS (UTF-8 without the flag).
"""

import io

import pytest

from passback.content.package import ZipPackage
from passback.settings import PackageLimits
from passback.testing.packages import make_zip, named


def open_package(data: bytes) -> ZipPackage:
    return ZipPackage(io.BytesIO(data), "course.zip", PackageLimits())


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("cp437", ["Übung/Lösung.html", "élève.html"]),
        ("cp852", ["Žluťoučký kůň/úvod.html", "příliš.html"]),
        ("cp1250", ["Žluťoučký kůň.html"]),
        ("cp1252", ["café.html", "Übung.html", "résumé à lire.html"]),
        ("cp866", ["Урок/Введение.html"]),
        ("cp1251", ["урок.html", "Введение.html"]),
        ("shift_jis", ["日本語.html"]),
        ("gbk", ["中文课程.html"]),
    ],
)
def test_old_code_pages_are_recognised_and_told(page: str, names: list[str]) -> None:
    package = open_package(make_zip({"plain.html": ""}, members=[named(name.encode(page)) for name in names]))
    assert list(package.names()) == ["plain.html", *names]
    assert [warning.code for warning in package.warnings] == ["name_encoding"]
    assert page in package.warnings[0].message


def test_utf8_without_the_flag_is_utf8() -> None:
    package = open_package(make_zip({}, members=[named("Žluť/日本.html".encode(), system=19)]))
    assert list(package.names()) == ["Žluť/日本.html"]
    assert package.warnings == []


def test_the_unicode_path_field_decides() -> None:
    raw = "Žluť.html".encode("ascii", "replace")
    package = open_package(make_zip({}, members=[named(raw + b"\x9c", unicode_name="Žluť.html")]))
    assert list(package.names()) == ["Žluť.html"]
    assert package.warnings == []


def test_a_unicode_path_field_of_another_name_does_not() -> None:
    """Renaming by old tools leaves the field behind; its checksum tells (APPNOTE 4.6.9)."""
    stale = named(b"old.html", unicode_name="neu.html")
    package = open_package(make_zip({}, members=[named(b"new.html"), stale.__class__(b"kept.html", extra=stale.extra)]))
    assert list(package.names()) == ["new.html", "kept.html"]


def test_a_unicode_path_field_cannot_smuggle_a_path() -> None:
    with pytest.raises(Exception, match="climbs out"):
        open_package(make_zip({}, members=[named(b"a.html", unicode_name="../a.html")]))
