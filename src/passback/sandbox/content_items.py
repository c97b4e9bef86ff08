"""Content items as this LMS reads them: to the letter, so that a tool's mistake is refused here, not in production."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from pydantic import JsonValue

from passback.sandbox.custom import custom_from_json
from passback.sandbox.links import DEFAULT_POINTS, Column
from passback.sandbox.model import JsonObject, Tool
from passback.sandbox.profiles import StrictnessProfile

ACCEPTED_TYPES = ("ltiResourceLink",)
WINDOWS = ("available", "submission")
EDGES = ("startDateTime", "endDateTime")


class DeepLinkingRefusedError(Exception):
    """The tool's answer is not taken; the text says which check it failed."""


@dataclass(frozen=True)
class ContentItem:
    """One link to place, as the tool described it. `dates`: see `model.Link`."""

    title: str
    url: str = ""
    text: str = ""
    custom: Mapping[str, str] = field(default_factory=dict)
    container: str = "iframe"
    column: Column | None = None
    dates: Mapping[str, str] = field(default_factory=dict)
    thumbnail: str = ""
    width: int = 0
    height: int = 0


def read_item(tool: Tool, item: JsonValue, profile: StrictnessProfile) -> ContentItem:
    """Return what a content item asks for.

    Raises:
        DeepLinkingRefusedError: it is not of the standard's shape, or not what the request said would be accepted.
    """
    if not isinstance(item, dict) or item.get("type") not in ACCEPTED_TYPES:
        raise DeepLinkingRefusedError("a content item's type is none of the accepted ones")
    custom = item.get("custom", {})
    if not isinstance(custom, dict):
        raise DeepLinkingRefusedError("a content item's custom is no object")
    container, size = _read_target(item, profile)
    return ContentItem(
        title=str(item.get("title") or tool.name),
        url=_web_address(item.get("url", ""), "a content item's url"),
        text=str(item.get("text") or ""),
        custom=custom_from_json(custom),
        container=container,
        column=_read_column(item, profile),
        dates=_read_dates(item),
        thumbnail=_read_thumbnail(item.get("thumbnail")),
        width=size.get("width", 0),
        height=size.get("height", 0),
    )


def _read_target(item: JsonObject, profile: StrictnessProfile) -> tuple[str, dict[str, int]]:
    asked = [name for name in ("iframe", "window") if name in item]
    for name in asked:
        if not isinstance(item[name], dict):
            raise DeepLinkingRefusedError(f"{name} is no object")
        if name not in profile.deep_linking_targets:
            raise DeepLinkingRefusedError(f"{name} is none of the accepted document targets")
    hint = item[asked[-1]] if asked else {}
    given = hint if isinstance(hint, dict) else {}
    size = {str(name): _pixels(given[name], name) for name in ("width", "height") if name in given}
    return "window" if "window" in asked else "iframe", size


def _pixels(value: JsonValue, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise DeepLinkingRefusedError(f"{name} is no positive number of pixels")
    return value


def _read_dates(item: JsonObject) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in WINDOWS:
        window = item.get(name, {})
        if not isinstance(window, dict) or (name in item and not set(window) & set(EDGES)):
            raise DeepLinkingRefusedError(f"{name} is no window of time")
        moments = {edge: _instant(window[edge], f"{name}.{edge}") for edge in EDGES if edge in window}
        if len(moments) == len(EDGES) and moments[EDGES[1]] <= moments[EDGES[0]]:
            raise DeepLinkingRefusedError(f"{name} ends before it begins")
        found |= {f"{name}.{edge}": moment.isoformat() for edge, moment in moments.items()}
    return found


def _instant(value: JsonValue, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise DeepLinkingRefusedError(f"{name} is no ISO 8601 date and time") from error
    if moment.tzinfo is None:
        raise DeepLinkingRefusedError(f"{name} says no time zone")
    return moment


def _read_thumbnail(value: JsonValue) -> str:
    if value is None:
        return ""
    if not isinstance(value, dict) or not value.get("url"):
        raise DeepLinkingRefusedError("thumbnail has no url")
    for name in ("width", "height"):
        if name in value:
            _pixels(value[name], f"thumbnail.{name}")
    return _web_address(value["url"], "the thumbnail's url")


def _web_address(value: JsonValue, what: str) -> str:
    if not isinstance(value, str) or (value and urlsplit(value).scheme not in {"http", "https"}):
        raise DeepLinkingRefusedError(f"{what} is no web address")
    return value


def _read_column(item: JsonObject, profile: StrictnessProfile) -> Column | None:
    """Return the column; its label is not read: Moodle names it like the link."""
    value = item.get("lineItem")
    if value is None:
        return None
    if not profile.deep_linking_line_items:
        raise DeepLinkingRefusedError("a lineItem, and accept_lineitem was false")
    if not isinstance(value, dict):
        raise DeepLinkingRefusedError("lineItem is no object")
    points = value.get("scoreMaximum", DEFAULT_POINTS)
    if isinstance(points, bool) or not isinstance(points, (int, float)) or points <= 0:
        raise DeepLinkingRefusedError("lineItem.scoreMaximum is no positive number")
    review = isinstance(value.get("submissionReview"), dict)
    return Column(float(points), str(value.get("resourceId") or ""), str(value.get("tag") or ""), review)
