"""A whole road, good and bad, with every log listened to: none holds a token, a key or a name."""

import json
import logging
import re
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from passback.db import Unscoped, tenant_session, unscoped
from passback.lti.invitations import invite
from passback.lti.keys import list_keys
from passback.lti.models import Context, ServiceToken
from passback.lti.rosters import sync_roster
from passback.runtime import runtime
from passback.sandbox import drive
from passback.sandbox.faults import Fault
from passback.testing.certification import Installation
from passback.testing.certification.bench import Bench, open_bench
from passback.testing.certification.picking import answer_claims, answer_token, pick

LISTENED_TO = ("passback", "urllib3", "requests", "werkzeug", "flask", "authlib", "joserfc", "asyncio", "py.warnings")
DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
SESSION_KEY = "sesskey=the-lms-own-session"


@pytest.fixture
def bench(installation: Installation) -> Iterator[Bench]:
    """A registered platform."""
    with installation.app.app_context():
        yield open_bench(installation)
        installation.server.faults.clear()


class Road:
    """Goes the whole way and notes what must never be in a log."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.secrets: set[str] = set()

    def note(self, *values: str) -> None:
        self.secrets |= {value for value in values if len(value) > 3}

    def go(self) -> None:
        """Register, launch, play, choose, read the roster; then the same with everything broken."""
        for user in (*self.bench.lms.learners, self.bench.instructor):
            self.note(user.name, user.given_name, user.family_name, user.email, user.username)
        self.register()
        for user in (self.bench.student, self.bench.instructor):
            self.launch(user)
        self.choose()
        self.roster()
        self.bench.play(self.launch(self.bench.student).reply, 0.7)
        self.broken()
        self.keys()

    def register(self) -> None:
        with unscoped(Unscoped.REGISTRATION, write=True) as session:
            address = invite(session, self.bench.tenant_id, actor="test")
        start = self.bench.lms.registration.start(address)
        self.note(address.rpartition("/")[2], *re.findall(r"registration_token=([^&]+)", start))
        form = drive.send(self.bench.client, "GET", start).forms()[0]
        assert (
            drive.follow(self.bench.client, drive.send(self.bench.client, "POST", form.url, form.fields)).status == 200
        )

    def launch(self, user: drive.User, **how: object) -> drive.Trip:
        presentation = {"return_url": f"{self.bench.lms.config.url}/back?{SESSION_KEY}", "document_target": "iframe"}
        how.setdefault("overrides", {"launch_presentation": presentation})  # type: ignore[arg-type]
        trip = self.bench.launch(user, **how)
        token = trip.form.fields.get("id_token", "")
        self.note(SESSION_KEY, token, *token.split("."), trip.asked["state"], trip.asked["nonce"], user.name)
        cookie = self.bench.client.get_cookie("passback-lti", domain="localhost")
        self.note(cookie.value if cookie else "", trip.reply.location.rpartition("/")[2])
        return trip

    def choose(self) -> None:
        reply = self.bench.deep_link().reply
        answer = pick(self.bench, reply)
        self.note(reply.location.rpartition("/")[2], answer_token(answer), str(answer_claims(answer)[f"{DL}data"]))
        drive.answer_picker(self.bench.lms, answer)

    def roster(self) -> None:
        with tenant_session(self.bench.tenant_id) as session:
            context = session.scalars(select(Context.id)).one()
        sync_roster(self.bench.tenant_id, context)

    def broken(self) -> None:
        """Every service fails once, with people's names in its answer; launches are refused, and one meets a fault."""
        told = json.dumps({"error": self.bench.student.name, "email": self.bench.student.email})
        for area in ("score", "token", "results", "nrps", "lineitems"):
            self.bench.fail(area, Fault(400, 2, body=told, content_type="application/json"))
        reply = self.launch(self.bench.lms.learners[2]).reply
        self.bench.play(reply, 0.5)
        with self.bench.installation.later(600):
            self.bench.deliver()
        self.bench.mend()
        odd = self.bench.student.name
        for broken in ({"version": odd}, {"sub": 5}, {"exp": 0}, {"nonce": odd}, {"message_type": odd}, {"roles": odd}):
            self.launch(self.bench.student, overrides={**broken, "name": "Somebody Else"})
        self.launch(self.bench.student, key=b"", header={"alg": "none"})
        self.note("Somebody Else")

    def keys(self) -> None:
        """Note the keys and tokens that are in use by now."""
        self.note(runtime().settings.secret_key.get_secret_value())
        with unscoped(Unscoped.INSTALLATION, write=True) as session:
            for key in list_keys(session):
                self.note(key.private_key, *runtime().sealer.unseal(key.private_key).splitlines()[1:-1])
            for row in session.scalars(select(ServiceToken)):
                self.note(row.token, runtime().sealer.unseal(row.token))
        for call in self.bench.lms.log.of("token"):
            self.note(*re.findall(r"client_assertion=([^&]+)", call.body))


def test_no_log_holds_a_token_a_key_or_a_name(
    bench: Bench, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in LISTENED_TO:
        caplog.set_level(logging.DEBUG, logger=name)
    road = Road(bench)
    road.go()
    written = capfd.readouterr()
    logged = f"{written.out}\n{written.err}\n{caplog.text}"
    for event in ("lti.launch", "lti.refused", "session.opened"):
        assert event in logged, "the test listens in the right place"
    assert len(road.secrets) > 60
    assert sorted(secret for secret in road.secrets if secret in logged) == []


def test_a_fault_of_our_own_names_nobody(
    bench: Bench, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A traceback tells the way and not what was carried along it."""

    def fail(*_args: object, **_more: object) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr("passback.lti.entering.open_link", fail)
    trip = bench.launch()
    assert trip.reply.status == 500
    assert "Launch code" in trip.reply.text
    assert "Traceback" not in trip.reply.text
    assert "out of order" not in trip.reply.text
    logged = capfd.readouterr().err
    assert "out of order" in logged
    for secret in (bench.student.name, bench.student.email, trip.form.fields["id_token"], trip.asked["state"]):
        assert secret not in logged
