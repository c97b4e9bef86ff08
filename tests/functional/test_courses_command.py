"""`passback courses`, as people and programs use it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from passback.cli.courses import courses_group
from passback.content.errors import SettingsRefusedError
from passback.db import Unscoped, unscoped
from passback.tenants import ensure_tenant
from passback.testing.packages import hostile_packages, make_zip, named
from tests.support.packages import toy_package


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(courses_group, [str(argument) for argument in arguments])


def told(*arguments: str | Path) -> Any:
    """Run a command with `--json` and return what it says."""
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.output.strip().splitlines()[-1])


@pytest.fixture
def package(tmp_path: Path, sqlite_app: Flask) -> Path:
    path = tmp_path / "my course.zip"
    path.write_bytes(toy_package("My course"))
    return path


def test_import_says_what_programs_rely_on(package: Path) -> None:
    made = told("import", package)
    assert set(made) == {"id", "type", "title", "warnings"}
    assert (made["type"], made["title"], made["warnings"]) == ("Toy course", "My course", [])
    again = told("import", package)
    assert again["id"] != made["id"]
    assert [warning["code"] for warning in again["warnings"]] == ["duplicate_package"]
    told_of = {"code", "message", "evidence", "advice", "severity", "certain", "file", "line"}
    assert set(again["warnings"][0]) == told_of
    assert "note: The very same package was imported before" in run("import", package).output


def test_import_says_it_in_words(tmp_path: Path, package: Path) -> None:
    data = make_zip({"toy.json": '{"title": "Käse", "start": "a.html"}'}, members=[named(b"x\\a.html")])
    package.write_bytes(data)
    result = run("import", package)
    assert result.exit_code == 0
    assert "Imported “Käse” (Toy course) as " in result.output
    assert "warning: Paths were written with backslashes; they were put right. (x/a.html)" in result.output


def test_a_new_version_by_title_or_id(package: Path) -> None:
    first = told("import", package)
    package.write_bytes(toy_package("Newer"))
    assert told("import", package, "--into", "my course")["id"] == first["id"]
    package.write_bytes(toy_package("Newest"))
    assert told("import", package, "--into", first["id"])["id"] == first["id"]
    shown = told("show", "My course")
    assert (shown["id"], shown["version"], shown["title"]) == (first["id"], 3, "My course")
    assert shown["activities"][0]["href"] == "index.html"
    assert told("list") == [{"id": first["id"], "title": "My course", "content_type": "toy", "version": 3}]


def test_an_archived_course_is_listed_no_more_but_still_shown(package: Path) -> None:
    made = told("import", package)
    assert told("archive", "My course")["id"] == made["id"]
    assert told("list") == []
    assert "There are no courses yet." in run("list").output
    assert told("show", made["id"])["archived_at"]
    assert "my course.zip" in run("show", made["id"]).output


@pytest.mark.parametrize("wanted", ["nothing", "c01df264-f368-4b61-b5ff-11a8e46d8bdf"])
@pytest.mark.parametrize("command", ["show", "archive"])
def test_an_unknown_course(sqlite_app: Flask, command: str, wanted: str) -> None:
    result = run(command, wanted)
    assert result.exit_code == 1
    assert getattr(result.exception, "code", "") == "unknown_course"


def test_tenants_are_kept_apart(package: Path) -> None:
    assert getattr(run("import", package, "--tenant", "acme").exception, "code", "") == "unknown_tenant"
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        ensure_tenant(session, "acme")
    told("import", package, "--tenant", "acme")
    assert told("list") == []
    assert len(told("list", "--tenant", "acme")) == 1


def test_a_bad_package_ends_the_command_with_one_clear_line(tmp_path: Path) -> None:
    """The real command, in a process of its own, without any plugin."""
    environment = {**os.environ, "PASSBACK_INSTANCE": str(tmp_path), "PASSBACK_PLUGINS": "off"}
    command = [sys.executable, "-c", "from passback.cli import main; main()"]

    def passback(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, *arguments], env=environment, capture_output=True, text=True, check=False)

    assert passback("db", "upgrade").returncode == 0
    for data, said in (
        (hostile_packages({})["web_page"], "passback: This is a web page saved under the name of a package"),
        (make_zip({"a.html": ""}), "passback: This ZIP file is not a course that Passback can import."),
    ):
        (tmp_path / "bad.zip").write_bytes(data)
        ended = passback("courses", "import", str(tmp_path / "bad.zip"), "--json")
        assert ended.returncode == 1
        assert ended.stdout == ""
        last = ended.stderr.strip().splitlines()[-1]
        assert last.startswith(said), ended.stderr
        assert "Traceback" not in ended.stderr


def test_settings_are_shown_changed_and_put_back(package: Path) -> None:
    course = told("import", package)["id"]
    shown = {one["name"]: one for one in told("settings", course)}
    assert (shown["pass_mark"]["value"], shown["pass_mark"]["default"]) == (0.5, 0.5)
    [changed] = told("settings", course, "pass_mark=0.75")
    assert changed["value"] == 0.75
    assert told("show", course)["settings"] == {"pass_mark": 0.75}
    assert "pass_mark = 0.75" in run("settings", course).output
    assert told("settings", course, "--unset", "pass_mark")[0]["value"] == 0.5
    assert told("show", course)["settings"] == {}


@pytest.mark.parametrize("change", ["passmark=1", "pass_mark=high", "pass_mark=[1]", "--unset=nothing"])
def test_settings_that_cannot_be_are_refused(package: Path, change: str) -> None:
    course = told("import", package)["id"]
    before = told("show", course)["settings"]
    result = run("settings", course, change)
    assert isinstance(result.exception, SettingsRefusedError)
    assert change.removeprefix("--unset=").partition("=")[0] in result.exception.advice
    assert told("show", course)["settings"] == before
    assert run("settings", course, "pass_mark").exit_code == 2
