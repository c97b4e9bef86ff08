"""Scores reach the practice LMS's gradebook by real HTTP, whatever it answers on the way."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from passback.cli.platforms import platforms_group
from passback.clock import utc_now
from passback.db import tenant_session
from passback.delivery.models import ScoreDelivery
from passback.lti.models import ResourceLink, ServiceToken
from passback.outbound import client as outbound_client
from passback.sandbox.faults import Fault
from passback.sandbox.links import Column
from passback.sandbox.model import Role
from passback.sandbox.scores import Score
from passback.tracking.models import Registration
from tests.support.lms_gradebook import START, Gradebook
from tests.support.lti import make_choice

PRODUCTS = ["moodle", "moodle45", "canvas", "openedx", "sakai", "blackboard"]


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_score_reaches_the_gradebook_of(open_gradebook: Callable[..., Gradebook], product: str) -> None:
    book = open_gradebook(product)
    book.grade(0.8, done_at=START - timedelta(minutes=5))
    book.drain()
    assert book.shown == 80.0
    delivery = book.delivery
    assert (delivery.state, delivery.sent_scaled, delivery.reason_class) == ("accepted", 0.8, "accepted")
    assert book.result is not None
    assert book.result.submitted_at == START - timedelta(minutes=5)
    assert book.result.grading_progress == "FullyGraded"


def test_points_of_the_placement_decide_the_maximum(gradebook: Gradebook) -> None:
    _course, choice = make_choice(gradebook.school.tenant_id, points=8.0)
    gradebook.link = gradebook.school.add_link(custom={"passback_item": str(choice)}, column=Column(40.0))
    gradebook.launch()
    gradebook.grade(0.5)
    gradebook.drain()
    assert gradebook.shown == 20.0  # 4 of 8 points, in a column of 40
    sent = json.loads(gradebook.server.platform.log.of("score")[-1].body)
    assert (sent["scoreGiven"], sent["scoreMaximum"]) == (4.0, 8.0)


def test_moodle_refuses_two_scores_in_one_second_and_still_gets_the_last(gradebook: Gradebook) -> None:
    gradebook.grade(0.5)
    gradebook.drain()
    gradebook.grade(0.7)
    gradebook.drain(after=0.2)
    assert gradebook.shown == 50.0
    gradebook.drain(after=1)
    assert gradebook.shown == 70.0
    assert [one.http_status for one in gradebook.tries] == [200, 200]


@pytest.mark.parametrize("product", ["moodle", "openedx"])
def test_an_older_stamp_is_read_back_and_sent_again(open_gradebook: Callable[..., Gradebook], product: str) -> None:
    book = open_gradebook(product)
    book.grade(0.4)
    book.drain()
    assert book.result is not None
    with book.server.platform.core.change():  # somebody else wrote meanwhile, by a clock ahead of ours
        book.result.stored_at = book.result.timestamp = utc_now() + timedelta(seconds=5)
    book.grade(0.9)
    book.drain(after=2)
    assert (book.shown, book.delivery.state, book.delivery.reason_class) == (40.0, "queued", "older_timestamp")
    book.drain(after=60)
    assert (book.shown, book.delivery.state) == (90.0, "accepted")


def test_an_older_stamp_whose_value_is_there_already_is_delivered(gradebook: Gradebook) -> None:
    gradebook.grade(1 / 3)
    gradebook.drain()
    assert gradebook.result is not None
    with gradebook.server.platform.core.change():
        gradebook.result.stored_at = utc_now() + timedelta(days=1)
        gradebook.result.score = 33.33333  # Moodle keeps five decimals
    gradebook.grade(1 / 3)
    gradebook.drain(after=5)
    delivery = gradebook.delivery
    assert (delivery.state, delivery.reason_class) == ("read_back", "read_back")
    assert delivery.read_back_at is not None


def test_a_lost_answer_is_read_back_not_sent_twice(gradebook: Gradebook) -> None:
    gradebook.server.faults.add("score", Fault.lost_answer())
    gradebook.grade(0.6)
    gradebook.drain()
    assert (gradebook.delivery.state, gradebook.shown) == ("queued", 60.0)
    gradebook.drain(after=60)
    assert (gradebook.delivery.state, gradebook.delivery.reason_class) == ("read_back", "read_back")
    assert gradebook.calls("score") == 1


def test_a_time_out_before_the_commit_is_sent_again(gradebook: Gradebook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("passback.outbound.client.READ_SECONDS", 0.2)
    assert outbound_client.READ_SECONDS == 0.2
    gradebook.server.faults.add("score", Fault(times=1, drop=True))
    gradebook.grade(0.6)
    gradebook.drain()
    assert (gradebook.delivery.state, gradebook.shown) == ("queued", None)
    gradebook.drain(after=60)
    assert (gradebook.delivery.state, gradebook.shown) == ("accepted", 60.0)
    assert gradebook.calls("results") == 1


def test_an_older_score_that_was_lost_never_overwrites_a_newer_one(gradebook: Gradebook) -> None:
    gradebook.server.faults.add("score", Fault(503))
    gradebook.grade(0.3)
    gradebook.drain()
    gradebook.grade(0.95)
    gradebook.drain(after=60)
    assert gradebook.shown == 95.0
    column = gradebook.school.lms.links.column(gradebook.link.id)
    assert column
    assert [one.score for one in gradebook.result.history] == [95.0]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("fault", "wait"),
    [(Fault.rate_limit(120), 120), (Fault(503), 1), (Fault(500), 1), (Fault(502, body="<html>Bad Gateway"), 1)],
)
def test_what_passes_is_tried_again_after_the_wait_that_was_asked_for(
    gradebook: Gradebook, fault: Fault, wait: float
) -> None:
    gradebook.server.faults.add("score", fault)
    gradebook.grade(0.6)
    gradebook.drain()
    delivery = gradebook.delivery
    assert (delivery.state, delivery.reason_class) == ("queued", "later")
    assert delivery.due_at - utc_now() >= timedelta(seconds=wait)
    gradebook.drain(after=max(wait, 60))
    assert gradebook.shown == 60.0


def test_a_locked_grade_in_moodle_is_tried_again(gradebook: Gradebook) -> None:
    gradebook.server.faults.add("score", Fault(500, body="<html>locked</html>", content_type="text/html"))
    gradebook.grade(0.6)
    gradebook.drain()
    assert gradebook.tries[-1].body_sha256 == hashlib.sha256(b"<html>locked</html>").hexdigest()
    assert gradebook.delivery.state == "queued"


def test_an_expired_token_is_replaced_at_once(gradebook: Gradebook) -> None:
    gradebook.grade(0.5)
    gradebook.drain()
    gradebook.server.faults.add("score", Fault.expired_token())
    gradebook.grade(0.7)
    gradebook.drain(after=2)
    assert gradebook.shown == 70.0
    assert [one.verdict for one in gradebook.tries] == ["delivered", "delivered"]
    assert gradebook.calls("token") == 2


def test_a_token_that_is_refused_twice_waits(gradebook: Gradebook) -> None:
    gradebook.server.faults.add("score", Fault(401, times=2))
    gradebook.grade(0.7)
    gradebook.drain()
    assert (gradebook.delivery.state, gradebook.delivery.reason_class) == ("queued", "unauthorised")
    assert gradebook.calls("score") == 2


@pytest.mark.parametrize(
    "fault", [Fault(400, body="{"), Fault.malformed(), Fault(503), Fault(200, body="[]"), Fault(200, body="{}")]
)
def test_without_a_token_the_score_waits(gradebook: Gradebook, fault: Fault) -> None:
    gradebook.server.faults.add("token", fault)
    gradebook.grade(0.7)
    gradebook.drain()
    assert (gradebook.delivery.state, gradebook.delivery.reason_class) == ("queued", "token_refused")
    gradebook.drain(after=60)
    assert gradebook.shown == 70.0


def test_moodle_that_may_not_fetch_our_keys_is_told_apart_and_caught_up_with(gradebook: Gradebook) -> None:
    page = "<html><h1>fix_jwks_alg(): Argument #1 ($jwks) must be of type array, null given</h1></html>"
    gradebook.server.faults.add("token", Fault(404, body=page, content_type="text/html", times=2))
    gradebook.grade(0.6)
    gradebook.drain()
    assert (gradebook.delivery.state, gradebook.delivery.reason_class) == ("queued", "token_refused")
    assert "public keys" in gradebook.delivery.reason
    gradebook.drain(after=60)
    gradebook.drain(after=120)
    assert gradebook.shown == 60.0


def test_a_tool_that_was_deleted_in_the_lms_is_told_in_the_list_of_lmss(gradebook: Gradebook) -> None:
    def trouble() -> str:
        listed = CliRunner().invoke(platforms_group, ["list", "--json"])
        return str(json.loads(listed.output)[0]["trouble"])

    assert trouble() == ""
    with gradebook.server.platform.core.change() as state:
        tool = state.tools.pop(gradebook.school.tool.id)
    gradebook.grade(0.6)
    gradebook.drain()
    assert "did not give Passback an access token" in trouble()
    with gradebook.server.platform.core.change() as state:
        state.tools[tool.id] = tool
    gradebook.drain(after=60)
    assert (gradebook.delivery.state, trouble()) == ("accepted", "")


def test_tokens_are_kept_encrypted_and_used_until_a_minute_before_they_expire(gradebook: Gradebook) -> None:
    for minute in range(0, 59, 20):
        gradebook.grade(0.1 + minute / 100)
        gradebook.drain(after=20 * 60)
    assert gradebook.calls("token") == 1
    with tenant_session(gradebook.school.tenant_id) as session:
        row = session.scalars(select(ServiceToken)).one()
    sent = gradebook.server.platform.log.of("score")[-1].headers["authorization"]
    assert sent.startswith("Bearer ")
    assert sent.removeprefix("Bearer ") not in row.token
    gradebook.grade(0.9)
    gradebook.drain(after=20 * 60)
    assert gradebook.calls("token") == 2


@pytest.mark.parametrize("product", PRODUCTS)
def test_somebody_who_is_no_learner_is_parked_in(open_gradebook: Callable[..., Gradebook], product: str) -> None:
    book = open_gradebook(product)
    course = book.school.lms.course
    with book.server.platform.core.change():
        del course.members[book.school.learner.id]
    book.grade(0.5)
    book.drain()
    assert (book.delivery.state, book.delivery.reason_class) == ("parked", "learner_not_gradable")
    with book.server.platform.core.change():
        course.members[book.school.learner.id] = Role.LEARNER
    book.clock.shift(5)
    book.launch()  # shows that the LMS knows the learner again
    book.drain()
    assert (book.delivery.state, book.shown) == ("accepted", 50.0)


def test_a_404_about_a_person_is_not_taken_for_a_lost_column(gradebook: Gradebook) -> None:
    gradebook.server.faults.add("score", Fault(404, body="no such user"))
    gradebook.grade(0.5)
    gradebook.drain()
    assert (gradebook.delivery.state, gradebook.delivery.reason_class) == ("parked", "learner_not_gradable")


def test_a_column_that_is_gone_is_parked_and_no_second_one_is_made(gradebook: Gradebook) -> None:
    column = gradebook.school.lms.links.column(gradebook.link.id)
    assert column
    gradebook.school.lms.gradebook.remove_column(column.id)
    gradebook.grade(0.5)
    gradebook.drain()
    assert (gradebook.delivery.state, gradebook.delivery.reason_class) == ("parked", "line_item_gone")
    assert gradebook.school.lms.links.column(gradebook.link.id) is None


def test_a_column_that_has_moved_is_found(gradebook: Gradebook) -> None:
    school = gradebook.school
    column = school.lms.links.column(gradebook.link.id)
    assert column
    school.lms.gradebook.remove_column(column.id)
    school.lms.links.set_column(gradebook.link.id, Column(10.0))
    gradebook.grade(0.5)
    gradebook.drain()
    gradebook.drain(after=60)
    assert (gradebook.delivery.state, gradebook.shown) == ("accepted", 5.0)
    gradebook.launch()
    gradebook.drain(after=60)
    assert gradebook.calls("score") == 2  # the first was the 404; the launch sends nothing again


def test_an_ungraded_activity_gets_one_column_and_keeps_it(gradebook: Gradebook) -> None:
    gradebook.link = gradebook.school.add_link(custom={"passback_item": str(gradebook.school.choice_id)})
    gradebook.launch()
    gradebook.grade(0.5)
    gradebook.drain(after=1)
    assert gradebook.delivery.state == "accepted"
    school = gradebook.school
    columns = school.lms.gradebook.columns(school.lms.course.id, link_id=gradebook.link.id)
    assert [(one.label, one.score_maximum, one.tag) for one in columns] == [("Another", 100.0, "passback")]
    assert school.lms.gradebook.result(columns[0].id, school.learner.id).score == 50.0  # type: ignore[union-attr]
    gradebook.launch()
    gradebook.grade(0.6)
    gradebook.drain(after=5)
    assert school.lms.gradebook.result(columns[0].id, school.learner.id).score == 60.0  # type: ignore[union-attr]
    assert len(school.lms.gradebook.columns(school.lms.course.id, link_id=gradebook.link.id)) == 1
    assert gradebook.calls("score") == 2


def test_a_lost_answer_to_making_a_column_makes_no_second_one(gradebook: Gradebook) -> None:
    gradebook.link = gradebook.school.add_link(custom={"passback_item": str(gradebook.school.choice_id)})
    gradebook.launch()
    # Two look-ups pass, then the column is made and the answer never comes.
    gradebook.server.faults.add("lineitems", Fault(times=1, commit=True, drop=True, skip=2))
    gradebook.grade(0.5)
    gradebook.drain(after=1)
    assert gradebook.delivery.state == "queued"
    gradebook.drain(after=120)
    assert gradebook.delivery.state == "accepted"
    school = gradebook.school
    assert len(school.lms.gradebook.columns(school.lms.course.id, link_id=gradebook.link.id)) == 1


def test_only_one_process_makes_the_column(gradebook: Gradebook) -> None:
    gradebook.link = gradebook.school.add_link(custom={"passback_item": str(gradebook.school.choice_id)})
    gradebook.launch()
    with tenant_session(gradebook.school.tenant_id, write=True) as session:
        link = session.scalars(select(ResourceLink).where(ResourceLink.link_id == gradebook.link.id)).one()
        link.creating_until = utc_now() + timedelta(seconds=60)
    gradebook.grade(0.5)
    gradebook.drain(after=1)
    assert (gradebook.delivery.state, gradebook.delivery.reason_class) == ("queued", "line_item_awaited")
    gradebook.drain(after=90)
    assert gradebook.delivery.state == "accepted"


def test_a_teachers_override_in_moodle_stays(gradebook: Gradebook) -> None:
    column = gradebook.school.lms.links.column(gradebook.link.id)
    assert column
    gradebook.school.lms.gradebook.override(column.id, gradebook.school.learner.id, 55.0)
    gradebook.grade(0.9)
    gradebook.drain(after=2)
    assert (gradebook.delivery.state, gradebook.shown) == ("accepted", 55.0)


def test_a_locked_grade_in_moodle_holds_up_nobody_else(gradebook: Gradebook) -> None:
    school = gradebook.school
    column = school.lms.links.column(gradebook.link.id)
    assert column
    school.lms.gradebook.lock(column.id, school.learner.id)
    gradebook.grade(0.6)
    for _ in range(12):
        gradebook.drain(after=4000)
    assert (gradebook.delivery.state, gradebook.delivery.reason_class) == ("queued", "score_failed")
    assert "locked" in gradebook.delivery.reason
    other = school.lms.learners[1]
    assert school.launch(user=other, link=gradebook.link).reply.status == 303
    gradebook.grade(0.8)
    gradebook.drain()
    held = school.lms.gradebook.result(column.id, other.id)
    assert held is not None
    assert held.score == 80.0
    school.lms.gradebook.lock(column.id, school.learner.id, locked=False)
    gradebook.drain(after=4000)
    assert gradebook.shown == 60.0


def test_moodle_4_5_keeps_the_stamp_of_a_score_and_still_gets_the_last(
    open_gradebook: Callable[..., Gradebook],
) -> None:
    book = open_gradebook("moodle45")
    book.grade(0.4)
    book.drain()
    book.grade(0.9)
    book.drain()
    book.drain(after=1)
    assert (book.shown, book.delivery.state) == (90.0, "accepted")


def test_a_clock_set_back_behind_moodle_4_5_waits_until_it_has_caught_up(
    open_gradebook: Callable[..., Gradebook],
) -> None:
    book = open_gradebook("moodle45")
    column = book.school.lms.links.column(book.link.id)
    assert column
    ahead = Score(book.school.learner.id, START + timedelta(minutes=10), "Completed", "FullyGraded", 10.0, 100.0)
    book.server.platform.gradebook.score(column.id, ahead)
    book.grade(0.9)
    book.drain()
    assert (book.delivery.state, book.delivery.reason_class, book.shown) == ("queued", "older_timestamp", 10.0)
    for _ in range(10):
        book.drain(after=120)
    assert (book.delivery.state, book.shown) == ("accepted", 90.0)


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_clock_that_once_ran_a_day_ahead_holds_no_later_score(
    open_gradebook: Callable[..., Gradebook], product: str
) -> None:
    book = open_gradebook(product)
    book.grade(0.4, done_at=START + timedelta(days=1))
    book.drain(after=86400)
    assert book.shown == 40.0
    book.clock.move_to(START)
    for number, scaled in enumerate((0.9, 0.7), start=1):
        book.grade(scaled, done_at=START + timedelta(days=1))
        book.drain()
        assert (book.delivery.state, book.shown) == ("accepted", scaled * 100)
        assert book.delivery.last_timestamp == START + timedelta(days=1, seconds=number)
    assert book.result is not None
    assert book.result.submitted_at == START, "what was done is not in the future either"


def test_a_score_that_is_not_final_never_follows_a_final_one(gradebook: Gradebook) -> None:
    gradebook.grade(0.9, final=True)
    gradebook.drain()
    gradebook.grade(0.2, final=False)
    gradebook.drain(after=5)
    assert gradebook.shown == 90.0
    assert gradebook.calls("score") == 1


def test_a_score_before_the_end_counts_and_is_marked_as_in_progress(gradebook: Gradebook) -> None:
    gradebook.grade(0.2, final=False)
    gradebook.drain()
    assert gradebook.shown == 20.0
    assert gradebook.result is not None
    assert (gradebook.result.activity_progress, gradebook.result.grading_progress) == ("InProgress", "FullyGraded")


def test_canvas_gets_one_submission_however_often_the_grade_changes(open_gradebook: Callable[..., Gradebook]) -> None:
    book = open_gradebook("canvas")
    for scaled in (0.3, 0.6, 0.9):
        book.grade(scaled)
        book.drain(after=2)
    assert book.shown == 90.0
    assert book.result is not None
    assert book.result.submissions == 1


def test_a_switched_off_platform_gets_nothing(gradebook: Gradebook) -> None:
    gradebook.school.change_platform(status="disabled")
    gradebook.grade(0.5)
    gradebook.drain()
    assert (gradebook.delivery.state, gradebook.delivery.reason_class) == ("parked", "platform_disabled")
    assert gradebook.calls("score") == gradebook.calls("token") == 0


def test_an_address_on_our_own_network_is_not_called(gradebook: Gradebook) -> None:
    gradebook.school.change_platform(approved_hosts=[])
    gradebook.grade(0.5)
    gradebook.drain()
    assert (gradebook.delivery.state, gradebook.delivery.reason_class) == ("parked", "address_refused")
    assert gradebook.calls("token") == 0


def test_every_reason_has_its_words(gradebook: Gradebook) -> None:
    gradebook.grade(0.5)
    gradebook.drain()
    assert gradebook.delivery.reason == "The LMS accepted the score."


def attempts(book: Gradebook, count: int) -> None:
    """The learner has begun so many attempts."""
    with tenant_session(book.school.tenant_id, write=True) as session:
        session.scalars(select(Registration)).one().attempts = count


def submission(book: Gradebook) -> dict[str, object]:
    sent = json.loads(book.server.platform.log.of("score")[-1].body)
    return dict(sent["https://canvas.instructure.com/lti/submission"])


def test_canvas_gets_one_submission_per_attempt(open_gradebook: Callable[..., Gradebook]) -> None:
    book = open_gradebook("canvas")
    for count, scaled, submissions in ((1, 0.4, 1), (1, 0.5, 1), (2, 0.6, 2), (2, 0.7, 2), (3, 0.9, 3)):
        attempts(book, count)
        book.grade(scaled)
        book.drain(after=5)
        assert (book.shown, book.result.submissions) == (scaled * 100, submissions)  # type: ignore[union-attr]


@pytest.mark.parametrize("fault", [Fault(503), Fault.rate_limit(1), Fault.lost_answer()])
def test_canvas_gets_the_submission_whose_first_try_failed_once(
    open_gradebook: Callable[..., Gradebook], fault: Fault
) -> None:
    book = open_gradebook("canvas")
    book.server.faults.add("score", fault)
    book.grade(0.4)
    book.drain()
    book.drain(after=120)
    assert (book.shown, book.result.submissions) == (40.0, 1)  # type: ignore[union-attr]


def test_canvas_keeps_a_teachers_own_grade_and_one_that_is_not_replaced(
    open_gradebook: Callable[..., Gradebook],
) -> None:
    book = open_gradebook("canvas")
    book.grade(0.4, final=False)
    book.drain()
    assert submission(book)["preserve_score"] is True
    book.server.platform.gradebook.override(book.column.id, book.school.learner.id, 77.0)
    book.grade(0.9)
    book.drain(after=5)
    assert (book.shown, submission(book)["prioritize_non_tool_grade"]) == (77.0, True)


def test_a_comment_says_which_of_several_attempts_counts(gradebook: Gradebook) -> None:
    gradebook.grade(0.4)
    gradebook.drain()
    assert "comment" not in json.loads(gradebook.server.platform.log.of("score")[-1].body)
    attempts(gradebook, 3)
    gradebook.grade(0.8)
    gradebook.drain(after=5)
    assert gradebook.result is not None
    assert gradebook.result.comment == "Best of 3 attempts."


def test_a_course_that_has_concluded_in_canvas_is_parked_and_not_hammered(
    open_gradebook: Callable[..., Gradebook],
) -> None:
    words = "This course has concluded. AGS requests will no longer be accepted for this course."
    body = json.dumps({"errors": {"type": "unprocessable_entity", "message": words}})
    book = open_gradebook("canvas")
    learners = [book.school.lms.add_user(f"Learner {number}") for number in range(3)]
    for user in learners:
        book.launch(user)
        book.grade(0.5)
    book.server.faults.add("score", Fault(422, body=body, content_type="application/json", times=100))
    book.drain(after=1)
    with tenant_session(book.school.tenant_id) as session:
        rows = session.scalars(select(ScoreDelivery).where(ScoreDelivery.wanted > 0)).all()
    assert {(row.state, row.reason_class) for row in rows} == {("parked", "course_concluded")}
    assert (len(rows), book.calls("score")) == (3, 1)
    book.drain(after=86400)
    assert book.calls("score") == 1
