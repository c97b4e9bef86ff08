"""`passback demo`: the tool, a sample course and the practice LMS, connected to each other. `make run` calls it."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import click
import requests
import structlog

from passback.cli.output import answer, json_option
from passback.cli.ports import check_free
from passback.content.service import import_course, list_courses
from passback.db import Unscoped, db, tenant_session, unscoped
from passback.db.migrate import upgrade
from passback.errors import PassbackError, Side
from passback.lti.invitations import invite
from passback.lti.platforms import list_platforms
from passback.plugins.migrations import histories
from passback.runtime import runtime
from passback.sandbox import drive
from passback.sandbox.core import SandboxConfig
from passback.sandbox.platform import Platform
from passback.sandbox.server import SandboxServer
from passback.staff.service import needs_first_administrator
from passback.tenants import Tenant, ensure_tenant
from passback.web.sign_in import setup_url

log = structlog.get_logger(__name__)
START_SECONDS = 60


class StartError(PassbackError):
    """The tool did not start; its own messages are above."""

    code = "start_failed"
    status = 500
    side = Side.TOOL


@click.command("demo")
@click.option(
    "--lms-port", default=8080, show_default=True, envvar="PASSBACK_LMS_PORT", help="Port of the practice LMS."
)
@json_option
def demo_command(lms_port: int, as_json: bool) -> None:
    """Start the tool and the practice LMS, connected, with a sample course. Ctrl-C ends both."""
    settings = runtime().settings
    check_free("127.0.0.1", settings.port)
    check_free("127.0.0.1", lms_port, advice="Stop it, or choose another: PASSBACK_LMS_PORT.")
    upgrade(db.engine, histories(runtime().plugins))
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        tenant = ensure_tenant(session, name="My institution")
    _load_samples(tenant)
    tool = _start_tool()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        config = SandboxConfig(state_file=settings.instance / "practice-lms.json", tool_url=settings.url)
        with SandboxServer("127.0.0.1", lms_port, config=config) as lms:
            _wait_for(f"http://127.0.0.1:{settings.port}/healthz", tool)
            connect(lms.platform, tenant, requests.Session())
            _say(lms.url, as_json=as_json)
            tool.wait()
    except KeyboardInterrupt:
        pass
    finally:
        tool.terminate()
        tool.wait()


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _load_samples(tenant: Tenant) -> None:
    """Import the plugins' sample courses where there is no course yet."""
    with tenant_session(tenant.id) as session:
        if list_courses(session):
            return
    with tempfile.TemporaryDirectory() as folder:
        for _plugin, samples in runtime().plugins.collect("sample_courses"):
            for sample in samples:
                path = Path(folder) / sample.filename
                sample.build(path)
                with path.open("rb") as file:
                    import_course(tenant.id, file, sample.filename)


def _start_tool() -> subprocess.Popen[bytes]:
    db.engine.dispose()
    command = [sys.executable, "-m", "passback.cli", "run", "--no-migrate", "--workers", "1", "--quiet"]
    return subprocess.Popen(command, env={**os.environ, "PYTHONUNBUFFERED": "1"})  # noqa: S603 - our own command


def _wait_for(url: str, tool: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if tool.poll() is not None:
            raise StartError
        try:
            if requests.get(url, timeout=2).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise StartError


def connect(platform: Platform, tenant: Tenant, browser: drive.Client) -> None:
    """Register the tool in the practice LMS as its administrator would: by an invitation's address.

    On another port the LMS is another issuer, and with another database the tool has forgotten it: then it registers
    again, as an update, so that what was placed goes on working.
    """
    address = urlsplit(runtime().settings.url).netloc
    tool = next((one for one in platform.tools.all() if urlsplit(one.initiate_login_uri).netloc == address), None)
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        known = {(one.issuer, one.client_id) for one in list_platforms(session)}
        if tool and (platform.issuer, tool.client_id) in known:
            return
        invitation = invite(session, tenant.id, actor="cli", note="the practice LMS")
    start = platform.registration.start(invitation, update=tool.id if tool else "")
    page = drive.send(browser, "GET", start)
    form = next((form for form in page.forms() if form.method == "POST"), None)
    done = drive.send(browser, "POST", form.url, form.fields) if form else page
    if drive.follow(browser, done).status != 200:
        raise StartError("the practice LMS could not be connected")
    for one in platform.tools.all():
        platform.tools.change(one.id, active=True)


def _say(lms: str, *, as_json: bool) -> None:
    with unscoped(Unscoped.INSTALLATION) as session:
        first = needs_first_administrator(session)
    staff = setup_url() if first else f"{runtime().settings.url}/sign-in"
    lines = [
        "",
        f"  Practice LMS:  {lms}",
        "                 Sign in as the instructor, place the sample course, then play it as a learner.",
        f"  Passback:      {staff}",
        "                 " + ("Make the first administrator's account here." if first else "For staff."),
        "",
        "  Ctrl-C ends both.",
    ]
    answer({"lms": lms, "staff": staff}, "\n".join(lines), as_json=as_json)
