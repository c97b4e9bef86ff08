"""`passback certify` on a machine where nothing is set up, and on one whose settings lead nowhere."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from passback.cli.main import main
from passback.lti import claims


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, and an environment that nobody may read."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "URL": "https://production.test",
        "PLUGINS": "no-such-plugin",
        "ENGINE": "embedded",
    }.items():
        monkeypatch.setenv(f"PASSBACK_{name}", value)
    return tmp_path


def test_a_log_of_evidence_and_nothing_else_is_left_behind(elsewhere: Path) -> None:
    done = CliRunner().invoke(main, ["certify", "B10", "X8", "AGS5", "--output", "evidence.log"])
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert [line.partition(" | ")[0].split(" ", 1)[1] for line in lines if " | " in line] == [
        "PASS B10",
        "PASS AGS5",
        "PASS X8-within",
        "PASS X8-beyond",
    ]
    assert lines[-1] == "4 of 4 cases passed"
    assert os.listdir(elsewhere) == ["evidence.log"]
    log = (elsewhere / "evidence.log").read_text()
    (refusal,) = [line for line in log.splitlines() if "PASS X8-beyond" in line]
    code = refusal.rpartition(" ")[2]
    assert f"lti.refused launch={code}" in log
    assert "error=token_expired" in log


def test_in_a_process_of_its_own(elsewhere: Path) -> None:
    """What is imported in which order differs from that of tests: a course once opened here and not there."""
    command = [sys.executable, "-m", "passback.cli", "certify", "AGS5", "NRPS2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("2 of 2 cases passed\n")
    assert done.stderr == ""


def test_a_case_that_fails_ends_with_1(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "LEEWAY", 0.0)
    done = CliRunner().invoke(main, ["certify", "X8", "--json"])
    assert done.exit_code == 1
    report = json.loads(done.stdout)
    assert (report["passed"], report["failed"]) == (1, ["X8-within"])
    assert [(one["id"], one["passed"], one["cause"]) for one in report["cases"]] == [
        ("X8-within", False, "token_expired"),
        ("X8-beyond", True, "token_expired"),
    ]


def test_cases_are_named_without_running_any(elsewhere: Path) -> None:
    done = CliRunner().invoke(main, ["certify", "--list", "--json", "B"])
    assert done.exit_code == 2
    assert "No case is called B" in done.output
    listed = json.loads(CliRunner().invoke(main, ["certify", "--list", "--json"]).stdout)
    assert {"id": "B12", "sent": "no sub"}.items() <= next(one for one in listed if one["id"] == "B12").items()
    assert len(listed) > 150
