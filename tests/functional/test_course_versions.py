"""A course's versions on its page: uploaded, looked at, confirmed, compared, gone back to, deleted, handed out."""

import io
import re
import zipfile
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from passback.content import versions
from passback.content.storage import storage
from passback.db import Unscoped, tenant_session, unscoped
from passback.staff.service import Role
from passback.tenants import ensure_tenant
from tests.functional.test_admin import post, signed_in, toy
from tests.support.play import Desk, add_desk, page
from tests.unit.content.test_versions import parts

COURSES = "/admin/t/default/courses/"


class Staff:
    """Somebody at the page of a course."""

    def __init__(self, browser: FlaskClient, tenant_id: UUID) -> None:
        self.browser = browser
        self.tenant_id = tenant_id
        made = post(browser, COURSES, COURSES, package=(io.BytesIO(parts("queen", "honey", title="Bees")), "bees.zip"))
        self.course = made.request.path
        self.course_id = UUID(self.course.rsplit("/", 1)[1])

    def upload(self, data: bytes) -> TestResponse:
        return self.post("/versions", package=(io.BytesIO(data), "new.zip"))

    def post(self, path: str, **fields: object) -> TestResponse:
        return post(self.browser, self.course + path, self.course, **fields)

    def press(self, page: TestResponse, word: str) -> TestResponse:
        """Press the button of a form that posts to an address that ends with `word`."""
        form = re.search(rf'<form method="post" action="([^"]+/{word})".*?</form>', page.text, re.DOTALL)
        assert form, page.text
        fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form.group(0)))
        return self.browser.post(form.group(1), data=fields, follow_redirects=True)

    def renew(self, *names: str) -> TestResponse:
        return self.press(self.upload(parts(*names, title="Bees")), "confirm")

    def numbers(self) -> tuple[list[int], int]:
        with tenant_session(self.tenant_id) as session:
            found = [version.number for version in versions.list_versions(session, self.course_id)]
            return found, versions.current_version(session, self.course_id).number

    def learner(self) -> Desk:
        desk = add_desk(self.tenant_id, course_id=self.course_id)
        desk.send(desk.open(), [page(1, 1)], leaving=True)
        return desk


@pytest.fixture
def staff(sqlite_app: Flask, sqlite_tenant: UUID) -> Staff:
    return Staff(signed_in(sqlite_app, Role.DEVELOPER), sqlite_tenant)


def test_an_upload_is_looked_at_and_confirmed(staff: Staff) -> None:
    staff.learner()
    looked = staff.upload(parts("queen", "wax", title="All about bees"))
    assert "/staged/" in looked.request.path
    assert "New: “Wax”." in looked.text
    assert "Gone: “Honey”." in looked.text
    assert "“All about bees”; it was “Bees”" in looked.text
    assert "1 learner is under way" in looked.text
    assert "When they come back: They choose" in looked.text
    assert "right course" not in looked.text
    assert staff.numbers() == ([1], 1)
    waiting = f'href="{looked.request.path}">new.zip</a>'
    assert waiting in staff.browser.get(staff.course).text, "who has gone elsewhere finds it again"
    done = staff.press(looked, "confirm")
    assert "Version 2 is current" in done.text
    assert "imported by developer@example.org" in done.text
    assert "<h1>Bees</h1>" in done.text
    assert waiting not in done.text
    assert staff.numbers() == ([2, 1], 2)
    assert "does not wait any more" in staff.browser.get(looked.request.path).text


def test_an_upload_is_discarded(staff: Staff) -> None:
    before = set(storage().names(""))
    assert "discarded" in staff.press(staff.upload(parts("queen", title="Bees")), "discard").text
    assert (staff.numbers(), set(storage().names(""))) == (([1], 1), before)


def test_the_wrong_course_is_asked_about_the_wrong_kind_refused(staff: Staff) -> None:
    assert "Is this the right course?" in staff.upload(parts("nest", title="Wasps")).text
    assert "the course is of another kind" in staff.upload(toy().getvalue()).text
    assert "byte for byte; nothing was imported" in staff.upload(parts("queen", "honey", title="Bees")).text
    assert 'class="notice bad"' in staff.upload(b"not a zip").text
    assert "Choose a package first." in staff.post("/versions").text
    assert staff.numbers() == ([1], 1)


def test_the_pages_script_is_led_to_what_the_upload_changes(staff: Staff) -> None:
    data = {"csrf_token": token_of(staff), "package": (io.BytesIO(parts("queen", title="Bees")), "new.zip")}
    answer = staff.browser.post(f"{staff.course}/versions", data=data, headers={"Accept": "application/json"})
    assert answer.json is not None
    assert "Gone: “Honey”." in staff.browser.get(answer.json["location"]).text
    data = {"csrf_token": token_of(staff), "package": (io.BytesIO(b"no"), "new.zip")}
    refused = staff.browser.post(f"{staff.course}/versions", data=data, headers={"Accept": "application/json"})
    assert (refused.status_code, refused.content_type) == (422, "application/problem+json")


