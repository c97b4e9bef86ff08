"""Platforms that answer with what they should not, for every service: nothing is lost, and people are told why.

The platform's keys are `X25` of the cases; what each status of a score means is `tests/unit/lti/test_score_answers.py`.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

import pytest
from sqlalchemy import delete, select

from passback.db import Unscoped, tenant_session, unscoped
from passback.delivery.words import reason_in_words
from passback.errors import PassbackError, Side
from passback.lti.invitations import invite
from passback.lti.models import Context, Platform, ServiceToken
from passback.lti.roster_models import RosterMember
from passback.lti.rosters import sync_roster
from passback.lti.score_answers import REASONS
from passback.sandbox import drive
from passback.sandbox.faults import Fault
from passback.testing.certification import Installation
from passback.testing.certification.bench import Bench, open_bench

JSON = "application/json"
ELSEWHERE = "/lti/jwks?led=away"
"""An address of the practice LMS that is in its log: a redirect there would show, if any were followed."""
FAULTS: dict[str, Callable[[], Fault]] = {
    "html": lambda: Fault.html(times=9),
    "invalid JSON": lambda: Fault.malformed(times=9),
    "other JSON": lambda: Fault(200, 9, body='"a text"', content_type=JSON),
    "JSON without end": lambda: Fault(200, 9, body="[" * 100_000, content_type=JSON),
    "too much": lambda: Fault(200, 9, body=" " * 5_000_000, content_type=JSON),
    "bytes": lambda: Fault(200, 9, body="\x00\ufffe", content_type="application/octet-stream"),
    "redirect": lambda: Fault.redirect(ELSEWHERE, times=9),
    "401": lambda: Fault(401, 9),
    "403 html": lambda: Fault.html(times=9, status=403),
    "404 html": lambda: Fault.html(times=9, status=404),
    "500": lambda: Fault(500, 9),
    "503 html": lambda: Fault.html(times=9, status=503),
    "silence": lambda: Fault(times=9, hang_seconds=0.9),
    "dropped": lambda: Fault(times=9, drop=True),
}
"""What a service answers instead; each often enough that a repetition meets it too."""
HOURS = 7200.0


@pytest.fixture
def bench(installation: Installation) -> Iterator[Bench]:
    """A registered platform that is well so far."""
    with installation.app.app_context():
        installation.server.platform.log.clear()
        yield open_bench(installation)
        installation.server.faults.clear()


def meets(bench: Bench, area: str, kind: str) -> AbstractContextManager[None]:
    """Have the service answer so; nobody waits for long for one that is silent."""
    bench.fail(area, FAULTS[kind]())
    return bench.installation.impatient() if kind == "silence" else nullcontext()


def rows(*expected: tuple[str, dict[str, str]]) -> list[tuple[str, str, str]]:
    return [(area, kind, code) for area, codes in expected for kind, code in codes.items()]


# --- What grades need ------------------------------------------------------------------------------------------------

GRADES = rows(
    ("token", {**dict.fromkeys(FAULTS, "token_refused"), "silence": "timeout", "dropped": "unreachable"}),
    (
        "score",
        {
            **dict.fromkeys(FAULTS, "later"),
            # What the body of a 200 says is no matter: Moodle's is empty, others echo the score.
            **dict.fromkeys(["invalid JSON", "other JSON", "JSON without end", "bytes"], "accepted"),
            "too much": "service_answer",
            "401": "unauthorised",
            "silence": "timeout",
            "dropped": "unreachable",
        },
    ),
    ("lineitems", {**dict.fromkeys(FAULTS, "service_answer"), "silence": "timeout", "dropped": "unreachable"}),
    (
        "results",
        {
            **dict.fromkeys(FAULTS, "service_answer"),
            # Not allowed to look, or not offered: then only sending tells.
            **dict.fromkeys(["401", "403 html", "404 html"], "accepted"),
            "silence": "timeout",
            "dropped": "unreachable",
        },
    ),
)


@pytest.mark.parametrize(("area", "kind", "reason"), GRADES, ids=[f"{area}-{kind}" for area, kind, _ in GRADES])
def test_a_grade_waits_for_a_service_that_answers_wrongly(bench: Bench, area: str, kind: str, reason: str) -> None:
    if area == "lineitems":
        with bench.lms.core.change() as state:
            state.line_items = {key: item for key, item in state.line_items.items() if item.link_id != bench.link.id}
    reply = bench.launch().reply
    bench.opened(reply)
    if area == "results":
        bench.fail("score", Fault.lost_answer())
        bench.play(reply, 0.8)
        with meets(bench, area, kind), bench.installation.later(600):
            bench.deliver()
    else:
        with meets(bench, area, kind):
            bench.play(reply, 0.8)
    told = bench.last_try()
    assert told.reason_class == reason
    assert_plain(reason_in_words(told.reason_class, REASONS.get(told.reason_class, "")))
    assert bench.delivery().state == ("accepted" if reason == "accepted" else "queued")
    assert_nobody_was_led_away(bench)
    posted = len(bench.calls("score"))
    bench.mend()
    with bench.installation.later(HOURS):
        bench.deliver()
    assert bench.delivery().state in {"accepted", "read_back"}
    if reason != "accepted":
        assert shown(bench) == 80
    if area == "results" and reason == "service_answer":
        assert len(bench.calls("score")) == posted, "it had arrived: nothing is sent twice"


def shown(bench: Bench) -> float | None:
    """Return what the student's gradebook shows, in whatever column."""
    with bench.lms.core.read() as state:
        found = [result.score for result in state.results if result.user_id == bench.student.id]
    return found[-1] if found else None


