"""Where one case is tried: a tenant, a registration and a link of its own, and what may be asked of the tool's answers.

Every question raises `CaseFailedError` with the answer in words. What was asked last (launch code, cause, side) is
kept for the evidence.
"""

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from flask.testing import FlaskClient
from joserfc import jws
from joserfc.errors import JoseError
from pydantic import JsonValue
from sqlalchemy import func, select

from passback.content.service import import_course
from passback.db import Unscoped, tenant_session, unscoped
from passback.delivery import engine
from passback.delivery.models import DeliveryTry, ScoreDelivery
from passback.errors import Side
from passback.lti import records
from passback.lti.models import ContentSelection, LaunchRecord, LinkChoice, ResourceLink
from passback.lti.models import Platform as PlatformRow
from passback.lti.platform_cache import platform_cache
from passback.lti.platforms import hosts_of
from passback.sandbox import drive
from passback.sandbox.faults import Fault
from passback.sandbox.links import Column
from passback.sandbox.model import Link, Tool, User
from passback.sandbox.platform import Platform
from passback.sandbox.requestlog import LoggedRequest
from passback.tenants import ensure_tenant
from passback.testing.certification.content import FILES, SCORE
from passback.testing.certification.installation import TOOL, Installation
from passback.testing.certification.model import CaseFailedError
from passback.testing.packages import make_zip
from passback.tracking.models import Learner, Placement, Registration

ITEM = "passback_item"
_TRACES = (Learner, Registration, Placement, ResourceLink, ScoreDelivery, ContentSelection)
"""What a launch leaves behind when it is accepted."""
ACCEPTED = len(_TRACES)
"""Where `Bench.traces` has the number of accepted launches."""


