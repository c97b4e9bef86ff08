"""Staff pages: every one opens, each role sees what it may, forms do what they say."""

import io
import json
import re
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from passback.content.service import import_course, list_courses
from passback.db import Unscoped, tenant_session, unscoped
from passback.delivery import owed
from passback.lti.models import LaunchRecord
from passback.plugins.models import PluginActivation
from passback.runtime import runtime
from passback.sandbox import drive
from passback.staff import service
from passback.staff.models import AuditEntry
from passback.staff.service import Role
from passback.tenants import ensure_tenant
from passback.testing.packages import make_zip
from passback.tracking import learners, placements
from passback.tracking.models import Attempt, Learner, Registration, StoredEvent
from passback.tracking.registrations import ensure_registration
from tests.functional.test_sign_in import PASSWORD, form_token
from tests.support.lti import School
from tests.support.play import add_desk, score
from tests.support.play import page as played

PAGES = ("/admin/t/default/", "/admin/t/default/courses/", "/admin/t/default/deliveries/")
INSTALLATION_PAGES = ("/admin/people", "/admin/plugins", "/admin/platforms/", "/admin/launches/")


@pytest.fixture
def tenant(sqlite_app: Flask) -> UUID:
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        ensure_tenant(session, "other")
        return ensure_tenant(session).id


def signed_in(app: Flask, role: Role, tenant_id: UUID | None = None) -> FlaskClient:
    """Return a browser in which somebody with `role` is signed in."""
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        service.create_user(session, email=f"{role}@example.org", password=PASSWORD, role=role, tenant_id=tenant_id)
    browser = app.test_client()
    fields = {"csrf_token": form_token(browser, "/sign-in"), "email": f"{role}@example.org", "password": PASSWORD}
    assert browser.post("/sign-in", data=fields).status_code == 302
    return browser


def post(browser: FlaskClient, path: str, page: str, **fields: object):
    return browser.post(path, data={"csrf_token": form_token(browser, page), **fields}, follow_redirects=True)


def toy(title: str = "A toy", **more: str) -> io.BytesIO:
    files = {"toy.json": json.dumps({"title": title, "start": "index.html"}), "index.html": "<p>toy", **more}
    return io.BytesIO(make_zip(files))


@pytest.mark.parametrize("path", ["/admin/", *PAGES, *INSTALLATION_PAGES])
def test_a_stranger_is_sent_to_sign_in(sqlite_app: Flask, tenant: UUID, path: str) -> None:
    answer = sqlite_app.test_client().get(path)
    assert answer.status_code == 302
    assert "/sign-in" in answer.location


@pytest.mark.parametrize("path", [*PAGES, *INSTALLATION_PAGES])
def test_an_administrator_opens_every_page_and_none_may_be_framed(sqlite_app: Flask, tenant: UUID, path: str) -> None:
    answer = signed_in(sqlite_app, Role.ADMINISTRATOR).get(path)
    assert answer.status_code == 200
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "<h1>" in answer.text


def test_a_reporter_of_one_tenant_sees_that_tenant_only(sqlite_app: Flask, tenant: UUID) -> None:
    browser = signed_in(sqlite_app, Role.REPORTER, tenant)
    assert browser.get("/admin/", follow_redirects=True).request.path == "/admin/t/default/"
    assert browser.get("/admin/t/other/").status_code == 403
    assert all(browser.get(path).status_code == 403 for path in INSTALLATION_PAGES)
    assert post(browser, "/admin/t/default/courses/", "/sign-in", package=(toy(), "a.zip")).status_code == 403


def test_a_course_is_uploaded_shown_previewed_and_archived(sqlite_app: Flask, tenant: UUID) -> None:
    browser = signed_in(sqlite_app, Role.DEVELOPER)
    page = post(browser, "/admin/t/default/courses/", "/admin/t/default/courses/", package=(toy(), "toy.zip"))
    assert page.status_code == 200
    assert "A toy" in page.text
    course = page.request.path
    preview = browser.get(f"{course}/preview")
    assert preview.status_code == 302
    assert "/open/" in preview.location
    assert "archived" in post(browser, f"{course}/archive", course).text
    assert "A toy" not in re.sub(r"(?s)<div class=.notice.*?</div>", "", browser.get("/admin/t/default/courses/").text)


