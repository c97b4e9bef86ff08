"""The secret key that is kept in the instance folder: made once, whole, whoever comes first."""

import threading
from pathlib import Path

import pytest
from pydantic import ValidationError

from passback.settings import Settings


def key_in(instance: Path) -> str:
    return Settings(instance=instance, secret_key="").secret_key.get_secret_value()


def test_processes_that_start_at_once_get_one_key(tmp_path: Path) -> None:
    begin = threading.Barrier(8)
    keys: list[str] = []

    def start() -> None:
        begin.wait()
        keys.append(key_in(tmp_path))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1
    assert len(keys[0]) >= 64
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secret_key"]


@pytest.mark.parametrize("left", ["", " \n"])
def test_an_empty_key_file_is_refused(tmp_path: Path, left: str) -> None:
    """With an empty key anybody could sign what only the installation may."""
    (tmp_path / "secret_key").write_text(left)
    with pytest.raises(ValidationError, match="secret_key is empty"):
        key_in(tmp_path)


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("", []),
        ("https://old.example", ["https://old.example"]),
        ("https://old.example/, http://older.example:8000", ["https://old.example", "http://older.example:8000"]),
    ],
)
def test_former_addresses_are_separated_by_commas(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, urls: list[str]
) -> None:
    monkeypatch.setenv("PASSBACK_FORMER_URLS", text)
    assert Settings(instance=tmp_path).former_urls == urls


def test_a_former_address_is_an_origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSBACK_FORMER_URLS", "old.example")
    with pytest.raises(ValidationError, match="is not an origin"):
        Settings(instance=tmp_path)


def test_a_kept_key_stays(tmp_path: Path) -> None:
    assert key_in(tmp_path) == key_in(tmp_path)
