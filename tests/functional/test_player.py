"""The player's addresses, without a browser: tokens, tickets, choices, events, results."""

import base64
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from passback.clock import utc_now
from passback.content import service
from passback.content.models import Course
from passback.db import Base, db, tenant_session
from passback.delivery.models import ScoreDelivery
from passback.player import opening, tickets
from passback.player.entry import entry_url, web_address
from passback.player.tokens import Entry, Play, sign_play
from passback.tracking import learners, placements, registrations
from passback.tracking.models import Attempt, Placement, PlaySession, Registration, StoredEvent
from tests.support.live import zipped

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Player:
    """A learner's browser, as far as it matters here."""

    def __init__(self, client: FlaskClient, tenant_id: UUID, registration_id: UUID) -> None:
        self.client = client
        self.tenant_id = tenant_id
        self.registration_id = registration_id

    def entry(self, **options: Any) -> str:
        return entry_url(tenant_id=self.tenant_id, registration_id=self.registration_id, **options)

    def open(self, url: str = "") -> str:
        answer = self.client.get(url or self.entry())
        assert answer.status_code == 303, answer.text
        return answer.location

    def page(self, play_url: str) -> dict[str, Any]:
        answer = self.client.get(play_url)
        found = re.search(r'id="passback-page">(.*?)</script>', answer.text)
        assert found, answer.text
        value: dict[str, Any] = json.loads(found.group(1))
        return value

    def boot(self, play_url: str, **body: Any) -> TestResponse:
        return self.client.post(f"{play_url}boot", json=body)

    def start(self, **options: Any) -> tuple[str, dict[str, Any]]:
        """Open a session; return its event address and what the boot said."""
        play_url = self.open(self.entry(**options))
        booted = self.boot(play_url, tab="one").json
        assert booted is not None
        assert "token" in booted, booted
        return self.events_url(play_url, booted["token"]), booted

    def events_url(self, play_url: str, token: str) -> str:
        return f"{play_url.partition('/play/')[0]}/play/{token}/events"

    def send(self, url: str, *events: Any, **more: Any) -> TestResponse:
        return self.client.post(url, data=json.dumps({"events": list(events), **more}))


def event(seq: int, kind: str = "toy.score", **data: Any) -> dict[str, Any]:
    at = utc_now().timestamp() * 1000
    return {"seq": seq, "kind": kind, "activity": "toy", "at": at, "data": data or {"scaled": 0.8}}


@pytest.fixture
def course(sqlite_app: Flask, sqlite_tenant: UUID) -> service.ImportResult:
    return service.import_course(sqlite_tenant, zipped({"index.html": "<h1>x</h1>"}), "toy.zip")


@pytest.fixture
def player(sqlite_app: Flask, sqlite_tenant: UUID, course: service.ImportResult) -> Player:
    with tenant_session(sqlite_tenant, write=True) as session:
        learner = learners.upsert_learner(session, source="direct", subject="ann", name="Ann </script><b>")
        placement = placements.direct_placement(session, session.get_one(Course, course.course_id))
        made = registrations.ensure_registration(
            session, learner=learner, course_id=course.course_id, placement=placement
        )
        return Player(sqlite_app.test_client(), sqlite_tenant, made.id)


def change_placement(player: Player, **changes: Any) -> None:
    with tenant_session(player.tenant_id, write=True) as session:
        registration = session.get_one(Registration, player.registration_id)
        placement = session.get_one(Placement, registration.placement_id)
        for name, value in changes.items():
            setattr(placement, name, value)


# --- Links -----------------------------------------------------------------------------------------------------------


def test_a_ticket_opens_once(player: Player) -> None:
    with tenant_session(player.tenant_id, write=True) as session:
        url = tickets.issue(session, player.registration_id, "javascript:alert(1)")
    assert player.client.head(url).status_code == 200  # a chat program's preview of the link
    assert "/play/" in player.open(player.client.get(url).location)
    again = player.client.get(url)
    assert again.status_code == 410
    assert "used already" in again.text


def test_a_ticket_is_short_lived(player: Player) -> None:
    with time_machine.travel(START, tick=False) as clock:
        with tenant_session(player.tenant_id, write=True) as session:
            url = tickets.issue(session, player.registration_id)
        clock.shift(timedelta(minutes=16))
        assert player.client.get(url).status_code == 403