def test_staff_read_a_learners_attempts_step_by_step(sqlite_app: Flask, tenant: UUID) -> None:
    mine, other = (import_course(tenant, toy(title), "toy.zip").course_id for title in ("Mine", "Other"))
    desk = add_desk(tenant, course_id=mine)
    desk.send(desk.open(), [played(1, 1, of=1), score(2, 0.8)], leaving=True)
    browser = signed_in(sqlite_app, Role.REPORTER, tenant)
    course = f"/admin/t/default/courses/{desk.course_id}"
    address = f"{course}/learners/{desk.registration_id}"
    assert f'href="{address}"' in browser.get(course).text
    shown = browser.get(address).text
    assert "Zoë" in shown
    assert "Pages seen" in shown
    assert "<bdi>toy.page</bdi>" in shown
    assert "&lt;b&gt;1&lt;/b&gt; of" in shown
    assert browser.get(address.replace(str(mine), str(other))).status_code == 404
    assert browser.get(f"{course}/learners/{tenant}").status_code == 404
    assert browser.get(address.replace("/default/", "/other/")).status_code in {403, 404}


def test_a_preview_leaves_no_trace(sqlite_app: Flask, tenant: UUID) -> None:
    browser = signed_in(sqlite_app, Role.DEVELOPER)
    page = post(browser, "/admin/t/default/courses/", "/admin/t/default/courses/", package=(toy(), "toy.zip"))
    course = page.request.path
    opened = browser.get(f"{course}/preview")
    browser.get(opened.location)
    with tenant_session(tenant) as session:
        assert [session.query(table).count() for table in (Learner, Registration, Attempt, StoredEvent)] == [0] * 4


def test_a_bad_package_is_explained_on_the_page_and_as_json(sqlite_app: Flask, tenant: UUID) -> None:
    browser = signed_in(sqlite_app, Role.DEVELOPER)
    page = "/admin/t/default/courses/"
    shown = post(browser, page, page, package=(io.BytesIO(b"not a zip"), "course.zip"))
    assert 'class="notice bad"' in shown.text
    token = form_token(browser, page)
    data = {"csrf_token": token, "package": (io.BytesIO(b"not a zip"), "course.zip")}
    answer = browser.post(page, data=data, headers={"Accept": "application/json"})
    assert answer.content_type == "application/problem+json"
    assert answer.json["code"]


def test_an_invitation_shows_its_address_once(sqlite_app: Flask, tenant: UUID) -> None:
    browser = signed_in(sqlite_app, Role.ADMINISTRATOR)
    page = post(browser, "/admin/platforms/invite", "/admin/platforms/", tenant=str(tenant))
    assert "http://localhost:8000/lti/register/" in page.text
    assert "It connects one LMS to Default." in page.text


def test_the_last_administrator_cannot_close_the_door_behind_them(sqlite_app: Flask, tenant: UUID) -> None:
    browser = signed_in(sqlite_app, Role.ADMINISTRATOR)
    path = re.search(r"/admin/people/[^/]+/disable", browser.get("/admin/people").text)
    assert path
    assert "last administrator" in post(browser, path[0], "/admin/people").text


def test_a_disabled_persons_session_ends_at_once(sqlite_app: Flask, tenant: UUID) -> None:
    signed_in(sqlite_app, Role.ADMINISTRATOR)
    browser = signed_in(sqlite_app, Role.DEVELOPER)
    assert browser.get("/admin/t/default/").status_code == 200
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        service.disable(session, service.find_user(session, "developer@example.org"))
    assert browser.get("/admin/t/default/").status_code == 302


