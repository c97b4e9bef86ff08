"""`passback registrations`, as programs rely on it."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from passback.cli.registrations import registrations_group
from passback.db import Unscoped, unscoped
from passback.errors import PassbackError
from passback.player.errors import TicketUsedError
from passback.player.tickets import redeem
from passback.tenants import ensure_tenant
from passback.tracking import timeline
from tests.support.play import Desk, add_course, event, page, score

FIXED = ["completion", "success", "score_scaled", "progress", "duration_seconds", "attempts"]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(registrations_group, [str(argument) for argument in arguments])


def told(*arguments: object) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


@pytest.fixture
def course(sqlite_app: Flask) -> UUID:
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        tenant_id = ensure_tenant(session).id
    return add_course(tenant_id)


def desk_of(registration: str) -> Desk:
    with unscoped(Unscoped.INSTALLATION) as session:
        from passback.tracking.models import Registration

        row = session.get(Registration, UUID(registration))
        assert row is not None
        return Desk(row.tenant_id, row.course_id, row.placement_id, row.id)


def test_launch_gives_a_link_of_its_own_each_time_and_one_registration(course: UUID) -> None:
    first = told("launch", course, "--learner", "ann", "--name", "Ann Ó Briain")
    second = told("launch", "A toy", "--learner", "ann")
    other = told("launch", course, "--learner", "bob")
    assert list(first) == ["registration", "launch_url"]
    assert first["registration"] == second["registration"] != other["registration"]
    assert first["launch_url"] != second["launch_url"]
    ticket = first["launch_url"].rpartition("/start/")[2]
    assert redeem(ticket).startswith("http://localhost:8000/open/")
    with pytest.raises(TicketUsedError):
        redeem(ticket)


def test_show_tells_what_has_become_of_it(course: UUID) -> None:
    launched = told("launch", course, "--learner", "ann")
    shown = told("show", launched["registration"])
    assert list(shown)[:6] == FIXED
    assert [shown[name] for name in FIXED] == ["not attempted", "unknown", None, None, 0.0, 0]

    desk = desk_of(launched["registration"])
    desk.send(desk.open(), [page(1, 1, of=1), score(2, 0.8)], leaving=True)
    shown = told("show", launched["registration"])
    assert [shown[name] for name in FIXED] == ["completed", "passed", 0.8, 1.0, 0.0, 1]
    known = {"scaled": 0.8, "final": True, "reason": "", "overridden_by": "", "registration": launched["registration"]}
    assert known.items() <= shown["grade"].items()
    assert [one["status"] for one in shown["attempt_list"]] == ["ended"]
    assert "score scaled: 0.8\n" in run("show", launched["registration"]).output


def test_show_tells_what_the_course_reports_and_said(course: UUID) -> None:
    registration = told("launch", course, "--learner", "ann")["registration"]
    desk = desk_of(registration)
    play = desk.open()
    desk.send(play, [page(1, 1, of=1), event(2, "toy.oops")])
    desk.send(desk.open(take_over=True), [score(1, 0.8)], leaving=True)
    shown = told("show", registration, "--details", "--timeline")
    assert shown["details"] == [{"number": 1, "rows": [["Pages seen", "[1]"]], "details": {}}]
    kinds = [
        "session.started",
        "toy.page",
        "toy.oops",
        "session.ended",
        "session.started",
        "toy.score",
        "session.ended",
    ]
    assert [one["text"] for one in shown["timeline"]["entries"]] == kinds
    assert [one["text"] for one in shown["timeline"]["entries"] if one["trouble"]] == ["toy.oops"]
    assert (shown["timeline"]["attempt"], shown["timeline"]["cut"]) == (1, False)
    text = run("show", registration, "--details", "--timeline").output
    assert "attempt 1, Pages seen: [1]\n" in text
    assert " ! toy.oops\n" in text
    assert "note: <b>1</b> of index.html" in text
    for none in (2, 10**30):
        assert told("show", registration, "--timeline", "--attempt", none)["timeline"] is None
    assert {"details", "timeline"}.isdisjoint(told("show", registration))


def test_a_timeline_holds_the_newest_that_fits(course: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    registration = told("launch", course, "--learner", "ann")["registration"]
    desk = desk_of(registration)
    play = desk.open()
    desk.send(play, [event(number, "toy.page", page=number, of=9, note="x" * 1000) for number in range(1, 6)])
    monkeypatch.setattr(timeline, "MOST_BYTES", 2500)
    shown = told("show", registration, "--timeline")["timeline"]
    assert (len(shown["entries"]), shown["cut"]) == (2, True)
    monkeypatch.setattr(timeline, "MOST_EVENTS", 1)
    assert len(told("show", registration, "--timeline")["timeline"]["entries"]) == 1


def test_list_is_by_course_and_in_pages(course: UUID) -> None:
    made = [told("launch", course, "--learner", name)["registration"] for name in ("ann", "bob", "cem")]
    assert [row["registration"] for row in told("list", "--course", course)] == made
    assert [row["learner"] for row in told("list", "--limit", 2)] == ["ann", "bob"]
    assert [row["learner"] for row in told("list", "--after", made[1])] == ["cem"]
    assert run("list").exit_code == 0


def test_a_grade_by_hand(course: UUID) -> None:
    registration = told("launch", course, "--learner", "ann")["registration"]
    assert told("grade", registration, "--scaled", "0.75", "--reason", "oral exam")["scaled"] == 0.75
    assert told("show", registration)["grade"]["overridden_by"] == "cli"
    assert told("grade", registration, "--withdraw")["scaled"] is None
    assert run("grade", registration).exit_code == 2
    assert isinstance(run("grade", registration, "--scaled", "0.5").exception, PassbackError)


def test_what_is_not_there_is_said_so(course: UUID) -> None:
    assert isinstance(run("show", uuid4()).exception, PassbackError)
    assert isinstance(run("launch", uuid4(), "--learner", "ann").exception, PassbackError)
    assert run("launch", course, "--learner", " ").exit_code == 2
    assert run("show", "garbage").exit_code == 2
