"""The root command where something is wrong around it: one line that says what to mend, no traceback."""

import socket
from pathlib import Path

import pytest

from passback.cli.main import main


def told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *command: str, **environment: str) -> str:
    """Run a command (`tenants list` if not said) with these settings, which must fail, and return what it says."""
    for name, value in environment.items():
        monkeypatch.setenv(f"PASSBACK_{name}", value)
    with pytest.raises(SystemExit) as ended:
        main(list(command) or ["tenants", "list"])
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert said.startswith("passback: ")
    assert "Traceback" not in said
    return said


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "abc", "PASSBACK_PORT: Input should be a valid integer"),
        ("PORT", "99999", "PASSBACK_PORT: Input should be less than or equal to 65535"),
        ("URL", "nonsense", "PASSBACK_URL: 'nonsense' is not an origin"),
        ("CONTENT_URL", "http://localhost:8000", "\n  PASSBACK_CONTENT_URL must be another origin"),
        ("DATABASE_URL", "nonsense", "PASSBACK_DATABASE_URL is not the address of a database"),
        ("DATABASE_URL", "nonsense://host/name", "PASSBACK_DATABASE_URL is not the address of a database"),
        ("DATABASE_URL", "mysql://host/name", "PASSBACK_DATABASE_URL is not the address of a database"),
        ("DATABASE_URL", "postgresql://ann@127.0.0.1:1/none", "The database cannot be reached"),
        ("PACKAGE_MAX_BYTES", "much", "PASSBACK_PACKAGE_MAX_BYTES: Input should be a valid integer"),
        ("APPROVED_HOSTS", "lms.example", "A list is written as JSON"),
    ],
)
def test_a_wrong_setting_is_named_as_people_set_it(
    name: str,
    value: str,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert says in told(monkeypatch, capsys, INSTANCE=str(tmp_path), **{name: value})


def test_a_port_that_is_taken_is_said_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        said = told(monkeypatch, capsys, "run", INSTANCE=str(tmp_path), PORT=port)
    assert f"It is port {port}." in said
    assert "PASSBACK_PORT" in said


def test_an_instance_folder_that_cannot_be_made_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    said = told(monkeypatch, capsys, INSTANCE=str(in_the_way / "instance"))
    assert f"{in_the_way}/instance: Not a directory." in said
    assert "PASSBACK_INSTANCE" in said


def test_an_argument_that_is_no_text_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PASSBACK_INSTANCE", str(tmp_path))
    with pytest.raises(SystemExit):
        main(["db", "upgrade"])
    capsys.readouterr()
    said = told(monkeypatch, capsys, "courses", "list", "--tenant", "\udcff")
    assert "UTF-8" in said
    assert len(said.splitlines()) == 1
