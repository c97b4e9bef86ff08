"""Packages become courses: whole or not at all, on both databases, several at a time."""

import hashlib
import io
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import select

from passback.content import service, staging
from passback.content.errors import (
    AmbiguousCourseError,
    ImportFaultError,
    PackageRefusedError,
    StorageError,
    UnknownCourseError,
)
from passback.content.models import Course, CourseVersion
from passback.content.service import ImportResult, import_course
from passback.content.storage import storage
from passback.content.storing import store_files
from passback.db import Unscoped, tenant_session, unscoped
from passback.plugin import Detection, ImportContext, ImportedContent, PackageReader
from passback.runtime import runtime
from passback.settings import PackageLimits
from passback.tenants import ensure_tenant
from passback.testing.packages import bomb, hostile_packages, make_zip, named
from tests.support.packages import toy_package
from tests.support.toy import ToyContentType

TOY = {"toy.json": json.dumps({"title": "Toy", "start": "index.html"}), "index.html": "<p>Hi"}


def bring(tenant_id: UUID, data: bytes, name: str = "course.zip", *, into: UUID | None = None) -> ImportResult:
    return import_course(tenant_id, io.BytesIO(data), name, into=into)


def rows(tenant_id: UUID) -> list[CourseVersion]:
    with tenant_session(tenant_id) as session:
        return list(session.scalars(select(CourseVersion).order_by(CourseVersion.number)))


def nothing_is_left(tenant_id: UUID) -> bool:
    with tenant_session(tenant_id) as session:
        courses = list(session.scalars(select(Course)))
    return not rows(tenant_id) and not courses and not list(storage().names(""))


