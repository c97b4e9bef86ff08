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


def test_a_kept_key_stays(tmp_path: Path) -> None:
    assert key_in(tmp_path) == key_in(tmp_path)
