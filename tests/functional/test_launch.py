"""What a launch leads to: who is who, which placement, which tenant, what the gradebook is owed."""

import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import func, select
from structlog.testing import capture_logs

from passback.content.models import Course
from passback.db import Unscoped, db, tenant_session, unscoped
from passback.delivery.models import ScoreDelivery
from passback.lti import records
from passback.lti.deployments import assign_deployment, block_deployment, find_deployment, list_deployments
from passback.lti.message import ITEM
from passback.lti.models import LaunchRecord, ResourceLink
from passback.sandbox import drive
from passback.sandbox.links import Column
from passback.sandbox.model import Link, Role
from passback.sandbox.server import SandboxServer
from passback.tenants import ensure_tenant
from passback.tracking.models import Learner, Placement, Registration
from tests.support.lti import TOOL, School, make_choice, make_school

MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
INSTITUTION = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#"


def rows(school: School, table: Any) -> list[Any]:
    with tenant_session(school.tenant_id) as session:
        return list(session.scalars(select(table)))


def open_page(school: School, url: str) -> drive.Reply:
    return drive.follow(school.client, drive.send(school.client, "GET", url))


# --- Who is who ------------------------------------------------------------------------------------------------------


def test_a_learner_is_registered_and_the_gradebook_is_owed_a_score(school: School) -> None:
    school.launch()
    (learner,), (registration,), (link,), (owed,) = (
        rows(school, table) for table in (Learner, Registration, ResourceLink, ScoreDelivery)
    )
    assert (learner.source, learner.subject) == (f"lti:{school.platform_id}", school.learner.id)
    assert (learner.name, learner.email) == (school.learner.name, school.learner.email)
    assert registration.course_id == school.course_id
    column = school.lms.links.column(school.link.id)
    assert column is not None
    assert link.line_item_url == owed.line_item
    assert f"/{column.id}/" in owed.line_item
    assert (owed.registration_id, owed.user_id, owed.sender) == (registration.id, school.learner.id, "ags")


def test_a_second_launch_changes_nothing_but_the_record(school: School) -> None:
    tables = (Learner, Registration, ResourceLink, Placement, ScoreDelivery)
    school.launch()
    before = [[row.id for row in rows(school, table)] for table in tables]
    school.launch()
    assert [[row.id for row in rows(school, table)] for table in tables] == before
    with unscoped(Unscoped.INSTALLATION) as session:
        found = records.recent(session, tenant_id=school.tenant_id)
    assert [(record.verdict, record.facts["view"]) for record in found] == [("accepted", "learner")] * 2


@pytest.mark.parametrize(
    "roles",
    [
        [MEMBERSHIP + "Instructor"],
        ["Instructor"],
        [MEMBERSHIP + "ContentDeveloper"],
        [MEMBERSHIP + "Administrator", INSTITUTION + "Student"],
        ["http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#TeachingAssistant"],
    ],
)
def test_staff_preview_and_leave_no_trace(school: School, roles: list[str]) -> None:
    reply = school.launch(overrides={"roles": roles}).reply
    assert reply.status == 303
    assert [rows(school, table) for table in (Learner, Registration, ScoreDelivery)] == [[], [], []]
    page = open_page(school, reply.location)
    assert page.status == 200
    assert "review" in page.text.lower()


def test_a_teacher_who_switched_to_the_learners_role_is_a_learner(school: School) -> None:
    """Moodle sends `Learner` with the teacher's own sub."""
    school.launch(school.lms.instructor, as_learner=True)
    assert [learner.subject for learner in rows(school, Learner)] == [school.lms.instructor.id]
    assert len(rows(school, Registration)) == 1


def test_a_teacher_who_learns_in_a_colleagues_course_is_a_learner(school: School) -> None:
    """Canvas sends the institution's roles beside the course's."""
    school.launch(overrides={"roles": [INSTITUTION + "Instructor", MEMBERSHIP + "Learner"]})
    assert len(rows(school, Registration)) == 1


def test_a_mentor_looks_on_and_nothing_is_recorded(school: School) -> None:
    reply = school.launch(overrides={"roles": [MEMBERSHIP + "Mentor"]}).reply
    assert reply.status == 303
    assert rows(school, Registration) == []


