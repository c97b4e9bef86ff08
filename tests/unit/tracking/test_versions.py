"""Learners and versions of their course: pinned, asked, moved; nothing lost, nothing used up that should not be."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from passback.content import versions as content
from passback.content.versions import OnNewVersion
from passback.db import tenant_session
from passback.tracking import sessions
from passback.tracking.errors import AttemptRefusedError
from passback.tracking.report import registration_report
from passback.tracking.sessions import Standing
from passback.tracking.versions import Usage, usage
from tests.support.play import Desk, add_desk, add_version, event, page, score

CHANGE: dict[str, Any] = {"new_attempt": True, "change_version": True}


def renew(desk: Desk, number: int = 2, *, policy: OnNewVersion = OnNewVersion.ASK) -> UUID:
    """Make another version of the desk's course; return it."""
    with tenant_session(desk.tenant_id, write=True) as session:
        content.set_on_new_version(session, desk.course_id, policy)
        return add_version(session, desk.course_id, number)


def half_way(desk: Desk) -> UUID:
    """Begin, see a page and leave; return the version."""
    desk.send(desk.open(), [page(1, 1)], leaving=True)
    return desk.attempts()[0].course_version_id


def versions_of(desk: Desk) -> list[UUID]:
    return [attempt.course_version_id for attempt in desk.attempts()]


def used(desk: Desk) -> dict[UUID, Usage]:
    with tenant_session(desk.tenant_id) as session:
        return usage(session, desk.course_id)


def test_who_is_under_way_is_asked_and_may_go_on_or_begin_anew(desk: Desk) -> None:
    old = half_way(desk)
    assert desk.standing().version_change == "none"
    new = renew(desk)
    assert desk.standing() == Standing("resume", attempts=1, version_change="ask")
    desk.send(desk.open(), [page(1, 2)], leaving=True)
    assert versions_of(desk) == [old], "going on stays on the old one"
    desk.send(desk.open(**CHANGE), [page(1, 1, of=1), score(2, 0.8)], leaving=True)
    first, second = desk.attempts()
    assert (first.course_version_id, first.status, first.replaced) == (old, "ended", True)
    assert (second.course_version_id, second.status, second.replaced) == (new, "ended", False)
    assert desk.cells() == {("attempt", "pages"): {"seen": [1]}}
    registration = desk.registration()
    assert (registration.success, registration.score_scaled, registration.attempts) == ("passed", 0.8, 2)


def test_a_changed_version_uses_up_no_attempt(desk: Desk) -> None:
    one = add_desk(desk.tenant_id, course_id=desk.course_id, max_attempts=1)
    half_way(one)
    renew(one)
    assert one.standing() == Standing("resume", attempts=1, version_change="ask")
    with pytest.raises(AttemptRefusedError):
        one.open(new_attempt=True)
    one.send(one.open(**CHANGE), [score(1, 0.1)], leaving=True)
    assert one.standing() == Standing("resume", attempts=2)
    with pytest.raises(AttemptRefusedError):
        one.open(**CHANGE)
    assert len(one.attempts()) == 2


def test_an_attempt_that_has_come_to_something_counts(desk: Desk) -> None:
    one = add_desk(desk.tenant_id, course_id=desk.course_id, max_attempts=1)
    two = add_desk(desk.tenant_id, course_id=desk.course_id, max_attempts=2, learner="other")
    for each in (one, two):
        each.send(each.open(), [score(1, 0.2)], leaving=True)
    renew(desk)
    assert one.standing() == Standing("resume", attempts=1), "the only attempt was made: it goes on"
    with pytest.raises(AttemptRefusedError):
        one.open(**CHANGE)
    expected = Standing("resume", new_attempt_allowed=True, attempts=1, version_change="ask", uses_attempt=True)
    assert two.standing() == expected
    two.open(**CHANGE)
    assert [attempt.replaced for attempt in two.attempts()] == [False, False]


@pytest.mark.parametrize("policy", [OnNewVersion.STAY, OnNewVersion.NEXT_ATTEMPT])
def test_a_rule_that_leaves_them_where_they_are(sqlite_desk: Desk, policy: OnNewVersion) -> None:
    old = half_way(sqlite_desk)
    new = renew(sqlite_desk, policy=policy)
    assert sqlite_desk.standing().version_change == "none"
    with pytest.raises(AttemptRefusedError):
        sqlite_desk.open(**CHANGE)
    sqlite_desk.send(sqlite_desk.open(), [page(1, 1, of=1), score(2, 0.9)], leaving=True)
    sqlite_desk.open(new_attempt=True)
    assert versions_of(sqlite_desk) == [old, old if policy is OnNewVersion.STAY else new]