@pytest.mark.parametrize("path", ["/open/{}", "/start/{}", "/result/{}"])
@pytest.mark.parametrize("damage", [lambda token: token[:-3] + "abc", lambda _: "é", lambda token: token[:-20]])
def test_forged_links_get_a_clear_page(player: Player, path: str, damage: Callable[[str], str]) -> None:
    token = player.entry().rsplit("/", 1)[1]
    answer = player.client.get(path.format(damage(token)))
    assert answer.status_code == 403
    assert "not valid" in answer.text


def test_an_entry_token_is_no_ticket_and_no_session(player: Player) -> None:
    token = player.entry().rsplit("/", 1)[1]
    assert player.client.get(f"/start/{token}").status_code == 403
    play_url = player.open()
    assert player.client.get(f"{play_url.split('/play/')[0]}/play/{token}/").status_code == 403
    assert player.send(player.events_url(play_url, token)).status_code == 403


def test_a_launch_can_be_reopened_for_twelve_hours(player: Player) -> None:
    with time_machine.travel(START, tick=False) as clock:
        url = player.entry()
        clock.shift(timedelta(hours=11, minutes=59))
        result = player.page(player.open(url))["result_url"]
        clock.shift(timedelta(minutes=2))
        assert player.client.get(url).status_code == 403
        late = player.client.get(result)
        assert late.status_code == 200  # the result can still be read, but no longer opened from there
        assert "/open/" not in late.text


def test_only_web_addresses_lead_back() -> None:
    assert web_address("https://lms.example/course?id=1") == "https://lms.example/course?id=1"
    for bad in ("javascript:alert(1)", "data:text/html,x", "//evil.example", "/x", "https:", "http://[", ""):
        assert web_address(bad) == ""


# --- The page --------------------------------------------------------------------------------------------------------


def test_the_page_is_contained_private_and_without_cookies(player: Player) -> None:
    play_url = player.open()
    answer = player.client.get(play_url)
    policies = answer.headers.getlist("Content-Security-Policy")
    assert any("sandbox allow-scripts" in policy and "top-navigation" not in policy for policy in policies)
    assert any("script-src 'self'" in policy for policy in policies)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert "frame-ancestors" not in " ".join(policies)
    framed = player.client.get(player.open(player.entry(framed_by=("https://lms.example",))))
    assert "https://lms.example" in " ".join(framed.headers.getlist("Content-Security-Policy"))


def test_error_pages_on_the_content_host_are_contained(player: Player) -> None:
    play_url = player.open()
    answer = player.client.get(f"{play_url.split('/play/')[0]}/play/forged/")
    assert answer.status_code == 403
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_a_title_cannot_break_out_of_the_page(player: Player) -> None:
    change_placement(player, title="</script><script>alert(1)</script>")
    play_url = player.open()
    assert player.page(play_url)["title"] == "</script><script>alert(1)</script>"
    assert "<script>alert" not in player.client.get(play_url).text


def test_opening_the_page_opens_no_session(player: Player) -> None:
    """What was left over goes first; only then a session is opened, so that the left-over is part of the state."""
    player.client.get(player.open())
    with tenant_session(player.tenant_id) as session:
        assert session.scalars(select(func.count()).select_from(PlaySession)).one() == 0


def test_the_journals_key_is_the_learners_own(player: Player, course: service.ImportResult) -> None:
    with tenant_session(player.tenant_id, write=True) as session:
        learner = learners.upsert_learner(session, source="direct", subject="bob")
        placement = placements.direct_placement(session, session.get_one(Course, course.course_id))
        bob = registrations.ensure_registration(
            session, learner=learner, course_id=course.course_id, placement=placement
        )
    mine, again = player.page(player.open()), player.page(player.open())
    bobs = Player(player.client, player.tenant_id, bob.id)
    other = bobs.page(bobs.open())
    assert mine["key"] == again["key"]
    assert mine["scope"] == again["scope"]
    assert mine["key"] != other["key"]
    assert mine["scope"] != other["scope"]
    assert len(base64.b64decode(mine["key"])) == 32


