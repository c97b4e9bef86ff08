"""Package files on the content host, as browsers ask for them."""

import io
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from werkzeug.test import TestResponse

from passback.clock import utc_now
from passback.content.models import CourseVersion
from passback.content.service import import_course
from passback.content.serving import asset_base
from passback.db import Unscoped, tenant_session, unscoped
from passback.runtime import runtime
from passback.tenants import ensure_tenant
from tests.conftest import make_settings, run_app
from tests.support.packages import toy_package

MOVIE = bytes(range(256)) * 1200
FILES = {
    "video.mp4": MOVIE,
    "Pages__Page One.html": "<script>document.write(1)</script>",
    "img__Ünï.png": "png",
    "same.js": "lower",
    "SAME.js": "upper",
    "empty.txt": "",
    "a%20b.txt": "percent",
    "plus+and#hash?.txt": "signs",
}


@dataclass
class Course:
    """An imported course and the way to ask for its files."""

    app: Flask
    version: CourseVersion

    @property
    def base(self) -> str:
        return asset_base(self.version)

    def get(self, name: str, *, base: str = "", method: str = "GET", **headers: str) -> TestResponse:
        parts = urlsplit(base or self.base)
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        origin = f"{parts.scheme}://{parts.netloc}"
        return self.app.test_client().open(
            parts.path + name, base_url=origin, method=method, headers=named, buffered=True
        )


def bring(app: Flask, tenant: str = "default", title: str = "Toy") -> Course:
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        tenant_id = ensure_tenant(session, tenant).id
    result = import_course(tenant_id, io.BytesIO(toy_package(title, **FILES)), "toy.zip")
    with tenant_session(tenant_id) as session:
        version = session.get(CourseVersion, result.version_id)
    assert version is not None
    return Course(app, version)


@pytest.fixture
def course(sqlite_app: Flask) -> Course:
    return bring(sqlite_app)


def test_a_file_comes_with_the_headers_that_contain_it(course: Course) -> None:
    answer = course.get("index.html")
    assert (answer.status_code, answer.text) == (200, "<p>Hi")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-scripts allow-same-origin allow-forms ")
    assert "top-navigation" not in policy
    assert "script-src" not in policy
    assert answer.headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"] == "text/html"  # no charset: the page says its own
    assert "Set-Cookie" not in answer.headers
    assert "Service-Worker-Allowed" not in answer.headers


def test_a_file_is_kept_as_long_as_its_address_holds(course: Course) -> None:
    with time_machine.travel("2026-12-31T00:00:00Z", tick=False):
        answer = course.get("index.html")
    assert answer.headers["Cache-Control"] == f"public, max-age={15 * 24 * 3600}, immutable"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Pages/Page%20One.html", "<script>document.write(1)</script>"),
        ("pages/page%20one.HTML", "<script>document.write(1)</script>"),
        ("Pages%5CPage%20One.html", "<script>document.write(1)</script>"),
        ("Pages/Page%2520One.html", "<script>document.write(1)</script>"),
        ("Pages/Page%20One.html?content=playing&x=../y", "<script>document.write(1)</script>"),
        ("img/%C3%9Cn%C3%AF.png", "png"),
        ("IMG/U%CC%88ni%CC%88.PNG", "png"),
        ("same.js", "lower"),
        ("SAME.js", "upper"),
        ("empty.txt", ""),
        ("a%2520b.txt", "percent"),
        ("plus+and%23hash%3F.txt", "signs"),
        ("pages/../index.html", "<p>Hi"),
        ("pages//page%20one.html", "<script>document.write(1)</script>"),
    ],
)
def test_names_are_found_however_content_spells_them(course: Course, name: str, text: str) -> None:
    answer = course.get(name)
    assert (answer.status_code, answer.text) == (200, text)


def test_a_slash_too_many_leads_to_the_file(course: Course) -> None:
    answer = course.get("/Pages/Page%20One.html")
    assert answer.status_code == 308
    there = urlsplit(answer.headers["Location"])
    assert there.path == f"{urlsplit(course.base).path}Pages/Page%20One.html"


@pytest.mark.parametrize(
    "name",
    [
        "", "Pages", "Pages/", "nothing.html", "Same.js", "%00", "index.html%00.png", "x" * 3000,
        "..%2F..%2Fpassback.sqlite3", "%2e%2e/%2e%2e/passback.sqlite3", "..%5C..%5Cpassback.sqlite3",
        "....%2F....%2Fetc%2Fpasswd", "%252e%252e%252fpassback.sqlite3",
    ],
)  # fmt: skip
def test_what_is_not_a_file_of_the_package_is_a_clear_404(course: Course, name: str) -> None:
    answer = course.get(name)
    assert answer.status_code == 404
    assert answer.headers["Content-Security-Policy"].startswith("sandbox ")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "The course has no file of this name." in answer.text


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, len(MOVIE)),
        ("bytes=-5", len(MOVIE) - 5, len(MOVIE)),
        ("bytes=10-10", 10, 11),
        (f"bytes=10-{len(MOVIE) * 9}", 10, len(MOVIE)),
        ("bytes=0-", 0, len(MOVIE)),
    ],
)
def test_a_range_is_sent_as_players_need_it(course: Course, wanted: str, start: int, end: int) -> None:
    answer = course.get("video.mp4", Range=wanted)
    assert answer.status_code == 206
    assert answer.data == MOVIE[start:end]
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(MOVIE)}"
    assert answer.headers["Content-Length"] == str(end - start)
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox ")


@pytest.mark.parametrize("wanted", ["bytes=0-1,5-6", "bytes=abc", "lines=1-2", "bytes=5-1", "nonsense", ""])
def test_a_range_that_makes_no_sense_gets_the_whole(course: Course, wanted: str) -> None:
    answer = course.get("video.mp4", Range=wanted)
    assert (answer.status_code, answer.data) == (200, MOVIE)
    assert answer.headers["Accept-Ranges"] == "bytes"


