"""Versions: one after another, gone back to, deleted; looked at before they count."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from passback.clock import utc_now
from passback.content import staging, versions
from passback.content.errors import (
    CurrentVersionError,
    OlderVersionError,
    OtherCourseError,
    PackageRefusedError,
    SameVersionError,
    StagedVersionGoneError,
    UnknownCourseError,
    UnknownVersionError,
    VersionChangedError,
    VersionInUseError,
)
from passback.content.models import Course, StagedVersion
from passback.content.service import import_course
from passback.content.storage import storage
from passback.content.storing import remove_abandoned, remove_version
from passback.content.versions import OnNewVersion
from passback.db import Unscoped, tenant_session, unscoped
from passback.delivery.purge import purge
from passback.runtime import runtime
from passback.staff.models import AuditEntry
from passback.tenants import ensure_tenant
from passback.testing.packages import hostile_packages, make_zip
from tests.support.packages import toy_package
from tests.support.play import add_desk

BY = "somebody"


def parts(*names: str, title: str = "Parts") -> bytes:
    """Return a course of several activities."""
    made = [{"id": name, "title": name.title(), "start": f"{name}.html"} for name in names]
    return make_zip({"parts.json": json.dumps({"title": title, "parts": made})})


def bring(tenant_id: UUID, data: bytes, into: UUID | None = None, **options: Any) -> Any:
    return import_course(tenant_id, io.BytesIO(data), "course.zip", into=into, **options)


def stage(tenant_id: UUID, data: bytes, into: UUID) -> UUID:
    return staging.stage_version(tenant_id, io.BytesIO(data), "new.zip", into, by=BY)


def numbers(tenant_id: UUID, course_id: UUID) -> tuple[list[int], int]:
    """Return the versions there are, the newest first, and the current one."""
    with tenant_session(tenant_id) as session:
        found = [version.number for version in versions.list_versions(session, course_id)]
        current = versions.current_version(session, course_id).number
        assert versions.current_numbers(session)[course_id] == current
    return found, current


def stored(tenant_id: UUID) -> set[str]:
    return {key.split("/")[1] for key in storage().names(f"{tenant_id}/")}


@pytest.fixture
def course_id(tenant_id: UUID) -> UUID:
    """A course with three versions; runs on each database."""
    return three_versions(tenant_id)


@pytest.fixture
def sqlite_course(sqlite_tenant: UUID) -> UUID:
    """The same on SQLite only."""
    return three_versions(sqlite_tenant)


def three_versions(tenant_id: UUID) -> UUID:
    """Make a course with three versions."""
    made: UUID = bring(tenant_id, toy_package("One")).course_id
    bring(tenant_id, toy_package("Two"), made)
    bring(tenant_id, toy_package("Three"), made, by=BY)
    return made


def test_back_and_forth(tenant_id: UUID, course_id: UUID) -> None:
    assert numbers(tenant_id, course_id) == ([3, 2, 1], 3)
    with tenant_session(tenant_id, write=True) as session:
        assert versions.make_current(session, course_id, 1).number == 1
    assert numbers(tenant_id, course_id) == ([3, 2, 1], 1)
    with tenant_session(tenant_id, write=True) as session:
        versions.make_current(session, course_id, 3)
    assert numbers(tenant_id, course_id) == ([3, 2, 1], 3)
    with pytest.raises(UnknownVersionError), tenant_session(tenant_id, write=True) as session:
        versions.make_current(session, course_id, 4)
    for nonsense in (-1, 0, 2**31, 10**30):  # more than the databases' integers hold
        with pytest.raises(UnknownVersionError), tenant_session(tenant_id) as session:
            versions.find_version(session, course_id, nonsense)
    with pytest.raises(UnknownCourseError), tenant_session(tenant_id, write=True) as session:
        versions.make_current(session, uuid4(), 1)


def test_a_new_version_is_current_also_after_going_back(tenant_id: UUID, course_id: UUID) -> None:
    with tenant_session(tenant_id, write=True) as session:
        versions.make_current(session, course_id, 2)
    assert bring(tenant_id, toy_package("Four"), course_id).number == 4
    assert numbers(tenant_id, course_id) == ([4, 3, 2, 1], 4)


def test_the_same_bytes_make_no_version(tenant_id: UUID, course_id: UUID) -> None:
    before = stored(tenant_id)
    same = bring(tenant_id, toy_package("Three"), course_id)
    assert (same.unchanged, same.number) == (True, 3)
    with pytest.raises(OlderVersionError) as caught:
        bring(tenant_id, toy_package("One"), course_id)
    assert "version 1" in caught.value.advice
    assert numbers(tenant_id, course_id) == ([3, 2, 1], 3)
    assert stored(tenant_id) == before


def test_the_same_package_twice_at_once_is_one_version(app: Flask, tenant_id: UUID, course_id: UUID) -> None:
    def one(_number: int) -> int:
        with app.app_context():
            number: int = bring(tenant_id, toy_package("Four"), course_id).number
            return number

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, range(4))) == [4] * 4
    assert numbers(tenant_id, course_id) == ([4, 3, 2, 1], 4)
    assert len(stored(tenant_id)) == 4


def test_a_package_that_seems_to_be_another_course_has_to_be_meant(sqlite_tenant: UUID) -> None:
    course_id = bring(sqlite_tenant, parts("a", "b")).course_id
    with pytest.raises(OtherCourseError, match="another title"):
        bring(sqlite_tenant, parts("x", title="Bees"), course_id)
    assert len(stored(sqlite_tenant)) == 1
    assert bring(sqlite_tenant, parts("x", title="Bees"), course_id, sure=True).number == 2


def test_who_and_when_are_kept(sqlite_tenant: UUID, sqlite_course: UUID) -> None:
    with tenant_session(sqlite_tenant) as session:
        newest, *older = versions.list_versions(session, sqlite_course)
    assert newest.imported_by == BY
    assert {version.imported_by for version in older} == {""}


def test_a_version_that_nobody_began_is_deleted_and_its_number_not_given_again(
    tenant_id: UUID, course_id: UUID
) -> None:
    with tenant_session(tenant_id, write=True) as session:
        versions.make_current(session, course_id, 1)
        gone = versions.delete_version(session, course_id, 3)
    remove_version(tenant_id, gone)
    assert numbers(tenant_id, course_id) == ([2, 1], 1)
    assert str(gone) not in stored(tenant_id)
    assert bring(tenant_id, toy_package("Three"), course_id).number == 4
    with pytest.raises(CurrentVersionError), tenant_session(tenant_id, write=True) as session:
        versions.delete_version(session, course_id, 4)


def test_a_version_that_was_begun_stays(tenant_id: UUID, course_id: UUID) -> None:
    desk = add_desk(tenant_id, course_id=course_id)
    desk.open()
    bring(tenant_id, toy_package("Four"), course_id)
    with pytest.raises(VersionInUseError), tenant_session(tenant_id, write=True) as session:
        versions.delete_version(session, course_id, 3)
    assert numbers(tenant_id, course_id) == ([4, 3, 2, 1], 4)


def test_files_whose_deletion_failed_go_with_the_abandoned_ones(
    sqlite_tenant: UUID, sqlite_course: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tenant_session(sqlite_tenant, write=True) as session:
        gone = versions.delete_version(session, sqlite_course, 1)
    with monkeypatch.context() as patch:
        patch.setattr(storage(), "remove", lambda _prefix: 1 / 0)
        remove_version(sqlite_tenant, gone)
    assert str(gone) in stored(sqlite_tenant)
    with time_machine.travel(utc_now() + timedelta(days=2)):
        assert remove_abandoned(storage()) == 1
    assert str(gone) not in stored(sqlite_tenant)


# --- Looked at first -------------------------------------------------------------------------------------------------


def test_trying_says_what_would_change_and_keeps_nothing(sqlite_tenant: UUID) -> None:
    course_id = bring(sqlite_tenant, parts("a", "b")).course_id
    before = stored(sqlite_tenant)
    prospect = staging.try_version(sqlite_tenant, io.BytesIO(parts("a", "c")), "x.zip", course_id)
    assert [(change["kind"], change["activity"]) for change in prospect.comparison.to_json()] == [
        ("added", "c"),
        ("gone", "b"),
    ]
    assert (prospect.current.number, prospect.same_as, prospect.unchanged) == (1, None, False)
    assert staging.try_version(sqlite_tenant, io.BytesIO(parts("a", "b")), "x.zip", course_id).unchanged
    assert (stored(sqlite_tenant), numbers(sqlite_tenant, course_id)) == (before, ([1], 1))


def test_trying_reads_every_byte(sqlite_tenant: UUID, sqlite_course: UUID) -> None:
    files = {"toy.json": '{"title": "T", "start": "index.html"}', "index.html": "x"}
    with pytest.raises(PackageRefusedError):
        staging.try_version(
            sqlite_tenant, io.BytesIO(hostile_packages(files)["size_says_more"]), "x.zip", sqlite_course
        )


def test_an_upload_waits_and_is_confirmed_once(tenant_id: UUID, course_id: UUID) -> None:
    staged_id = stage(tenant_id, toy_package("Four"), course_id)
    assert numbers(tenant_id, course_id) == ([3, 2, 1], 3)
    with tenant_session(tenant_id) as session:
        staged, prospect = staging.find_staged(session, course_id, staged_id)
    assert (staged.package_name, staged.staged_by, prospect.current.number) == ("new.zip", BY, 3)
    against = prospect.current.id
    for _ in range(2):
        version = staging.confirm_version(tenant_id, course_id, staged_id, against=against, by=BY)
        assert (version.id, version.number, version.imported_by) == (staged_id, 4, BY)
    assert numbers(tenant_id, course_id) == ([4, 3, 2, 1], 4)
    with tenant_session(tenant_id) as session:
        assert session.scalars(select(StagedVersion)).all() == []
    with unscoped(Unscoped.INSTALLATION) as session:
        assert [entry.details for entry in session.scalars(select(AuditEntry))] == [{"number": 4}]
    assert storage().find(f"{tenant_id}/{staged_id}/index.html") is not None


def test_what_was_looked_at_is_what_is_confirmed(tenant_id: UUID, course_id: UUID) -> None:
    with tenant_session(tenant_id) as session:
        against = versions.current_version(session, course_id).id
    one, two = (stage(tenant_id, toy_package(title), course_id) for title in ("Four", "Five"))
    staging.confirm_version(tenant_id, course_id, one, against=against, by=BY)
    with pytest.raises(VersionChangedError):
        staging.confirm_version(tenant_id, course_id, two, against=against, by=BY)
    staging.confirm_version(tenant_id, course_id, two, against=one, by=BY)
    assert numbers(tenant_id, course_id) == ([5, 4, 3, 2, 1], 5)


def test_the_same_upload_twice_becomes_one_version(tenant_id: UUID, course_id: UUID) -> None:
    one, two = (stage(tenant_id, toy_package("Four"), course_id) for _ in range(2))
    with tenant_session(tenant_id) as session:
        against = versions.current_version(session, course_id).id
    staging.confirm_version(tenant_id, course_id, one, against=against, by=BY)
    with pytest.raises(SameVersionError):
        staging.confirm_version(tenant_id, course_id, two, against=one, by=BY)
    with pytest.raises(SameVersionError):
        stage(tenant_id, toy_package("Four"), course_id)
    with pytest.raises(OlderVersionError):
        stage(tenant_id, toy_package("One"), course_id)


def test_parallel_confirmations_come_one_by_one(app: Flask, tenant_id: UUID, course_id: UUID) -> None:
    waiting = [stage(tenant_id, toy_package(f"V{number}"), course_id) for number in range(4)]
    with tenant_session(tenant_id) as session:
        against = versions.current_version(session, course_id).id

    def confirm(staged_id: UUID) -> bool:
        with app.app_context():
            try:
                staging.confirm_version(tenant_id, course_id, staged_id, against=against, by=BY)
            except VersionChangedError:
                return False
            return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(confirm, waiting)) == [False, False, False, True]
    assert numbers(tenant_id, course_id) == ([4, 3, 2, 1], 4)


def test_an_upload_is_discarded(sqlite_tenant: UUID, sqlite_course: UUID) -> None:
    staged_id = stage(sqlite_tenant, toy_package("Four"), sqlite_course)
    staging.discard_version(sqlite_tenant, sqlite_course, staged_id)
    assert str(staged_id) not in stored(sqlite_tenant)
    with pytest.raises(StagedVersionGoneError):
        staging.discard_version(sqlite_tenant, sqlite_course, staged_id)
    with tenant_session(sqlite_tenant) as session:
        newest = versions.current_version(session, sqlite_course).id
    with pytest.raises(StagedVersionGoneError):
        staging.discard_version(sqlite_tenant, sqlite_course, newest)
    assert storage().find(f"{sqlite_tenant}/{newest}/index.html") is not None


def test_an_upload_that_nobody_confirms_goes_after_a_day(tenant_id: UUID, course_id: UUID) -> None:
    staged_id = stage(tenant_id, toy_package("Four"), course_id)
    assert remove_abandoned(storage(), older_than=timedelta(0)) == 0, "it waits: its files are needed"
    with time_machine.travel(utc_now() + timedelta(days=1, hours=1)):
        purge()
        assert remove_abandoned(storage()) == 1
    assert str(staged_id) not in stored(tenant_id)
    assert len(stored(tenant_id)) == 3


def test_another_courses_or_tenants_upload_is_none(tenant_id: UUID, course_id: UUID) -> None:
    staged_id = stage(tenant_id, toy_package("Four"), course_id)
    other = bring(tenant_id, toy_package("Other")).course_id
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        foreign = ensure_tenant(session, "foreign").id
    for tenant, course in ((tenant_id, other), (foreign, course_id)):
        with pytest.raises((StagedVersionGoneError, UnknownCourseError)):
            staging.confirm_version(tenant, course, staged_id, against=staged_id, by=BY)
        with pytest.raises((StagedVersionGoneError, UnknownCourseError)):
            staging.discard_version(tenant, course, staged_id)
    with pytest.raises(UnknownCourseError):
        stage(foreign, toy_package("Five"), course_id)


def test_a_database_that_fails_leaves_no_upload(
    sqlite_tenant: UUID, sqlite_course: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stored(sqlite_tenant)
    monkeypatch.setattr(staging, "duplicates", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        stage(sqlite_tenant, toy_package("Four"), sqlite_course)
    assert stored(sqlite_tenant) == before


def test_a_content_type_that_fails_to_compare_says_nothing(
    sqlite_tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime().plugins.content_types["toy"], "compare", lambda *_: 1 / 0, raising=False)
    content: Any = {"activities": [], "title": "T", "data": {}}
    assert versions.compare("toy", content, content).changes == ()


def test_the_rule_for_learners_under_way_is_the_courses(sqlite_tenant: UUID, sqlite_course: UUID) -> None:
    with tenant_session(sqlite_tenant, write=True) as session:
        versions.set_on_new_version(session, sqlite_course, OnNewVersion.STAY)
    with tenant_session(sqlite_tenant) as session:
        assert session.get_one(Course, sqlite_course).on_new_version == "stay"
