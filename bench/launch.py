"""A launch (login and launch request) against one of a plain PyLTI1p3 tool.

Twice: against the tool as it comes, which fetches the platform's keys at every launch (over the loopback, which is the
shortest way there is), and against one that has them at hand. Both tools are called through the same WSGI test client,
turn by turn, by the same practice LMS, whose id_token is signed outside of the timed parts. Timed are the two requests
that the LMS has the browser make: parsing, verification, all that is stored and the answer. Passback's are durable (a
SQLite transaction with synchronous=FULL), recorded and logged; the learner and the link are known from an earlier
launch and the browser has its cookie, as on any but the first visit.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from flask.testing import FlaskClient
from tests.support.lti import TOOL, School, make_school
from tests.support.toy import ToyPlugin
from werkzeug.test import TestResponse

from bench.measure import Cost, Measure, Stopwatch, compare_costs
from bench.peers.plain_tool import create_plain_tool
from passback.app import create_app
from passback.db import db
from passback.db.migrate import upgrade
from passback.sandbox.server import SandboxServer
from passback.settings import Settings

LIMIT = 1.5  # against the keys at hand: two thirds of its launches per second
LIMIT_AS_IT_COMES = 1.0
IN_A_ROW = 5
HEADERS = {"Accept": "text/html,application/xhtml+xml", "User-Agent": "Mozilla/5.0 (bench)"}


class Launcher:
    """Launches the school's learner into one of the two tools."""

    def __init__(self, school: School, new_client: Callable[[], FlaskClient]) -> None:
        self._school = school
        self._new_client = new_client
        self._login = school.lms.launches.initiate(school.learner, school.link, session="bench").fields

    def launch(self) -> Cost:
        """Launch a few times in a row, as when a lesson begins, and return what the requests cost the tool."""
        clients, watch = [self._new_client() for _ in range(IN_A_ROW)], Stopwatch()
        with watch:
            asked = [self._post(client, "/lti/login", self._login) for client in clients]
        forms = [self._form(answer) for answer in asked]
        with watch:
            answers = [self._post(client, "/lti/launch", form) for client, form in zip(clients, forms, strict=True)]
        for answer in answers:
            if answer.status_code not in {302, 303}:
                raise RuntimeError(f"the launch failed: {answer.status_code} {answer.text[:500]}")
        return watch.cost

    def _form(self, answer: TestResponse) -> dict[str, str]:
        """Do the LMS's part: sign an id_token for the authentication request."""
        query = dict(parse_qsl(urlsplit(answer.location).query))
        token = self._school.lms.make_id_token(self._school.learner, self._school.link, nonce=query["nonce"])
        return {"id_token": token, "state": query["state"]}

    def _post(self, client: FlaskClient, path: str, form: object) -> TestResponse:
        return client.open(path, method="POST", base_url=TOOL, headers=HEADERS, data=form)


def run() -> list[Measure]:
    """Return the ratios of processor time and of waiting time.

    Of the tool that fetches keys only the waiting is told: the LMS that answers it lives in this process too.
    """
    with tempfile.TemporaryDirectory() as folder, _silence(), SandboxServer() as server:
        settings = Settings(instance=Path(folder), secret_key="bench", engine="off", plugins="off")
        app = create_app(settings, extra_plugins=(("toy", ToyPlugin()),))
        with app.app_context():
            upgrade(db.engine)
            school = make_school(app, server.platform)
            school.launch()
            known = school.client
            ours = Launcher(school, lambda: known)
        at_hand = _compare(ours, school, key_set=school.lms.keys.jwks())
        fetched = _compare(ours, school, key_set_url=school.lms.jwks_url)
        with app.app_context():
            db.engine.dispose()
    return [
        Measure("a launch : a plain PyLTI1p3 tool's, processor", at_hand.cpu, LIMIT),
        Measure("a launch : a plain PyLTI1p3 tool's, clock", at_hand.wall, LIMIT),
        Measure("a launch : one that fetches keys, as PyLTI1p3 comes, clock", fetched.wall, LIMIT_AS_IT_COMES),
    ]


def _compare(ours: Launcher, school: School, **keys: object) -> Cost:
    plain = create_plain_tool(_configuration(school) | keys, TOOL)
    # A browser of its own each time: PyLTI1p3 leaves a cookie behind per launch, and they would add up.
    theirs = Launcher(school, plain.test_client)
    return compare_costs(ours.launch, theirs.launch, rounds=100, warm=5)


def _configuration(school: School) -> dict[str, object]:
    lms = school.lms
    return {
        "issuer": lms.issuer,
        "client_id": school.tool.client_id,
        "auth_login_url": lms.auth_url,
        "auth_token_url": lms.token_url,
        "deployment_ids": school.tool.deployments,
    }


@contextmanager
def _silence() -> Iterator[None]:
    """Keep the log off the terminal: its lines are made and written all the same."""
    with open(os.devnull, "w") as nowhere, redirect_stderr(nowhere):
        yield