def test_forms_without_their_token_do_nothing(sqlite_app: Flask, tenant: UUID) -> None:
    browser = signed_in(sqlite_app, Role.ADMINISTRATOR)
    assert browser.post("/admin/platforms/invite", data={"tenant": str(tenant)}).status_code == 400


def test_the_menu_stays_whole_where_there_is_one_institution(sqlite_app: Flask) -> None:
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        ensure_tenant(session, name="The only one")
    browser = signed_in(sqlite_app, Role.ADMINISTRATOR)
    for path in INSTALLATION_PAGES:
        page = browser.get(path).text
        assert 'href="/admin/t/default/courses/"' in page
        assert f'href="{path}" aria-current="page"' in page
    assert "Add an institution" in browser.get("/admin/institutions").text


def test_a_form_with_a_mistake_comes_back_with_what_was_filled_in(sqlite_app: Flask, tenant: UUID) -> None:
    browser = signed_in(sqlite_app, Role.ADMINISTRATOR)
    fields = dict.fromkeys(("issuer", "auth_login_url", "token_url", "jwks_url"), "https://lms.example.org")
    page = post(browser, "/admin/platforms/add", "/admin/platforms/", tenant=tenant, client_id="42", **fields)
    assert page.status_code == 200
    assert "The LMS is connected." in page.text
    fields["jwks_url"] = "lms.example.org/keys"
    page = post(browser, "/admin/platforms/add", "/admin/platforms/", tenant=tenant, client_id="43", **fields)
    assert page.status_code == 400
    assert "Something in these platform details is missing" in page.text
    assert 'name="client_id" value="43"' in page.text


def test_a_refused_launch_says_whose_side_it_is_on(sqlite_app: Flask, tenant: UUID) -> None:
    query = {"iss": "https://nobody.example", "login_hint": "1", "client_id": "1"}
    refusal = sqlite_app.test_client().get("http://localhost:8000/lti/login", query_string=query)
    code = re.search(r"Launch code: ([\w-]+)", refusal.text).group(1)  # type: ignore[union-attr]
    page = signed_in(sqlite_app, Role.ADMINISTRATOR).get(f"/admin/launches/{code}").text
    assert "This LMS is not registered with Passback." in page
    assert "The cause is on the side of the LMS." in page


def test_grades_sent_name_learner_and_course(sqlite_app: Flask, tenant: UUID) -> None:
    browser = signed_in(sqlite_app, Role.DEVELOPER)
    post(browser, "/admin/t/default/courses/", "/admin/t/default/courses/", package=(toy("Bees"), "toy.zip"))
    with tenant_session(tenant, write=True) as session:
        learner = learners.upsert_learner(session, source="direct", subject="7", name="Ann Ng")
        course = list_courses(session)[0]
        placement = placements.direct_placement(session, course)
        made = ensure_registration(session, learner=learner, course_id=course.id, placement=placement)
        owed.expect_score(
            session, registration_id=made.id, sender="ags", destination="x", line_item="https://lms/1", user_id="7"
        )
    for row in (browser.get("/admin/t/default/deliveries/"), browser.get(_first_delivery(browser))):
        assert "Ann Ng" in row.text
        assert "Bees" in row.text


def _first_delivery(browser: FlaskClient) -> str:
    page = browser.get("/admin/t/default/deliveries/").text
    return re.search(r'href="(/admin/t/default/deliveries/[0-9a-f-]{36})"', page).group(1)  # type: ignore[union-attr]


def test_a_launch_code_is_no_link_for_those_who_may_not_follow_it(sqlite_app: Flask, tenant: UUID) -> None:
    with tenant_session(tenant, write=True) as session:
        session.add(LaunchRecord(code="AAAA-BBBB", tenant_id=tenant, verdict="accepted", checks=[], facts={}))
    assert 'href="/admin/launches/AAAA-BBBB"' in signed_in(sqlite_app, Role.ADMINISTRATOR).get(PAGES[0]).text
    home = signed_in(sqlite_app, Role.REPORTER, tenant).get(PAGES[0]).text
    assert "AAAA-BBBB" in home
    assert "/admin/launches/AAAA-BBBB" not in home


