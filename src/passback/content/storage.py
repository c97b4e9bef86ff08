"""Where packages are kept: local files below `PASSBACK_STORAGE_URL`, or what a plugin opens for another scheme."""

import hashlib
import io
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, cast
from urllib.parse import unquote, urlsplit

from flask import current_app

from passback.content.errors import StorageError
from passback.plugin import Storage, StoredFile
from passback.plugins import PluginRegistry
from passback.runtime import runtime
from passback.settings import MEBIBYTE, Settings

_EXTENSION = "passback_storage"
_PART = ".passback-part-"
_FORBIDDEN_PARTS = frozenset({"", ".", ".."})


@dataclass
class LocalFile:
    """A file of `FileStorage`. Files never change, so that the key and the size identify the bytes."""

    path: Path
    size: int
    etag: str
    modified: datetime

    def open(self) -> IO[bytes]:
        """Open it for reading."""
        return self.path.open("rb")

    def local_path(self) -> Path | None:
        """Return its path."""
        return self.path


class FileStorage:
    """Files in a folder. A file is written beside its place, synced and renamed, so that it is whole or not there.

    Args:
        root: the folder; made when the first file is saved.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def save(self, key: str, source: IO[bytes]) -> None:
        """Store a file under `key`, durably, all or nothing.

        Raises:
            StorageError: the key is not one, or the folder cannot be written to.
        """
        path = self._path(key)
        part = path.with_name(f"{_PART}{secrets.token_hex(8)}")
        try:
            _make_folder(path.parent)
            try:
                with part.open("xb") as file:
                    shutil.copyfileobj(source, file, MEBIBYTE)
                    file.flush()
                    os.fsync(file.fileno())
                part.rename(path)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
            _sync_folder(path.parent)
        except OSError as error:
            raise StorageError(f"{type(error).__name__} ({error.errno}) while saving") from error

    def find(self, key: str) -> StoredFile | None:
        """Return the file under exactly `key`, or None."""
        try:
            path = self._path(key)
            facts = path.stat()
        except (StorageError, OSError, ValueError):
            return None
        if not path.is_file():
            return None
        etag = hashlib.sha256(f"{key}:{facts.st_size}".encode()).hexdigest()[:24]
        return LocalFile(path, facts.st_size, etag, datetime.fromtimestamp(int(facts.st_mtime), UTC))

    def names(self, prefix: str) -> Iterator[str]:
        """Yield the keys below `prefix`, which names a folder; "" for all."""
        return (key for key in self._walk(prefix) if not _is_part(key))

    def unfinished(self, prefix: str) -> Iterator[str]:
        """Yield what is being written below `prefix`, or was when the power failed; `remove` removes it too."""
        return (key for key in self._walk(prefix) if _is_part(key))

    def remove(self, prefix: str) -> None:
        """Remove everything below `prefix`; nothing there is no error."""
        with suppress(FileNotFoundError):
            shutil.rmtree(self._path(prefix.rstrip("/")))

    def _walk(self, prefix: str) -> Iterator[str]:
        folder = self._path(prefix.rstrip("/")) if prefix.strip("/") else self.root
        for base, folders, files in os.walk(folder):
            folders.sort()
            for name in sorted(files):
                yield (Path(base) / name).relative_to(self.root).as_posix()

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        if _FORBIDDEN_PARTS.intersection(parts) or "\0" in key or "\\" in key or _is_part(key):
            raise StorageError("a key that is not a path below the storage")
        return self.root.joinpath(*parts)


def storage_trouble() -> str:
    """Return "" where a file can be stored, found and removed again, else what is wrong."""
    prefix = f"health-{secrets.token_hex(8)}"
    try:
        storage().save(f"{prefix}/probe", io.BytesIO(b"probe"))
        found = storage().find(f"{prefix}/probe")
        storage().remove(f"{prefix}/")
    except StorageError as error:
        return f"{error.message} {error.detail}. {error.advice}"
    return "" if found and found.size == 5 else "The storage does not hand out what was stored. Is it full?"


def _is_part(key: str) -> bool:
    return key.rpartition("/")[2].startswith(_PART)


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, each durable in the one that holds it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_storage(settings: Settings, plugins: PluginRegistry | None = None) -> Storage:
    """Return the storage that `settings.storage_url` names.

    Raises:
        StorageError: nobody knows the URL's scheme.
    """
    parts = urlsplit(settings.storage_url)
    if parts.scheme == "file" and parts.netloc in {"", "localhost"}:
        return FileStorage(Path(unquote(parts.path)))
    opened = plugins.manager.hook.open_storage(url=settings.storage_url) if plugins else None
    if opened is None:
        raise StorageError(f"no storage for the scheme {parts.scheme!r}")
    return cast("Storage", opened)


def storage() -> Storage:
    """Return the current app's storage, opened once."""
    if _EXTENSION not in current_app.extensions:
        current_app.extensions[_EXTENSION] = open_storage(runtime().settings, runtime().plugins)
    return cast("Storage", current_app.extensions[_EXTENSION])
