"""Who may see the page of an LMS course: people who teach in it, by a token in its address. No cookie is needed."""

from dataclasses import dataclass
from uuid import UUID

from passback.db import JsonObject
from passback.runtime import runtime

SECONDS = 12 * 3600
_PURPOSE = "lti-course"


@dataclass(frozen=True)
class CourseAccess:
    """What the page's address carries.

    Args:
        link_id: our id of the resource link that was launched; its course in the LMS is the one that may be seen.
        return_url: the way back to the LMS.
        code: the launch's code, for support.
        framed_by: origins that may frame the page.
    """

    tenant_id: UUID
    link_id: UUID
    return_url: str = ""
    code: str = ""
    framed_by: tuple[str, ...] = ()


def course_url(access: CourseAccess) -> str:
    """Return the page's address, good for 12 hours."""
    value: JsonObject = {
        "tenant": access.tenant_id.hex,
        "link": access.link_id.hex,
        "return": access.return_url,
        "code": access.code,
        "framed": list(access.framed_by),
    }
    return f"{runtime().settings.url}/lti/course/{runtime().sealer.sign(_PURPOSE, value)}"


def read_access(token: str) -> CourseAccess:
    """Return what an address carries.

    Raises:
        TokenError: forged, damaged or older than 12 hours.
    """
    value = runtime().sealer.verify(_PURPOSE, token, max_age=SECONDS)
    return CourseAccess(
        UUID(value["tenant"]), UUID(value["link"]), value["return"], value["code"], tuple(value["framed"])
    )