def test_at_once(sqlite_desk: Desk) -> None:
    half_way(sqlite_desk)
    new = renew(sqlite_desk, policy=OnNewVersion.AT_ONCE)
    assert sqlite_desk.standing().version_change == "at_once"
    sqlite_desk.open(**CHANGE)
    assert versions_of(sqlite_desk)[-1] == new
    assert sqlite_desk.standing().version_change == "none"


def test_going_back_offers_the_older_version_to_those_on_the_newer(desk: Desk) -> None:
    old = half_way(desk)
    new = renew(desk)
    late = add_desk(desk.tenant_id, course_id=desk.course_id, learner="late")
    late.send(late.open(), [page(1, 1)], leaving=True)
    assert versions_of(late) == [new]
    with tenant_session(desk.tenant_id, write=True) as session:
        content.make_current(session, desk.course_id, 1)
    assert desk.standing().version_change == "none"
    assert late.standing().version_change == "ask"
    late.open(**CHANGE)
    assert versions_of(late) == [new, old]
    after = add_desk(desk.tenant_id, course_id=desk.course_id, learner="after")
    after.open()
    assert versions_of(after) == [old]


@pytest.mark.parametrize("begun", [False, True])
def test_a_version_that_is_deleted_while_an_attempt_begins_on_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, begun: bool
) -> None:
    """What was current when it was looked up is gone when the attempt is written: the database says so, once more."""
    if begun:
        desk.send(desk.open(), [page(1, 1, of=1), score(2, 0.9)], leaving=True)
    new = renew(desk)
    real, asked = sessions.next_version, []

    def late(*arguments: Any) -> UUID:
        asked.append(arguments)
        return uuid4() if len(asked) == 1 else real(*arguments)

    monkeypatch.setattr(sessions, "next_version", late)
    desk.open(new_attempt=begun)
    assert len(asked) == 2
    assert versions_of(desk)[-1] == new


def test_reports_name_the_version(sqlite_desk: Desk) -> None:
    half_way(sqlite_desk)
    renew(sqlite_desk)
    sqlite_desk.open(**CHANGE)
    with tenant_session(sqlite_desk.tenant_id) as session:
        report = registration_report(session, sqlite_desk.registration_id)
    assert [(one.version, one.replaced) for one in report.attempts] == [(1, True), (2, False)]


def test_who_is_on_which_version(desk: Desk) -> None:
    old = half_way(desk)
    new = renew(desk)
    done = add_desk(desk.tenant_id, course_id=desk.course_id, learner="done")
    done.send(done.open(), [page(1, 1, of=1), score(2, 0.9)], leaving=True)
    assert used(desk) == {old: Usage(1, 1, 1), new: Usage(1, 1, 0)}
    desk.open(**CHANGE)
    assert used(desk) == {old: Usage(1, 0, 0), new: Usage(2, 2, 1)}


def test_an_open_window_on_the_old_version_is_taken_over_and_keeps_what_it_sends(desk: Desk) -> None:
    before = desk.open(tab="old")
    desk.send(before, [page(1, 1)])
    renew(desk)
    after = desk.open(**CHANGE, tab="new", take_over=True)
    late = desk.send(before, [page(2, 1, of=1), score(3, 0.9)])
    assert (late.status, late.applied) == ("superseded", 3)
    registration = desk.registration()
    assert (registration.success, registration.score_scaled) == ("passed", 0.9)
    assert desk.send(after, [page(1, 1)]).status == "open"
    assert desk.cells() == {("attempt", "pages"): {"seen": [1]}}, "the new attempt's own"


@pytest.mark.parametrize(
    ("which", "old", "new", "counts"),
    [
        ("best", 0.4, 0.3, 0.4),
        ("last", 0.4, 0.3, 0.3),
        ("first", 0.4, 0.3, 0.4),
        ("first", 0.3, 0.4, 0.4),
        ("first", None, 0.4, 0.4),
        ("average", 0.3, 0.4, 0.4),
        ("average", None, 0.4, 0.4),
    ],
)
def test_what_was_done_on_both_versions_counts(
    sqlite_diary: Desk, which: str, old: float | None, new: float, counts: float
) -> None:
    """A score without a verdict, then another version: both are one go where a rule counts goes."""
    desk = add_desk(sqlite_diary.tenant_id, course_id=sqlite_diary.course_id, which_attempt=which)
    first = event(1, "diary.note") if old is None else event(1, "diary.score", scaled=old)
    desk.send(desk.open(), [first], leaving=True)
    renew(desk)
    desk.send(desk.open(**CHANGE), [event(1, "diary.score", scaled=new)], leaving=True)
    grade = desk.grade()
    assert grade is not None
    assert grade.scaled == pytest.approx(counts)
    assert desk.registration().score_scaled == pytest.approx(counts)
