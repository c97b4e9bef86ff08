"""What a choice looks like to the LMS: the content item of an answer to a deep linking request (LTI DL 2.0 §3.1.2)."""

from datetime import UTC, datetime

from passback.content.models import Course
from passback.content.pictures import picture_of
from passback.content.service import current_version
from passback.db import TenantSession
from passback.lti.line_items import TAG, review_of
from passback.lti.link_dates import DATE_PARAMETERS
from passback.lti.message import ITEM, DeepLinkingSettings
from passback.lti.models import LinkChoice
from passback.plugin import JsonObject, LmsProfile
from passback.runtime import runtime
from passback.tracking.activities import BY_COURSE
from passback.tracking.deciding import UNGRADED

MAX_TEXT = 1000
TARGETS = ("iframe", "window")
"""Ways to show a link that an item can hint at; the LMS says which it knows."""


def content_item(
    session: TenantSession, choice: LinkChoice, settings: DeepLinkingSettings, profile: LmsProfile
) -> JsonObject:
    """Return the content item of a choice.

    The choice travels as a custom parameter: the address stays the one redirect URI, and a copied link keeps it. The
    line item is left out only where the choice does not count as a whole, or where the LMS said that it takes none.
    """
    course = session.get_one(Course, choice.course_id)
    version = current_version(session, course.id)
    title = choice.title or course.title
    item: JsonObject = {
        "type": "ltiResourceLink",
        "title": title,
        "url": f"{runtime().settings.url}/lti/launch",  # Blackboard refuses an item without
        "custom": {ITEM: str(choice.id), **DATE_PARAMETERS},
    }
    text = choice.text or _plain(version.content.get("description"))
    if text:
        item["text"] = text
    picture = picture_of(version)
    if picture is not None:
        item["thumbnail"] = picture
    if choice.counts != UNGRADED and choice.columns == BY_COURSE and settings.accept_line_item:
        # Moodle makes an ungraded activity of an item without.
        item["lineItem"] = {
            "scoreMaximum": choice.points,
            "label": title,
            "resourceId": choice.resource_id or str(choice.id),
            "tag": TAG,
            **review_of(profile),
        }
    return item | _dates(choice) | _target(choice, settings)


def _plain(description: object) -> str:
    return " ".join(description.split())[:MAX_TEXT] if isinstance(description, str) else ""


def _dates(choice: LinkChoice) -> JsonObject:
    """Return `available` and `submission`; a window without any date is left out."""
    found: JsonObject = {}
    for name, start, end in (
        ("available", choice.available_from, choice.available_until),
        ("submission", choice.submission_from, choice.submission_until),
    ):
        window: JsonObject = {}
        if start is not None:
            window["startDateTime"] = _instant(start)
        if end is not None:
            window["endDateTime"] = _instant(end)
        if window:
            found[name] = window
    return found


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _target(choice: LinkChoice, settings: DeepLinkingSettings) -> JsonObject:
    """Return the hint how to show the link, where the LMS said that it knows this one."""
    if choice.target not in TARGETS or choice.target not in settings.accept_targets:
        return {}
    size: JsonObject = {name: value for name, value in (("width", choice.width), ("height", choice.height)) if value}
    return {choice.target: size}
