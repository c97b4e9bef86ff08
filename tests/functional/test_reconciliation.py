"""A course against its gradebook: what the LMS accepted and does not show is mended, what a teacher entered stays."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import select

from passback.clock import utc_now
from passback.db import tenant_session
from passback.delivery.models import ScoreDelivery
from passback.errors import PassbackError
from passback.lti.models import ResourceLink
from passback.lti.reconciliation_errors import ReconciliationUnderWayError
from passback.lti.reconciliation_models import Reconciliation, ReconciliationFinding
from passback.lti.reconciling import recent_contexts, reconcile
from passback.runtime import runtime
from passback.sandbox.faults import Fault
from passback.sandbox.links import Column
from passback.sandbox.model import Role
from tests.support.lms_gradebook import START, Gradebook

PRODUCTS = ["moodle", "moodle45", "canvas", "openedx", "sakai", "blackboard"]


def look(book: Gradebook, *, after: float = 120) -> Reconciliation:
    """Compare the course, `after` seconds from now."""
    book.clock.shift(after)
    return reconcile(book.school.tenant_id, book.context_id)


def findings(book: Gradebook) -> list[tuple[str, str, float | None, float | None]]:
    with tenant_session(book.school.tenant_id) as session:
        rows = session.scalars(select(ReconciliationFinding).order_by(ReconciliationFinding.id)).all()
    return [(row.kind, row.action, row.ours, row.theirs) for row in rows]


def deliveries(book: Gradebook) -> dict[str, ScoreDelivery]:
    with tenant_session(book.school.tenant_id) as session:
        return {row.user_id: row for row in session.scalars(select(ScoreDelivery))}


def graded(book: Gradebook, scaled: float = 0.8) -> Gradebook:
    book.grade(scaled)
    book.drain(after=2)
    assert book.delivery.state == "accepted"
    return book


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_grade_that_is_there_is_read_back_in(open_gradebook: Callable[..., Gradebook], product: str) -> None:
    book = graded(open_gradebook(product), 1 / 3)
    report = look(book)
    assert (report.state, report.in_order, report.columns, report.columns_read) == ("done", 1, 1, 1)
    assert (book.delivery.state, book.delivery.read_back_at) == ("read_back", utc_now())
    assert findings(book) == []


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_first_grade_that_was_accepted_and_not_stored_is_sent_again_to(
    open_gradebook: Callable[..., Gradebook], product: str
) -> None:
    book = open_gradebook(product)
    book.server.faults.add("score", Fault(200))
    graded(book)
    assert book.shown is None
    report = look(book)
    assert (report.missing, report.sent_again, findings(book)) == (1, 1, [("missing", "sent_again", 0.8, None)])
    book.drain()
    assert book.shown == 80.0
    assert look(book).in_order == 1
    assert (book.delivery.state, findings(book)) == ("read_back", [])


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("seen", [True, False], ids=["seen before", "never seen"])
def test_a_later_grade_that_was_accepted_and_not_stored_is_sent_again_to(
    open_gradebook: Callable[..., Gradebook], product: str, seen: bool
) -> None:
    book = graded(open_gradebook(product), 0.5)
    if seen:
        look(book)
    book.server.faults.add("score", Fault(200))
    book.grade(0.9)
    book.drain(after=2)
    assert (book.shown, book.delivery.state, book.delivery.sent_scaled) == (50.0, "accepted", 0.9)
    assert look(book).sent_again == 1
    assert findings(book) == [("missing", "sent_again", 0.9, 0.5)]
    book.drain()
    assert book.shown == 90.0


def test_an_lms_that_never_stores_is_parked_with_a_reason(gradebook: Gradebook) -> None:
    gradebook.server.faults.add("score", Fault(200, times=100))
    graded(gradebook)
    for _ in range(4):
        look(gradebook)
        gradebook.drain()
    assert (gradebook.delivery.state, gradebook.delivery.reason_class) == ("parked", "not_kept")
    assert gradebook.calls("score") == 4
    assert findings(gradebook) == [("missing", "parked", 0.8, None)]
    assert [one.reason_class for one in gradebook.tries if one.verdict == "looked"] == ["lost"] * 4


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_teachers_own_grade_stays_and_is_told_in(open_gradebook: Callable[..., Gradebook], product: str) -> None:
    book = graded(open_gradebook(product))
    book.clock.shift(3600)
    book.server.platform.gradebook.override(book.column.id, book.school.learner.id, 55.0)
    report = look(book)
    assert (report.different, report.sent_again) == (1, 0)
    assert findings(book) == [("different", "other_shown", 0.8, 0.55)]
    book.drain(after=3600)
    assert (book.shown, book.delivery.state, book.calls("score")) == (55.0, "different", 1)
    book.server.platform.gradebook.override(book.column.id, book.school.learner.id, 80.0)
    look(book)
    assert book.delivery.state == "read_back"


def test_a_teacher_may_enter_what_moodle_had_before(gradebook: Gradebook) -> None:
    """The value is an older one of ours; Moodle says that it was entered after our newest was accepted."""
    graded(gradebook, 0.5)
    graded(gradebook, 0.9)
    gradebook.clock.shift(3600)
    gradebook.server.platform.gradebook.override(gradebook.column.id, gradebook.school.learner.id, 50.0)
    look(gradebook)
    assert findings(gradebook) == [("different", "other_shown", 0.9, 0.5)]


def test_a_grade_that_somebody_took_out_is_told_and_not_put_back(gradebook: Gradebook) -> None:
    graded(gradebook)
    look(gradebook)
    gradebook.server.platform.gradebook.override(gradebook.column.id, gradebook.school.learner.id, None)
    report = look(gradebook)
    assert (report.missing, report.sent_again, gradebook.delivery.state) == (1, 0, "different")
    assert findings(gradebook) == [("missing", "taken_out", 0.8, None)]


def test_a_grade_of_which_passback_knows_nothing_is_orphaned(gradebook: Gradebook) -> None:
    stranger, waiting = gradebook.school.lms.learners[1], gradebook.school.learner
    for user in (stranger, waiting):
        gradebook.server.platform.gradebook.override(gradebook.column.id, user.id, 40.0)
    gradebook.drain()
    report = look(gradebook)
    assert (report.orphaned, gradebook.delivery.state) == (2, "waiting")
    assert findings(gradebook) == [("orphaned", "stays", None, 0.4)] * 2


def test_a_parked_grade_that_turns_up_is_read_back_and_another_one_is_told(gradebook: Gradebook) -> None:
    gradebook.server.faults.add("score", Fault(400, times=2))
    gradebook.grade(0.7)
    gradebook.drain()
    other = gradebook.school.lms.learners[1]
    gradebook.launch(other)
    gradebook.grade(0.6)
    gradebook.drain()
    gradebook.server.platform.gradebook.override(gradebook.column.id, gradebook.school.learner.id, 70.0)
    report = look(gradebook)
    assert (report.in_order, report.missing) == (1, 1)
    assert findings(gradebook) == [("missing", "parked", 0.6, None)]
    assert {user: row.state for user, row in deliveries(gradebook).items()} == {
        gradebook.school.learner.id: "read_back",
        other.id: "parked",
    }


def test_what_is_under_way_is_left_for_the_next_time(gradebook: Gradebook) -> None:
    graded(gradebook)
    assert look(gradebook, after=30).under_way == 1
    gradebook.grade(0.9)
    assert look(gradebook, after=120).under_way == 1
    assert gradebook.delivery.state == "queued"


def ask_for_pages_of(count: int) -> None:
    """Let Moodle's profile ask for so many results at a time."""
    profiles = runtime().plugins.lms_profiles
    profiles["moodle"] = replace(profiles["moodle"], results_page=count)


