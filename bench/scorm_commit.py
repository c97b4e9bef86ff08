"""A commit of SCORM, from the request that a browser sends to the answer, with everything on disk.

The browser sends what changed (a place, 2 kB of saved data, one answered question); the server checks it, stores the
event, folds it into what the learner had done before (saved data, 40 answered questions), works out what the course has
come to and answers after the commit. SCORM 1.2 of one SCO and of 2,000, SCORM 2004 of one and with the tree of ADL's
suite that has the most activities. Measured is the median of one commit, how many one process does in a second, and
whether a learner with earlier attempts waits longer than one without.
"""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr
from dataclasses import dataclass
from io import BytesIO
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

from flask import Flask
from plugins.scorm.tests.conformance.adl.decoder import ROOT
from plugins.scorm.tests.conftest import adl_files
from tests.support.play import Desk, add_desk

from bench.measure import Cost, Measure, Stopwatch
from passback.app import create_app
from passback.clock import utc_now
from passback.content.service import import_course
from passback.db import Unscoped, db, unscoped
from passback.db.migrate import upgrade
from passback.player.entry import entry_url
from passback.settings import Settings
from passback.tenants import ensure_tenant
from passback.testing.packages import make_zip
from passback.tracking.journal import IncomingEvent

SECONDS, A_SECOND = 0.005, 300.0
"""A commit may take so long at the median; so many a process must do in a second."""
OFTEN, WARM, ANSWERED, EARLIER = 400, 40, 40, 10
BATCH = 50
"""Their mean says how many are done in a second; the median of such means, that another process was busy meanwhile."""
GROWTH = 1.15
SCOS = 2_000
LARGEST = "T-01b"
ONE = "one SCO"
HEAD = """<manifest xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
 xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2"><organizations default="o"><organization identifier="o">
<title>Bench</title>{}</organization></organizations><resources><resource identifier="r" type="webcontent"
 adlcp:scormtype="sco" href="index.html"/></resources></manifest>"""
_NAMESPACES = ("http://www.adlnet.org/xsd/adlcp_rootv1p2", "http://www.adlnet.org/xsd/adlcp_v1p3")
ITEM = "<item identifier='i{}' identifierref='r'><title>Lesson {}</title>{}</item>"
NEEDS = "<adlcp:prerequisites type='aicc_script'>i{}</adlcp:prerequisites>"


@dataclass(frozen=True)
class _Words:
    """What one edition calls the elements that a commit changes."""

    place: str
    answer: str
    score: str
    passed: list[list[str]]


_OF_12 = _Words(
    "cmi.core.lesson_location", "student_response", "cmi.core.score.raw", [["cmi.core.lesson_status", "passed"]]
)
_OF_2004 = _Words(
    "cmi.location",
    "learner_response",
    "cmi.score.raw",
    [["cmi.completion_status", "completed"], ["cmi.success_status", "passed"]],
)


class Learner:
    """A learner in one course, who commits again and again."""

    def __init__(self, app: Flask, desk: Desk, words: _Words) -> None:
        client = app.test_client()
        play = client.get(entry_url(tenant_id=desk.tenant_id, registration_id=desk.registration_id)).location
        booted: Any = client.post(f"{play}boot", json={"take_over": True}).json
        self.activity: str = booted["boot"]["activity"]
        self._client = client
        self._words = words
        self._said, self._numbers = count(1), count(1)
        self._events = f"{play.partition('/play/')[0]}/play/{booted['token']}/events"
        self._send("scorm.initialize", [])
        for number in range(ANSWERED):
            self._send("scorm.set", [*self._answer(number)])

    def commit(self) -> Cost:
        """Send one commit and return what the request cost."""
        number, words = next(self._said), self._words
        rest = [[words.place, f"page {number}"], ["cmi.suspend_data", f"{number}:" + "x" * 2048]]
        return self._send("scorm.commit", [*rest, [words.score, str(number % 100)], *self._answer(number % ANSWERED)])

    def _answer(self, number: int) -> Iterator[list[str]]:
        base = f"cmi.interactions.{number}"
        yield [f"{base}.id", f"question-{number}"]
        yield [f"{base}.type", "choice"]
        yield [f"{base}.{self._words.answer}", "b"]

    def _send(self, kind: str, values: list[list[str]]) -> Cost:
        number = next(self._numbers)
        event = {"seq": number, "kind": kind, "activity": self.activity, "at": utc_now().timestamp() * 1000}
        data = {"values": values, "calls": {"lines": _listed(values)}} if values else {}
        body, watch = json.dumps({"events": [event | {"data": data}]}), Stopwatch()
        with watch:
            answer = self._client.post(self._events, data=body)
        if answer.json is None or answer.json.get("applied") != number:
            raise RuntimeError(f"event {number} was not taken: {answer.status_code} {answer.text[:500]}")
        return watch.cost


