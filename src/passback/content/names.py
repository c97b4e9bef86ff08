"""Paths inside packages: cleaned once on the way in, found again however content spells them."""

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import unquote

from passback.plugin import PackageError

MAX_DEPTH = 64
MAX_PART_BYTES = 255  # what Linux file systems take for one name
MAX_PATH_BYTES = 1024

_DRIVE = re.compile(r"[A-Za-z]:")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?$", re.IGNORECASE)
_NOISE = frozenset(
    {"__macosx", ".ds_store", "thumbs.db", "desktop.ini", ".gitattributes", ".gitignore", ".git", ".svn"}
)


def clean_path(name: str) -> str:
    """Return a package's path with forward slashes and without empty and `.` parts.

    Raises:
        PackageError: the path leaves the package (`..`, absolute, drive letter), holds control characters, or is too
            long or too deep to be stored.
    """
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in name):
        raise _unsafe(name, "has control characters in its name")
    path = name.replace("\\", "/")
    if path.startswith("/") or _DRIVE.match(path):
        raise _unsafe(name, "has an absolute path")
    parts = [part for part in path.split("/") if part not in {"", "."}]
    if ".." in parts:
        raise _unsafe(name, "has a path that climbs out of its folder")
    if len(parts) > MAX_DEPTH or len(path.encode()) > MAX_PATH_BYTES:
        raise _unsafe(name, "has a path that is too long")
    if any(len(part.encode()) > MAX_PART_BYTES for part in parts):
        raise _unsafe(name, "has a name that is too long")
    return "/".join(parts)


def _unsafe(name: str, what: str) -> PackageError:
    shown = "".join(character if character.isprintable() else "�" for character in name[:120])
    return PackageError("unsafe_path", f"A file in the package {what}: “{shown}”.", "Pack the course again.")


def is_noise(path: str) -> bool:
    """True for what archivers and version control leave behind: `__MACOSX`, `.DS_Store`, `Thumbs.db` …"""
    return any(part.lower() in _NOISE or part.startswith("._") for part in path.split("/"))


def is_odd(path: str) -> bool:
    """True for a path that Windows cannot hold as it is: reserved names, trailing dots and spaces."""
    return any(_RESERVED.match(part) or part != part.rstrip(". ") for part in path.split("/"))


def _folded(name: str) -> str:
    """Return what two spellings of a name share: one Unicode form (macOS stores decomposed names), no case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


class NameIndex:
    """Finds the file that a reference means, among the files there are."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._folded: dict[str, str | None] = {}
        for name in sorted(self._names):
            key = _folded(name)
            self._folded[key] = None if key in self._folded else name

    def find(self, name: str) -> str | None:
        """Return the path that `name` means: exact, else with `\\` for `/`, percent signs decoded or other case.

        A spelling that fits several files in no exact way (`A.JS` for `a.js` and `A.js`) means none of them.
        """
        for spelling in _spellings(name):
            if spelling in self._names:
                return spelling
        for spelling in _spellings(name):
            if found := self._folded.get(_folded(spelling)):
                return found
        return None

    def collisions(self) -> list[str]:
        """Return names that differ from another one only in case or Unicode form."""
        return sorted(name for name in self._names if self._folded[_folded(name)] is None)


def _spellings(name: str) -> Iterable[str]:
    yield name
    plain = name.split("#", 1)[0].split("?", 1)[0]
    for text in (name, plain, unquote(name), unquote(plain)):
        parts: list[str] = []
        for part in text.replace("\\", "/").split("/"):
            if part == "..":
                del parts[-1:]  # as browsers do: from the top, up leads nowhere
            elif part not in {"", "."}:
                parts.append(part)
        yield "/".join(parts)