def test_results_in_pages_are_read_to_the_last(gradebook: Gradebook) -> None:
    ask_for_pages_of(2)
    for number in range(5):
        gradebook.launch(gradebook.school.lms.add_user(f"Learner {number}"))
        gradebook.grade(number / 10)
        gradebook.drain()
    assert look(gradebook).in_order == 5
    assert gradebook.calls("results") == 3


def test_half_a_gradebook_is_no_gradebook(gradebook: Gradebook) -> None:
    ask_for_pages_of(1)
    for user in gradebook.school.lms.learners[:2]:
        gradebook.launch(user)
        gradebook.grade(0.5)
        gradebook.drain()
    gradebook.server.faults.add("results", Fault(503, skip=1))
    with pytest.raises(PassbackError):
        look(gradebook)
    with tenant_session(gradebook.school.tenant_id) as session:
        report = session.scalars(select(Reconciliation)).one()
    assert (report.state, report.error, report.error_status, report.missing) == ("failed", "service_answer", 503, 0)
    assert {row.state for row in deliveries(gradebook).values()} == {"accepted"}
    assert look(gradebook).in_order == 2


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault(403), "service_answer"),
        (Fault(200, body="<html>Sign in</html>"), "outbound"),
        (Fault(200, body="{}"), "service_answer"),
        (Fault(200, drop=True), "outbound"),
        (Fault(302, location="https://elsewhere.test/"), "service_answer"),
    ],
)
def test_an_lms_that_cannot_tell_changes_nothing(gradebook: Gradebook, fault: Fault, code: str) -> None:
    graded(gradebook)
    gradebook.server.faults.add("results", fault)
    with pytest.raises(PassbackError) as error:
        look(gradebook)
    assert error.value.code.startswith(code)
    assert gradebook.delivery.state == "accepted"
    assert look(gradebook).in_order == 1


