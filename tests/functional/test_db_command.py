"""`passback db`, and what every command says while the database is not ready."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from passback.db.migrate import CORE, newest
from tests.support.databases import empty_postgresql

PLUGIN = """
from sqlalchemy.orm import Mapped, mapped_column
from passback.db import Base, Lifecycle

class Note(Base):
    __tablename__ = "notes_note"
    lifecycle = Lifecycle(keep="a test", erase="not personal")
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
"""


class Installation:
    """Commands as a person types them: each a process, on a database of the test's own."""

    def __init__(self, folder: Path, database_url: str = "", **more: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PASSBACK_")}
        self._environment = {
            **kept,
            "PASSBACK_INSTANCE": str(folder),
            "PASSBACK_DATABASE_URL": database_url,
            "PASSBACK_PLUGINS": "off",
            **more,
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "passback.cli", *arguments]
        return subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)

    def told(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(params=["sqlite", "postgresql"])
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Installation:
    """An installation whose database has no table."""
    return Installation(tmp_path, empty_postgresql() if request.param == "postgresql" else "")


def test_a_database_without_tables_is_said_in_one_line_until_it_is_upgraded(bare: Installation) -> None:
    asked = bare.run("tenants", "list")
    assert asked.returncode == 1
    assert asked.stdout == ""
    (line,) = asked.stderr.splitlines()
    assert line.startswith("passback: ")
    assert "passback db upgrade" in line
    assert bare.told("db", "current") == [{"tables": "core", "revision": None, "newest": newest(CORE)}]
    assert bare.told("db", "upgrade") == {"revision": newest(CORE)}
    assert bare.told("db", "current") == [{"tables": "core", "revision": newest(CORE), "newest": newest(CORE)}]
    assert bare.run("tenants", "list").returncode == 0


@pytest.mark.parametrize(
    "url", ["postgresql://postgres:secret@127.0.0.1:1/x", "sqlite:////nowhere/at/all/passback.sqlite3"]
)
def test_a_database_that_cannot_be_reached_is_said_without_its_password(tmp_path: Path, url: str) -> None:
    asked = Installation(tmp_path, url).run("tenants", "list")
    assert asked.returncode == 1
    assert "PASSBACK_DATABASE_URL" in asked.stderr
    assert "Traceback" not in asked.stderr
    assert "secret" not in asked.stderr


def test_a_plugins_author_gets_a_migration_of_its_own_tables_only(tmp_path: Path) -> None:
    plugins = tmp_path / "plugins"
    (plugins / "migrations").mkdir(parents=True)
    (plugins / "notes.py").write_text(PLUGIN, encoding="utf-8")
    there = Installation(tmp_path, PASSBACK_PLUGINS="notes", PASSBACK_PLUGINS_DIR=str(plugins))
    there.told("db", "upgrade")
    made = there.told("db", "revision", "first tables", "--plugin", "notes")
    assert list((plugins / "migrations").glob("*.py")) == [Path(made["file"])]
    source = Path(made["file"]).read_text(encoding="utf-8")
    assert source.count("op.create_table") == 1
    assert "notes_note" in source
    there.told("db", "upgrade")
    found = {row["tables"]: row["revision"] for row in there.told("db", "current")}
    assert found["core"] == newest(CORE)
    assert found["notes"]
    assert found["notes"] in source


def test_an_unknown_plugin_has_no_migrations(tmp_path: Path) -> None:
    asked = Installation(tmp_path).run("db", "revision", "x", "--plugin", "nobody")
    assert asked.returncode == 1
    assert "passback plugins list" in asked.stderr
