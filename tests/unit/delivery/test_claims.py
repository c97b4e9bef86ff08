"""Claims, leases, destinations and keys of scores, on both databases."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from sqlalchemy import delete, func, select

from passback.db import Unscoped, in_write_transaction, tenant_session, unscoped
from passback.delivery import ledger
from passback.delivery.claims import claim_score
from passback.delivery.engine import drain
from passback.delivery.models import DeliveryTry, Destination, ScoreDelivery
from passback.delivery.room import room_of
from passback.delivery.scores import deliver_score
from passback.tracking.models import Registration
from tests.support.gradebook import Gradebook, enrol

NOON = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("app")


def test_an_older_score_that_times_out_never_overwrites_a_newer_one(gradebook: Gradebook, tenant_id: UUID) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        pupil = enrol(tenant_id)
        pupil.grade(0.4, final=False)
        gradebook.script.append("lost")
        drain()
        assert pupil.delivery().state == "queued"
        clock.shift(3)
        pupil.grade(0.9)
        clock.shift(60)
        drain()
        clock.shift(3600)
        drain()
    assert [post.scaled for post in gradebook.posts] == [0.9]


def test_a_newer_score_while_the_older_is_under_way_follows_it(gradebook: Gradebook, tenant_id: UUID) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        pupil = enrol(tenant_id)
        pupil.grade(0.4, final=False)
        gradebook.script.append(lambda: pupil.grade(0.9))
        drain()
        assert gradebook.values == {pupil.key: 0.4}
        assert pupil.delivery().state == "queued"
        clock.shift(1)
        drain()
    assert gradebook.values == {pupil.key: 0.9}
    assert pupil.delivery().state == "accepted"


def test_a_parked_score_released_late_sends_the_newest_value(gradebook: Gradebook, tenant_id: UUID) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        pupil = enrol(tenant_id)
        pupil.grade(0.3, final=False)
        gradebook.script.extend([422, 422])
        drain()
        clock.shift(timedelta(days=2))
        pupil.grade(0.9)
        drain()
        assert pupil.delivery().state == "parked"
        clock.shift(timedelta(days=2))
        with tenant_session(tenant_id, write=True) as session:
            assert ledger.send_all_parked(session) == 1
        drain()
    assert [post.scaled for post in gradebook.posts] == [0.9]


def test_retry_after_holds_the_whole_destination_and_no_other(gradebook: Gradebook, tenant_id: UUID) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        first, second, elsewhere = enrol(tenant_id, 1), enrol(tenant_id, 2), enrol(tenant_id, 3, destination="other")
        drain()
        gradebook.retry_after = 120.0
        gradebook.script.append(429)
        first.grade(0.1)
        drain()
        second.grade(0.2)
        elsewhere.grade(0.3)
        clock.shift(119)
        drain()
        assert gradebook.values == {elsewhere.key: 0.3}
        clock.shift(2)
        drain()
    assert gradebook.values == {first.key: 0.1, second.key: 0.2, elsewhere.key: 0.3}


def test_a_destination_that_fails_again_and_again_gets_one_probe_then_everything(
    gradebook: Gradebook, tenant_id: UUID
) -> None:
    pupils = [enrol(tenant_id, number) for number in range(12)]
    drain()
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        for pupil in pupils:
            pupil.grade(0.5)
        gradebook.script.extend([503] * 6)
        drain()
        assert len(gradebook.script) == 1  # five failed, then the breaker opened
        clock.shift(31)
        drain()
        assert len(gradebook.script) == 0  # one probe, which failed too: the pause is longer now
        clock.shift(31)
        assert drain() == 0
        clock.shift(30)
        drain()  # the probe gets through and calls the others back, also those that waited longer
        assert len(gradebook.values) == 12
    with unscoped(Unscoped.HEALTH) as session:
        destination = session.get_one(Destination, "lms")
        assert (destination.failures, destination.paused_until) == (0, None)


def test_no_transaction_is_open_and_the_stamp_is_stored_while_a_score_is_sent(
    gradebook: Gradebook, tenant_id: UUID
) -> None:
    seen = []
    pupil = enrol(tenant_id)
    pupil.grade(0.8)
    gradebook.script.append(lambda: seen.append((in_write_transaction(), pupil.delivery().last_timestamp)))
    drain()
    assert seen == [(False, gradebook.posts[0].timestamp)]


def test_a_worker_that_died_after_claiming_lets_its_lease_run_out(
    app: Flask, gradebook: Gradebook, tenant_id: UUID
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        pupil = enrol(tenant_id)
        pupil.grade(0.8)
        assert claim_score(room_of(app).policy) is not None  # and then it died
        clock.shift(59)
        assert drain() == 0
        clock.shift(2)
        drain()
    assert gradebook.values == {pupil.key: 0.8}
    assert [one.reason_class for one in pupil.tries()] == ["interrupted", ""]


def test_what_is_deleted_while_it_is_under_way_leaves_nothing_behind(gradebook: Gradebook, tenant_id: UUID) -> None:
    """A learner may be erased, or registrations merged, at any moment."""

    def erase() -> None:
        with tenant_session(tenant_id, write=True) as session:
            session.execute(delete(Registration).where(Registration.id == pupil.registration_id))

    with time_machine.travel(NOON, tick=False) as clock:
        pupil = enrol(tenant_id)
        pupil.grade(0.4)
        gradebook.script.extend([503, erase])
        drain()
        assert len(pupil.tries()) == 1
        clock.shift(60)
        drain()
    assert gradebook.values == {pupil.key: 0.4}
    with tenant_session(tenant_id) as session:
        assert session.scalars(select(func.count()).select_from(ScoreDelivery)).one() == 0
        assert session.scalars(select(func.count()).select_from(DeliveryTry)).one() == 0


def test_a_worker_that_lost_its_lease_changes_nothing_any_more(
    app: Flask, gradebook: Gradebook, tenant_id: UUID
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        pupil = enrol(tenant_id)
        pupil.grade(0.8)
        slow = claim_score(room_of(app).policy)
        assert slow is not None

        def another_takes_over() -> None:
            clock.shift(120)
            drain()

        gradebook.script.append(another_takes_over)
        gradebook.script.append(422)
        deliver_score(app, slow)
    assert pupil.delivery().state == "parked"  # what the new owner found stands
    assert len(pupil.tries()) == 3


def test_a_score_goes_to_the_line_item_of_the_newest_launch(gradebook: Gradebook, tenant_id: UUID) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        pupil = enrol(tenant_id)
        pupil.grade(0.8)
        drain()
        clock.shift(60)
        pupil.launch(line_item="https://lms.test/items/2")
        drain()
        pupil.grade(0.9)
        clock.shift(60)
        drain()
    new = ("https://lms.test/items/2", pupil.user_id)
    assert gradebook.values == {pupil.key: 0.8, new: 0.9}
    assert [post.scaled for post in gradebook.posts] == [0.8, 0.8, 0.9]


def test_another_course_behind_the_same_link_takes_over_the_line_item(gradebook: Gradebook, tenant_id: UUID) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        before, after = enrol(tenant_id, 1), enrol(tenant_id, 2, launched=False)
        before.grade(0.9)
        drain()
        after = type(after)(tenant_id, after.registration_id, before.user_id, before.line_item)
        after.launch()
        drain()
        assert gradebook.values == {before.key: 0.9}
        clock.shift(60)
        after.grade(0.4)
        drain()
        before.grade(1.0)
        clock.shift(60)
        drain()
    assert gradebook.values == {before.key: 0.4}
    assert [one.timestamp for one in gradebook.posts] == sorted(one.timestamp for one in gradebook.posts)


def test_going_back_to_the_former_line_item_sends_there_again(gradebook: Gradebook, tenant_id: UUID) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        first, second = enrol(tenant_id, 1), enrol(tenant_id, 2, launched=False)
        second = type(second)(tenant_id, second.registration_id, first.user_id, "https://lms.test/items/2")
        second.launch()
        for pupil, scaled in ((first, 0.1), (second, 0.2)):
            pupil.grade(scaled)
        drain()
        clock.shift(60)
        first.launch(line_item=second.line_item)
        drain()
        assert gradebook.values[second.key] == 0.1
        clock.shift(60)
        first.launch()
        drain()
        assert first.delivery().line_item == first.line_item
        first.grade(0.9)
        clock.shift(60)
        drain()
    assert gradebook.values == {first.key: 0.9, second.key: 0.1}


def test_a_probe_under_way_keeps_its_destination_waiting_and_no_other(
    app: Flask, gradebook: Gradebook, tenant_id: UUID
) -> None:
    policy = room_of(app).policy
    with time_machine.travel(NOON, tick=False) as clock:
        pupils = [enrol(tenant_id, number) for number in range(2)]
        elsewhere = enrol(tenant_id, 3, destination="other")
        drain()
        with unscoped(Unscoped.DELIVERY_CLAIMS, write=True) as session:
            session.get_one(Destination, "lms").failures = policy.breaker_failures
        for pupil in (*pupils, elsewhere):
            pupil.grade(0.5)
            clock.shift(1)
        probe, second = claim_score(policy), claim_score(policy)
        assert probe is not None
        assert second is not None
        assert (probe.delivery_id, second.delivery_id) == (pupils[0].delivery().id, elsewhere.delivery().id)
        assert claim_score(policy) is None


def test_a_destination_that_is_back_calls_back_its_own_scores_only(
    app: Flask, gradebook: Gradebook, tenant_id: UUID
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        probe, late = enrol(tenant_id, 1), enrol(tenant_id, 2)
        elsewhere = enrol(tenant_id, 3, destination="other")
        drain()
        gradebook.script.extend([503, 503, 503])
        for pupil in (probe, late, elsewhere):
            pupil.grade(0.5)
        drain()
        with unscoped(Unscoped.DELIVERY_CLAIMS, write=True) as session:
            session.get_one(Destination, "lms").failures = room_of(app).policy.breaker_failures
            session.get_one(ScoreDelivery, late.delivery().id).due_at = NOON + timedelta(hours=1)
            session.get_one(ScoreDelivery, elsewhere.delivery().id).due_at = NOON + timedelta(hours=1)
        clock.shift(10)
        drain()
    assert gradebook.values == {probe.key: 0.5, late.key: 0.5}
