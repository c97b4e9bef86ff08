"""Where a launch sends the browser: `/open/<token>` on the app's host; reload and back do no harm there."""

from urllib.parse import urlsplit
from uuid import UUID

from passback.player.tokens import Entry, new_entry
from passback.runtime import runtime


def entry_url(
    *,
    tenant_id: UUID,
    registration_id: UUID | None = None,
    course_version_id: UUID | None = None,
    preview: bool = False,
    return_url: str = "",
    launch_code: str = "",
    framed_by: tuple[str, ...] = (),
) -> str:
    """Return the address that opens a course, good for 12 hours and any number of times.

    Args:
        registration_id: whose results are kept; None in a preview.
        course_version_id: what to preview.
        preview: staff look at the course; nothing is stored at all.
        return_url: the way back to the LMS; anything but http(s) is left out.
        launch_code: the launch's short code, for support.
        framed_by: origins that may frame the player page; none given: any.

    Raises:
        ValueError: neither a registration nor a version to preview; a fault of the code.
    """
    if preview == (registration_id is not None) or (preview and course_version_id is None):
        raise ValueError("open a registration, or preview a course version")
    entry = Entry(
        tenant=tenant_id.hex,
        registration=registration_id.hex if registration_id else "",
        version=course_version_id.hex if preview and course_version_id else "",
        return_url=web_address(return_url),
        code=launch_code,
        framed_by=" ".join(framed_by),
    )
    return f"{runtime().settings.url}/open/{new_entry(entry)}"


def web_address(url: str) -> str:
    """Return `url` where it is an http(s) address, else "": `javascript:` and its like never become a link."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    return url.strip() if parts.scheme in {"http", "https"} and parts.netloc else ""