@pytest.mark.parametrize(
    ("start", "url"),
    [
        ("index.html", "B/index.html"),
        ("shared/launch page.html?content=playing&x=a b", "B/shared/launch%20page.html?content=playing&x=a%20b"),
        ("a/%20b.html#top", "B/a/%20b.html#top"),
        ("übung.html", "B/%C3%BCbung.html"),
        ("../../../admin", "B/admin"),
        ("//evil.example/x", "B/evil.example/x"),
        ("a\\b.html", "B/a/b.html"),
        ('"><script>', "B/%22%3E%3Cscript%3E"),
    ],
)
def test_where_the_content_starts(start: str, url: str) -> None:
    assert opening.start_url("B/", start) == url


# --- Sessions --------------------------------------------------------------------------------------------------------


def test_the_boot_carries_fresh_state(player: Player) -> None:
    url, booted = player.start(return_url="https://lms.example/back")
    assert booted["mode"] == "normal"
    assert booted["boot"]["content"] == {"pages": {"seen": []}}
    assert 'href="https://lms.example/back"' in player.client.get(booted["boot"]["returnUrl"]).text
    assert booted["start"].endswith("/index.html")
    with player.client.get(booted["start"]) as answer:
        assert answer.text == "<h1>x</h1>"
    with player.client.get(booted["scripts"][0], base_url=url.split("/play/")[0]) as answer:
        assert answer.status_code == 200
    player.send(url, event(1, "toy.page", page=3, of=4), leaving=True)
    _, booted = player.start()
    assert booted["boot"]["content"] == {"pages": {"seen": [3]}}


def readable(token: str) -> str:
    """Return what anybody can read of a token: the value of a signed one, the bytes of any other."""
    if "." in token:
        return str(URLSafeTimedSerializer("").loads_unsafe(token)[1])
    return str(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))


@pytest.mark.parametrize("preview", [False, True])
def test_no_package_reads_the_lms_session_key(player: Player, course: service.ImportResult, preview: bool) -> None:
    """Moodle's way back holds it; a package reads the page around it, and every address that the page knows."""
    back = "https://lms.example/return?sesskey=very-secret"
    what: Any = {"course_version_id": course.version_id, "preview": True}
    if not preview:
        what = {"registration_id": player.registration_id}
    play_url = player.open(entry_url(tenant_id=player.tenant_id, return_url=back, **what))
    page, booted = player.page(play_url), player.boot(play_url, tab="one").json
    assert booted is not None
    known = [play_url, page["open_url"], page["result_url"], booted["boot"]["returnUrl"], booted["token"]]
    for address in known:
        token = max(address.split("/"), key=len)
        assert "very-secret" not in readable(token)
    assert "very-secret" not in json.dumps([page, booted])
    with db.engine.connect() as connection:
        assert "very-secret" not in "\n".join(connection.connection.iterdump())
    for address in known[2:4]:
        assert f'href="{back}"' in player.client.get(address).text, "our own page knows the way"


def test_another_tab_has_to_choose_and_the_first_is_told(player: Player) -> None:
    url, _ = player.start()
    play_url = player.open()
    refused = player.boot(play_url, tab="two")
    assert refused.status_code == 409
    assert refused.json is not None
    assert refused.json["code"] == "session_busy"
    assert player.boot(play_url, tab="two", take_over=True).status_code == 200
    told = player.send(url, event(1))
    assert told.json is not None
    assert told.json["status"] == "superseded"
    assert told.json["applied"] == 1  # stored all the same: it may raise the outcome


def test_a_quiet_session_is_taken_over_silently(player: Player) -> None:
    with time_machine.travel(START, tick=False) as clock:
        player.start()
        clock.shift(timedelta(seconds=91))
        assert player.boot(player.open(), tab="two").status_code == 200


def test_a_course_renewed_in_between_moves_the_page(player: Player, course: service.ImportResult) -> None:
    play_url = player.open()
    service.import_course(player.tenant_id, zipped({"index.html": "new"}), "toy.zip", into=course.course_id)
    moved = player.boot(play_url)
    assert moved.status_code == 409
    assert moved.json is not None
    assert moved.json["code"] == "moved"
    with tenant_session(player.tenant_id) as session:
        assert session.scalars(select(func.count()).select_from(Attempt)).one() == 0
    assert player.boot(player.open(moved.json["url"])).status_code == 200


# --- Events ----------------------------------------------------------------------------------------------------------