def test_a_range_beyond_the_end(course: Course) -> None:
    answer = course.get("video.mp4", Range=f"bytes={len(MOVIE)}-")
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{len(MOVIE)}")
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_browser_that_has_the_file_is_told_so(course: Course) -> None:
    first = course.get("video.mp4")
    again = course.get("video.mp4", If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Content-Security-Policy"].startswith("sandbox ")
    assert course.get("video.mp4", If_Modified_Since=first.headers["Last-Modified"]).status_code == 304
    assert course.get("video.mp4", If_None_Match='"other"').status_code == 200
    same = course.get("video.mp4", Range="bytes=0-0", If_Range=first.headers["ETag"])
    assert (same.status_code, same.data) == (206, b"\0")
    changed = course.get("video.mp4", Range="bytes=0-0", If_Range='"other"')
    assert (changed.status_code, changed.data) == (200, MOVIE)


def test_head_tells_the_size_and_sends_nothing(course: Course) -> None:
    answer = course.get("video.mp4", method="HEAD")
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(MOVIE))
    assert course.get("video.mp4", method="POST").status_code == 405


@pytest.mark.parametrize(("token", "status"), [("script", 403), ("Script", 403)])
def test_service_workers_are_refused(course: Course, token: str, status: int) -> None:
    answer = course.get("same.js", Service_Worker=token)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (status, "no-store")
    assert course.get("same.js").status_code == 200


def test_an_old_address_is_over(course: Course) -> None:
    base = course.base
    with time_machine.travel(utc_now() + timedelta(days=107)):
        answer = course.get("index.html", base=base)
        assert answer.status_code == 403
        assert "Open the course from your LMS again." in answer.text
        assert course.get("index.html").status_code == 200


def test_one_versions_address_does_not_work_on_anothers_host(sqlite_app: Flask, course: Course) -> None:
    other = bring(sqlite_app, title="Other")
    path = urlsplit(other.base).path
    crossed = course.base.split("/c/")[0] + path
    assert course.get("index.html", base=crossed).status_code == 403
    assert course.get("index.html", base=other.base).status_code == 200


def test_the_app_host_serves_no_package(course: Course) -> None:
    path = urlsplit(course.base).path
    assert course.get("index.html", base=f"http://localhost:8000{path}").status_code == 404
    assert course.get("index.html", base=f"http://elsewhere.example{path}").status_code == 421


def test_another_tenants_files_cannot_be_reached(sqlite_app: Flask, course: Course) -> None:
    """A capability names tenant and version together; neither can be exchanged."""
    theirs = bring(sqlite_app, tenant="other")
    mixed = CourseVersion(id=theirs.version.id, tenant_id=course.version.tenant_id)
    assert theirs.get("index.html").status_code == 200
    assert course.get("index.html", base=asset_base(mixed)).status_code == 404
    ours, other = (urlsplit(base).path.split("/")[2] for base in (course.base, theirs.base))
    spliced = ".".join([other.split(".")[0], *ours.split(".")[1:]])
    forged = theirs.base.replace(other, spliced)
    assert course.get("index.html", base=forged).status_code == 403


def test_all_learners_share_one_address(course: Course) -> None:
    assert course.base == course.base
    assert course.base.startswith(f"http://{runtime().hosts.label(course.version.id)}.localhost:8000/c/")


def test_one_content_host_for_all_works_too(sqlite_url: str, tmp_path: Path) -> None:
    settings = make_settings(tmp_path, database_url=sqlite_url, content_url="http://content.example")
    for app in run_app(settings):
        course = bring(app)
        assert course.base.startswith("http://content.example/c/")
        assert course.get("index.html").status_code == 200


def test_nginx_can_send_the_file(sqlite_url: str, tmp_path: Path) -> None:
    settings = make_settings(tmp_path, database_url=sqlite_url, accel_prefix="/protected/")
    for app in run_app(settings):
        course = bring(app)
        answer = course.get("pages/page one.html")
        assert (answer.status_code, answer.data) == (200, b"")
        key = f"{course.version.tenant_id}/{course.version.id}/Pages/Page%20One.html"
        assert answer.headers["X-Accel-Redirect"] == f"/protected/{key}"
        assert answer.headers["Content-Type"] == "text/html"
        assert answer.headers["Content-Security-Policy"].startswith("sandbox ")
        assert course.get("nothing.html").status_code == 404


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.js", "text/javascript"),
        ("a.mjs", "text/javascript"),
        ("a.wasm", "application/wasm"),
        ("a.woff2", "font/woff2"),
        ("a.vtt", "text/vtt"),
        ("a.json", "application/json"),
        ("a.svg", "image/svg+xml"),
        ("a.mp4", "video/mp4"),
        ("a.webmanifest", "application/manifest+json"),
        ("a.HTM", "text/html"),
        ("a.xhtml", "application/xhtml+xml"),
        ("a.tar.css", "text/css"),
        ("a", "application/octet-stream"),
        ("js", "application/octet-stream"),
        ("a.unheard-of", "application/octet-stream"),
    ],
)
def test_media_types_are_our_own(name: str, kind: str, monkeypatch: Any) -> None:
    from passback.content.mime import media_type

    assert media_type(f"folder.html/{name}") == kind


def test_the_tenant_is_not_asked_for_per_file(course: Course) -> None:
    """Files are served without the database, so that it may be down or busy."""
    from sqlalchemy import event

    from passback.db import db

    seen: list[UUID] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    assert course.get("INDEX.html").status_code == 200
    assert course.get("nothing.html").status_code == 404
    assert seen == []