def test_someone_who_teaches_and_learns_chooses(school: School) -> None:
    reply = school.launch(overrides={"roles": ["Instructor", "Learner"]}).reply
    assert urlsplit(reply.location).path.startswith("/lti/open-as/")
    page = drive.send(school.client, "GET", reply.location)
    assert page.status == 200
    assert f"frame-ancestors {school.lms.issuer}" in page.headers["Content-Security-Policy"]
    assert rows(school, Registration) == []
    for _twice in range(2):
        answer = drive.send(school.client, "POST", page.forms()[0].url)
        assert answer.status == 303
        assert "/open/" in answer.location
    (registration,) = rows(school, Registration)
    (owed,) = rows(school, ScoreDelivery)
    assert (owed.registration_id, owed.user_id) == (registration.id, school.learner.id)


@pytest.mark.parametrize("token", ["x", "a.b.c"])
def test_a_forged_choice_is_refused(school: School, token: str) -> None:
    for method in ("GET", "POST"):
        assert drive.send(school.client, method, f"{TOOL}/lti/open-as/{token}").status == 403


def test_someone_without_any_role_is_recorded_and_the_lms_decides(school: School) -> None:
    school.launch(overrides={"roles": []})
    assert len(rows(school, Registration)) == 1
    assert len(rows(school, ScoreDelivery)) == 1


# --- Links -----------------------------------------------------------------------------------------------------------


def test_the_placement_is_what_the_instructor_chose(school: School) -> None:
    course_id, choice = make_choice(
        school.tenant_id, counts="pass", pass_mark=0.7, which_attempt="last", max_attempts=2, points=12.5
    )
    school.launch(link=school.add_link("Exam", {ITEM: str(choice)}))
    (placement,) = rows(school, Placement)
    assert (placement.course_id, placement.title, placement.kind) == (course_id, "Exam", "lti")
    assert (placement.counts, placement.pass_mark, placement.which_attempt) == ("pass", 0.7, "last")
    assert (placement.max_attempts, placement.points) == (2, 12.5)


def test_a_duplicated_activity_is_a_placement_of_its_own(school: School) -> None:
    """Moodle copies the custom parameters and gives a new link id: same course, another placement."""
    school.launch()
    school.launch(link=school.lms.links.duplicate(school.link.id))
    first, second = rows(school, Placement)
    assert first.course_id == second.course_id
    assert len({row.placement_id for row in rows(school, Registration)}) == 2
    assert len({row.line_item for row in rows(school, ScoreDelivery)}) == 2


def test_a_link_that_is_chosen_anew_leads_to_the_new_course(school: School) -> None:
    school.launch()
    other, choice = make_choice(school.tenant_id, "Another toy")
    school.launch(link=school.lms.links.change(school.link.id, custom={ITEM: str(choice)}))
    assert {row.course_id for row in rows(school, Registration)} == {school.course_id, other}
    assert len(rows(school, ResourceLink)) == 1


def test_a_link_that_comes_back_to_a_choice_finds_its_learners_where_they_were(school: School) -> None:
    _course, other = make_choice(school.tenant_id, "Another toy")
    graded = []
    for choice in (school.choice_id, other, school.choice_id, other, school.choice_id):
        school.launch(link=school.lms.links.change(school.link.id, custom={ITEM: str(choice)}))
        (owed,) = rows(school, ScoreDelivery)
        graded.append(owed.registration_id)
    assert graded == [graded[0], graded[1]] * 2 + [graded[0]]
    assert len(rows(school, Registration)) == len(rows(school, Placement)) == 2


def test_a_link_keeps_its_course_when_the_lms_forgets_the_parameter(school: School) -> None:
    school.launch()
    assert school.launch(overrides={"custom": {}}).reply.status == 303
    assert len(rows(school, Placement)) == 1


@pytest.mark.parametrize("item", [None, "", "garbage", "01a1fc9a-0000-7000-8000-000000000000", "$ResourceLink.id"])
def test_a_link_without_content(school: School, item: str | None) -> None:
    link = school.add_link("Empty", {} if item is None else {ITEM: item})
    learner = school.launch(link=link).reply
    assert learner.status == 200
    assert "not set up yet" in learner.text
    assert "sesskey" not in learner.url
    staff = drive.follow(school.client, school.launch(school.lms.instructor, link).reply)
    assert staff.status == 200
    assert "Toy course" in staff.text, "the picker lists the courses"
    assert [rows(school, table) for table in (ResourceLink, Registration, Placement)] == [[], [], []]


def test_another_tenants_choice_is_none(school: School) -> None:
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        other = ensure_tenant(session, "other").id
    _course, choice = make_choice(other)
    assert "not set up yet" in school.launch(link=school.add_link("Foreign", {ITEM: str(choice)})).reply.text


def test_links_of_one_id_in_two_courses_are_two(school: School) -> None:
    """A Canvas launch from the course navigation has the context's id for a link id."""
    for context in ("1", "2"):
        school.launch(overrides={"context": {"id": context}, "resource_link": {"id": "same"}})
    assert len(rows(school, Placement)) == 2