def token_of(staff: Staff) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', staff.browser.get(staff.course).text)
    assert found
    return found.group(1)


def test_what_was_looked_at_has_to_be_what_is_confirmed(staff: Staff) -> None:
    first, second = (staff.upload(parts(name, "queen", title="Bees")) for name in ("wax", "hive"))
    staff.press(first, "confirm")
    again = staff.press(second, "confirm")
    assert "another version in the meantime" in again.text
    assert "against version 2" in again.text
    assert "Gone: “Wax”." in again.text
    assert staff.numbers() == ([2, 1], 2)
    staff.press(again, "confirm")
    assert staff.numbers() == ([3, 2, 1], 3)


def test_back_compared_and_deleted(staff: Staff) -> None:
    desk = staff.learner()
    shown = staff.renew("queen", "wax")
    assert "1 learner is on it · 1 under way" in shown.text
    assert "versions/1/delete" not in shown.text, "somebody has begun it"
    compared = staff.browser.get(f"{staff.course}/versions/compare?from=2&to=1")
    assert "New: “Honey”." in compared.text
    back = staff.press(shown, "versions/1/current")
    assert staff.numbers() == ([2, 1], 1)
    assert desk.standing().version_change == "none"
    deleted = staff.press(back, "versions/2/delete")
    assert "Version 2 is deleted." in deleted.text
    assert staff.numbers() == ([1], 1)
    assert "no such version" in staff.post("/versions/2/current").text
    assert "cannot be deleted" in staff.post("/versions/1/delete").text


def test_a_version_is_handed_out_as_a_package_that_can_be_imported(staff: Staff) -> None:
    answer = staff.browser.get(f"{staff.course}/versions/1/package", buffered=True)
    assert answer.headers["Content-Disposition"] == "attachment; filename=bees-v1.zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as package:
        assert package.testzip() is None
        assert package.namelist() == ["parts.json"]
    again = post(staff.browser, COURSES, COURSES, package=(io.BytesIO(answer.data), "again.zip"))
    assert "<h1>Bees</h1>" in again.text


def test_the_rule_for_learners_under_way(staff: Staff) -> None:
    assert '<option value="ask" selected>' in staff.browser.get(staff.course).text
    assert '<option value="at_once" selected>' in staff.post("/on-new-version", rule="at_once").text
    assert staff.post("/on-new-version", rule="whatever").status_code == 400


def test_a_reporter_looks_and_changes_nothing(staff: Staff, sqlite_app: Flask) -> None:
    staged = staff.upload(parts("queen", title="Bees")).request.path
    staff.renew("queen", "wax")
    reporter = signed_in(sqlite_app, Role.REPORTER)
    shown = reporter.get(staff.course).text
    assert "Version 2" in shown
    assert 'method="post" action="/admin/t' not in shown
    assert reporter.get(f"{staff.course}/versions/compare?from=1&to=2").status_code == 200
    assert reporter.get(staged).status_code == 403
    assert reporter.get(f"{staff.course}/versions/1/package").status_code == 403
    paths = ("/versions/1/current", "/versions/1/delete", "/on-new-version", "/versions")
    for path in (*(staff.course + one for one in paths), f"{staged}/confirm", f"{staged}/discard"):
        assert post(reporter, path, "/sign-in").status_code == 403
    assert staff.numbers() == ([2, 1], 2)


@pytest.mark.parametrize("path", ["/versions/compare?from=1", "/versions/compare?from=x&to=1", "/staged/zz"])
def test_addresses_that_make_no_sense(staff: Staff, path: str) -> None:
    assert staff.browser.get(staff.course + path).status_code in {400, 404}


def test_another_tenants_course_has_no_versions_here(staff: Staff, sqlite_app: Flask) -> None:

    staged = staff.upload(parts("queen", title="Bees")).request.path
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        ensure_tenant(session, "other")
    for path in (
        staff.course,
        staged,
        f"{staff.course}/versions/1/package",
        f"{staff.course}/versions/compare?from=1&to=1",
    ):
        assert staff.browser.get(path.replace("/default/", "/other/")).status_code == 404
    for path in (f"{staff.course}/versions/1/current", f"{staged}/discard"):
        staff.browser.post(path.replace("/default/", "/other/"), data={"csrf_token": token_of(staff)})
    assert staff.browser.get(staged).status_code == 200