@pytest.mark.parametrize("path", ["/nothing/of/the/kind", "/admin/t/default/courses/xyz"])
def test_a_wrong_address_is_answered_in_plain_words(sqlite_app: Flask, path: str) -> None:
    answer = sqlite_app.test_client().get(path)
    assert answer.status_code == 404
    assert "There is nothing here." in answer.text
    assert "Check the address" in answer.text
    assert "URL" not in answer.text


def test_what_a_plugin_that_is_off_would_import_is_not_offered(sqlite_app: Flask, tenant: UUID) -> None:
    browser = signed_in(sqlite_app, Role.ADMINISTRATOR)
    offered = browser.get("/admin/t/default/courses/").text
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        session.add(PluginActivation(plugin=runtime().plugins.owners["toy"], enabled=False))
    left = browser.get("/admin/t/default/courses/").text
    label = runtime().plugins.content_types["toy"].label
    kinds = re.compile(r"Passback can import: ([^<]*)")
    assert label in kinds.search(offered).group(1)  # type: ignore[union-attr]
    assert label not in kinds.search(left).group(1)  # type: ignore[union-attr]


def test_a_deployment_names_its_lms(school: School) -> None:
    drive.launch(school.client, school.lms, school.learner, school.link)
    page = signed_in(school.app, Role.ADMINISTRATOR).get("/admin/platforms/").text
    inbox = page.partition('id="inbox"')[2]
    assert school.tool.deployments[0] in inbox
    assert f"({school.tool.client_id})" in inbox


@pytest.mark.parametrize("tenant_field", ["zz", "00000000-0000-0000-0000-000000000000"])
@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/admin/people", {"email": "new@example.org", "role": "reporter"}),
        ("/admin/platforms/invite", {}),
        ("/admin/platforms/add", {"issuer": "a", "client_id": "b"}),
        ("/admin/platforms/requests/00000000-0000-0000-0000-000000000000/approve", {}),
        ("/admin/platforms/deployments/00000000-0000-0000-0000-000000000000/assign", {}),
    ],
)
def test_a_form_with_a_tenant_that_is_none_is_refused(
    sqlite_app: Flask, tenant: UUID, path: str, fields: dict[str, str], tenant_field: str
) -> None:
    browser = signed_in(sqlite_app, Role.ADMINISTRATOR)
    assert post(browser, path, "/admin/people", tenant=tenant_field, **fields).status_code == 400


def test_an_institution_is_added_once_and_says_why_where_it_cannot_be(sqlite_app: Flask, tenant: UUID) -> None:
    browser = signed_in(sqlite_app, Role.ADMINISTRATOR)
    assert (
        "North campus" in post(browser, "/admin/tenants", "/admin/institutions", slug="north", name="North campus").text
    )
    again = post(browser, "/admin/tenants", "/admin/institutions", slug="north", name="Another").text
    assert "There is an institution of this short name already." in again
    assert "Another" not in again
    for wrong in ("", "-a", "a b", "a" * 64, "ä"):
        answer = post(browser, "/admin/tenants", "/admin/institutions", slug=wrong, name="x")
        assert answer.status_code == 200
        assert "small letters, digits and dashes" in answer.text
    with unscoped(Unscoped.INSTALLATION) as session:
        added = session.scalars(select(AuditEntry.subject).where(AuditEntry.action == "tenant.added")).all()
    assert added == ["north"]


def test_after_signing_in_nobody_is_led_to_an_address_that_only_forms_go_to(sqlite_app: Flask, tenant: UUID) -> None:
    stranger = sqlite_app.test_client()
    token = form_token(stranger, "/sign-in")
    assert stranger.post("/admin/tenants", data={"csrf_token": token}).location == "/sign-in"
    assert stranger.get("/admin/people?x=1").location == "/sign-in?next=/admin/people?x%3D1"