def test_a_send_repeated_counts_once(player: Player) -> None:
    url, _ = player.start()
    for _ in range(3):
        answer = player.send(url, event(1), event(2, "toy.page", page=1, of=2))
        assert answer.json is not None
        assert answer.json["applied"] == 2
    with tenant_session(player.tenant_id) as session:
        stored = session.scalars(select(StoredEvent.sequence).where(StoredEvent.sequence > 0)).all()
    assert sorted(stored) == [1, 2]
    assert answer.json["outcome"]["score_scaled"] == 0.8


def test_a_gap_waits(player: Player) -> None:
    url, _ = player.start()
    assert (player.send(url, event(2)).json or {})["applied"] == 0
    assert (player.send(url, event(1, "toy.page", page=1, of=2)).json or {})["applied"] == 2


BODIES = {
    "no JSON": b"garbage",
    "empty": b"",
    "a list": b"[]",
    "no events": b'{"events": 7}',
    "zero": b'{"events":[{"seq":0,"kind":"toy.page","at":1,"data":{}}]}',
    "a text": b'{"events":[{"seq":"1","kind":"toy.page","at":1,"data":{}}]}',
    "true": b'{"events":[{"seq":true,"kind":"toy.page","at":1,"data":{}}]}',
    "falling": b'{"events":[{"seq":2,"kind":"toy.x","at":1,"data":{}},{"seq":1,"kind":"toy.x","at":1,"data":{}}]}',
    "core's own": b'{"events":[{"seq":1,"kind":"session.ended","at":1,"data":{}}]}',
    "no object": b'{"events":[{"seq":1,"kind":"toy.page","at":1,"data":[]}]}',
    "NaN": b'{"events":[{"seq":1,"kind":"toy.score","at":1,"data":{"scaled":NaN}}]}',
    "1e999": b'{"events":[{"seq":1,"kind":"toy.score","at":1,"data":{"scaled":1e999}}]}',
    "deep": b'{"events":[{"seq":1,"kind":"toy.x","at":1,"data":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}}]}",
    "half a pair": b'{"events":[{"seq":1,"kind":"toy.x","activity":"\\ud800","at":1,"data":{}}]}',
    "not UTF-8": b'{"events":[{"seq":1,"kind":"\xff","at":1,"data":{}}]}',
    "far ahead": b'{"events":[{"seq":99999999,"kind":"toy.x","at":1,"data":{}}]}',
    "no time": b'{"events":[{"seq":1,"kind":"toy.x","at":1e300,"data":{}}]}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_garbage_gets_a_clear_answer_and_changes_nothing(player: Player, body: bytes) -> None:
    url, _ = player.start()
    answer = player.client.post(url, data=body)
    assert 400 <= answer.status_code < 500
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None
    assert answer.json["code"] in {"bad_events", "events_refused"}
    assert answer.json["title"]
    with tenant_session(player.tenant_id) as session:
        assert session.scalars(select(StoredEvent).where(StoredEvent.sequence > 0)).all() == []
    assert player.send(url, event(1)).status_code == 200  # the session goes on


def test_too_much_at_once_is_refused(player: Player) -> None:
    url, _ = player.start()
    answer = player.client.post(url, data=b" " * (4 * 1024 * 1024 + 1))
    assert answer.status_code == 413
    assert (answer.json or {})["code"] == "too_large"


def test_text_that_no_encoding_holds_is_kept_as_it_is(player: Player) -> None:
    url, _ = player.start()
    strange = "\ud800 lz-string and \0"
    assert player.send(url, event(1, "toy.odd", text=strange)).status_code == 200
    with tenant_session(player.tenant_id) as session:
        assert session.scalars(select(StoredEvent.data).where(StoredEvent.sequence == 1)).one() == {"text": strange}


def test_forged_stale_and_foreign_tokens(player: Player, course: service.ImportResult) -> None:
    with time_machine.travel(START, tick=False) as clock:
        url, booted = player.start()
        token = booted["token"]
        forged = player.send(url.replace(token, token[:-4] + "AAAA"), event(1))
        assert forged.status_code == 403
        assert (forged.json or {})["code"] == "session_token"
        elsewhere = url.replace(url.split("//")[1].split(".")[0], "cother")
        assert player.send(elsewhere, event(1)).status_code == 403
        clock.shift(timedelta(days=13))
        assert player.send(url, event(1)).status_code == 200  # kept offline for days
        clock.shift(timedelta(days=2))
        assert player.send(url, event(2)).status_code == 403


def test_tokens_slide(player: Player) -> None:
    with time_machine.travel(START, tick=False) as clock:
        url, booted = player.start()
        assert "token" not in (player.send(url, event(1)).json or {})
        clock.shift(timedelta(hours=2))
        renewed = (player.send(url, event(2)).json or {})["token"]
        assert renewed != booted["token"]
        url = url.replace(booted["token"], renewed)
        assert player.send(url, event(3)).status_code == 200


def test_the_pages_clock_is_not_believed_about_the_future(player: Player) -> None:
    url, _ = player.start()
    ahead = {**event(1), "at": (utc_now() + timedelta(days=400)).timestamp() * 1000}
    player.send(url, ahead)
    with tenant_session(player.tenant_id) as session:
        at = session.scalars(select(StoredEvent.at).where(StoredEvent.sequence == 1)).one()
    assert at <= utc_now() + timedelta(minutes=1)


# --- Choices and results ---------------------------------------------------------------------------------------------


def pass_the_course(player: Player) -> None:
    url, _ = player.start()
    player.send(url, event(1, "toy.page", page=1, of=1), event(2, scaled=0.8), event(3, "toy.end"), leaving=True)


def test_a_passed_course_asks_and_review_is_review(player: Player) -> None:
    pass_the_course(player)
    entry = player.entry()
    page = player.client.get(entry)
    assert page.status_code == 200
    assert "You have passed this course" in page.text
    assert "frame-ancestors *" in page.headers["Content-Security-Policy"]
    review = player.client.post(entry, data={"choice": "review"}).location
    assert (player.boot(review).json or {})["mode"] == "review"


def test_a_paused_course_that_was_passed_may_be_gone_on_with(player: Player) -> None:
    url, _booted = player.start()
    said = [event(1, "toy.page", page=1, of=1), event(2, scaled=0.9), event(3, "toy.pause", on=True)]
    player.send(url, *said, leaving=True)
    entry = player.entry()
    page = player.client.get(entry).text
    assert page.index("Go on where I was") < page.index("Look back") < page.index("Start a new attempt")
    on = player.client.post(entry, data={"choice": "continue"}).location
    booted = player.boot(on, tab="one").json
    assert booted is not None
    assert booted["mode"] == "normal"
    with tenant_session(player.tenant_id) as session:
        assert session.scalars(select(func.count()).select_from(Attempt)).one() == 1
    finished = player.events_url(on, booted["token"])
    player.send(finished, event(1, "toy.pause", on=False), leaving=True)
    assert "Go on where I was" not in player.client.get(entry).text
    forced = player.client.post(entry, data={"choice": "continue"}).location
    booted = player.boot(forced, tab="one").json
    assert booted is not None
    assert booted["mode"] == "review"


def test_a_new_attempt_starts_once_however_often_its_page_is_loaded(player: Player) -> None:
    pass_the_course(player)
    entry = player.entry()
    again = player.client.post(entry, data={"choice": "again"}).location
    for _ in range(3):
        booted = player.boot(again, tab="one").json
        assert booted is not None
        assert booted["mode"] == "normal"
    with tenant_session(player.tenant_id) as session:
        assert session.scalars(select(func.count()).select_from(Attempt)).one() == 2


def test_used_up_attempts_leave_only_looking_back(player: Player) -> None:
    change_placement(player, max_attempts=1)
    pass_the_course(player)
    entry = player.entry()
    assert "Start a new attempt" not in player.client.get(entry).text
    forced = player.client.post(entry, data={"choice": "again"}).location
    assert (player.boot(forced).json or {})["mode"] == "review"


def result_page(player: Player) -> str:
    token = player.entry(return_url="https://lms.example/x?a=1&b=2").rsplit("/", 1)[1]
    return player.client.get(f"/result/{token}").text


def owe(player: Player, **fields: Any) -> None:
    with tenant_session(player.tenant_id, write=True) as session:
        session.add(
            ScoreDelivery(
                registration_id=player.registration_id,
                sender="ags",
                destination="https://lms.example",
                line_item="https://lms.example/1",
                user_id="ann",
                **fields,
            )
        )


def test_the_result_says_where_the_grade_is(player: Player) -> None:
    first = result_page(player)
    assert "You have not started this course yet" in first
    assert "Continue the course" in first
    pass_the_course(player)
    page = result_page(player)
    assert "Passed" in page
    assert "80 of 100" in page
    assert 'href="https://lms.example/x?a=1&amp;b=2" target="_top"' in page
    assert "Open the course again" in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"state": "queued"}, "on its way to your gradebook"),
        ({"state": "sending"}, "on its way to your gradebook"),
        ({"state": "parked", "reason": "x"}, "has not taken it yet"),
        ({"state": "accepted", "accepted_at": START, "sent_scaled": 0.8}, "80 of 100 sent to your gradebook"),
        ({"state": "read_back", "accepted_at": START, "sent_scaled": 0.8}, "80 of 100 sent to your gradebook"),
        ({"state": "different", "accepted_at": START, "sent_scaled": 0.8}, "shows another grade than this one"),
    ],
)
def test_each_state_of_the_delivery_is_told(player: Player, fields: dict[str, Any], words: str) -> None:
    pass_the_course(player)
    owe(player, **fields)
    page = result_page(player)
    assert words in page
    assert ("data-pending" in page) == (fields["state"] in {"queued", "sending"})


