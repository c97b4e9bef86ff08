"""The picture of a course, for an LMS to show beside its link: one file of the package, for whoever has its address.

The address has no end: an LMS keeps it with the link for years. It opens this one picture and nothing else.
"""

import base64
import hmac
import re
import struct
from dataclasses import asdict, dataclass
from typing import cast
from urllib.parse import quote
from uuid import UUID

from flask import Blueprint, Response

from passback.content.containment import contain
from passback.content.errors import FileMissingError
from passback.content.models import CourseVersion
from passback.content.serving import check_host
from passback.content.storage import storage
from passback.content.storing import prefix_of
from passback.db import JsonObject
from passback.plugin import PackageError, PackageReader
from passback.runtime import runtime

MAX_BYTES = 1024 * 1024
MAX_PIXELS = 4096
"""Width and height at most; a page beside others shows some hundred."""
CACHE_SECONDS = 30 * 24 * 3600

_PURPOSE = "course-picture"
_FORM = re.compile(r"([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{22})")
_PNG = b"\x89PNG\r\n\x1a\n"
_NO_FRAME = frozenset({0xC4, 0xC8, 0xCC})
"""JPEG markers among C0..CF that begin no frame: Huffman tables, a reserved one, arithmetic coding."""

pictures = Blueprint("pictures", __name__)


@dataclass(frozen=True)
class Picture:
    """A picture in a package; `width` and `height` in pixels."""

    path: str
    width: int
    height: int


def read_picture(package: PackageReader, wanted: str) -> Picture | None:
    """Return what a content type calls the course's picture; None where it is missing, too large or of another kind.

    PNG and JPEG only: an SVG is a program, and others are not shown everywhere.
    """
    path = package.find(wanted) if wanted else None
    if path is None or package.size(path) > MAX_BYTES:
        return None
    try:
        found = measure(package.read(path, limit=MAX_BYTES))
    except PackageError:
        return None
    if found is None:
        return None
    _kind, width, height = found
    fits = 0 < width <= MAX_PIXELS and 0 < height <= MAX_PIXELS
    return Picture(path, width, height) if fits else None


def measure(data: bytes) -> tuple[str, int, int] | None:
    """Return the media type, width and height of a PNG or JPEG by its own bytes, whatever it is called."""
    if data.startswith(_PNG) and data[12:16] == b"IHDR" and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return "image/png", width, height
    return _measure_jpeg(data) if data.startswith(b"\xff\xd8\xff") else None


def _measure_jpeg(data: bytes) -> tuple[str, int, int] | None:
    at = 2
    while at + 9 <= len(data):
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at] != 0xFF or length < 2:
            return None
        if 0xC0 <= marker <= 0xCF and marker not in _NO_FRAME:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return "image/jpeg", width, height
        at += 2 + length
    return None


def picture_json(package: PackageReader, wanted: str) -> JsonObject:
    """Return what a course version keeps of its picture."""
    picture = read_picture(package, wanted)
    return {"picture": None if picture is None else cast("JsonObject", asdict(picture))}


def picture_of(version: CourseVersion) -> JsonObject | None:
    """Return a version's picture with its address, as LTI writes an image (LTI DL 2.0 §3.1): url, width, height."""
    kept = version.content.get("picture")
    if not isinstance(kept, dict):
        return None
    path = str(kept["path"])
    token = _token(version.tenant_id, version.id, path)
    url = f"{runtime().hosts.content_origin(version.id)}/picture/{token}/{quote(path)}"
    return {"url": url, "width": kept["width"], "height": kept["height"]}


@pictures.get("/<token>/<path:name>")
def serve(token: str, name: str) -> Response:
    """Send a course's picture."""
    match = _FORM.fullmatch(token)
    if match is None:
        raise FileMissingError("malformed")
    both = base64.urlsafe_b64decode(match[1] + "=")
    tenant_id, version_id = UUID(bytes=both[:16]), UUID(bytes=both[16:])
    if not hmac.compare_digest(token.encode(), _token(tenant_id, version_id, name).encode()):
        raise FileMissingError("forged")
    check_host(version_id)
    file = storage().find(prefix_of(tenant_id, version_id) + name)
    if file is None or file.size > MAX_BYTES:
        raise FileMissingError(name[:200])
    with file.open() as opened:
        data = opened.read()
    measured = measure(data)
    if measured is None:
        raise FileMissingError("no picture")
    response = Response(data, mimetype=measured[0])
    response.headers["Cache-Control"] = f"public, max-age={CACHE_SECONDS}, immutable"
    return response


@pictures.after_request
def _contain(response: Response) -> Response:
    contain(response, ancestors=())
    if response.status_code < 400:
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # the LMS's own pages show it
    return response


def _token(tenant_id: UUID, version_id: UUID, path: str) -> str:
    ids = base64.urlsafe_b64encode(tenant_id.bytes + version_id.bytes).decode().rstrip("=")
    return f"{ids}.{runtime().sealer.mac(_PURPOSE, f'{ids}/{path}')}"
