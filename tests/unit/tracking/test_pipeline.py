"""What is sent is stored once, applied in order, and counted; on both databases."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from sqlalchemy import select

from passback.db import tenant_session
from passback.delivery.models import EventDelivery
from passback.tracking.errors import SequenceConflictError, SessionTooOldError, SessionUnknownError
from passback.tracking.journal import CLOCK_SLACK, IncomingEvent
from passback.tracking.pipeline import launch_context
from passback.tracking.sessions import close_idle
from tests.support.play import LATER, Desk, add_desk, event, page, score

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def notes(desk: Desk) -> list[int]:
    """What the diary has written down, in order; its start is 0, its ends are not in it."""
    return desk.cells()[("attempt", "notes")]["notes"]  # type: ignore[return-value]


def note(sequence: int) -> IncomingEvent:
    return event(sequence, "diary.note", text=f"note {sequence}")


def heard(desk: Desk) -> list[tuple[str, object]]:
    """What is owed to the listener, in order."""
    with tenant_session(desk.tenant_id) as session:
        rows = session.scalars(select(EventDelivery).order_by(EventDelivery.position))
        return [(row.event, row.payload["data"].get("sequence")) for row in rows]  # type: ignore[union-attr]


def test_a_course_played_to_the_end(desk: Desk) -> None:
    session = desk.open()

    receipt = desk.send(session, [page(1, 1, of=2), page(2, 2, of=2), score(3, 0.8)])
    assert (receipt.applied, receipt.status, receipt.mode) == (3, "open", "normal")
    assert receipt.grade is not None
    assert receipt.grade.scaled == receipt.outcome.score_scaled == 0.8
    receipt = desk.send(session, leaving=True)

    assert receipt.status == "closed"
    registration, grade = desk.registration(), desk.grade()
    assert (registration.completion, registration.success, registration.score_scaled) == ("completed", "passed", 0.8)
    assert (registration.attempts, registration.progress) == (1, 1.0)
    assert registration.started_at is not None
    assert registration.completed_at is not None
    assert grade is not None
    assert (grade.scaled, grade.final, grade.completed) == (0.8, True, True)


def test_a_gap_waits_until_it_is_filled(diary: Desk) -> None:
    session = diary.open()
    assert diary.send(session, [note(1)]).applied == 1
    assert diary.send(session, [note(3), note(4)]).applied == 1
    assert notes(diary) == [0, 1]
    assert diary.send(session, [note(2)]).applied == 4
    assert notes(diary) == [0, 1, 2, 3, 4]


def test_a_repeated_send_counts_once(diary: Desk) -> None:
    session = diary.open()
    for _ in range(3):
        assert diary.send(session, [note(1), note(2), note(2)]).applied == 2
    assert notes(diary) == [0, 1, 2]
    assert [one.sequence for one in diary.events(session)] == [0, 1, 2]
    assert heard(diary) == [
        ("registration.started", None), ("content.noted", 0), ("content.noted", 1), ("content.noted", 2)
    ]  # fmt: skip


def test_another_event_under_a_known_number_is_refused(diary: Desk) -> None:
    """A duplicated tab counts on its own: taking its event for ours would lose one that was acknowledged."""
    session = diary.open()
    diary.send(session, [note(1)])
    with pytest.raises(SequenceConflictError):
        diary.send(session, [event(1, "diary.note", text="from the other tab"), note(2)])
    with pytest.raises(SequenceConflictError):
        diary.send(session, [note(3), event(3, "diary.note", text="twice in one")])
    assert [one.sequence for one in diary.events(session)] == [0, 1], "nothing of the refused sends is stored"
    assert diary.send(session, [note(1), note(2)]).applied == 2


def test_leaving_waits_for_what_lies_before_it(diary: Desk) -> None:
    session = diary.open()
    assert diary.send(session, [note(2), note(3)], leaving=True).status == "open"
    receipt = diary.send(session, [note(1)])
    assert (receipt.status, receipt.applied) == ("closed", 3)
    assert diary.session(session).closed_reason == "left"
    assert notes(diary) == [0, 1, 2, 3]


def test_a_leaving_that_was_overtaken_does_not_close(diary: Desk) -> None:
    """The page came back from the browser's cache: what it says later was there first."""
    session = diary.open()
    diary.send(session, [note(1), note(2)])
    assert diary.send(session, [note(1)], leaving=True).status == "open"