def test_unfinished_is_called_unfinished(player: Player) -> None:
    url, _ = player.start()
    player.send(url, event(1, "toy.page", page=1, of=4), leaving=True)
    owe(player, state="waiting")
    page = result_page(player)
    assert "Not finished yet" in page
    assert "25 % of the course" in page


def test_a_preview_stores_nothing(player: Player, course: service.ImportResult) -> None:
    def rows() -> dict[str, int]:
        with db.engine.connect() as connection:
            return {
                name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for name, table in Base.metadata.tables.items()
            }

    before = rows()
    url = entry_url(tenant_id=player.tenant_id, course_version_id=course.version_id, preview=True)
    play_url = player.open(url)
    assert player.page(play_url)["preview"] is True
    booted = player.boot(play_url).json
    assert booted is not None
    assert booted["mode"] == "browse"
    answer = player.send(player.events_url(play_url, booted["token"]), event(1), event(2), leaving=True)
    assert answer.json is not None
    assert answer.json["applied"] == 2
    assert rows() == before


def test_an_erased_registration_is_a_clear_page(player: Player) -> None:
    entry = player.entry()
    play = Play(Entry(player.tenant_id.hex, player.registration_id.hex), UUID(int=1).hex)
    with tenant_session(player.tenant_id, write=True) as session:
        session.delete(session.get_one(Registration, player.registration_id))
    assert player.client.get(entry).status_code == 403
    origin = f"http://{opening.host_of(play.version)}"
    assert player.client.get(f"{origin}/play/{sign_play(play)}/").status_code == 403


