"""One entry of a roster: who it is, what they are in the course, and what nobody can make anything of."""

import pytest
from pydantic import JsonValue

from passback.lti.nrps import Member, read_member, role_of
from passback.lti.rosters import sort_name

MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"
INSTITUTION = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#"


@pytest.mark.parametrize(
    ("roles", "role"),
    [
        (["Learner"], "learner"),
        ([MEMBERSHIP + "#Learner"], "learner"),
        ([MEMBERSHIP + "#Instructor"], "staff"),
        ([MEMBERSHIP + "/Instructor#TeachingAssistant"], "staff"),
        (["Instructor", "Learner"], "both"),
        ([INSTITUTION + "Instructor", MEMBERSHIP + "#Learner"], "learner"),  # the course's role wins
        ([INSTITUTION + "Student"], "learner"),
        (["Mentor"], "mentor"),
        (["urn:nobody:knows"], "unknown"),
        ([], "unknown"),
        ([MEMBERSHIP + "#Learner", "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"], "test"),  # Canvas
    ],
)
def test_what_somebody_is_in_the_course(roles: list[str], role: str) -> None:
    assert role_of(roles) == role


def test_an_entry_with_everything() -> None:
    entry: JsonValue = {
        "status": "Inactive",
        "user_id": "0ae836b9",
        "roles": ["Learner"],
        "name": " Jane Q. Public ",
        "given_name": "Jane",
        "family_name": "Public",
        "email": "jane@example.org",
        "picture": "https://lms.example/jane.jpg",
    }
    assert read_member(entry) == Member(
        "0ae836b9", "learner", "inactive", "Jane Q. Public", "Jane", "Public", "jane@example.org"
    )


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("Active", "active"),
        ("active", "active"),
        ("INACTIVE", "inactive"),
        ("Deleted", "deleted"),
        (None, "active"),
        ("Invited", "active"),
        (3, "active"),
    ],
)
def test_status(said: JsonValue, status: str) -> None:
    member = read_member({"user_id": "1", "roles": ["Learner"], "status": said})
    assert member is not None
    assert member.status == status


def test_nobody_needs_a_name() -> None:
    assert read_member({"user_id": 7}) == Member("7", "unknown")
    assert read_member({"user_id": "7", "name": None, "email": {"odd": 1}, "roles": "Learner"}) == Member(
        "7", "learner"
    )


@pytest.mark.parametrize(
    "entry",
    [
        None,
        "x",
        [],
        {},
        {"user_id": ""},
        {"user_id": " "},
        {"user_id": True},
        {"user_id": "x" * 256},
        {"user_id": "a\0"},
    ],
)
def test_an_entry_that_names_nobody(entry: JsonValue) -> None:
    assert read_member(entry) is None


@pytest.mark.parametrize(
    ("member", "listed"),
    [
        (Member("9", "learner", name="Ada Lovelace", given_name="Ada", family_name="Lovelace"), "lovelace ada"),
        (Member("9", "learner", name="Sukarno", given_name="Sukarno"), "sukarno"),
        (Member("9", "learner", given_name="Ada"), "ada"),
        (Member("9A", "learner"), "9a"),
    ],
)
def test_what_somebody_is_listed_under(member: Member, listed: str) -> None:
    assert sort_name(member) == listed
