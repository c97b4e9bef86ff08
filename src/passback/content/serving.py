"""Package files on the content host, below `/c/<capability>/`: no cookie, no database, cached as long as allowed."""

from collections import OrderedDict
from urllib.parse import quote
from uuid import UUID

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.http import parse_range_header
from werkzeug.wsgi import wrap_file

from passback.clock import utc_now
from passback.content import capability
from passback.content.containment import contain
from passback.content.errors import CapabilityError, FileMissingError, ServiceWorkerRefusedError
from passback.content.mime import media_type
from passback.content.models import CourseVersion
from passback.content.names import NameIndex
from passback.content.storage import storage
from passback.content.storing import prefix_of
from passback.plugin import Storage, StoredFile
from passback.runtime import runtime

KEPT_INDEXES = 8
"""Versions whose names are kept in memory; one of 50,000 files takes some 20 MB."""

SMALL_BYTES = 256 * 1024
"""Files up to this size are read at once, so that a slow browser holds no open file."""

content = Blueprint("content", __name__)


def asset_base(version: CourseVersion) -> str:
    """Return the URL, ending in "/", below which every file of a course version is served in this term."""
    token = capability.issue(runtime().sealer, version.tenant_id, version.id, utc_now())
    return f"{runtime().hosts.content_origin(version.id)}/c/{token}/"


@content.get("/<token>/<path:name>")
def serve(token: str, name: str) -> Response:
    """Send a package file; the query is the content's own business."""
    allowed = capability.check(runtime().sealer, token, utc_now())
    check_host(allowed.version_id)
    if request.headers.get("Service-Worker", "").lower() == "script":
        raise ServiceWorkerRefusedError
    prefix = prefix_of(allowed.tenant_id, allowed.version_id)
    key, file = _find(prefix, name)
    response = _accelerated(key, file) or _streamed(file)
    response.headers["Content-Type"] = media_type(key)
    if response.status_code < 400:
        seconds = int((allowed.expires - utc_now()).total_seconds())
        response.headers["Cache-Control"] = f"public, max-age={seconds}, immutable"
    return response


@content.get("/<token>/")
def folder(token: str) -> Response:
    """Refuse to list a package."""
    capability.check(runtime().sealer, token, utc_now())
    raise FileMissingError("a folder")


@content.after_request
def _contain(response: Response) -> Response:
    """Contain files and error pages alike; an error is not kept, its cause may be gone in a minute."""
    if response.status_code >= 400:
        response.headers["Cache-Control"] = "no-store"
    response.headers.pop("Service-Worker-Allowed", None)
    return contain(response, ancestors=None)


def check_host(version_id: UUID) -> None:
    """Refuse a version's files on another version's host: packages must not share an origin where they need not."""
    label = runtime().hosts.label(version_id)
    if label and request.host.split(".", 1)[0].lower() != label:
        raise CapabilityError("a capability of another host")


def _find(prefix: str, name: str) -> tuple[str, StoredFile]:
    """Return key and file for a name: exactly so, else as content written for Windows servers may mean it."""
    store = storage()
    if name.endswith("/"):
        raise FileMissingError("a folder")
    file = store.find(prefix + name)
    if file is not None:
        return prefix + name, file
    found = _index(store, prefix).find(name)
    file = store.find(prefix + found) if found else None
    if found is None or file is None:
        raise FileMissingError(name[:200])
    return prefix + found, file


def _index(store: Storage, prefix: str) -> NameIndex:
    """Return the names of a version, which never change; kept, as broken references come in swarms."""
    kept: OrderedDict[str, NameIndex] = current_app.extensions.setdefault("passback_name_indexes", OrderedDict())
    index = kept.get(prefix) or NameIndex(key.removeprefix(prefix) for key in store.names(prefix))
    kept[prefix] = index
    while len(kept) > KEPT_INDEXES:
        kept.popitem(last=False)
    return index


def _accelerated(key: str, file: StoredFile) -> Response | None:
    """Leave the sending to the web server in front, where `PASSBACK_ACCEL_PREFIX` says that it can."""
    prefix = runtime().settings.accel_prefix
    if not prefix or file.local_path() is None:
        return None
    response = Response()
    response.headers["X-Accel-Redirect"] = f"{prefix.rstrip('/')}/{quote(key)}"
    return response


def _streamed(file: StoredFile) -> Response:
    """Send the file with an entity tag, the range that was asked for, or nothing where the browser has it."""
    environ = dict(request.environ)
    if not _one_range(environ.get("HTTP_RANGE", "")):
        environ.pop("HTTP_RANGE", None)
    opened = file.open()
    if file.size <= SMALL_BYTES:
        with opened:
            response = Response(opened.read())
    else:
        response = Response(wrap_file(environ, opened), direct_passthrough=True)
    response.set_etag(file.etag)
    response.last_modified = file.modified
    response.content_length = file.size
    try:
        response.make_conditional(environ, accept_ranges=True, complete_length=file.size)
    except RequestedRangeNotSatisfiable:
        opened.close()
        return Response(status=416, headers={"Content-Range": f"bytes */{file.size}"})
    if request.method == "HEAD" or response.status_code == 304:
        opened.close()
        response.response = ()
    return response


def _one_range(header: str) -> bool:
    """True for a range that is answered with 206 or 416; several at a time, or nonsense, get the whole file."""
    wanted = parse_range_header(header)
    return wanted is not None and wanted.units == "bytes" and len(wanted.ranges) == 1
