"""Valid launches, as instructor and as student (the guide's 6.1.2 and 6.1.3)."""

from passback.sandbox.vocabulary import INSTITUTION, MEMBERSHIP
from passback.testing.certification.breaking import How, accepted, claims, without
from passback.testing.certification.model import Case

NAMES = ("name", "given_name", "family_name")


def _both(kind: str, sent: str, teacher: How, student: How | None = None, *, understood: bool = True) -> list[Case]:
    """Make a variant's two cases. Roles that nobody understands get the learner's view (docs: design, who is who)."""
    way = "course page" if understood else "learner"
    return [
        accepted(f"instructor-{kind}", f"an instructor's launch: {sent}", teacher, way=way, teacher=True),
        accepted(f"student-{kind}", f"a student's launch: {sent}", student or teacher),
    ]


def _roles(*roles: str) -> How:
    return claims(roles=list(roles))


VALID = (
    *_both("plain", "everything as usual", claims()),
    *_both(
        "several-roles",
        "several roles",
        _roles(MEMBERSHIP + "Instructor", INSTITUTION + "Faculty", INSTITUTION + "Staff"),
        _roles(MEMBERSHIP + "Learner", INSTITUTION + "Student"),
    ),
    *_both("short-role", "the role in its short form", _roles("Instructor"), _roles("Learner")),
    *_both("unknown-role", "a role in nobody's vocabulary", _roles("http://roles.test/#Wizard"), understood=False),
    *_both("no-role", "an empty list of roles", _roles(), understood=False),
    *_both("email-only", "an address and no name", without(*NAMES)),
    *_both("names-only", "names and no address", without("email")),
    *_both("nothing-personal", "neither name nor address", without("email", *NAMES)),
    *_both("email-no-context", "an address, no name and no context", without("context", *NAMES)),
    *_both("new-link", "a resource link that was never seen", claims(resource_link={"id": "a new link"})),
)
