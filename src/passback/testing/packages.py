"""Makes packages, honest and hostile, for tests of importers.

`zipfile` writes only what is right; this writer puts down every field as it is told. Positions are those of APPNOTE.TXT
6.3.10, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16.
"""

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

STORED, DEFLATED = 0, 8
UTF8_NAME = 0x800
_WINDOWS, _UNIX = 0, 3
_SYMLINK = 0o120777

BOMB_BYTES = 80 * 1024 * 1024
"""Unpacked size of the bombs in `hostile_packages`: enough that a reader that unpacks them into memory shows."""


@dataclass(frozen=True)
class Member:
    """One entry of a ZIP, as it is to be written, true or not.

    Args:
        name: the bytes of the name, in any encoding.
        data: the unpacked content.
        packed: the compressed content, where it is not `data` compressed.
        says_size: the unpacked size that the package claims.
        crc: the checksum that the package claims.
        local_name: another name in the header before the data.
        flags: general purpose bits; 0x800: the name is UTF-8, 0x1: encrypted.
        method: compression method.
        system: who made it: 0 Windows and DOS, 3 Unix, 19 macOS.
        mode: Unix file mode.
        extra: extra fields.
    """

    name: bytes
    data: bytes = b""
    packed: bytes | None = None
    says_size: int | None = None
    crc: int | None = None
    local_name: bytes | None = None
    flags: int = 0
    method: int = DEFLATED
    system: int = _UNIX
    mode: int = 0o100644
    extra: bytes = b""


def make_zip(
    files: Mapping[str, bytes | str],
    *,
    members: Sequence[Member] = (),
    prefix: bytes = b"",
    comment: bytes = b"",
    zip64: bool = False,
) -> bytes:
    """Return a ZIP with `files` (UTF-8 names, deflated), then `members` exactly as they are.

    Args:
        files: path → content; a text is encoded as UTF-8. Paths are not checked: `../x` is written as it is.
        members: entries with tricks, such as `symlink`, `lying`, `bomb`, `named` and `encrypted` make.
        prefix: bytes before the archive, as in self-extracting ones.
        comment: the archive's comment.
        zip64: add the end records of large archives.
    """
    honest = [
        Member(name.encode(), data.encode() if isinstance(data, str) else data, flags=UTF8_NAME)
        for name, data in files.items()
    ]
    body, table = bytearray(prefix), bytearray()
    for member in [*honest, *members]:
        packed = member.packed if member.packed is not None else _pack(member)
        offset, facts = len(body), _facts(member, len(packed))
        local = member.name if member.local_name is None else member.local_name
        body += b"PK\x03\x04" + struct.pack("<H", 20) + facts + struct.pack("<2H", len(local), 0) + local + packed
        made = struct.pack("<2BH", 20, member.system, 20)
        sizes = struct.pack("<5H2L", len(member.name), len(member.extra), 0, 0, 0, member.mode << 16, offset)
        table += b"PK\x01\x02" + made + facts + sizes + member.name + member.extra
    count = len(honest) + len(members)
    return bytes(body + table + _end(count, len(table), len(body), comment, zip64=zip64))


def _facts(member: Member, packed_size: int) -> bytes:
    """Return what both headers of an entry say of it."""
    return struct.pack(
        "<4HL2L",
        member.flags,
        member.method,
        0,
        0x5A21,
        zlib.crc32(member.data) if member.crc is None else member.crc,
        packed_size,
        len(member.data) if member.says_size is None else member.says_size,
    )


def symlink(name: str, target: str) -> Member:
    """Return a symbolic link, which unpacking would follow out of the folder."""
    return Member(name.encode(), target.encode(), method=STORED, mode=_SYMLINK)


def encrypted(name: str, data: bytes = b"secret") -> Member:
    """Return an entry under a password."""
    return Member(name.encode(), data, flags=0x1)


