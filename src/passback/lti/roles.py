"""Who is who: an LMS's list of roles becomes one view (design §7)."""

from collections.abc import Sequence

from pylti1p3.roles import AbstractRole, RoleType

from passback.lti.message import View

STAFF = frozenset({"Instructor", "TeachingAssistant", "ContentDeveloper", "Administrator"})
"""Roles in the context (LTI Core §A.2.3) that prepare or teach, and so preview."""
LEARNERS = frozenset({"Learner", "Member", "Student"})
ADMINISTRATORS = frozenset({"Administrator", "SysAdmin"})
INSTITUTION_STAFF = STAFF | {"Faculty", "Staff", "SysAdmin"}


class Role(AbstractRole):
    """PyLTI1p3's reader of role names, mended.

    Its `parse_role_str` takes `…/membership#Learner` for a short name, and drops the principal role of
    `…/membership/Instructor#TeachingAssistant` (LTI Core §A.2.3.1).
    """

    def __init__(self, role: str) -> None:
        super().__init__({})  # type: ignore[no-untyped-call]  # PyLTI1p3 is partly typed
        self.name, self.type = self.parse_role_str(role)

    def parse_role_str(self, role_str: str) -> tuple[str, str | None]:
        """Return the principal role's name and where it holds; None for a short name (`Instructor`).

        A name in another vocabulary comes back whole, and means nothing to us.
        """
        rest = role_str.removeprefix(self._base_prefix + "/")
        if rest == role_str:
            return role_str, None
        where, _, name = rest.partition("#")
        kind, _, principal = where.partition("/")
        if kind == RoleType.CONTEXT and name:
            return principal or name, kind
        return super().parse_role_str(role_str)

    @property
    def in_context(self) -> bool:
        """True for a role in the course. A short name always means that (LTI Core §A.2.3)."""
        return self.type in {None, RoleType.CONTEXT}


def view_of(roles: Sequence[str]) -> tuple[View, bool, bool]:
    """Return the view, whether staff may also open as a learner, and whether any role was understood.

    A role in the course wins over one in the institution: Canvas sends "Instructor at the institution" for a
    teacher who sits in a colleague's course as a learner. A mentor who is nothing else records nothing.
    """
    parsed = [Role(role) for role in roles]
    context = {role.name for role in parsed if role.in_context}
    staff, learner = bool(context & STAFF), bool(context & LEARNERS)
    if staff:
        return View.STAFF, learner, True
    if learner:
        return View.LEARNER, False, True
    if "Mentor" in context:
        return View.MENTOR, False, True
    outside = {role.name for role in parsed if not role.in_context}
    if outside & INSTITUTION_STAFF:
        return View.STAFF, False, True
    return View.LEARNER, False, bool(outside & {*LEARNERS, "User"})


def sees_learners(roles: Sequence[str]) -> bool:
    """Say whether somebody may see who learns in the course: its own staff, and administrators.

    Who is staff of the institution only (`Faculty`, without a role in this course) looks at the content, not at people.
    """
    parsed = [Role(role) for role in roles]
    return any(one.name in (STAFF if one.in_context else ADMINISTRATORS) for one in parsed)


def administers(roles: Sequence[str]) -> bool:
    """Say whether somebody administers the LMS or the institution: they may see what is kept of everybody in it."""
    return any(one.name in ADMINISTRATORS and not one.in_context for one in map(Role, roles))
