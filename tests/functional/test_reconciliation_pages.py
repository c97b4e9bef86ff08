"""Reconciliation as people meet it: every night, on the staff's pages, as CSV, and at the command line."""

import csv
import io
import json
from datetime import timedelta

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select

from passback.cli.deliveries import deliveries_group
from passback.clock import utc_now
from passback.db import Unscoped, tenant_session, unscoped
from passback.delivery.jobs import all_jobs
from passback.lti.reconciliation_jobs import compare_due, note_courses
from passback.lti.reconciliation_models import Reconciliation
from passback.sandbox.faults import Fault
from passback.staff.service import Role
from passback.tenants import ensure_tenant
from tests.functional.test_admin import post, signed_in
from tests.support.lms_gradebook import Gradebook

LIST = "/admin/t/default/reconciliation/"


@pytest.fixture
def lied_to(gradebook: Gradebook) -> Gradebook:
    """Moodle has accepted a grade and stored nothing; of another learner it shows a teacher's own."""
    learner, other = gradebook.school.lms.learners[:2]
    gradebook.launch(learner)
    gradebook.server.faults.add("score", Fault(200))
    gradebook.grade(0.8)
    gradebook.drain()
    gradebook.launch(other)
    gradebook.grade(0.5)
    gradebook.drain()
    gradebook.clock.shift(300)
    gradebook.server.platform.gradebook.override(gradebook.column.id, other.id, 66.0)
    gradebook.who = learner
    return gradebook


def report(book: Gradebook) -> Reconciliation:
    with tenant_session(book.school.tenant_id) as session:
        return session.scalars(select(Reconciliation)).one()


def test_every_night_each_course_is_compared_and_mended(lied_to: Gradebook) -> None:
    note_courses()
    assert compare_due() == 0  # not before the night
    assert timedelta(0) < report(lied_to).due_at - utc_now() < timedelta(hours=24)  # type: ignore[operator]
    lied_to.clock.shift(86400)
    assert compare_due() == 1
    assert (report(lied_to).sent_again, report(lied_to).different) == (1, 1)
    lied_to.drain()
    assert lied_to.shown == 80.0
    assert compare_due() == 0
    lied_to.clock.shift(86400)
    assert compare_due() == 1
    assert (report(lied_to).in_order, report(lied_to).different) == (1, 1)


def test_the_jobs_are_known(lied_to: Gradebook) -> None:
    assert {"reconciliation:courses", "reconciliation:due"} <= set(all_jobs())


def test_a_course_that_is_over_rests_until_something_happens(lied_to: Gradebook) -> None:
    note_courses()
    lied_to.clock.shift(121 * 86400)
    assert compare_due() == 1
    note_courses()
    assert report(lied_to).due_at is None
    lied_to.clock.shift(86400)
    assert compare_due() == 0


def test_an_lms_that_fails_is_asked_again_the_next_night_only(lied_to: Gradebook) -> None:
    lied_to.server.faults.add("results", Fault(503))
    note_courses()
    lied_to.clock.shift(86400)
    assert compare_due() == 0
    assert compare_due() == 0
    assert (lied_to.calls("results"), report(lied_to).error) == (1, "service_answer")
    lied_to.clock.shift(86400)
    assert compare_due() == 1


def test_staff_ask_watch_and_read(sqlite_app: Flask, lied_to: Gradebook) -> None:
    browser = signed_in(sqlite_app, Role.DEVELOPER, lied_to.school.tenant_id)
    page = f"{LIST}{lied_to.context_id}"
    assert "Not compared yet" in browser.get(page).text
    asked = post(browser, page, page)
    assert "Being compared" in asked.text
    assert 'http-equiv="refresh"' in asked.text
    assert compare_due() == 1
    shown = browser.get(page).text
    assert "http-equiv" not in shown
    for words in ("66 %", "80 %", "missing in the gradebook", "different in the gradebook", "It is sent again."):
        assert words in shown
    overview = browser.get(LIST).text
    assert page in overview
    assert "being compared" in post(browser, LIST, LIST).text


def test_a_course_that_could_not_be_read_says_why(sqlite_app: Flask, lied_to: Gradebook) -> None:
    lied_to.server.faults.add("results", Fault(403))
    note_courses()
    lied_to.clock.shift(86400)
    compare_due()
    browser = signed_in(sqlite_app, Role.REPORTER, lied_to.school.tenant_id)
    shown = browser.get(f"{LIST}{lied_to.context_id}").text
    assert "could not be read" in shown
    assert "403" in shown
    assert "could not be read" in browser.get(LIST).text


def test_a_report_as_csv_runs_no_formula(sqlite_app: Flask, lied_to: Gradebook) -> None:
    with lied_to.server.platform.core.change() as state:
        state.users[lied_to.school.learner.id].name = "=HYPERLINK('x')"
    lied_to.launch()
    note_courses()
    lied_to.clock.shift(86400)
    compare_due()
    browser = signed_in(sqlite_app, Role.REPORTER, lied_to.school.tenant_id)
    answer = browser.get(f"{LIST}{lied_to.context_id}/report.csv")
    assert answer.content_type.startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [(row["finding"], row["sent_percent"], row["gradebook_percent"]) for row in rows] == [
        ("different", "50", "66"),
        ("missing", "80", ""),
    ]
    assert rows[1]["learner"] == "'=HYPERLINK('x')"


@pytest.mark.parametrize("role", list(Role))
def test_who_may_compare_and_who_may_read(sqlite_app: Flask, lied_to: Gradebook, role: Role) -> None:
    browser = signed_in(sqlite_app, role, lied_to.school.tenant_id)
    page = f"{LIST}{lied_to.context_id}"
    assert browser.get(page).status_code == 200
    token = {"csrf_token": _token(browser.get("/admin/t/default/").text)}
    expected = 403 if role is Role.REPORTER else 302
    assert browser.post(page, data=token).status_code == expected
    assert browser.post(LIST, data=token).status_code == expected


def _token(page: str) -> str:
    return page.partition('name="csrf_token" value="')[2].partition('"')[0]


def test_another_tenants_reports_do_not_exist(sqlite_app: Flask, lied_to: Gradebook) -> None:
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        other = ensure_tenant(session, "other").id
    browser = signed_in(sqlite_app, Role.ADMINISTRATOR, other)
    for path in ("", f"{lied_to.context_id}", f"{lied_to.context_id}/report.csv"):
        assert browser.get(f"{LIST}{path}").status_code == 403
        assert browser.get(f"/admin/t/other/reconciliation/{path}").status_code == (404 if path else 200)


def test_the_command_compares_and_tells(lied_to: Gradebook) -> None:
    done = CliRunner().invoke(deliveries_group, ["reconcile", "--json"])
    assert done.exit_code == 0, done.output
    (row,) = json.loads(done.stdout)
    assert (row["missing"], row["different"], row["sent_again"], row["error"]) == (1, 1, 1, "")
    assert {(one["finding"], one["sent"], one["gradebook"]) for one in row["findings"]} == {
        ("missing", 0.8, None),
        ("different", 0.5, 0.66),
    }
    lied_to.drain()
    lied_to.server.faults.add("results", Fault(503))
    failed = CliRunner().invoke(deliveries_group, ["reconcile", "--context", str(lied_to.context_id)])
    assert failed.exit_code == 1
    assert "cannot use" in failed.stdout
    unknown = CliRunner().invoke(deliveries_group, ["reconcile", "--context", str(lied_to.school.tenant_id)])
    assert unknown.exit_code != 0
