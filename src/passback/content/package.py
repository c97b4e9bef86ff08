"""Reads uploaded packages. Nothing in a package is believed: every path is cleaned, every byte is counted."""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from typing import IO

from passback.content.archive import damaged, open_archive
from passback.content.encodings import guess_code_page
from passback.content.names import NameIndex, clean_path, is_noise, is_odd
from passback.content.xml import parse_xml
from passback.plugin import PackageError, PackageWarning, ParsedXml
from passback.settings import MEBIBYTE, PackageLimits

READ_LIMIT = 16 * MEBIBYTE
RATIO_FROM_BYTES = 64 * MEBIBYTE
"""Below so many unpacked bytes no ratio is suspicious: a megabyte of spaces in a script is 1000 : 1."""

_ENCRYPTED = 0x1 | 0x40 | 0x2000  # traditional, strong, masked headers
_UTF8_NAME = 0x800
_UNIX = 3
_UNICODE_PATH = 0x7075
# Deflate (RFC 1951) is what packages are made with; packaging standards ask for it. zipfile unpacks bzip2 and LZMA
# without a bound on what one read returns: 4 kB of bzip2 can become gigabytes of memory.
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


_METHOD_NAMES = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "XZ", 98: "PPMd"}


class ZipPackage:
    """A ZIP as a `passback.plugin.PackageReader`. Reading is safe from several threads.

    Args:
        file: seekable; stays open and is the caller's to close.
        name: what the uploader called it.
        limits: what it may at most be.

    Raises:
        PackageError: not a ZIP, damaged, hostile, or beyond a limit.
    """

    def __init__(self, file: IO[bytes], name: str, limits: PackageLimits) -> None:
        self.name = name
        self.warnings: list[PackageWarning] = []
        self._limits = limits
        self._packed = file.seek(0, io.SEEK_END)
        if self._packed > limits.max_bytes:
            raise _too_large(f"The package has {_size(self._packed)}; {_size(limits.max_bytes)} are allowed.")
        # Folders and leftovers of archivers are entries too and are not counted as files below.
        self._zip = open_archive(file, max_entries=2 * limits.max_files)
        self._files = self._take_in(self._zip.infolist())
        self._index = NameIndex(self._files)
        self._check_sizes()
        self._warn_of_names()

    def names(self) -> Sequence[str]:
        """Return every file's path, in the order of the package."""
        return list(self._files)

    def size(self, name: str) -> int:
        """Return a file's unpacked size in bytes, as the package says; reading proves it."""
        return self._info(name).file_size

    def find(self, name: str) -> str | None:
        """Return the path that `name` means: exact, else with `\\` for `/`, percent signs decoded or other case."""
        return self._index.find(name)

    def read(self, name: str, *, limit: int = READ_LIMIT) -> bytes:
        """Return a file's bytes.

        Raises:
            PackageError: the file is missing, damaged or larger than `limit` bytes.
        """
        if self.size(name) > limit:
            raise _too_large(
                f"“{name}” in the package has {_size(self.size(name))}; {_size(limit)} can be read at once."
            )
        with self.open(name) as file:
            return file.read()

    def open(self, name: str) -> IO[bytes]:
        """Open a file for reading; damage and sizes that are not true raise `PackageError` while it is read."""
        info = self._info(name)
        try:
            return io.BufferedReader(_CheckedFile(self._zip.open(info), name, info.file_size), 64 * 1024)
        except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, struct.error, OverflowError) as error:
            raise damaged(f"“{name}” cannot be read.") from error

    def xml(self, name: str) -> ParsedXml:
        """Parse a file as XML; see `passback.content.xml.parse_xml`."""
        return parse_xml(self.read(name), name)

    def _info(self, name: str) -> zipfile.ZipInfo:
        try:
            return self._files[name]
        except KeyError:
            raise PackageError("file_missing", f"The package has no file “{name}”.") from None

    def _take_in(self, infos: Iterable[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
        infos = list(infos)
        page = guess_code_page([_raw_name(info) for info in infos if not info.flag_bits & _UTF8_NAME])
        files: dict[str, zipfile.ZipInfo] = {}
        doubles, slashes, guessed = [], [], []
        for info in infos:
            name, sure = _name(info, page)
            path = clean_path(name)
            _check_entry(info, path)
            if name.endswith(("/", "\\")) or not path or is_noise(path):
                continue
            if path in files:
                doubles.append(path)
            files[path] = info
            slashes += [path] if "\\" in name else []
            guessed += [] if sure else [path]
        self._warn("double_name", "Several files have the same path; the last one is used.", doubles)
        self._warn("backslashes", "Paths were written with backslashes; they were put right.", slashes)
        message = f"The package does not say how its file names are encoded; they were read as {page}."
        self._warn("name_encoding", message, guessed, "Pack the course with UTF-8 names if files are missing.")
        return files

    def _check_sizes(self) -> None:
        limits = self._limits
        if not self._files:
            raise PackageError("empty_package", "The package has no files.", "Pack the course's files, not its folder.")
        if len(self._files) > limits.max_files:
            raise PackageError(
                "too_many_files", f"The package has more than {limits.max_files} files.", "Split the course."
            )
        for name, info in self._files.items():
            if info.file_size > limits.max_file_bytes:
                raise _too_large(f"“{name}” has {_size(info.file_size)}; {_size(limits.max_file_bytes)} are allowed.")
        # Entries cannot hold more than they say (_CheckedFile), so the sums bound what is unpacked.
        total = sum(info.file_size for info in self._files.values())
        if total > limits.max_unpacked_bytes:
            raise _too_large(f"The package unpacks to {_size(total)}; {_size(limits.max_unpacked_bytes)} are allowed.")
        if total > RATIO_FROM_BYTES and total > limits.max_ratio * self._packed:
            message = f"The package would unpack to more than {limits.max_ratio} times its size, as only traps do."
            raise PackageError("bomb", message, "If the course is genuine, raise PASSBACK_PACKAGE_MAX_RATIO.")

    def _warn_of_names(self) -> None:
        folders = {path.rsplit("/", depth)[0] for path in self._files for depth in range(1, path.count("/") + 1)}
        if clash := next((path for path in self._files if path in folders), ""):
            raise PackageError("path_conflict", f"“{clash}” is both a file and a folder.", "Pack the course again.")
        message = "Names differ only in upper and lower case; each needs its exact spelling."
        self._warn("case_collision", message, self._index.collisions())
        message = "Names that Windows cannot hold (reserved, or with a dot or space at the end)."
        self._warn("odd_name", message, [path for path in self._files if is_odd(path)])

    def _warn(self, code: str, message: str, evidence: Sequence[str], advice: str = "") -> None:
        if evidence:
            more = f" and {len(evidence) - 3} more" if len(evidence) > 3 else ""
            self.warnings.append(PackageWarning(code, message, ", ".join(evidence[:3]) + more, advice))


class _CheckedFile(io.RawIOBase):
    """A file in a package that proves to have as many bytes as it said, with the checksum it said."""

    def __init__(self, source: IO[bytes], name: str, size: int) -> None:
        self._source = source
        self._name = name
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._source.read(len(buffer))
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, OverflowError) as error:
            # A size that is too small shows here too: zipfile stops at it, and the checksum is another's.
            raise damaged(f"“{self._name}” is not what the package says it is.") from error
        self._left -= len(data)
        if not data and self._left:
            raise damaged(f"“{self._name}” is shorter than the package says.")
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._source.close()
        super().close()


def _check_entry(info: zipfile.ZipInfo, path: str) -> None:
    if info.flag_bits & _ENCRYPTED:
        raise PackageError("encrypted", "The package is protected by a password.", "Pack it without one.")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        raise PackageError("symlink", f"“{path}” is a link to another file.", "Pack the file itself instead.")
    if info.create_system == _UNIX and kind in {stat.S_IFBLK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK}:
        raise PackageError("special_file", f"“{path}” is a device, not a file.", "Leave it out of the package.")
    if info.compress_type not in _METHODS:
        method = _METHOD_NAMES.get(info.compress_type, f"method {info.compress_type}")
        message = f"“{path}” is compressed with {method}, which learning systems do not read."
        raise PackageError("compression", message, "Pack the course with ordinary ZIP compression (deflate).")


def _raw_name(info: zipfile.ZipInfo) -> bytes:
    return info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8_NAME else "cp437")


def _name(info: zipfile.ZipInfo, page: str) -> tuple[str, bool]:
    """Return an entry's name and whether its encoding is sure: flagged, told in an extra field, ASCII or UTF-8."""
    if info.flag_bits & _UTF8_NAME:
        return info.orig_filename, True
    raw = _raw_name(info)
    told = _unicode_path(info.extra, raw)
    return told or raw.decode(page, "replace"), bool(told) or raw.isascii() or page == "utf-8"


def _unicode_path(extra: bytes, raw: bytes) -> str:
    """Return the name in an Info-ZIP Unicode Path field (APPNOTE 4.6.9); "" where there is none for this name."""
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<2H", extra, at)
        data = extra[at + 4 : at + 4 + length]
        at += 4 + length
        if tag == _UNICODE_PATH and len(data) > 5 and data[0] == 1 and data[1:5] == struct.pack("<L", zlib.crc32(raw)):
            return data[5:].decode("utf-8", "replace")
    return ""


def _too_large(message: str) -> PackageError:
    return PackageError("too_large", message, "Make the course smaller, or ask the administrator to raise the limit.")


def _size(count: int) -> str:
    return f"{count / MEBIBYTE:,.1f} MiB" if count >= MEBIBYTE else f"{count:,} bytes"
