"""`passback doctor` on installations that lack something: secrets, disk, tables, clocks, people."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, Response, jsonify
from werkzeug.serving import WSGIRequestHandler, make_server

from passback.cli import inspection
from passback.cli.inspection import file_system
from passback.db import Unscoped, unscoped
from passback.delivery.models import EventDelivery, ScoreDelivery
from passback.lti.models import Deployment, Platform, RegistrationRequest
from passback.staff.service import Role, create_user
from passback.tenants import ensure_tenant
from tests.conftest import make_settings, run_app
from tests.functional.test_doctor import findings
from tests.support.rows import make_row

GOOD_KEY = "k3y-of-a-test-that-is-long-enough-to-be-good"
REVISION = """
revision = "n1"
down_revision = None
def upgrade():
    pass
def downgrade():
    pass
"""


def examined(folder: Path, database_url: str, *, exit_code: int, **changes: object) -> dict[str, tuple[str, str]]:
    """Return what doctor finds in an installation whose addresses answer nobody."""
    addresses = {"url": "http://localhost:9", "content_url": "http://*.localhost:9"}
    settings = make_settings(folder, **{"database_url": database_url, "secret_key": GOOD_KEY, **addresses, **changes})
    for app in run_app(settings):
        found = findings(app, exit_code=exit_code)
    return found


def test_an_installation_that_lacks_nothing_but_an_administrator(tmp_path: Path, sqlite_url: str) -> None:
    found = examined(tmp_path, sqlite_url, exit_code=0)
    states = {check: state for check, (state, _) in found.items() if state != "ok"}
    assert states == {"administrators": "warning", "app address": "warning"}
    assert "passback users create-admin" in found["administrators"][1]
    assert found["secret key"] == ("ok", "")
    assert found["database file"] == ("ok", "")


def test_production_is_stricter(tmp_path: Path, sqlite_url: str) -> None:
    changes = {"url": "http://tool.invalid", "content_url": "http://*.content.invalid", "secret_key": "short"}
    found = examined(tmp_path, sqlite_url, exit_code=0, **changes)
    assert (found["https"][0], found["secret key"][0]) == ("warning", "warning")
    found = examined(tmp_path, sqlite_url, exit_code=1, environment="production", **changes)
    assert (found["https"][0], found["secret key"][0]) == ("failed", "failed")
    assert "PostgreSQL" in found["database file"][1]


@pytest.mark.parametrize(("mode", "state"), [(0o600, "ok"), (0o640, "failed"), (0o604, "failed")])
def test_who_can_read_the_kept_secret_key(tmp_path: Path, sqlite_url: str, mode: int, state: str) -> None:
    file = tmp_path / "secret_key"
    file.write_text(GOOD_KEY)
    file.chmod(mode)
    found = examined(tmp_path, sqlite_url, exit_code=0 if state == "ok" else 1, secret_key="")
    assert found["secret key"][0] == state
    assert ("chmod 600" in found["secret key"][1]) is (state == "failed")


def test_a_database_that_is_not_there_and_its_example_password(tmp_path: Path) -> None:
    url = "postgresql://passback:change-me@127.0.0.1:1/passback"
    found = examined(tmp_path, url, exit_code=1, environment="production")
    assert found["database"][0] == "failed"
    assert "PASSBACK_DATABASE_URL" in found["database"][1]
    assert found["database password"][0] == "warning"
    assert "change-me" not in str(found)
    assert "administrators" not in found, "not asked of a database that is not there"


def test_a_database_without_tables(tmp_path: Path) -> None:
    found = examined(tmp_path, "", exit_code=1)
    assert "passback db upgrade" in found["database"][1]
    assert "SELECT" not in str(found)


def test_sqlite_on_a_network_file_system(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection, "file_system", lambda _path: "nfs4")
    found = examined(tmp_path, sqlite_url, exit_code=1)
    assert found["database file"][0] == "failed"
    assert "nfs4" in found["database file"][1]


def test_the_file_system_is_that_of_the_nearest_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    folders = (("/", "ext4"), ("/srv", "xfs"), ("/srv/my\\040data", "nfs4"), ("/srv/other", "cifs"))
    mounts.write_text("".join(f"device {folder} {kind} rw 0 0\n" for folder, kind in folders))
    assert file_system(Path("/srv/my data/passback.sqlite3"), mounts) == "nfs4"
    assert file_system(Path("/srv/my data too/passback.sqlite3"), mounts) == "xfs"
    assert file_system(Path("/etc/passback.sqlite3"), mounts) == "ext4"
    assert file_system(Path("/etc/passback.sqlite3"), tmp_path / "none") == ""


def test_a_plugin_whose_tables_are_behind(tmp_path: Path, sqlite_url: str) -> None:
    plugins = tmp_path / "plugins"
    (plugins / "migrations").mkdir(parents=True)
    (plugins / "notes.py").write_text('"""A plugin."""\n')
    (plugins / "migrations" / "n1.py").write_text(REVISION)
    found = examined(tmp_path, sqlite_url, exit_code=1, plugins_dir=plugins, plugins="notes")
    assert found["tables of notes"] == ("failed", "tables are at nothing, not n1; run `passback db upgrade`")


def test_what_waits_for_a_person(tmp_path: Path, sqlite_url: str) -> None:
    for _app in run_app(make_settings(tmp_path, database_url=sqlite_url)):
        with unscoped(Unscoped.INSTALLATION, write=True) as session:
            tenant_id = ensure_tenant(session).id
            create_user(session, email="a@example.org", password="a good long password", role=Role.ADMINISTRATOR)
            make_row(session, RegistrationRequest, tenant_id, status="waiting")
            make_row(session, RegistrationRequest, tenant_id, status="declined")
            make_row(session, Deployment, tenant_id, status="inbox")
            make_row(session, ScoreDelivery, tenant_id, state="parked")
            make_row(session, ScoreDelivery, tenant_id, state="accepted")
            make_row(session, EventDelivery, tenant_id, state="parked")
    found = examined(tmp_path, sqlite_url, exit_code=0)
    assert found["administrators"] == ("ok", "")
    assert found["registrations that wait"][1].startswith("4: "), "with the three platforms that those rows belong to"
    assert found["deployments that wait"][1].startswith("1: ")
    assert found["parked deliveries"][1].startswith("2: ")
    assert "passback deliveries list --state parked" in found["parked deliveries"][1]


class _Late(WSGIRequestHandler):
    def date_time_string(self, timestamp: float | None = None) -> str:
        return "Sat, 21 Nov 2020 12:00:00 GMT"


@pytest.fixture
def lms_keys() -> Iterator[str]:
    """An LMS that publishes its keys and whose clock stands still; the address of the keys."""
    lms = Flask("lms")

    @lms.get("/jwks")
    def jwks() -> Response:
        return jsonify(keys=[])

    server = make_server("127.0.0.1", 0, lms, threaded=True, request_handler=_Late)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_connected_lmss_are_asked_for_keys_and_time(tmp_path: Path, sqlite_url: str, lms_keys: str) -> None:
    urls = {"Slow": f"{lms_keys}/jwks", "Moved": f"{lms_keys}/gone", "Down": "http://127.0.0.1:9/jwks"}
    for _app in run_app(make_settings(tmp_path, database_url=sqlite_url)):
        with unscoped(Unscoped.INSTALLATION, write=True) as session:
            tenant_id = ensure_tenant(session).id
            for name, url in urls.items():
                hosts = [url.split("/")[2]]
                make_row(session, Platform, tenant_id, name=name, jwks_url=url, status="active", approved_hosts=hosts)
            make_row(session, Platform, tenant_id, name="Not approved", jwks_url=f"{lms_keys}/jwks")
    found = examined(tmp_path, sqlite_url, exit_code=0)
    assert found["LMS Slow"][0] == "warning"
    assert "NTP" in found["LMS Slow"][1]
    assert "answer 404" in found["LMS Moved"][1]
    assert "cannot be read" in found["LMS Down"][1]
    assert "LMS Not approved" not in found, "nothing is fetched before approval"