def test_services_are_taken_from_the_newest_launch_that_names_them(school: School) -> None:
    ags = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
    school.launch()
    (before,) = rows(school, ResourceLink)
    school.launch(remove=[ags])
    (same,) = rows(school, ResourceLink)
    assert (same.line_item_url, same.ags_scopes) == (before.line_item_url, before.ags_scopes)
    moved = {"scope": before.ags_scopes, "lineitems": "https://new.example/items", "lineitem": "https://new.example/1"}
    school.launch(overrides={ags: moved})
    (link,) = rows(school, ResourceLink)
    assert (link.line_item_url, link.line_items_url) == ("https://new.example/1", "https://new.example/items")
    assert {row.line_item for row in rows(school, ScoreDelivery) if row.state != "superseded"} == {link.line_item_url}


def test_a_link_without_a_column_is_played_all_the_same(school: School) -> None:
    link = school.add_link("Ungraded", {ITEM: str(school.choice_id)})
    ags = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
    assert school.launch(link=link, remove=[ags]).reply.status == 303
    assert len(rows(school, Registration)) == 1
    assert rows(school, ScoreDelivery) == []


@pytest.mark.parametrize("bad", ["javascript:alert(1)", 7, None, "http://" + "x" * 5000])
def test_addresses_that_are_none_are_left_out(school: School, bad: object) -> None:
    ags = {"scope": "https://purl.imsglobal.org/spec/lti-ags/scope/score", "lineitem": bad, "lineitems": bad}
    overrides = {
        "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": ags,
        "launch_presentation": {"return_url": bad},
    }
    assert school.launch(overrides=overrides).reply.status == 303
    (link,) = rows(school, ResourceLink)
    assert (link.line_item_url, link.line_items_url) == ("", "")


# --- Deployments and tenants -----------------------------------------------------------------------------------------


def test_a_new_deployment_of_a_platform_with_a_tenant_is_made_at_once(school: School) -> None:
    second = school.lms.tools.deploy(school.tool.id)
    school.launch(link=school.add_link("There", {ITEM: str(school.choice_id)}, deployment_id=second))
    with unscoped(Unscoped.INSTALLATION) as session:
        (found,) = list_deployments(session, platform_id=school.platform_id)
    assert (found.deployment_id, found.tenant_id, found.status) == (second, school.tenant_id, "active")


def test_a_new_deployment_of_a_shared_platform_waits_for_its_tenant(school: School) -> None:
    school.change_platform(tenant_id=None)
    for _twice in range(2):
        reply = school.launch().reply
        assert reply.status == 403
        assert "· deployment_waiting</small>" in reply.text
        assert "on the side of Passback." in reply.text
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        (waiting,) = list_deployments(session, status="inbox")
        assert waiting.name == school.lms.config.name or waiting.name
        assign_deployment(session, waiting, school.tenant_id, actor="test")
    assert school.launch().reply.status == 303
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        block_deployment(session, find_deployment(session, waiting.id), actor="test")
    assert "· deployment_blocked</small>" in school.launch().reply.text


def test_each_deployment_sees_its_own_tenant_only(school: School) -> None:
    school.launch()
    second = school.lms.tools.deploy(school.tool.id)
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        other = ensure_tenant(session, "other").id
    school.change_platform(tenant_id=other)
    link = school.add_link("There", {ITEM: str(school.choice_id)}, deployment_id=second)
    assert "not set up yet" in school.launch(link=link).reply.text
    assert school.launch().reply.status == 303
    with tenant_session(other) as session:
        assert session.scalars(select(func.count()).select_from(Registration)).one() == 0


# --- Nothing is told -------------------------------------------------------------------------------------------------


def test_no_claim_is_kept_that_holds_the_lms_session_key(school: School) -> None:
    """Moodle's return URLs carry the user's sesskey."""
    secret = "sesskey=very-secret"
    presentation = {"return_url": f"{school.lms.issuer}/return?{secret}", "document_target": "iframe"}
    school.launch(overrides={"launch_presentation": presentation})
    with db.engine.connect() as connection:
        kept = "\n".join(connection.connection.iterdump())  # type: ignore[attr-defined]  # sqlite3's
    assert "very-secret" not in kept
    assert school.learner.name in kept, "the test looks in the right place"


def test_logs_name_nobody(school: School) -> None:
    with capture_logs() as entries:
        trip = school.launch()
        school.launch(overrides={"version": "2"})
    assert [entry["event"] for entry in entries] == ["lti.launch", "lti.refused"]
    logged = str(entries)
    for secret in (school.learner.name, trip.form.fields["id_token"], trip.asked["state"]):
        assert secret
        assert secret not in logged