def assert_plain(words: str) -> None:
    """Sentences for people: no names of classes, no JSON, no markup."""
    assert re.match(r"[A-Z].*[.!?]$", words), words
    assert not re.search(r"Error|Traceback|Exception|JSON|<|\{|HTTP \d|None", words), words


def assert_nobody_was_led_away(bench: Bench) -> None:
    assert not [call for call in bench.lms.log if "led=away" in call.query]


# --- The roster ------------------------------------------------------------------------------------------------------

ROSTER = rows(
    (
        "nrps",
        {
            **dict.fromkeys(FAULTS, "roster_answer"),
            "401": "roster_refused",
            "403 html": "roster_refused",
            "404 html": "roster_gone",
            **dict.fromkeys(["500", "503 html", "silence", "dropped"], "roster_later"),
        },
    ),
    (
        "token",
        {
            **dict.fromkeys(FAULTS, "roster_refused"),
            **dict.fromkeys(["503 html", "silence", "dropped"], "roster_later"),
        },
    ),
)


@pytest.mark.parametrize(("area", "kind", "code"), ROSTER, ids=[f"{area}-{kind}" for area, kind, _ in ROSTER])
def test_a_roster_stays_whole_when_its_service_answers_wrongly(bench: Bench, area: str, kind: str, code: str) -> None:
    bench.opened(bench.launch(bench.instructor).reply, "course page")
    with tenant_session(bench.tenant_id) as session:
        context = session.scalars(select(Context.id)).one()
    sync_roster(bench.tenant_id, context)
    bench.lms.tokens.revoke_all()
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        session.execute(delete(ServiceToken).where(ServiceToken.platform_id == bench.platform_id))
    with meets(bench, area, kind), pytest.raises(PassbackError) as caught:
        sync_roster(bench.tenant_id, context, wait=lambda _seconds: None)
    assert caught.value.code == code
    assert caught.value.side is Side.LMS
    assert_plain(caught.value.message)
    assert_plain(caught.value.advice)
    assert members(bench) == 4
    assert_nobody_was_led_away(bench)
    bench.mend()
    assert sync_roster(bench.tenant_id, context).members == 4


def members(bench: Bench) -> int:
    with tenant_session(bench.tenant_id) as session:
        return len(session.scalars(select(RosterMember.id)).all())


# --- Registration ----------------------------------------------------------------------------------------------------

REGISTRATION = rows(
    ("discovery", dict.fromkeys(FAULTS, "configuration_unreachable") | {"other JSON": "configuration_invalid"}),
    (
        "registration",
        {
            **dict.fromkeys(FAULTS, "registration_lost"),
            "other JSON": "configuration_invalid",
            "redirect": "registration_refused",
            **dict.fromkeys(["401", "403 html", "404 html"], "registration_token"),
            **dict.fromkeys(["500", "503 html"], "registration_refused"),
        },
    ),
)


@pytest.mark.parametrize(
    ("area", "kind", "code"), REGISTRATION, ids=[f"{area}-{kind}" for area, kind, _ in REGISTRATION]
)
def test_a_registration_that_meets_nonsense_can_be_done_again(bench: Bench, area: str, kind: str, code: str) -> None:
    with unscoped(Unscoped.REGISTRATION, write=True) as session:
        address = invite(session, bench.tenant_id, actor="test")
    before = registered(bench)
    with meets(bench, area, kind):
        page = connect(bench, address)
    assert f"Code: {code}" in re.sub(r"<[^>]+>", "", page.text)
    assert Side.LMS.sentence in page.text
    assert "Traceback" not in page.text
    assert "<title>Sign in" not in page.text, "no page of another server's in ours"
    assert registered(bench) == before
    assert_nobody_was_led_away(bench)
    bench.mend()
    assert connect(bench, address).status == 200
    assert registered(bench) == before + 1


def connect(bench: Bench, address: str) -> drive.Reply:
    """Register as the LMS's administrator does, by a new start in the LMS each time."""
    page = drive.send(bench.client, "GET", bench.lms.registration.start(address))
    form = next((form for form in page.forms() if form.method == "POST"), None)
    return drive.follow(bench.client, drive.send(bench.client, "POST", form.url, form.fields)) if form else page


def registered(bench: Bench) -> int:
    with unscoped(Unscoped.INSTALLATION) as session:
        return len(session.scalars(select(Platform.id).where(Platform.tenant_id == bench.tenant_id)).all())


# --- Keys, and right answers under a wrong name ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", FAULTS)
def test_keys_that_cannot_be_had_are_the_lmss(bench: Bench, kind: str) -> None:
    with meets(bench, "jwks", kind):
        bench.refused(bench.launch().reply, "platform_keys_unavailable", Side.LMS)
    assert_nobody_was_led_away(bench)
    bench.mend()
    with bench.installation.later(31):
        bench.opened(bench.launch().reply)


@pytest.mark.parametrize("label", ["text/html; charset=utf-8", "application/octet-stream", "nonsense"])
def test_what_is_right_is_taken_whatever_it_is_called(bench: Bench, label: str) -> None:
    """Moodle labels its tokens text/html."""
    for area in ("jwks", "token", "lineitems", "score", "results", "nrps"):
        bench.fail(area, Fault(times=99, relabel=label))
    bench.opened(bench.launch(bench.instructor).reply, "course page")
    with tenant_session(bench.tenant_id) as session:
        context = session.scalars(select(Context.id)).one()
    assert sync_roster(bench.tenant_id, context).members == 4
    reply = bench.launch().reply
    bench.play(reply, 0.8)
    assert shown(bench) == 80
