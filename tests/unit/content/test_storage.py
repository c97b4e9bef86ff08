"""Files are stored whole or not at all, below their key and nowhere else."""

import io
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passback.content.errors import StorageError
from passback.content.storage import FileStorage, open_storage
from passback.plugin import Storage, hookimpl
from passback.plugins import PluginRegistry
from tests.conftest import make_settings


@pytest.fixture
def store(tmp_path: Path) -> FileStorage:
    return FileStorage(tmp_path / "storage")


def test_what_was_saved_is_found_and_listed_and_removed(store: FileStorage) -> None:
    for key in ("t/v/index.html", "t/v/img/ü b.png", "t/w/index.html"):
        store.save(key, io.BytesIO(key.encode()))
    found = store.find("t/v/img/ü b.png")
    assert found is not None
    with found.open() as file:
        assert file.read() == "t/v/img/ü b.png".encode()
    assert found.size == len("t/v/img/ü b.png".encode())
    assert list(store.names("t/v/")) == ["t/v/index.html", "t/v/img/ü b.png"]
    store.remove("t/v/")
    assert list(store.names("")) == ["t/w/index.html"]
    store.remove("t/v/")  # nothing there is no error


def test_entity_tags_tell_versions_apart(store: FileStorage) -> None:
    tags = set()
    for key in ("t/v1/a.js", "t/v2/a.js", "t/v2/b.js"):
        store.save(key, io.BytesIO(b"same"))
        found = store.find(key)
        assert found is not None
        tags.add(found.etag)
    assert len(tags) == 3


class Breaking(io.BytesIO):
    """A source that fails half-way."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            raise RuntimeError("the package is damaged here")
        return super().read(10)


def test_a_save_that_fails_leaves_nothing_behind(store: FileStorage) -> None:
    with pytest.raises(RuntimeError):
        store.save("t/v/a.js", Breaking(b"x" * 100))
    assert store.find("t/v/a.js") is None
    assert [name for _base, _folders, files in os.walk(store.root) for name in files] == []


def test_a_file_that_is_being_written_is_not_seen(store: FileStorage) -> None:
    seen: list[object] = []

    class Looking(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            seen.extend([*store.names("t/v/"), store.find("t/v/a.js")])
            return super().read(size)

    store.save("t/v/a.js", Looking(b"x"))
    assert seen == [None, None]  # two reads, nothing listed, nothing found
    assert list(store.names("t/v/")) == ["t/v/a.js"]


@pytest.mark.parametrize(
    "key", ["", "/", "../x", "t/../../x", "t/./x", "/etc/passwd", "t//x", "t/x\0", "t\\..\\x", "t/x/"]
)
def test_a_key_that_is_not_one(store: FileStorage, key: str) -> None:
    with pytest.raises(StorageError):
        store.save(key, io.BytesIO(b"x"))
    assert store.find(key) is None


@given(st.text(max_size=30) | st.lists(st.sampled_from(["..", ".", "", "a", "\\", "/", "~"])).map("/".join))
def test_no_key_leads_out_of_the_root(key: str) -> None:
    root = Path("/nowhere/storage")
    try:
        path = FileStorage(root)._path(key)
    except StorageError:
        return
    assert Path(os.path.normpath(path)).is_relative_to(root)
    assert path != root


def test_a_folder_is_not_a_file_and_long_names_are_not_found(store: FileStorage) -> None:
    store.save("t/v/a/b.js", io.BytesIO(b"x"))
    assert store.find("t/v/a") is None
    assert store.find("t/v/" + "x" * 5000) is None
    assert store.find("t/v/a/b.js/c") is None


def test_a_disk_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StorageError) as caught:
        FileStorage(tmp_path / "file" / "storage").save("t/v/a", io.BytesIO(b"x"))
    assert "PASSBACK_STORAGE_URL" in caught.value.advice


def test_file_urls_open_folders(tmp_path: Path) -> None:
    folder = tmp_path / "with space ü"
    opened = open_storage(make_settings(tmp_path, storage_url=folder.as_uri()))
    assert isinstance(opened, FileStorage)
    assert opened.root == folder


def test_hook_open_storage_opens_other_schemes(tmp_path: Path) -> None:
    elsewhere = FileStorage(tmp_path / "bucket")

    class Buckets:
        @hookimpl
        def open_storage(self, url: str) -> Storage | None:
            return elsewhere if url.startswith("bucket://") else None

    plugins = PluginRegistry.load("off", builtin=[("buckets", Buckets())])
    assert open_storage(make_settings(tmp_path, storage_url="bucket://x"), plugins) is elsewhere
    for registry in (plugins, None):
        with pytest.raises(StorageError, match="'ftp'"):
            open_storage(make_settings(tmp_path, storage_url="ftp://x"), registry)


def test_every_folder_on_the_way_is_synced(store: FileStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rename is durable only when its folder is: else a power cut takes what was acknowledged."""
    synced: set[str] = set()
    real = os.fsync

    def spy(descriptor: int) -> None:
        synced.add(os.readlink(f"/proc/self/fd/{descriptor}"))
        real(descriptor)

    monkeypatch.setattr("passback.content.storage.os", SimpleNamespace(**{**vars(os), "fsync": spy}))
    store.save("t/v/a.js", io.BytesIO(b"x"))
    root = store.root
    assert {str(root.parent), str(root), str(root / "t"), str(root / "t/v")} <= synced
    assert any("/t/v/.passback-part-" in path for path in synced)
