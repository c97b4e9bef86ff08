"""`passback courses` on versions, as people and programs use it."""

from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from passback.db import Unscoped, unscoped
from passback.staff.models import AuditEntry
from tests.functional.test_courses_command import run, told
from tests.support.packages import toy_package
from tests.support.play import add_desk, page
from tests.unit.content.test_versions import parts


@pytest.fixture
def package(tmp_path: Path, sqlite_app: Flask) -> Path:
    path = tmp_path / "bees.zip"
    path.write_bytes(parts("queen", "honey", title="Bees"))
    return path


def test_a_dry_run_says_what_would_change_and_an_import_what_did(package: Path) -> None:
    course = told("import", package)["id"]
    package.write_bytes(parts("queen", "wax", title="Bees"))
    tried = told("import", package, "--into", "Bees", "--dry-run")
    assert (tried["id"], tried["version"], tried["unchanged"], tried["other_course"]) == (course, 1, False, "")
    assert [change["text"] for change in tried["changes"]] == ["New: “Wax”.", "Gone: “Honey”."]
    assert [row["version"] for row in told("versions", "Bees")] == [1]
    made = told("import", package, "--into", "Bees")
    assert (made["id"], made["version"], made["unchanged"]) == (course, 2, False)
    assert made["changes"] == tried["changes"]
    again = told("import", package, "--into", "Bees")
    assert (again["version"], again["unchanged"]) == (2, True)
    assert "is this very package" in run("import", package, "--into", "Bees").output
    assert "byte for byte" in run("import", package, "--into", "Bees", "--dry-run").output
    assert told("diff", "Bees")["changes"] == tried["changes"]
    assert "From version 2 to 1:\n  New: “Honey”." in run("diff", "Bees", "--from", "2", "--to", "1").output


def test_another_course_has_to_be_meant(package: Path) -> None:
    told("import", package)
    package.write_bytes(toy_package("Wasps"))
    assert getattr(run("import", package, "--into", "Bees").exception, "code", "") == "other_kind"
    package.write_bytes(parts("nest", title="Wasps"))
    assert "Is this the right course?" in run("import", package, "--into", "Bees", "--dry-run").output
    refused = run("import", package, "--into", "Bees")
    assert getattr(refused.exception, "code", "") == "other_course"
    assert len(told("versions", "Bees")) == 1
    assert told("import", package, "--into", "Bees", "--yes")["version"] == 2
    assert run("import", package, "--dry-run").exit_code == 2


def test_back_forth_and_away(package: Path, sqlite_tenant: UUID) -> None:
    first = told("import", package)
    package.write_bytes(parts("queen", "wax", title="Bees"))
    told("import", package, "--into", "Bees")
    desk = add_desk(sqlite_tenant, course_id=UUID(first["id"]))
    desk.send(desk.open(), [page(1, 1)], leaving=True)
    back = told("rollback", "Bees", "--to", "1")
    assert (back["version"], back["before"], back["running_elsewhere"]) == (1, 2, 1)
    rows = told("versions", "Bees")
    assert [(row["version"], row["current"], row["learners"], row["running"]) for row in rows] == [
        (2, False, 1, 1),
        (1, True, 0, 0),
    ]
    assert {row["imported_by"] for row in rows} == {"cli"}
    assert told("list")[0]["version"] == told("show", "Bees")["version"] == 1
    assert getattr(run("delete-version", "Bees", "--version", "2").exception, "code", "") == "version_in_use"
    package.write_bytes(parts("queen", "honey", title="Bees"))
    assert told("import", package, "--into", "Bees")["unchanged"], "the one that is current again"
    assert "1 learner" not in run("rollback", "Bees", "--to", "2").output
    assert told("delete-version", "Bees", "--version", "1")["deleted"] == 1
    older = run("rollback", "Bees", "--to", "1")
    assert getattr(older.exception, "code", "") == "unknown_version"
    with unscoped(Unscoped.INSTALLATION) as session:
        actions = [entry.action for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.at))]
    assert actions == [
        "course.imported",
        "course.imported",
        "course.version_chosen",
        "course.version_chosen",
        "course.version_deleted",
    ]


def test_the_rule_for_learners_under_way(package: Path) -> None:
    told("import", package)
    assert told("show", "Bees")["on_new_version"] == "ask"
    assert told("on-new-version", "Bees", "stay")["on_new_version"] == "stay"
    assert told("show", "Bees")["on_new_version"] == "stay"
    assert run("on-new-version", "Bees", "whatever").exit_code == 2