# --- At the same moment, on both databases ---------------------------------------------------------------------------


@pytest.fixture
def busy_school(app: Flask, lms_server: SandboxServer) -> School:
    lms_server.faults.clear()
    return make_school(app, lms_server.platform)


def together(*calls: Callable[[], Any]) -> list[Any]:
    """Run calls in threads that start at one moment."""
    start, answers = threading.Barrier(len(calls)), [None] * len(calls)

    def run(index: int) -> None:
        start.wait()
        answers[index] = calls[index]()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def prepared(school: School, user_index: int = 0, link: Link | None = None) -> Callable[[], int]:
    """Return a launch that only has to be posted."""
    client = school.app.test_client()
    user = school.lms.learners[user_index]
    trip = school.launch(user, link, client=client, change_form=lambda form: {**form, "state": "later"})
    form = {**trip.form.fields, "state": trip.asked["state"]}
    return lambda: drive.send(client, "POST", f"{TOOL}/lti/launch", form).status


def test_one_launch_posted_many_times_at_once_works_once(busy_school: School) -> None:
    post = prepared(busy_school)
    assert sorted(together(*[post] * 6)) == [303, 409, 409, 409, 409, 409]
    assert len(rows(busy_school, Registration)) == 1


def test_first_launches_of_a_class_at_once_make_one_of_everything(busy_school: School) -> None:
    link = busy_school.add_link("New", {ITEM: str(busy_school.choice_id)}, column=Column())
    posts = [prepared(busy_school, index, link) for index in (0, 1, 2, 0, 1, 2)]
    assert together(*posts) == [303] * 6
    assert [len(rows(busy_school, table)) for table in (ResourceLink, Placement, Learner, Registration)] == [1, 1, 3, 3]
    with unscoped(Unscoped.INSTALLATION) as session:
        assert len(list_deployments(session, platform_id=busy_school.platform_id)) == 1
        used = select(func.count()).select_from(LaunchRecord).where(LaunchRecord.verdict == "accepted")
        assert session.scalars(used).one() == 6


def test_a_launch_that_fails_half_way_leaves_nothing_and_can_be_made_again(
    busy_school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = prepared(busy_school)
    with monkeypatch.context() as patch:
        patch.setattr(records, "accepted", _fail)
        assert post() == 500
    assert [rows(busy_school, table) for table in (Learner, Placement, ResourceLink)] == [[], [], []]
    with unscoped(Unscoped.INSTALLATION) as session:
        assert session.scalars(select(LaunchRecord).where(LaunchRecord.verdict == "accepted")).all() == []
    assert post() == 303


def test_a_launch_that_fails_half_way_is_on_record_under_the_code_that_the_person_saw(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "accepted", _fail)
    reply = school.launch().reply
    assert reply.status == 500
    assert "Passback ran into a fault of its own" in reply.text
    with unscoped(Unscoped.INSTALLATION) as session:
        (record,) = session.scalars(select(LaunchRecord)).all()
    assert record.code in reply.text
    assert (record.error, record.platform_id, record.tenant_id) == ("fault", school.platform_id, school.tenant_id)
    assert record.checks[-1]["verdict"] == "failed"
    assert "the disk is full" not in reply.text + str(record.checks), "what a fault says may be anything"


def test_a_fault_that_cannot_be_recorded_has_its_page_all_the_same(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "accepted", _fail)
    monkeypatch.setattr(records, "refused", _fail)
    with capture_logs() as logged:
        reply = school.launch().reply
    assert (reply.status, "Launch code: " in reply.text) == (500, True)
    assert [one["event"] for one in logged if one["log_level"] == "error"] == ["lti.fault", "lti.fault_not_recorded"]


def _fail(*_args: object, **_kwargs: object) -> None:
    raise RuntimeError("the disk is full")


def test_a_learner_keeps_names_that_a_later_launch_leaves_out(busy_school: School) -> None:
    busy_school.launch()
    busy_school.launch(remove=["name", "given_name", "family_name", "email"])
    (learner,) = rows(busy_school, Learner)
    assert learner.name == busy_school.learner.name
    with tenant_session(busy_school.tenant_id) as session:
        assert session.scalars(select(Course.title)).all() == ["Toy course"]


def test_an_assistant_is_staff_whatever_the_lms_calls_her(busy_school: School) -> None:
    assistant = busy_school.lms.add_user("Ada Assistant", role=Role.ASSISTANT)
    busy_school.launch(assistant)
    assert rows(busy_school, Registration) == []
