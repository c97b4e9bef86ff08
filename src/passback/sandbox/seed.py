"""What a new practice LMS starts with: one course, its instructor, three learners whose names break careless tools."""

import secrets
from dataclasses import replace

from passback.sandbox.model import Course, Role, State, User

COURSE = "2"
ADMINISTRATOR = "1"
INSTRUCTOR = "2"
LEARNERS = ("3", "4", "5")

_LONG_GIVEN = 'María-José "Pepa" d\'Alembert & <Søn>'
_LONG_FAMILY = (
    "O'Brien-Wolfeschlegelsteinhausenbergerdorff; DROP TABLE learners;-- & Daughters, " + "Ngũgĩ " * 20 + "Jr."
)

_USERS = (
    User(ADMINISTRATOR, "admin", "Site Administrator", "Site", "Administrator", "admin@lms.test", administrator=True),
    User(INSTRUCTOR, "teacher", "Ines Sørensen", "Ines", "Sørensen", "ines@lms.test", "T-002"),
    # One name only, as is common in Indonesia; no family name, no e-mail, no id from the information system.
    User("3", "sukarno", "Sukarno", "Sukarno"),
    # Quotes, an ampersand, markup, and longer than most columns.
    User("4", "maria", f"{_LONG_GIVEN} {_LONG_FAMILY}", _LONG_GIVEN, _LONG_FAMILY, "maria+o'brien@lms.test", "S-004"),
    # Right to left, with an emoji outside the basic plane; the given name is absent.
    User("5", "nour", "نور الهدى 🦉", "", "نور الهدى 🦉", "nour@lms.test", "S-005", "ar"),
)


def first_state() -> State:
    """Return the state of a practice LMS that has just been installed."""
    members = {INSTRUCTOR: Role.INSTRUCTOR, **dict.fromkeys(LEARNERS, Role.LEARNER)}
    course = Course(COURSE, "PRACTICE101", "Practice 101: Bees & Trees", "SIS-PRACTICE101", members)
    return State(
        secret=secrets.token_urlsafe(32),
        users={user.id: replace(user) for user in _USERS},  # another LMS's changes are not ours
        courses={course.id: course},
        counter=100,
    )
