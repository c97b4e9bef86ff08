"""Names and Roles: who is in a course, as a tool sees it."""

from collections.abc import Iterable
from dataclasses import dataclass

from passback.sandbox.core import Core
from passback.sandbox.model import Course, JsonObject, Role, Tool, User
from passback.sandbox.scores import ServiceRefusedError
from passback.sandbox.vocabulary import MEMBERSHIP

# A non-editing teacher is Instructor at launch, but Learner here (Moodle).
_SHORT = {Role.LEARNER: "Learner", Role.ASSISTANT: "Learner", Role.INSTRUCTOR: "Instructor", Role.MENTOR: "Mentor"}


@dataclass(frozen=True)
class Page:
    """One answer: members, and where the next page starts (None: this was the last)."""

    members: list[JsonObject]
    next_from: int | None = None


@dataclass
class Roster:
    """The membership service."""

    core: Core

    def page(
        self, tool: Tool, course_id: str, *, role: str = "", link_id: str = "", start: int = 0, limit: int = 0
    ) -> Page:
        """Return members in the order of their ids.

        Args:
            role: a short or full role; unknown ones filter nothing, as in Moodle.
            link_id: only a link of this tool is known; others get 404.
            limit: members a page; 0 is the product's own page size (Moodle: all).

        Raises:
            ServiceRefusedError: the link or the course is unknown.
        """
        with self.core.read() as state:
            course = state.courses.get(course_id)
            link = state.links.get(link_id)
            if course is None or (link_id and (link is None or link.tool_id != tool.id)):
                raise ServiceRefusedError(404, "Not found")
            members = [_member(tool, state.users[one], course) for one in _listed(course, role)]
        if link_id:
            members = [{**member, "message": [{}]} for member in members]
        profile = self.core.profile
        size = limit or profile.page_size or len(members) or 1
        size = min(size, profile.largest_page or size)
        end = start + size
        return Page(members[start:end], end if end < len(members) else None)


def _listed(course: Course, role: str) -> Iterable[str]:
    wanted = role.removeprefix(MEMBERSHIP)
    known = wanted in {"Learner", "Instructor", "Mentor"}
    for user_id in sorted(course.members, key=lambda one: (len(one), one)):
        if user_id not in course.suspended and (not known or _SHORT[course.members[user_id]] == wanted):
            yield user_id


def _member(tool: Tool, user: User, course: Course) -> JsonObject:
    member: JsonObject = {
        "status": "Active",
        "user_id": user.id,
        "roles": [_SHORT[course.members[user.id]]],
        "lis_person_sourcedid": user.sourced_id,
        "ext_user_username": user.username,
    }
    if tool.send_name:
        member["name"] = user.name
        member |= {key: one for key, one in (("given_name", user.given_name), ("family_name", user.family_name)) if one}
    if tool.send_email and user.email:
        member["email"] = user.email
    return member
