"""The whole road in a browser: a practice LMS on one site, the tool on another, packages on a third."""

import datetime
import ipaddress
import logging
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from playwright.sync_api import BrowserContext, Frame, FrameLocator, Page, expect

from passback.db import Unscoped, tenant_session, unscoped
from passback.delivery import engine
from passback.delivery.models import ScoreDelivery
from passback.lti.invitations import invite
from passback.sandbox.app import create_sandbox
from passback.sandbox.core import SandboxConfig
from passback.sandbox.platform import Platform
from passback.sandbox.profiles import MOODLE, StrictnessProfile
from passback.sandbox.web import EXTENSION
from passback.settings import Settings
from tests.support.live import LiveTool, serve_app, start_tool
from tests.support.until import until

TOOL, CONTENT, LMS = "passback-tool.test", "passback-content.test", "campus-lms.test"
"""Three registrable names: three sites, as in production."""
CHROMIUM_NAMES = ("--host-resolver-rules=MAP *.test 127.0.0.1",)


@dataclass(frozen=True)
class Names:
    """Where everything is reached, and the certificate where it is by https."""

    tool: str
    content: str
    lms: str
    port: int
    lms_port: int
    certificate: "Certificate | None" = None


@dataclass(frozen=True)
class Certificate:
    """A certificate that signs itself, for `*.test`, and its key: PEM files."""

    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """Return what a server speaks TLS with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


def default_names() -> Names:
    """Return the names of `make run`, on free ports: three sites over http with nothing to set up."""
    port, lms_port = free_port(), free_port()
    return Names(
        f"http://localhost:{port}", f"http://*.localhost:{port}", f"http://127.0.0.1:{lms_port}", port, lms_port
    )


def https_names(folder: Path) -> Names:
    """Return three registrable names over https."""
    port, lms_port = free_port(), free_port()
    tool, content, lms = f"https://{TOOL}:{port}", f"https://*.{CONTENT}:{port}", f"https://{LMS}:{lms_port}"
    return Names(tool, content, lms, port, lms_port, make_certificate(folder))


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_certificate(folder: Path) -> Certificate:
    """Write a certificate for the three names."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "passback tests")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName(one) for one in (TOOL, CONTENT, f"*.{CONTENT}", LMS)]
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(
            x509.SubjectAlternativeName([*names, x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = Certificate(folder / "tls.pem", folder / "tls.key")
    files.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    files.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return files


def resolve_test_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process find `*.test` on 127.0.0.1, as a hosts file would."""
    real = socket.getaddrinfo

    def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        text = host.decode() if isinstance(host, bytes) else host
        return real("127.0.0.1" if isinstance(text, str) and text.endswith(".test") else host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@dataclass
class Road:
    """A running tool and a running LMS that do not know each other yet."""

    names: Names
    tool: LiveTool
    platform: Platform

    def sign_in(self, page: Page, name: str) -> None:
        """Be somebody in the LMS."""
        page.goto(f"{self.names.lms}/sign-in")
        page.get_by_role("button", name=re.compile(f"^Sign in\\s+as {re.escape(name)}")).click()
        page.wait_for_url("**/course/**")

    def register(self, page: Page) -> None:
        """Register the tool in the LMS by one address, in the LMS's own page, and activate it."""
        with self.tool.app.app_context(), unscoped(Unscoped.INSTALLATION, write=True) as session:
            address = invite(session, self.tool.tenant_id, actor="test")
        self.sign_in(page, "Site Administrator")
        page.goto(f"{self.names.lms}/tools")
        page.get_by_label("The tool's registration URL").fill(address)
        page.get_by_role("button", name="Register", exact=True).click()
        page.frame_locator("#contentframe").get_by_role("button", name="Connect this LMS").click()
        page.wait_for_url("**/tools")
        page.get_by_role("button", name="Activate").click()

    def place(self, page: Page, title: str) -> None:
        """Place a course by deep linking, as the instructor."""
        self.sign_in(page, self.platform.instructor.name)
        page.get_by_role("link", name=re.compile("^Choose content in")).click()
        picker = page.frame_locator("#contentframe")
        picker.get_by_role("checkbox", name=re.compile(re.escape(title))).check()
        picker.get_by_role("button", name="Use these courses").click()
        page.get_by_role("button", name="Save and return to course").click()
        expect(page.get_by_role("link", name=title)).to_be_visible()

    def open(self, page: Page, learner: str, title: str) -> FrameLocator:
        """Open a link as a learner; returns the tool's frame in the LMS's page."""
        self.sign_in(page, learner)
        page.get_by_role("link", name=title).click()
        return page.frame_locator("#contentframe")

    def grade(self, name: str) -> float | None:
        """Return what the LMS's gradebook shows for a learner, in points."""
        learner = next(user for user in self.platform.learners if user.name == name)
        column = self.platform.gradebook.columns(self.platform.course.id)[-1]
        result = self.platform.gradebook.result(column.id, learner.id)
        return None if result is None else result.score

    def settle(self) -> None:
        """Wait until nothing is left to be sent."""
        until(lambda: not self.owed())

    def owed(self) -> int:
        """Deliver what is due and return how many scores are still on their way."""
        engine.drain(self.tool.app)
        with self.tool.app.app_context(), tenant_session(self.tool.tenant_id) as session:
            return session.query(ScoreDelivery).filter(ScoreDelivery.state.in_(["queued", "sending"])).count()


@contextmanager
def start_road(
    names: Names, settings: Settings, *, profile: StrictnessProfile = MOODLE, auth_url: str = "", **options: Any
) -> Iterator[Road]:
    """Run both until the block ends; `options` are of `create_app`."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    context = names.certificate.context() if names.certificate else None
    lms = create_sandbox(SandboxConfig(url=names.lms, tool_url=names.tool, profile=profile, auth_url=auth_url))
    platform: Platform = lms.extensions[EXTENSION]
    if names.certificate:
        trusted = str(names.certificate.certificate)
        platform.tool_keys.fetch = lambda url: requests.get(url, verify=trusted, timeout=60).content
    with ExitStack() as stack:
        stack.enter_context(serve_app(lms, names.lms_port, ssl_context=context))
        tool = stack.enter_context(start_tool(settings, ssl_context=context, **options))
        yield Road(names, tool, platform)


def golf(frame: Page | FrameLocator) -> FrameLocator:
    """Return the golf course's own page within the player's."""
    return frame.frame_locator("#content")


def answer_all(quiz: Frame, *, right: bool) -> None:
    """Fill the golf course's quiz in and hand it in."""
    quiz.wait_for_selector("input[value='Submit Answers']")
    quiz.evaluate(
        """right => {
          for (const question of document.querySelectorAll(".question")) {
            const pick = question.querySelector(right ? ".correctAnswer input" : ".answer input, input[type=text]");
            if (pick.type === "radio") pick.checked = true;
            else pick.value = right ? pick.parentElement.textContent.match(/\\d+/)[0] : "1";
          }
        }""",
        right,
    )
    quiz.click("input[value='Submit Answers']")


def quiz_of(page: Page) -> Frame:
    """Return the frame that shows the golf course's quiz."""
    found: list[Frame] = []

    def shown() -> bool:
        found[:] = [one for one in page.frames if "assessmenttemplate" in one.url]
        page.wait_for_timeout(20)
        return bool(found)

    until(shown)
    return found[0]


__all__ = [
    "BrowserContext",
    "Names",
    "Road",
    "answer_all",
    "default_names",
    "golf",
    "https_names",
    "quiz_of",
    "resolve_test_names",
    "start_road",
]