def test_what_comes_after_leaving_reopens(diary: Desk) -> None:
    """The page's own pagehide handler runs before the content's unload, whose last calls come after it."""
    session = diary.open()
    assert diary.send(session, [note(1)], leaving=True).status == "closed"
    assert diary.send(session, [note(1), event(2, "diary.done")], leaving=True).status == "closed"
    assert notes(diary) == [0, 1, 2]
    assert diary.outcome().completion == "completed"
    assert diary.outcome().ended
    assert diary.send(session, [note(1)], leaving=True).status == "closed"
    assert [one.sequence for one in diary.events(session)] == [-2, -1, 0, 1, 2], "a repetition ends nothing again"


def test_an_event_whose_place_was_passed_can_only_raise(diary: Desk) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        session = diary.open()
        diary.send(session, [note(1), note(3)])
        clock.shift(LATER)
        close_idle()
        assert notes(diary) == [0, 1, 3]
        diary.send(session, [event(2, "diary.score", scaled=0.7)])
    assert notes(diary) == [0, 1, 3], "the state has moved on"
    assert diary.outcome().score_scaled == 0.7
    assert [(one.sequence, one.late) for one in diary.events(session)][-2:] == [(2, True), (3, False)]


@pytest.mark.parametrize("kind", ["diary.fault", "diary.bad_cell", "diary.undeclared", "diary.bad_scope"])
def test_a_plugin_that_fails_on_an_event_does_not_hold_up_the_next(diary: Desk, kind: str) -> None:
    session = diary.open()
    assert diary.send(session, [note(1), event(2, kind), note(3)]).applied == 3
    assert notes(diary) == [0, 1, 3]
    assert [one.kind for one in diary.events(session)][2] == kind, "it stays stored, for when the plugin is mended"


def test_the_clock_of_a_browser_is_kept_within_the_session(diary: Desk) -> None:
    with time_machine.travel(NOW, tick=False):
        session = diary.open()
        long_ago, one_day = NOW - timedelta(days=400), NOW + timedelta(days=1)
        diary.send(session, [IncomingEvent(1, "diary.note", "", long_ago, {})])
        diary.send(session, [IncomingEvent(2, "diary.note", "", one_day, {})])
    assert [one.at for one in diary.events(session)][1:] == [NOW - CLOCK_SLACK, NOW + CLOCK_SLACK]


def test_odd_text_survives(diary: Desk) -> None:
    """Real packages put NUL and half a surrogate pair into their suspend data."""
    session = diary.open()
    odd = {"text": "a\0b\ud83d", "big": 10**300, "small": -0.0}
    diary.send(session, [event(1, "diary.note", **odd)])
    assert diary.send(session, [event(1, "diary.note", **odd)]).applied == 1
    assert diary.events(session)[1].data == odd


def test_what_all_attempts_of_a_learner_share(diary: Desk) -> None:
    other = add_desk(diary.tenant_id, course_id=diary.course_id)
    assert other.registration_id != diary.registration_id
    first, second = diary.open(), other.open()
    diary.send(first, [event(1, "diary.share")])
    other.send(second, [event(1, "diary.note"), event(2, "diary.share")])
    assert diary.cells()[("learner", "diary:shared")] == {"notes": [1, 2]}
    with tenant_session(diary.tenant_id) as session:
        state = launch_context(session, diary.session(first)).state
    assert {key.key: cell["notes"] for key, cell in state.cells.items()} == {"notes": [0, 1], "shared": [1, 2]}


def test_a_lock_on_a_shared_cell_leaves_nothing_behind(diary: Desk) -> None:
    session = diary.open()
    diary.send(session, [event(1, "diary.undeclared")])
    assert set(diary.cells()) == {("attempt", "notes")}


def test_a_session_of_another_tenant_or_none(desk: Desk) -> None:
    with pytest.raises(SessionUnknownError):
        desk.send(uuid4(), [page(1, 1)])
    session = desk.open()
    desk.tenant_id = uuid4()
    with pytest.raises(SessionUnknownError):
        desk.send(session, [page(1, 1)])


def test_after_two_weeks_nothing_is_added(desk: Desk) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        session = desk.open()
        desk.send(session, [page(1, 1)], leaving=True)
        clock.shift(timedelta(days=14))
        assert desk.send(session, [page(2, 2)], leaving=True).applied == 2
        clock.shift(timedelta(days=14, seconds=1))
        with pytest.raises(SessionTooOldError):
            desk.send(session, [page(3, 3)])