@dataclass
class Bench:
    """A registered platform with a placed course, and a browser.

    Args:
        tool: the tool as the LMS knows it.
        link: leads to the course.
        cause: code of the last refusal; `launch_code` and `side` belong to it.
    """

    installation: Installation
    tool: Tool
    tenant_id: UUID
    platform_id: UUID
    link: Link
    client: FlaskClient
    jwks_query: str
    launch_code: str = ""
    cause: str = ""
    side: str = ""
    found: list[int] = field(default_factory=list)

    @property
    def lms(self) -> Platform:
        """The platform's side."""
        return self.installation.server.platform

    @property
    def student(self) -> User:
        """A learner with every name and an address."""
        return self.lms.learners[1]

    @property
    def instructor(self) -> User:
        """The course's teacher."""
        return self.lms.instructor

    # --- Doing -------------------------------------------------------------------------------------------------------

    def launch(self, user: User | None = None, link: Link | None = None, **how: Any) -> drive.Trip:
        """Launch as the student, the usual link, in the usual browser, unless said otherwise."""
        client = how.pop("client", self.client)
        return drive.launch(client, self.lms, user or self.student, link or self.link, **how)

    def deep_link(self, **how: Any) -> drive.Trip:
        """Ask for content as the instructor."""
        return drive.launch(self.client, self.lms, self.instructor, tool=self.tool, **how)

    def login(self, fields: Mapping[str, str]) -> drive.Reply:
        """Send a login initiation of these fields and follow the tool's own redirect, as a browser does."""
        reply = drive.send(self.client, "POST", f"{TOOL}/lti/login", fields)
        return drive.send(self.client, "POST", reply.location, fields) if reply.status == 307 else reply

    def login_fields(self, **changes: str | None) -> dict[str, str]:
        """Return a login initiation's fields; None leaves one out."""
        fields = {
            "iss": self.lms.issuer,
            "login_hint": self.student.id,
            "target_link_uri": f"{TOOL}/lti/launch",
            "client_id": self.tool.client_id,
            **changes,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def post(self, form: Mapping[str, str], client: FlaskClient | None = None) -> drive.Reply:
        """Post a launch's form to the tool."""
        return drive.send(client or self.client, "POST", f"{TOOL}/lti/launch", form)

    def held_back(self, client: FlaskClient | None = None, **how: Any) -> tuple[drive.Trip, dict[str, str]]:
        """Go all the way to a launch that is not posted; return the way and the form that would be."""
        trip = self.launch(client=client or self.client, change_form=lambda form: {**form, "state": ""}, **how)
        return trip, {**trip.form.fields, "state": trip.asked["state"]}

    def change_platform(self, **changes: object) -> None:
        """Change what the tool knows of the platform."""
        with unscoped(Unscoped.INSTALLATION, write=True) as session:
            row = session.get_one(PlatformRow, self.platform_id)
            for name, value in changes.items():
                setattr(row, name, value)
        platform_cache().keep(row)  # as if some seconds had gone by

    def publish(self, keys: list[dict[str, JsonValue]], *, cache_control: str = "") -> None:
        """Have the platform publish other keys than its own, until `mend`."""
        body = json.dumps({"keys": keys})
        fault = Fault(200, 99, body=body, content_type="application/json", cache_control=cache_control)
        self.fail("jwks", fault)

    def fail(self, area: str, fault: Fault) -> None:
        """Have a service of the platform answer otherwise."""
        self.installation.server.faults.add(area, fault)

    def mend(self) -> None:
        """Have the platform answer rightly again."""
        self.installation.server.faults.clear()

    def play(self, reply: drive.Reply, scaled: float) -> None:
        """Play the course that an accepted launch leads to, to the end, and let the tool deliver the grade."""
        page = drive.follow(self.client, reply)
        booted = self.client.post(f"{page.url}boot", json={"tab": "one"}).json or {}
        told = booted.get("code", f"page {page.status}")
        self.expect("token" in booted, f"the course opens and a session begins; {told}")
        at = int(booted["server_time"])
        event = {"seq": 1, "kind": SCORE, "activity": "page", "at": at, "data": {"scaled": scaled}}
        url = f"{page.url.partition('/play/')[0]}/play/{booted['token']}/events"
        saved = self.client.post(url, data=json.dumps({"events": [event], "leaving": True}))
        self.expect(saved.status_code == 200, f"the result is saved (answered {saved.status_code})")
        self.deliver()

    def deliver(self) -> None:
        """Try once to deliver a grade that is due; on a busy machine the next try may be due a moment later."""
        before = self._tries()
        while self._tries() == before and engine.drain(self.installation.app, limit=1):
            continue  # it was another case's that was still due

    def _tries(self) -> int:
        with tenant_session(self.tenant_id) as session:
            return session.scalars(select(func.count()).select_from(DeliveryTry)).one()

    # --- Looking -----------------------------------------------------------------------------------------------------

    def calls(self, area: str) -> list[LoggedRequest]:
        """Return the requests that a service of the platform got in this case."""
        return [one for one in self.lms.log.of(area) if self._is_own(one)]

    def _is_own(self, call: LoggedRequest) -> bool:
        """Other cases' deliveries may still be due."""
        if call.area == "jwks":
            return self.jwks_query in call.query
        if call.area == "token":
            return claimed_client(call.body) == self.tool.client_id
        return f"type_id={self.tool.id}" in call.query or f"/bindings/{self.tool.id}/" in call.path

    def shown(self) -> float | None:
        """Return what the gradebook shows for the student."""
        column = self.lms.links.column(self.link.id)
        result = self.lms.gradebook.result(column.id, self.student.id) if column else None
        return result.score if result else None

    def traces(self) -> list[int]:
        """Count everything that accepted launches leave behind."""
        accepted = select(func.count()).where(
            LaunchRecord.tenant_id == self.tenant_id, LaunchRecord.verdict == "accepted"
        )
        with tenant_session(self.tenant_id) as session:
            found = [session.scalars(select(func.count()).select_from(table)).one() for table in _TRACES]
        with unscoped(Unscoped.INSTALLATION) as session:
            found.append(session.scalars(accepted).one())
        return [*found, self.shown() is not None]

    # --- Asking ------------------------------------------------------------------------------------------------------

    def expect(self, holds: object, words: str) -> None:
        """Fail the case where something does not hold.

        Args:
            words: what should hold.
        """
        if not holds:
            raise CaseFailedError(f"expected: {words}")

    def refused(self, reply: drive.Reply, cause: str, side: Side = Side.LMS, *, on_record: bool = True) -> str:
        """Ask that the tool refused for this cause, said so on a page of its own, and recorded nothing.

        Args:
            on_record: the refusal has a launch code under which the debugger tells it.
        """
        self._read(reply)
        told = self.cause or f"status {reply.status}, without a code"
        self.expect(400 <= reply.status < 600 and self.cause == cause, f"refused with {cause}; the tool: {told}")
        self.expect(reply.status < 500 or cause in _OTHER_SERVER, f"no fault of the tool's; it answered {reply.status}")
        self.expect(self.side == side, f"on the side of {side}; the page says {self.side or 'nothing'}")
        self.expect("Traceback" not in reply.text, "no stack trace on the page")
        if on_record:
            self._on_record(cause)
        self.expect(self.traces() == self.found, f"nothing recorded; found {self.traces()} instead of {self.found}")
        return f"refused ({cause}), on the side of {side}; nothing recorded"

    def opened(self, reply: drive.Reply, way: str = "learner") -> str:
        """Ask that the tool accepted the launch, led to `way` and shows its page.

        Args:
            way: learner, preview, course page, choose, review or deep linking.
        """
        self._read(reply)
        self.expect(reply.status == 303, f"accepted; the tool: {self.cause or reply.status}")
        page = drive.follow(self.client, reply)
        self.expect(page.status == 200 and "Traceback" not in page.text, f"the page opens (answered {page.status})")
        record = self.newest()
        self.launch_code, self.cause, self.side = record.code, "", ""
        led = record.facts.get("way")
        self.expect(
            record.verdict == "accepted" and led == way, f"accepted as {way}; the record: {record.verdict}, {led}"
        )
        self.found = self.traces()
        registered = self.found[_TRACES.index(Registration)]
        if way not in {"learner"}:
            return f"accepted ({way})"
        self.expect(registered, "the learner is registered")
        return "accepted (learner), registered"

    def delivery(self) -> ScoreDelivery:
        """Return what is owed to the gradebook."""
        with tenant_session(self.tenant_id) as session:
            found = session.scalars(select(ScoreDelivery).order_by(ScoreDelivery.id)).all()
        self.expect(found, "a grade is owed to the gradebook")
        return found[0]

    def last_try(self) -> DeliveryTry:
        """Return the newest try to send a grade."""
        with tenant_session(self.tenant_id) as session:
            found = session.scalars(select(DeliveryTry).order_by(DeliveryTry.at, DeliveryTry.id)).all()
        self.expect(found, "a try to send a grade")
        return found[-1]

    def newest(self) -> LaunchRecord:
        """Return the record of the newest launch."""
        with unscoped(Unscoped.INSTALLATION) as session:
            found = records.recent(session, tenant_id=self.tenant_id)
        self.expect(found, "a launch on record")
        return found[0]

    def _on_record(self, cause: str) -> None:
        self.expect(self.launch_code, "a launch code on the page")
        with unscoped(Unscoped.INSTALLATION) as session:
            record = records.find(session, self.launch_code)
        self.expect(record is not None, "the launch code leads to a record")
        if record is not None:
            self.expect((record.verdict, record.error) == ("refused", cause), f"refused on record; {record.verdict}")
            self.expect(record.checks[-1]["verdict"] == "failed", "the check that failed is on record")

    def _read(self, reply: drive.Reply) -> None:
        code = re.search(r"Launch code: (\S+)", re.sub(r"<[^>]+>", "", reply.text))
        cause = re.search(r"· (\w+)</small>", reply.text)
        self.launch_code = code[1] if code else ""
        self.cause = cause[1] if cause else ""
        self.side = next((str(side) for side in Side if side.sentence in reply.text), "")


_OTHER_SERVER = frozenset({"platform_keys_unavailable"})
"""Causes whose page comes with 502: another server does not answer."""


def open_bench(installation: Installation, *, client_id: str = "") -> Bench:
    """Register the platform for a new tenant and place the course.

    Args:
        client_id: "" for a fresh one.
    """
    lms, number = installation.server.platform, next(installation.numbers)
    tool = lms.tools.add(
        initiate_login_uri=f"{TOOL}/lti/login",
        redirect_uris=[f"{TOOL}/lti/launch"],
        jwks_uri=f"{TOOL}/lti/jwks",
        target_link_uri=f"{TOOL}/lti/launch",
        client_id=client_id,
    )
    query = f"bench={number:04}"
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        tenant_id = ensure_tenant(session, f"bench-{number}").id
        row = PlatformRow(
            issuer=lms.issuer,
            client_id=tool.client_id,
            auth_login_url=lms.auth_url,
            token_url=lms.token_url,
            jwks_url=f"{lms.jwks_url}?{query}",  # so that each case has a key cache of its own
            approved_hosts=sorted(hosts_of([lms.issuer])),
            status="active",
            tenant_id=tenant_id,
        )
        session.add(row)
    custom = {ITEM: str(add_choice(tenant_id))}
    link = lms.links.add(lms.course.id, tool.id, "Certification", custom=custom, column=Column(100.0))
    client = installation.app.test_client()
    bench = Bench(installation, tool, tenant_id, row.id, link, client, query)
    bench.found = bench.traces()
    return bench


def claimed_client(body: str) -> str:
    """Return who a token request says it is from, "" where that cannot be read."""
    try:
        assertion = parse_qs(body)["client_assertion"][0]
        return str(json.loads(jws.extract_compact(assertion.encode()).payload)["sub"])
    except (JoseError, KeyError, ValueError):
        return ""


def add_choice(tenant_id: UUID, title: str = "") -> UUID:
    """Import the course, as an instructor's choice of it; return the choice's id."""
    files = {**FILES, **({"certification.json": json.dumps({"title": title})} if title else {})}
    made = import_course(tenant_id, io.BytesIO(make_zip(files)), "certification.zip")
    with tenant_session(tenant_id, write=True) as session:
        choice = LinkChoice(course_id=made.course_id)
        session.add(choice)
        session.flush()
        return choice.id