def _listed(values: list[list[str]]) -> list[list[object]]:
    """Return the list of calls that the browser sends with such values (`static/calls.js`)."""
    return [[5, "set", name, len(text), 0, 1] for name, text in values] + [[0, "commit", "", 0, 0, 1]]


def run() -> list[Measure]:
    """Return what a commit costs in each course, and what earlier attempts add to it."""
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w") as nowhere, redirect_stderr(nowhere):
        app = create_app(Settings(instance=Path(folder), secret_key="bench", engine="off"))  # type: ignore[arg-type]
        with app.app_context():
            upgrade(db.engine)
            with unscoped(Unscoped.INSTALLATION, write=True) as session:
                tenant_id = ensure_tenant(session).id
            found = [one for name, files, words in _courses() for one in _of(app, tenant_id, name, files, words)]
            db.engine.dispose()
    return found


def _courses() -> Iterator[tuple[str, Mapping[str, bytes | str], _Words]]:
    page = {"index.html": ""}
    yield f"1.2, {ONE}", {"imsmanifest.xml": HEAD.format(ITEM.format(0, 0, "")), **page}, _OF_12
    items = "".join(ITEM.format(n, n, NEEDS.format(n - 1) if n else "") for n in range(SCOS))
    yield f"1.2, {SCOS:,} SCOs", {"imsmanifest.xml": HEAD.format(items), **page}, _OF_12
    as_2004 = HEAD.format(ITEM.format(0, 0, "")).replace(*_NAMESPACES)
    yield f"2004, {ONE}", {"imsmanifest.xml": as_2004, **page}, _OF_2004
    if ROOT.exists():
        yield f"2004, {LARGEST}", adl_files(LARGEST), _OF_2004
    else:
        print(f"no commit in {LARGEST} measured: the shared test data has no {ROOT} (set PASSBACK_SHARED)")


def _of(app: Flask, tenant_id: UUID, name: str, files: Mapping[str, bytes | str], words: _Words) -> Iterator[Measure]:
    course = import_course(tenant_id, BytesIO(make_zip(files)), "bench.zip").course_id
    first, experienced = (add_desk(tenant_id, course_id=course, learner=one) for one in ("new", "experienced"))
    learners = [Learner(app, first, words)]
    if name.endswith(ONE):
        for _ in range(EARLIER):
            _finish_an_attempt(experienced, learners[0].activity, words)
        experienced.open(new_attempt=True)
        learners.append(Learner(app, experienced, words))
    costs: list[list[Cost]] = [[] for _ in learners]
    for turn in range(OFTEN + WARM):
        for learner, taken in zip(learners, costs, strict=True):
            cost = learner.commit()
            if turn >= WARM:
                taken.append(cost)
    walls = [cost.wall for cost in costs[0]]
    batches = [sum(walls[start : start + BATCH]) / BATCH for start in range(0, OFTEN, BATCH)]
    yield Measure(f"a commit ({name}) : {SECONDS * 1000:.0f} ms, processor", _middle(costs[0]) / SECONDS, 1.0)
    yield Measure(f"a commit ({name}) : {SECONDS * 1000:.0f} ms, clock", median(walls) / SECONDS, 1.0)
    used = sum(cost.cpu for cost in costs[0]) / OFTEN
    yield Measure(f"{A_SECOND:.0f} a second : commits ({name}), processor", A_SECOND * used, 1.0)
    yield Measure(f"{A_SECOND:.0f} a second : commits ({name}), clock", A_SECOND * median(batches), 1.0)
    for more in costs[1:]:
        yield Measure(f"after {EARLIER} attempts : in the first ({name})", _middle(more) / _middle(costs[0]), GROWTH)


def _middle(costs: list[Cost]) -> float:
    return median(cost.cpu for cost in costs)


def _finish_an_attempt(desk: Desk, activity: str, words: _Words) -> None:
    """Leave a whole attempt behind."""
    play = desk.open(new_attempt=bool(desk.attempts()), take_over=True)
    said = [("scorm.initialize", []), ("scorm.set", words.passed), ("scorm.finish", [])]
    desk.send(
        play,
        [
            IncomingEvent(number, kind, activity, utc_now(), {"values": values} if values else {})
            for number, (kind, values) in enumerate(said, 1)
        ],
        leaving=True,
    )
