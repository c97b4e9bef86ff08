"""What a learner meets who comes back to a course that was renewed: the page's addresses, without a browser."""

import pytest
from sqlalchemy import select

from passback.content import service, versions
from passback.content.versions import OnNewVersion
from passback.db import tenant_session
from passback.tracking.models import Attempt
from tests.functional.test_player import Player, change_placement, course, event, pass_the_course, player
from tests.support.live import zipped

assert course
assert player
"""Fixtures of the player's other tests."""


@pytest.fixture
def renewed(player: Player, course: service.ImportResult) -> Player:
    """Somebody who has seen a page of a course that has got another version since."""
    url, _ = player.start()
    player.send(url, event(1, "toy.page", page=3, of=4), leaving=True)
    service.import_course(player.tenant_id, zipped({"index.html": "<h1>new</h1>"}), "new.zip", into=course.course_id)
    return player


def rule(player: Player, course: service.ImportResult, policy: OnNewVersion) -> None:
    with tenant_session(player.tenant_id, write=True) as session:
        versions.set_on_new_version(session, course.course_id, policy)


def attempts(player: Player) -> list[bool]:
    """Return for each attempt whether it gave way."""
    with tenant_session(player.tenant_id) as session:
        return list(session.scalars(select(Attempt.replaced).order_by(Attempt.number)))


def seen(player: Player, play_url: str) -> object:
    booted = player.boot(play_url, tab="one").json
    assert booted is not None
    return booted["boot"]["content"]["pages"]["seen"]


def test_the_learner_is_asked_and_goes_on(renewed: Player) -> None:
    entry = renewed.entry()
    asked = renewed.client.get(entry)
    assert asked.status_code == 200
    assert "This course has changed since you began." in asked.text
    assert "is a new attempt" not in asked.text
    onward = renewed.client.post(entry, data={"choice": "continue"}).location
    assert seen(renewed, onward) == [3]
    assert attempts(renewed) == [False]


def test_the_learner_begins_anew_once_however_often_the_page_is_loaded(renewed: Player) -> None:
    change_placement(renewed, max_attempts=1)
    entry = renewed.entry()
    anew = renewed.client.post(entry, data={"choice": "current"}).location
    for _ in range(3):
        assert seen(renewed, anew) == []
    assert attempts(renewed) == [True, False]
    assert "/play/" in renewed.open(renewed.entry()), "nothing is left to ask"


def test_what_makes_no_sense_goes_on(renewed: Player) -> None:
    for choice in ("again", "review", ""):
        onward = renewed.client.post(renewed.entry(), data={"choice": choice}).location
        assert seen(renewed, onward) == [3]
    assert attempts(renewed) == [False]


def test_led_to_the_current_version(renewed: Player, course: service.ImportResult) -> None:
    rule(renewed, course, OnNewVersion.AT_ONCE)
    assert seen(renewed, renewed.open()) == []
    assert attempts(renewed) == [True, False]


@pytest.mark.parametrize("policy", [OnNewVersion.STAY, OnNewVersion.NEXT_ATTEMPT])
def test_left_where_they_are(renewed: Player, course: service.ImportResult, policy: OnNewVersion) -> None:
    rule(renewed, course, policy)
    assert seen(renewed, renewed.open()) == [3]
    forced = renewed.client.post(renewed.entry(), data={"choice": "current"}).location
    assert seen(renewed, forced) == [3]
    assert attempts(renewed) == [False]


def test_another_version_between_the_choice_and_the_page(
    renewed: Player,
    course: service.ImportResult,
) -> None:
    anew = renewed.client.post(renewed.entry(), data={"choice": "current"}).location
    service.import_course(renewed.tenant_id, zipped({"index.html": "newer"}), "newer.zip", into=course.course_id)
    moved = renewed.boot(anew)
    assert moved.json is not None
    assert (moved.status_code, moved.json["code"]) == (409, "moved")
    assert attempts(renewed) == [False], "nothing was begun, nothing gave way"
    assert "has changed since you began" in renewed.client.get(moved.json["url"]).text


def test_a_rule_that_changes_between_the_choice_and_the_page(
    renewed: Player,
    course: service.ImportResult,
) -> None:
    anew = renewed.client.post(renewed.entry(), data={"choice": "current"}).location
    rule(renewed, course, OnNewVersion.STAY)
    refused = renewed.boot(anew)
    assert refused.json is not None
    assert (refused.status_code, refused.json["code"]) == (409, "attempt_refused")
    assert seen(renewed, renewed.open()) == [3]


def test_a_window_on_the_old_version_has_to_be_taken_over(renewed: Player) -> None:
    onward = renewed.client.post(renewed.entry(), data={"choice": "continue"}).location
    assert seen(renewed, onward) == [3]
    anew = renewed.client.post(renewed.entry(), data={"choice": "current"}).location
    assert (renewed.boot(anew, tab="two").json or {})["code"] == "session_busy"
    assert attempts(renewed) == [False]
    assert renewed.boot(anew, tab="two", take_over=True).status_code == 200
    assert attempts(renewed) == [True, False]


def test_who_has_passed_is_told_that_a_new_attempt_takes_another_version(
    player: Player,
    course: service.ImportResult,
) -> None:
    pass_the_course(player)
    said = "a new attempt takes the current version"
    assert said not in player.client.get(player.entry()).text
    service.import_course(player.tenant_id, zipped({"index.html": "<h1>new</h1>"}), "new.zip", into=course.course_id)
    assert said in player.client.get(player.entry()).text
    rule(player, course, OnNewVersion.STAY)
    assert said not in player.client.get(player.entry()).text
