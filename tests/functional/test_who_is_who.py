"""Who is who, rule by rule (design §7), with the LMS that sends it so: role switch, test students, nobody."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from passback.db import Unscoped, tenant_session, unscoped
from passback.delivery.models import ScoreDelivery
from passback.lti import records
from passback.lti.roster_jobs import read_due
from passback.lti.roster_models import RosterMember
from passback.sandbox import drive
from passback.tracking.models import Learner, Registration
from tests.support.counted import counted
from tests.support.lti import School, make_school
from tests.support.practice import practice_lms

MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
INSTITUTION = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#"
SYSTEM = "http://purl.imsglobal.org/vocab/lis/v2/system/person#"
TEST_USER = "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"


def rows(school: School, table: Any) -> list[Any]:
    with tenant_session(school.tenant_id) as session:
        return list(session.scalars(select(table)))


def view(school: School) -> object:
    with unscoped(Unscoped.INSTALLATION) as session:
        return records.recent(session)[0].facts["view"]


@pytest.mark.parametrize(
    ("lms", "roles", "seen"),
    [
        ("Moodle: a teacher", [MEMBERSHIP + "Instructor"], "staff"),
        ("Moodle: a non-editing teacher comes as one", [MEMBERSHIP + "Instructor"], "staff"),
        (
            "Moodle: the site's administrator",
            [MEMBERSHIP + "Instructor", SYSTEM + "Administrator", INSTITUTION + "Administrator"],
            "staff",
        ),
        ("Moodle: a manager who is not enrolled", [SYSTEM + "Administrator"], "staff"),
        ("Moodle: a guest, no role at all", [], "learner"),
        ("Canvas: a student who teaches elsewhere", [INSTITUTION + "Instructor", MEMBERSHIP + "Learner"], "learner"),
        (
            "Canvas: a teaching assistant",
            [INSTITUTION + "Student", "http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#TeachingAssistant"],
            "staff",
        ),
        ("Canvas: a designer", [MEMBERSHIP + "ContentDeveloper"], "staff"),
        ("Canvas: an observer", [MEMBERSHIP + "Mentor"], "mentor"),
        ("Canvas: student view", [INSTITUTION + "Student", MEMBERSHIP + "Learner", TEST_USER], "learner"),
        (
            "Canvas: student view, with the institution's role of the teacher",
            [MEMBERSHIP + "Learner", TEST_USER],
            "learner",
        ),
        ("Brightspace: short names", ["Learner"], "learner"),
        ("Sakai: an instructor by a short name", ["Instructor"], "staff"),
        ("Blackboard: a role of the institution's own", ["urn:blackboard:role/Grader"], "learner"),
        ("Open edX: staff", [SYSTEM + "Administrator"], "staff"),
    ],
)
def test_the_roles_of_each_lms(school: School, lms: str, roles: list[str], seen: str) -> None:
    assert lms
    school.launch(overrides={"roles": roles})
    assert view(school) == seen
    assert len(rows(school, Registration)) == (1 if seen == "learner" else 0)


def test_moodle_a_teacher_who_switched_roles_is_recorded_under_their_own_id_and_moodle_decides(school: School) -> None:
    """Moodle sends `Learner` with the teacher's own sub: nothing in the launch tells it from a learner's."""
    teacher = school.lms.instructor
    school.launch(teacher, as_learner=True)
    assert [learner.subject for learner in rows(school, Learner)] == [teacher.id]
    (owed,) = rows(school, ScoreDelivery)
    assert owed.user_id == teacher.id
    school.launch(teacher)
    assert view(school) == "staff", "switched back, the same person previews"
    assert len(rows(school, Registration)) == 1


def test_canvas_the_test_student_learns_and_is_marked_in_the_class(sqlite_app: Flask) -> None:
    """Canvas's student view comes with an id of its own; its roster says that it is none of the class."""
    with practice_lms(sqlite_app) as server:
        school = make_school(sqlite_app, server.platform)
        student = school.lms.add_user("Test Student")
        roles = [MEMBERSHIP + "Learner", TEST_USER]
        school.launch(student, client=school.app.test_client(), overrides={"roles": roles})
        assert [learner.subject for learner in rows(school, Learner)] == [student.id]
        assert len(rows(school, ScoreDelivery)) == 1, "Canvas takes its grade, in a column that only student view shows"
        school.launch(school.lms.instructor)
        read_due()
        with tenant_session(school.tenant_id, write=True) as session:
            member = session.scalars(select(RosterMember).where(RosterMember.user_id == student.id)).one()
            member.role = "test"  # as `nrps.role_of` reads it; the practice LMS has no student view
        page = drive.send(school.client, "GET", school.launch(school.lms.instructor).reply.location)
        assert page.text.count("gives them no learner&#39;s role") == 1, "listed with what they did, and marked"
        assert "<strong>4</strong> Learners" in page.text


@pytest.mark.parametrize("subject", [None, "", "  "])
@pytest.mark.parametrize("message", ["LtiResourceLinkRequest", "LtiDeepLinkingRequest", "LtiSubmissionReviewRequest"])
def test_nobody_has_a_clear_page_and_leaves_nothing(school: School, subject: str | None, message: str) -> None:
    """Moodle's guests and Canvas's public courses come without `sub`."""
    before = counted()
    reply = school.launch(overrides={"sub": subject, "message_type": message}).reply
    assert (reply.status, "subject_missing" in reply.text) == (400, True)
    assert "does not say who you are" in reply.text
    assert "Launch code: " in reply.text
    assert counted() == before


def test_a_visitor_who_is_not_signed_in_to_the_lms_is_told_to_sign_in(school: School) -> None:
    before = counted()
    reply = school.launch(change_form=lambda form: {"error": "login_required", "state": form["state"]}).reply
    assert "Sign in to your LMS in this browser" in reply.text
    assert counted() == before