def test_a_course_of_more_than_2_gib_is_recorded(tenant_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is 8 GiB unpacked; what counts here is the sum, so the files need not be that large."""
    size = 5 * 2**30
    monkeypatch.setattr(service, "store_files", lambda *arguments: store_files(*arguments) and size)
    into = bring(tenant_id, toy_package()).course_id
    assert [one.total_bytes for one in rows(tenant_id)] == [size]
    staging.stage_version(tenant_id, io.BytesIO(toy_package(title="Anew")), "course.zip", into, by="test")
    with tenant_session(tenant_id) as session:
        assert [one.total_bytes for one in staging.list_staged(session, into)] == [size]


def test_a_package_becomes_a_course(tenant_id: UUID) -> None:
    data = toy_package("A course", img__a="png")
    result = bring(tenant_id, data, "C:\\fakepath\\my course.zip")
    assert (result.title, result.content_type, result.label) == ("A course", "toy", "Toy course")
    assert result.warnings == ()
    (version,) = rows(tenant_id)
    assert (version.id, version.course_id, version.number) == (result.version_id, result.course_id, 1)
    assert version.package_sha256 == hashlib.sha256(data).hexdigest()
    assert version.package_name == "my course.zip"
    assert (version.file_count, version.total_bytes) == (3, len(TOY["index.html"]) + 3 + len(json.dumps({"title": "A course", "start": "index.html"})))  # fmt: skip  # noqa: E501
    assert version.content["data"] == {"start": "index.html"}
    stored = storage().find(f"{tenant_id}/{version.id}/img/a")
    assert stored is not None
    with stored.open() as file:
        assert file.read() == b"png"
    with tenant_session(tenant_id) as session:
        assert [course.title for course in service.list_courses(session)] == ["A course"]
        assert service.current_version(session, result.course_id).id == version.id
        course = service.find_course(session, "a COURSE ")
    assert course.id == result.course_id
    assert service.course_settings(course).model_dump() == {"pass_mark": 0.5}
    (activity,) = service.activities(version)
    assert (activity.id, activity.href, activity.children) == ("toy", "index.html", ())


def test_a_hostile_package_leaves_nothing(tenant_id: UUID) -> None:
    for trick, data in hostile_packages(TOY).items():
        with pytest.raises(PackageRefusedError) as caught:
            bring(tenant_id, data)
        assert caught.value.status == 422, trick
        assert str(caught.value.side) == "the course package", trick
        assert caught.value.code != "package_refused", trick
        assert caught.value.message != "This package cannot be imported.", trick
        assert nothing_is_left(tenant_id), trick


def test_what_no_content_type_knows_is_told_what_is_known(tenant_id: UUID) -> None:
    with pytest.raises(PackageRefusedError) as caught:
        bring(tenant_id, make_zip({"index.html": "hello"}))
    assert caught.value.code == "not_a_course"
    assert "It can import: Toy, Toy of several parts." in caught.value.message


def test_a_content_types_own_refusal_is_passed_on(tenant_id: UUID) -> None:
    with pytest.raises(PackageRefusedError) as caught:
        bring(tenant_id, make_zip({"toy.json": "{"}))
    assert (caught.value.code, caught.value.message) == ("toy_broken", "toy.json is not valid.")
    assert caught.value.advice == "Write title and start into it."


def test_warnings_of_the_reader_are_kept_with_the_version(tenant_id: UUID) -> None:
    result = bring(tenant_id, make_zip(TOY, members=[named(b"a\\b.html")]))
    assert [warning.code for warning in result.warnings] == ["backslashes"]
    assert rows(tenant_id)[0].warnings[0]["code"] == "backslashes"
    assert storage().find(f"{tenant_id}/{result.version_id}/a/b.html") is not None


def test_the_same_package_twice_is_two_courses_and_a_warning(tenant_id: UUID) -> None:
    first, second = bring(tenant_id, toy_package("Twice")), bring(tenant_id, toy_package("Twice"))
    assert first.course_id != second.course_id
    assert [(warning.code, warning.evidence) for warning in second.warnings] == [("duplicate_package", "Twice")]
    assert first.warnings == ()


def test_another_tenants_package_is_no_duplicate_and_no_course_of_ours(tenant_id: UUID) -> None:
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        other = ensure_tenant(session, "other").id
    theirs = bring(other, toy_package())
    assert bring(tenant_id, toy_package()).warnings == ()
    with pytest.raises(UnknownCourseError):
        bring(tenant_id, toy_package(), into=theirs.course_id)
    assert len(rows(tenant_id)) == 1
    assert {key.split("/")[0] for key in storage().names("")} == {str(tenant_id), str(other)}


def test_a_new_version_of_a_course(tenant_id: UUID) -> None:
    first = bring(tenant_id, toy_package("Old title"))
    with tenant_session(tenant_id, write=True) as session:
        service.find_course(session, str(first.course_id)).title = "Renamed by staff"
    second = bring(tenant_id, toy_package("New title"), into=first.course_id)
    assert (second.course_id, second.title) == (first.course_id, "Renamed by staff")
    assert [version.number for version in rows(tenant_id)] == [1, 2]
    assert storage().find(f"{tenant_id}/{first.version_id}/index.html") is not None
    with tenant_session(tenant_id) as session:
        assert service.current_version(session, first.course_id).id == second.version_id


def test_a_version_of_no_course_stores_nothing(tenant_id: UUID) -> None:
    with pytest.raises(UnknownCourseError):
        bring(tenant_id, toy_package(), into=uuid4())
    assert nothing_is_left(tenant_id)


class Other(ToyContentType):
    """A second content type, for packages with other.json."""

    key, label = "other", "Other"
    confidence = 50

    def detect(self, package: PackageReader) -> Detection | None:
        return Detection(self.confidence, "Other course") if package.find("other.json") else None

    def import_package(self, package: PackageReader, context: ImportContext) -> ImportedContent:
        return ImportedContent("Other\x00 \ud800title\n" + "x" * 999, (), {})


def test_a_version_of_another_kind_is_refused(tenant_id: UUID) -> None:
    runtime().plugins.content_types["other"] = Other()
    first = bring(tenant_id, toy_package())
    with pytest.raises(PackageRefusedError) as caught:
        bring(tenant_id, make_zip({"other.json": ""}), into=first.course_id)
    assert caught.value.code == "other_kind"
    assert len(rows(tenant_id)) == 1


@pytest.mark.parametrize(("confidence", "wins"), [(50, "toy"), (95, "other")])
def test_the_surest_content_type_wins(tenant_id: UUID, confidence: int, wins: str) -> None:
    other = runtime().plugins.content_types["other"] = Other()
    other.confidence = confidence
    result = bring(tenant_id, make_zip({**TOY, "other.json": ""}))
    assert result.content_type == wins


def test_a_title_is_made_fit_for_every_database(tenant_id: UUID) -> None:
    runtime().plugins.content_types["other"] = Other()
    result = bring(tenant_id, make_zip({"other.json": ""}))
    assert result.title.startswith("Other ?title xxx")
    assert len(result.title) == 500


def test_a_broken_content_type_keeps_no_other_from_its_package(tenant_id: UUID, monkeypatch: Any) -> None:
    broken = Other()
    monkeypatch.setattr(broken, "detect", lambda package: 1 / 0)
    runtime().plugins.content_types["other"] = broken
    assert bring(tenant_id, toy_package()).content_type == "toy"


def test_a_content_type_that_fails_is_our_side_and_leaves_nothing(tenant_id: UUID, monkeypatch: Any) -> None:
    monkeypatch.setattr(runtime().plugins.content_types["toy"], "import_package", lambda *_: 1 / 0)
    with pytest.raises(ImportFaultError) as caught:
        bring(tenant_id, toy_package())
    assert str(caught.value.side) == "Passback"
    assert nothing_is_left(tenant_id)


def test_a_disk_that_fails_half_way_leaves_nothing(tenant_id: UUID, monkeypatch: Any) -> None:
    real, calls = storage().save, []

    def save(key: str, source: Any) -> None:
        calls.append(key)
        if len(calls) == 20:
            raise StorageError("disk full")
        real(key, source)

    monkeypatch.setattr(storage(), "save", save)
    with pytest.raises(StorageError):
        bring(tenant_id, toy_package(**{f"f{number}": "x" for number in range(100)}))
    assert nothing_is_left(tenant_id)


def test_a_database_that_fails_leaves_nothing(tenant_id: UUID, monkeypatch: Any) -> None:
    monkeypatch.setattr(service, "duplicates", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        bring(tenant_id, toy_package())
    assert nothing_is_left(tenant_id)


def test_a_commit_whose_answer_was_lost_keeps_its_files(tenant_id: UUID, monkeypatch: Any) -> None:
    real = service._record

    def record(*args: Any) -> None:
        real(*args)
        raise ConnectionError("the answer to COMMIT never came")

    monkeypatch.setattr(service, "_record", record)
    with pytest.raises(ConnectionError):
        bring(tenant_id, toy_package())
    (version,) = rows(tenant_id)
    assert storage().find(f"{tenant_id}/{version.id}/index.html") is not None


def test_parallel_imports_into_one_course_are_counted_one_by_one(app: Flask, tenant_id: UUID) -> None:
    course_id = bring(tenant_id, toy_package("Version 1")).course_id

    def one(number: int) -> UUID:
        with app.app_context():
            return bring(tenant_id, toy_package(f"Version {number}"), into=course_id).version_id

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(one, range(2, 10)))
    versions = rows(tenant_id)
    assert [version.number for version in versions] == list(range(1, 10))
    assert {version.id for version in versions} >= set(made)
    assert all(storage().find(f"{tenant_id}/{version_id}/index.html") for version_id in made)


def test_parallel_imports_some_of_which_fail_do_not_disturb_each_other(app: Flask, tenant_id: UUID) -> None:
    good, bad = toy_package("Good"), hostile_packages(TOY)["size_says_more"]

    def one(data: bytes) -> bool:
        with app.app_context():
            try:
                bring(tenant_id, data)
            except PackageRefusedError:
                return False
            return True

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(one, [good, bad] * 4)) == [True, False] * 4
    with tenant_session(tenant_id) as session:
        assert len(service.list_courses(session)) == 4
    stored = {key.split("/")[1] for key in storage().names(f"{tenant_id}/")}
    assert stored == {str(version.id) for version in rows(tenant_id)}


class Pipe(io.RawIOBase):
    """A source that can be read once, such as standard input."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._data.readinto(buffer)


def test_a_package_can_come_from_a_pipe(tenant_id: UUID) -> None:
    assert import_course(tenant_id, Pipe(toy_package("Piped")), "").title == "Piped"
    assert rows(tenant_id)[0].package_name == "package.zip"


def test_an_endless_upload_is_cut_at_the_limit(tenant_id: UUID, monkeypatch: Any) -> None:
    monkeypatch.setattr(runtime().settings, "packages", PackageLimits(max_bytes=1000))
    endless = make_zip(TOY, members=[bomb("zeros", 4 * 1024 * 1024)])
    with pytest.raises(PackageRefusedError) as caught:
        import_course(tenant_id, Pipe(endless), "x.zip")
    assert caught.value.code == "too_large"


def test_courses_are_found_by_id_or_by_a_title_of_one(tenant_id: UUID) -> None:
    first, second = bring(tenant_id, toy_package("Same")), bring(tenant_id, toy_package("Same", a="1"))
    with tenant_session(tenant_id, write=True) as session:
        with pytest.raises(AmbiguousCourseError):
            service.find_course(session, "same")
        with pytest.raises(UnknownCourseError):
            service.find_course(session, "other")
        service.archive_course(session, first.course_id)
    with tenant_session(tenant_id) as session:
        assert service.find_course(session, "same").id == second.course_id
        assert service.find_course(session, str(first.course_id)).archived_at is not None
        assert [course.id for course in service.list_courses(session)] == [second.course_id]
        with pytest.raises(UnknownCourseError):
            service.current_version(session, uuid4())
