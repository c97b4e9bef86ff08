"""What a file is before anything unpacks it: a ZIP at all, whole, and with a table of contents of bearable size.

`zipfile` reads the whole table of contents into memory and makes an object of every entry, so both are bounded here
first. Field positions are those of APPNOTE.TXT 6.3.10, sections 4.3.12 to 4.3.16.
"""

import struct
import zipfile
from typing import IO

from passback.plugin import PackageError

_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_ENTRY_BYTES = 46
_MAX_COMMENT = 65_535
_AVERAGE_ENTRY_BYTES = 512  # a header, a long name and the usual extra fields

_REPACK = "Pack the course as a plain ZIP file (deflate, no password) and upload that."
_KINDS = (
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\x1f\x8b", "a gzip file"),
    (b"%PDF", "a PDF document"),
    (b"<?xml", "an XML file, not a package"),
)


def open_archive(file: IO[bytes], *, max_entries: int) -> zipfile.ZipFile:
    """Open `file` as a ZIP after a look at its beginning and its end.

    Raises:
        PackageError: not a ZIP, cut off, damaged, or with more than `max_entries` entries.
    """
    file.seek(0)
    start = file.read(512)
    size = file.seek(0, 2)
    if not size:
        raise PackageError("empty_file", "The file is empty.", "Upload it again; the last upload may have failed.")
    end = _find_end(file, size)
    if end is None:
        raise _not_an_archive(start)
    _check_directory(file, size, *end, max_entries=max_entries)
    file.seek(0)
    try:
        return zipfile.ZipFile(file)
    except UnicodeDecodeError as error:
        raise PackageError(
            "bad_names", "The package says its file names are UTF-8, and they are not.", _REPACK
        ) from error
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        OSError,
        ValueError,
        struct.error,
        EOFError,
        OverflowError,
    ) as error:
        raise damaged(str(error)) from error


def damaged(detail: str) -> PackageError:
    """Return the error for a ZIP whose parts contradict one another; `detail` says how."""
    return PackageError(
        "damaged", f"The ZIP file is damaged: {detail}", "Export the course again and upload that file."
    )


def _not_an_archive(start: bytes) -> PackageError:
    if start.startswith(b"PK\x03\x04"):
        advice = "Download or export it again, and compare the sizes."
        return PackageError("truncated", "The ZIP file is cut off: its end is missing.", advice)
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html")):
        message = "This is a web page saved under the name of a package, often a sign-in or error page."
        return PackageError("web_page", message, "Download the package again while signed in where it comes from.")
    for mark, kind in _KINDS:
        if start.startswith(mark):
            return PackageError("not_a_zip", f"This is {kind}; course packages are ZIP files.", _REPACK)
    return PackageError("not_a_zip", "This is not a ZIP file; course packages are ZIP files.", _REPACK)


def _find_end(file: IO[bytes], size: int) -> tuple[int, int] | None:
    """Return (position, size) of the table of contents as the end record tells them; None without an end record."""
    tail_size = min(size, _END.size + _MAX_COMMENT + _LOCATOR_64.size)
    file.seek(size - tail_size)
    tail = file.read(tail_size)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(tail):
        return None
    _mark, _disk, _first, _here, _count, length, _offset, _comment = _END.unpack_from(tail, at)
    position = size - tail_size + at
    locator = at - _LOCATOR_64.size
    if locator >= 0 and tail[locator : locator + 4] == b"PK\x06\x07":
        position -= _LOCATOR_64.size + _END_64.size
        file.seek(max(position, 0))
        record = file.read(_END_64.size)
        if len(record) == _END_64.size and record.startswith(b"PK\x06\x06"):
            length, _offset = _END_64.unpack(record)[8:10]
        else:
            raise damaged("its ZIP64 end record is not where it should be.")
    # Something may be put before the archive (self-extracting ones): the table ends where the end record begins.
    return position - length, length


def _check_directory(file: IO[bytes], size: int, position: int, length: int, *, max_entries: int) -> None:
    """Count the entries of the table of contents without making an object of each."""
    if position < 0 or position + length > size:
        raise damaged("its table of contents lies outside of the file.")
    too_many = PackageError("too_many_files", f"The package has more than {max_entries} files.", "Split the course.")
    if length > max_entries * _AVERAGE_ENTRY_BYTES + _MAX_COMMENT:
        raise too_many
    file.seek(position)
    table = file.read(length)
    at = count = 0
    while at + _ENTRY_BYTES <= len(table) and table.startswith(b"PK\x01\x02", at):
        name, extra, comment = struct.unpack_from("<3H", table, at + 28)
        at += _ENTRY_BYTES + name + extra + comment
        count += 1
        if count > max_entries:
            raise too_many