def test_a_platform_that_may_not_be_read_says_so(gradebook: Gradebook) -> None:
    graded(gradebook)
    with tenant_session(gradebook.school.tenant_id, write=True) as session:
        link = session.scalars(select(ResourceLink)).one()
        link.ags_scopes = [scope for scope in link.ags_scopes if "result" not in scope]
    with pytest.raises(PassbackError) as error:
        look(gradebook)
    assert error.value.code == "results_not_offered"
    gradebook.school.change_platform(status="disabled")
    with pytest.raises(PassbackError) as error:
        look(gradebook)
    assert error.value.code == "platform_disabled"


def test_a_column_that_is_gone_is_told(gradebook: Gradebook) -> None:
    graded(gradebook)
    gradebook.server.platform.gradebook.remove_column(gradebook.column.id)
    report = look(gradebook)
    assert (report.missing, report.sent_again) == (1, 0)
    assert findings(gradebook) == [("missing", "column_gone", None, None)]


def test_a_column_that_was_made_anew_gets_its_grades(gradebook: Gradebook) -> None:
    graded(gradebook)
    look(gradebook)
    gradebook.server.platform.gradebook.remove_column(gradebook.column.id)
    gradebook.school.lms.links.set_column(gradebook.link.id, Column(10.0))
    assert look(gradebook).sent_again == 1
    gradebook.drain()
    assert gradebook.shown == 8.0
    assert look(gradebook).in_order == 1


def test_two_at_once_are_one(gradebook: Gradebook) -> None:
    graded(gradebook)
    context_id = gradebook.context_id
    with tenant_session(gradebook.school.tenant_id, write=True) as session:
        session.add(
            Reconciliation(context_id=context_id, lease_owner="another", lease_until=utc_now() + timedelta(minutes=5))
        )
    with pytest.raises(ReconciliationUnderWayError):
        look(gradebook)
    assert look(gradebook, after=600).in_order == 1  # that one has died


def test_a_course_in_which_nothing_happens_for_120_days_is_left_alone(gradebook: Gradebook) -> None:
    graded(gradebook)
    with tenant_session(gradebook.school.tenant_id) as session:
        assert recent_contexts(session, START + timedelta(days=119)) == [
            (gradebook.school.tenant_id, gradebook.context_id)
        ]
        assert recent_contexts(session, START + timedelta(days=121)) == []


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("product", ["moodle", "moodle45", "canvas"])
def test_every_final_value_is_right_although_the_lms_lied(
    open_gradebook: Callable[..., Gradebook], product: str, seed: int
) -> None:
    """The LMS at random says 200 without storing, loses answers, and fails; in the end every grade is the last one."""
    chance, book = Random(seed), open_gradebook(product)
    last: dict[str, float] = {}
    learners = [book.school.lms.add_user(f"Learner {number}", role=Role.LEARNER) for number in range(3)]
    for _ in range(6):
        for user in learners:
            fault = chance.choice([None, Fault(200), Fault(200), Fault.lost_answer(), Fault(503), Fault(500)])
            if fault:
                book.server.faults.add("score", fault)
            book.launch(user)
            last[user.id] = chance.randrange(0, 101) / 100
            book.grade(last[user.id])
            book.drain(after=5)
    book.server.faults.clear()
    for _ in range(3):
        book.drain(after=4000)
        look(book)
    book.drain()
    shown = {user.id: book.server.platform.gradebook.result(book.column.id, user.id) for user in learners}
    assert {key: cell.score if cell else None for key, cell in shown.items()} == {
        key: pytest.approx(value * 100) for key, value in last.items()
    }
