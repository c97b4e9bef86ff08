"""Who is who, from an LMS's list of roles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passback.lti.message import View
from passback.lti.roles import Role, view_of

VOCABULARY = "http://purl.imsglobal.org/vocab/lis/v2/"
COURSE, SUB, PERSON, SYSTEM = (
    VOCABULARY + kind for kind in ("membership#", "membership/", "institution/person#", "system/person#")
)
STAFF, LEARNER, MENTOR = (View.STAFF, False, True), (View.LEARNER, False, True), (View.MENTOR, False, True)
NOBODY = (View.LEARNER, False, False)


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ([], NOBODY),
        (["http://example.org/Wizard"], NOBODY),
        ([COURSE + "Learner"], LEARNER),
        (["Learner"], LEARNER),
        (["Student"], LEARNER),
        ([COURSE + "Instructor"], STAFF),
        (["Instructor"], STAFF),
        (["ContentDeveloper"], STAFF),
        (["Administrator"], STAFF),
        ([COURSE + "TeachingAssistant"], STAFF),
        ([SUB + "Instructor#TeachingAssistant"], STAFF),
        ([SUB + "Instructor#GuestInstructor"], STAFF),
        ([SUB + "Learner#Instructor"], LEARNER),
        ([SUB + "Learner#GuestLearner"], LEARNER),
        ([COURSE + "Instructor", COURSE + "Learner"], (View.STAFF, True, True)),
        ([COURSE + "Mentor"], MENTOR),
        (["Mentor"], MENTOR),
        ([COURSE + "Mentor", COURSE + "Learner"], LEARNER),
        ([COURSE + "Mentor", COURSE + "Instructor"], STAFF),
        ([PERSON + "Instructor", COURSE + "Learner"], LEARNER),
        ([PERSON + "Administrator", SYSTEM + "SysAdmin", COURSE + "Learner"], LEARNER),
        ([PERSON + "Student", COURSE + "Instructor"], STAFF),
        ([PERSON + "Mentor", COURSE + "Learner"], LEARNER),
        ([PERSON + "Instructor"], STAFF),
        ([PERSON + "Faculty"], STAFF),
        ([SYSTEM + "Administrator"], STAFF),
        ([PERSON + "Student"], LEARNER),
        ([PERSON + "Guest"], NOBODY),
        ([SYSTEM + "User"], LEARNER),
        (["instructor"], NOBODY),
        ([COURSE + "Instructor" + "x"], NOBODY),
        (["http://evil.example/" + COURSE + "Instructor"], NOBODY),
    ],
)
def test_who_is_who(roles: list[str], expected: tuple[View, bool, bool]) -> None:
    assert view_of(roles) == expected
    assert view_of(roles + roles) == expected
    assert view_of(list(reversed(roles))) == expected


@given(st.lists(st.text()))
def test_no_list_of_roles_is_too_odd(roles: list[str]) -> None:
    assert view_of([*roles, COURSE + "Instructor"])[0] is View.STAFF


def test_the_reader_of_role_names_is_pylti1p3s_but_for_what_it_gets_wrong() -> None:
    assert (Role(COURSE + "Learner").name, Role(COURSE + "Learner").type) == ("Learner", "membership")
    assert (Role(SUB + "Instructor#TeachingAssistant").name, Role("Learner").type) == ("Instructor", None)
    assert (Role(PERSON + "Student").name, Role(PERSON + "Student").type) == ("Student", "institution")
