"""The tool on a real port, a page on another site that frames it, and Chromium: what browser tests run on."""

import io
import json
import ssl
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from flask import Flask
from playwright.sync_api import BrowserContext, Error, Page, Playwright
from werkzeug.serving import BaseWSGIServer, make_server

from passback.app import create_app
from passback.content import service
from passback.content.models import Course
from passback.db import Unscoped, db, tenant_session, unscoped
from passback.player import tickets
from passback.player.entry import entry_url
from passback.settings import Settings
from passback.tenants import ensure_tenant
from passback.tracking import learners, placements, registrations

CHROMIUM = "/usr/bin/chromium"
PATIENCE = 30_000
"""Milliseconds that Playwright waits for anything at most: that the machine is busy is no fault of the page's."""
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class LiveTool:
    """A running tool. `with tool.app.app_context():` gives a test the database."""

    app: Flask
    port: int
    tenant_id: UUID

    def import_package(self, files: Mapping[str, str | bytes], name: str = "toy.zip") -> service.ImportResult:
        """Import a package made of `files`; `toy.json` is added where it is missing."""
        with self.app.app_context():
            return service.import_course(self.tenant_id, zipped(files), name)

    def import_file(self, file: IO[bytes], name: str) -> service.ImportResult:
        """Import a package that lies in a file."""
        with self.app.app_context():
            return service.import_course(self.tenant_id, file, name)

    def register(self, course_id: UUID, learner: str = "ann") -> UUID:
        """Register a learner directly and return the registration."""
        with self.app.app_context(), tenant_session(self.tenant_id, write=True) as session:
            who = learners.upsert_learner(session, source="direct", subject=learner, name=learner.title())
            course = session.get_one(Course, course_id)
            placement = placements.direct_placement(session, course)
            made = registrations.ensure_registration(session, learner=who, course_id=course_id, placement=placement)
            return made.id

    def launch_url(self, registration_id: UUID, **options: Any) -> str:
        """Return an address that opens the registration, as a launch would."""
        with self.app.app_context():
            return entry_url(tenant_id=self.tenant_id, registration_id=registration_id, **options)

    def ticket(self, registration_id: UUID) -> str:
        """Return a single-use launch link."""
        with self.app.app_context(), tenant_session(self.tenant_id, write=True) as session:
            return tickets.issue(session, registration_id)


def zipped(files: Mapping[str, str | bytes]) -> io.BytesIO:
    """Return a package of the toy content type."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        if "toy.json" not in files:
            archive.writestr("toy.json", json.dumps({"title": "A toy", "start": "index.html"}))
        for name, body in files.items():
            archive.writestr(name, body)
    package.seek(0)
    return package


@contextmanager
def serve_app(app: Flask, port: int = 0, **options: Any) -> Iterator[BaseWSGIServer]:
    """Run `app` in threads of this process until the block ends."""
    server = make_server("127.0.0.1", port, app, threaded=True, **options)
    server.daemon_threads = True  # type: ignore[attr-defined]  # ThreadedWSGIServer has it
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def start_tool(settings: Settings, *, ssl_context: ssl.SSLContext | None = None, **options: Any) -> Iterator[LiveTool]:
    """Run the tool on `settings.port`, whose database is migrated already.

    Args:
        ssl_context: speaks https where it is given.
        options: of `create_app`.
    """
    app = create_app(settings, **options)
    with serve_app(app, settings.port, ssl_context=ssl_context), app.app_context():
        with unscoped(Unscoped.INSTALLATION, write=True) as session:
            tenant_id = ensure_tenant(session).id
        yield LiveTool(app, settings.port, tenant_id)
        db.engine.dispose()


@contextmanager
def serve_frame() -> Iterator[str]:
    """Serve a page of another site that shows `?<address>` in a frame, as an LMS does; yields the page's address."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            target = self.path.partition("?")[2]
            frame = f'<iframe id="tool" src="{target}" style="width: 95%; height: 500px" allow="fullscreen"></iframe>'
            head = "<!doctype html><meta name=viewport content='width=device-width'><title>LMS</title><h1>LMS</h1>"
            body = f"{head}{frame if target else ''}".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def open_browser(
    playwright: Playwright,
    profile: Path,
    *,
    block_third_party: bool = False,
    args: tuple[str, ...] = (),
    **options: Any,
) -> Iterator[BrowserContext]:
    """Start Chromium with a profile of its own.

    Args:
        profile: folder of the profile, made where it is missing; the same folder is the same browser later.
        block_third_party: as people set it: no cookies and no storage for frames of other sites.
        args: more switches of Chromium.
        options: of Playwright's `launch_persistent_context`.
    """
    if block_third_party:
        (profile / "Default").mkdir(parents=True, exist_ok=True)
        preferences = {"profile": {"cookie_controls_mode": 1, "block_third_party_cookies": True}}
        (profile / "Default" / "Preferences").write_text(json.dumps(preferences))
    with ExitStack() as stack:
        context = playwright.chromium.launch_persistent_context(
            str(profile), executable_path=CHROMIUM, args=[*ARGUMENTS, *args], headless=True, **options
        )
        stack.callback(context.close)
        context.set_default_timeout(PATIENCE)
        yield context


def kill(page: Page) -> None:
    """Let the page's process die, as on a phone without memory: unlike with `close()`, no handler of it runs."""
    with page.expect_event("crash"), suppress(Error):
        page.goto("chrome://crash")
    page.close()
