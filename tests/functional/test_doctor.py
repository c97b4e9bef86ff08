"""`passback doctor`: what it finds in an installation, well and ill."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from werkzeug.serving import make_server

from passback.app import create_app
from passback.cli.doctor import doctor_command
from passback.settings import Settings
from tests.conftest import make_settings, run_app


def findings(app: Flask, *, exit_code: int) -> dict[str, tuple[str, str]]:
    with app.app_context():
        result = CliRunner().invoke(doctor_command, ["--json"])
    assert result.exit_code == exit_code, result.output
    rows = json.loads(result.stdout.strip().splitlines()[-1])
    return {row["check"]: (row["state"], row["advice"]) for row in rows}


@pytest.fixture
def served(tmp_path: Path, sqlite_url: str) -> Iterator[tuple[Flask, Settings, int]]:
    """The application on a port of its own, reached as localhost, packages as 127.0.0.1."""
    server = make_server("0.0.0.0", 0, Flask("not yet"), threaded=True)
    addresses = {"url": f"http://localhost:{server.port}", "content_url": f"http://127.0.0.1:{server.port}"}
    settings = make_settings(tmp_path, database_url=sqlite_url, **addresses)
    for app in run_app(settings):
        server.app = app
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield app, settings, server.port
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_installation_that_is_well(served: tuple[Flask, Settings, int]) -> None:
    found = findings(served[0], exit_code=0)
    assert {check for check, (state, _) in found.items() if state == "ok"} >= {
        "database",
        "storage",
        "plugins",
        "engine",
        "app address",
        "content address",
    }
    assert found["PASSBACK_CONTENT_URL"][0] == "warning", "one content host for all packages"
    assert "https" not in found, "not asked for on this machine"


def test_requests_that_arrive_under_another_name(served: tuple[Flask, Settings, int], tmp_path: Path) -> None:
    _app, settings, port = served
    wrong = make_settings(
        tmp_path,
        database_url=settings.database_url,
        url=f"http://127.0.0.2:{port}",
        content_url=f"http://localhost:{port}",
    )
    found = findings(create_app(wrong), exit_code=1)
    assert found["app address"][0] == "failed"
    assert "Host header" in found["app address"][1]
    assert found["content address"][0] == "failed"
    assert "something else answers there" in found["content address"][1]


def test_a_server_that_is_down_and_a_storage_that_cannot_be_written(tmp_path: Path, sqlite_url: str) -> None:
    (tmp_path / "file").write_text("no folder")
    settings = make_settings(
        tmp_path,
        database_url=sqlite_url,
        storage_url=(tmp_path / "file").as_uri(),
        url="http://localhost:9",
        content_url="http://*.localhost:9",
    )
    for app in run_app(settings):
        found = findings(app, exit_code=1)
        assert app.test_client().get("/readyz").json["checks"]["storage"] == "failed"
    assert found["storage"][0] == "failed"
    assert "PASSBACK_STORAGE_URL" in found["storage"][1]
    assert found["app address"] == (
        "warning",
        "http://localhost:9/lti/jwks cannot be reached from here (ConnectionError); is the server running?",
    )
    assert found["PASSBACK_CONTENT_URL"] == ("ok", "")
