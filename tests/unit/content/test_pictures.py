"""Pictures of courses: measured by their own bytes, so that nothing else is ever served as one."""

import struct

import pytest

from passback.content.pictures import measure

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 640, 360)


def jpeg(*segments: bytes) -> bytes:
    return b"\xff\xd8" + b"".join(segments) + b"\xff\xd9"


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


FRAME = b"\x08" + struct.pack(">HH", 90, 160) + b"\x03\x01\x11\x00"


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (PNG, ("image/png", 640, 360)),
        (jpeg(segment(0xE0, b"JFIF\0"), segment(0xC0, FRAME)), ("image/jpeg", 160, 90)),
        (jpeg(segment(0xC4, b"x" * 30), segment(0xC2, FRAME)), ("image/jpeg", 160, 90)),  # progressive, tables first
        (PNG[:20], None),
        (b"GIF89a" + b"\0" * 30, None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", None),
        (jpeg(segment(0xE0, b"JFIF\0")), None),
        (b"\xff\xd8\xff\xe0\x00\x00" + b"\0" * 30, None),  # a segment without a length leads nowhere
        (b"\xff\xd8\xff\xe0\xff\xff", None),
        (b"", None),
    ],
)
def test_what_a_picture_is(data: bytes, found: tuple[str, int, int] | None) -> None:
    assert measure(data) == found