def lying(name: str, data: bytes, says_size: int) -> Member:
    """Return an entry that has another size than it says."""
    return Member(name.encode(), data, says_size=says_size)


def named(raw: bytes, data: bytes = b"", *, system: int = _WINDOWS, unicode_name: str = "") -> Member:
    """Return an entry whose name is `raw`, without the UTF-8 flag.

    Args:
        unicode_name: what an Info-ZIP Unicode Path field (0x7075) says the name is; "": no such field.
    """
    extra = b""
    if unicode_name:
        field = struct.pack("<BL", 1, zlib.crc32(raw)) + unicode_name.encode()
        extra = struct.pack("<2H", 0x7075, len(field)) + field
    return Member(raw, data, system=system, extra=extra)


def bomb(name: str, size: int, *, says_size: int | None = None) -> Member:
    """Return an entry of `size` zero bytes, about a thousand times smaller when packed.

    Args:
        says_size: the size it claims; None: the truth.
    """
    packed, crc = _zeros(size)
    return Member(name.encode(), packed=packed, says_size=size if says_size is None else says_size, crc=crc)


def hostile_packages(files: Mapping[str, bytes | str]) -> dict[str, bytes]:
    """Return packages that every importer has to refuse, by what is wrong; each also holds `files`.

    For authors of content types: whatever `files` makes a course of yours, none of these may become one.
    """
    whole = make_zip(files)
    tricks: dict[str, Member] = {
        "path_climbs_out": named(b"../../etc/cron.d/x", b"x"),
        "path_climbs_out_with_backslashes": named(b"..\\..\\x", b"x"),
        "path_is_absolute": named(b"/etc/passwd", b"x"),
        "path_has_a_drive": named(b"C:\\x.html", b"x"),
        "path_has_a_nul": named(b"index.html\0.png", b"x"),
        "path_has_a_newline": named(b"a\nb.html", b"x"),
        "symlink": symlink("link", "/etc/passwd"),
        "encrypted": encrypted("locked.html"),
        "bzip2": replace(named(b"b.html", b"x"), method=12, packed=b"BZh9"),
        "size_says_less": lying("short.html", b"x" * 100_000, 10),
        "size_says_more": lying("long.html", b"x", 100_000),
        "checksum_is_wrong": replace(named(b"c.html", b"x"), crc=1),
        "two_names": replace(named(b"d.html", b"x"), local_name=b"e.html"),
        "bomb": bomb("zeros.bin", BOMB_BYTES),
        "bomb_that_says_little": bomb("zeros.bin", BOMB_BYTES, says_size=1000),
    }
    return {
        **{name: make_zip(files, members=[member]) for name, member in tricks.items()},
        "cut_off": whole[: len(whole) // 2],
        "empty_file": b"",
        "web_page": b"<!DOCTYPE html><title>Sign in</title>",
        "not_a_zip": b"Rar!\x1a\x07\x01\x00" + bytes(64),
    }


@cache
def _zeros(size: int) -> tuple[bytes, int]:
    """Return `size` zero bytes, packed, and their checksum."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    zeros = bytes(1024 * 1024)
    packed, crc = bytearray(), 0
    for start in range(0, size, len(zeros)):
        piece = zeros[: size - start]
        crc = zlib.crc32(piece, crc)
        packed += packer.compress(piece)
    return bytes(packed + packer.flush()), crc


def _pack(member: Member) -> bytes:
    if member.method == STORED:
        return member.data
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return packer.compress(member.data) + packer.flush()


def _end(count: int, length: int, offset: int, comment: bytes, *, zip64: bool) -> bytes:
    wide = b""
    if zip64:
        wide = b"PK\x06\x06" + struct.pack("<Q2H2L4Q", 44, 45, 45, 0, 0, count, count, length, offset)
        wide += b"PK\x06\x07" + struct.pack("<LQL", 0, offset + length, 1)
    shown = (0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF) if zip64 else (count, count, length, offset)
    return wide + b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, *shown, len(comment)) + comment