# --- What is shown next ----------------------------------------------------------------------------------------------


def furnish(player: Player, play_url: str, token: str, **body: Any) -> TestResponse:
    return player.client.post(f"{play_url}furnish", json={"token": token, **body})


def test_an_open_session_is_furnished_as_often_as_it_asks(player: Player) -> None:
    play_url = player.open()
    booted = player.boot(play_url, tab="one").json
    assert booted is not None
    first, again = (furnish(player, play_url, booted["token"]).json for _ in range(2))
    assert first is not None
    assert again is not None
    for one in (first, again):
        assert "/result/" in one["boot"].pop("returnUrl")
    assert first == again
    assert (first["start"], first["navigation"], first["ended"]) == (booted["start"], None, False)
    assert first["boot"]["content"] == booted["boot"]["content"]


def test_no_page_is_furnished_with_another_sessions_state(
    player: Player, sqlite_tenant: UUID, course: service.ImportResult
) -> None:
    with tenant_session(sqlite_tenant, write=True) as session:
        learner = learners.upsert_learner(session, source="direct", subject="bob", name="Bob")
        placement = placements.direct_placement(session, session.get_one(Course, course.course_id))
        other = registrations.ensure_registration(
            session, learner=learner, course_id=course.course_id, placement=placement
        )
        bob = Player(player.client, sqlite_tenant, other.id)
    _events, booted = bob.start()
    refused = furnish(player, player.open(), booted["token"])
    assert refused.status_code == 403
    assert refused.json is not None
    assert "boot" not in refused.json
    for garbage in ("", "x", 5, None):
        assert furnish(player, player.open(), garbage).status_code == 403  # type: ignore[arg-type]
