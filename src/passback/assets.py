"""Scripts and styles, core's and the plugins': `/static/<owner>/<file>?v=<digest>` on every host, cached for ever."""

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, current_app, request, send_file
from werkzeug.security import safe_join

from passback.hosts import HostSide, mount
from passback.plugins.registry import home
from passback.runtime import runtime

YEAR = 365 * 24 * 3600

assets = Blueprint("assets", __name__)


def init_assets(app: Flask) -> None:
    """Serve every room's and plugin's `static` folder and give templates `asset_url(owner, file)`."""
    mount(app, assets, HostSide.ANY, url_prefix="/static")
    app.jinja_env.globals["asset_url"] = asset_url


def asset_url(owner: str, name: str) -> str:
    """Return the path of a room's (`player`, `web`) or plugin's static file, with its digest.

    Raises:
        FileNotFoundError: there is no such file; a fault of the code.
    """
    path = _find(owner, name)
    if path is None:
        raise FileNotFoundError(f"{owner}/static/{name}")
    return f"/static/{owner}/{name}?v={_digest(path, path.stat().st_mtime_ns)}"


@assets.get("/<owner>/<path:name>")
def serve(owner: str, name: str) -> Response:
    """Send one file; with its digest in the URL it never changes."""
    path = _find(owner, name)
    if path is None:
        abort(404)
    response = send_file(path, conditional=True, max_age=YEAR if "v" in request.args else 60)
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _find(owner: str, name: str) -> Path | None:
    folder = _folder(owner)
    joined = safe_join(str(folder), name) if folder else None
    return Path(joined) if joined and Path(joined).is_file() else None


def _folder(owner: str) -> Path | None:
    rooms = Path(current_app.root_path)
    if (rooms / owner / "static").is_dir():
        return rooms / owner / "static"
    plugin = runtime().plugins.manager.get_plugin(owner)
    return None if plugin is None else home(plugin) / "static"


@cache
def _digest(path: Path, _modified: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
