"""A link's line item: found by its resource link, made once where there is none, its results read (LTI AGS 2.0)."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import or_, select, update

from passback.clock import utc_now
from passback.db import tenant_session
from passback.delivery.comparing import Held
from passback.delivery.models import ScoreDelivery
from passback.errors import PassbackError, Side
from passback.lti.models import ActivityColumn, ResourceLink
from passback.lti.paging import pages
from passback.lti.services import LINE_ITEM, LINE_ITEM_READ, RESULT_READ, ServiceClient, below, with_query
from passback.outbound import HttpAnswer, OutboundError, authority
from passback.plugin import LmsProfile

LINE_ITEM_TYPE = "application/vnd.ims.lis.v2.lineitem+json"
RESULTS_TYPE = "application/vnd.ims.lis.v2.resultcontainer+json"
TAG = "passback"
"""Tag of every line item of ours that is a course's."""
ACTIVITY_TAG = "passback-activity"
"""Tag of those that are an activity's."""
UNKNOWN = "link:"
"""Begins the `line_item` of a delivery whose line item is not known yet; the id follows of its link, or of its
`ActivityColumn`."""
LONGEST_NAME = 64
CREATING = timedelta(seconds=90)
"""Longer than a call can last: after it, whoever was making the line item has died."""


class ServiceAnswerError(PassbackError):
    """The LMS's gradebook service gave an answer that Passback cannot use."""

    code = "service_answer"
    status = 502
    side = Side.LMS
    advice = "Check in the LMS that the tool may manage grades; Passback tries again by itself."

    def __init__(self, detail: str, http_status: int) -> None:
        super().__init__(detail)
        self.http_status = http_status


@dataclass(frozen=True)
class LineItemTarget:
    """Where a link's scores go.

    Args:
        link: id of our `ResourceLink` row.
        link_id: the LMS's own id of it.
        url: the line item, "" while unknown.
        container: the course's line items, "" where the LMS offers none.
        points: maximum of the column.
        column: id of our `ActivityColumn` row, where it is one activity's.
        activity: what the last part of its resource id is then; `label` is the activity's title.
    """

    tenant_id: UUID
    link: UUID
    link_id: str
    title: str
    url: str
    container: str
    resource_id: str
    points: float
    client: ServiceClient = field(compare=False)
    profile: LmsProfile = field(compare=False)
    column: UUID | None = None
    activity: str = ""
    label: str = ""

    @property
    def placeholder(self) -> str:
        """Return what deliveries have for a line item while it is not known."""
        return f"{UNKNOWN}{self.column or self.link}"

    @property
    def tag(self) -> str:
        return ACTIVITY_TAG if self.column else TAG

    def is_ours(self, item: Mapping[str, JsonValue]) -> bool:
        """Say whether Passback has made this line item for what the target is.

        The resource id of a copied link's begins with another placement's id; what the activity is called stays.
        """
        said = str(item.get("resourceId", ""))
        if self.column is None:
            return item.get("tag") == TAG or (said == self.resource_id and item.get("tag") != ACTIVITY_TAG)
        same = said.partition("/")[2] == self.activity
        return said == self.resource_id or (same and item.get("tag") == ACTIVITY_TAG)


def activity_name(activity: str) -> str:
    """Return how an activity is called in resource ids: as it is, or shortened so that any LMS can keep it."""
    if len(activity) <= LONGEST_NAME and activity.isascii() and activity.isprintable():
        return activity
    return hashlib.sha256(activity.encode()).hexdigest()[:LONGEST_NAME]


def exists(target: LineItemTarget) -> bool | None:
    """Say whether the line item is still there; None where the LMS does not let us look."""
    if not target.client.may(LINE_ITEM, LINE_ITEM_READ):
        return None
    status = target.client.call("GET", target.url, accept=LINE_ITEM_TYPE).status
    if status == 200:
        return True
    return False if status in {404, 410} else None


def find(target: LineItemTarget) -> str:
    """Return the URL of the link's line item among the course's, "" where there is none (or no way to look).

    Found by the link; else by its resource id, where the column is bound to no link (any more).

    Raises:
        ServiceAnswerError: the LMS would not tell; then none may be made either.
    """
    if not target.container or not target.client.may(LINE_ITEM, LINE_ITEM_READ):
        return ""
    items = _linked_items(target)
    ours = [item for item in items if target.is_ours(item)]
    others = [item for item in items if item.get("tag") != ACTIVITY_TAG]
    alone = others if len(others) == 1 and target.column is None else []
    candidates = ours or alone or _unbound_items(target)
    return _url_of(candidates[0]) if candidates else ""


@dataclass(frozen=True)
class FoundColumn:
    """A column of a link; `label` is its name and maximum, for people."""

    url: str
    label: str


def columns(target: LineItemTarget) -> list[FoundColumn]:
    """Return every column that the LMS binds to the link for the same grade, none where it does not let us look.

    Raises:
        ServiceAnswerError: the LMS would not tell.
    """
    if not target.container or not target.client.may(LINE_ITEM, LINE_ITEM_READ):
        return []
    items = _linked_items(target)
    same = [one for one in items if (target.is_ours(one) if target.column else one.get("tag") != ACTIVITY_TAG)]
    found = [FoundColumn(_url_of(item), _label(item)) for item in same]
    return [column for column in found if column.url]


def _label(item: Mapping[str, JsonValue]) -> str:
    name, most = str(item.get("label") or "")[:255], item.get("scoreMaximum")
    return f"{name} ({most:g})" if isinstance(most, (int, float)) and not isinstance(most, bool) else name


def _linked_items(target: LineItemTarget) -> list[Mapping[str, JsonValue]]:
    # Some LMSs ignore the filter: what is not of this link is left out here.
    items = _course_items(target, resource_link_id=target.link_id)
    return [item for item in items if str(item.get("resourceLinkId", "")) == target.link_id]


def _unbound_items(target: LineItemTarget) -> list[Mapping[str, JsonValue]]:
    """Return columns of no link that carry the placement's id: one of ours whose binding was lost (Moodle: a PUT)."""
    items = _course_items(target, resource_id=target.resource_id)
    return [item for item in items if not item.get("resourceLinkId") and item.get("resourceId") == target.resource_id]


def _course_items(target: LineItemTarget, **query: str) -> list[Mapping[str, JsonValue]]:
    found: list[Mapping[str, JsonValue]] = []
    url = with_query(target.container, **query)
    for answer in target.client.pages(url, accept=target.profile.accept_line_items):
        found += _items(answer)
    return found


def make(target: LineItemTarget) -> str:
    """Make the link's line item and return its URL; "" while another process is at it or the LMS does not allow it.

    Call `find` first: Moodle makes a second column for every POST, and a lost answer may have left one behind.

    Raises:
        ServiceAnswerError: the LMS refused.
    """
    if not target.container or not target.client.may(LINE_ITEM) or not _claim(target):
        return ""
    url = find(target) or _post(target)
    remember(target, url)
    return url


def _post(target: LineItemTarget) -> str:
    item: dict[str, JsonValue] = {
        "label": (target.title or "Passback")[:255],  # Moodle answers 502 to a longer one
        "scoreMaximum": target.points,
        "resourceLinkId": target.link_id,
        "resourceId": target.resource_id,
        "tag": target.tag,
        **review_of(target.profile),
    }
    answer = target.client.call(
        "POST",
        target.container,
        accept=LINE_ITEM_TYPE,
        content_type=LINE_ITEM_TYPE,
        body=json.dumps(item).encode(),
    )
    if answer.status not in {200, 201}:
        raise ServiceAnswerError(f"making a line item was answered with {answer.status}", answer.status)
    created = answer.json()
    url = _url_of(created) if isinstance(created, dict) else ""
    if not url:
        raise ServiceAnswerError("the new line item came back without its address", answer.status)
    return url


def review_of(profile: LmsProfile) -> dict[str, JsonValue]:
    """Return what asks the LMS to open learners' work from this column (AGS 2.0 §3.2.12), where it can.

    In every state that Passback's scores name (`ags.score_body`); the address is the tool's own.
    """
    if not profile.submission_review:
        return {}
    return {"submissionReview": {"reviewableStatus": ["InProgress", "Submitted", "Completed"]}}


def _claim(target: LineItemTarget) -> bool:
    """Become the one that makes the line item: two at once would make two columns."""
    now = utc_now()
    free = or_(ResourceLink.creating_until.is_(None), ResourceLink.creating_until < now)
    claim = update(ResourceLink).where(ResourceLink.id == target.link, ResourceLink.line_item_url == "", free)
    if target.column is not None:
        free = or_(ActivityColumn.creating_until.is_(None), ActivityColumn.creating_until < now)
        claim = update(ActivityColumn).where(
            ActivityColumn.id == target.column, ActivityColumn.line_item_url == "", free
        )
    with tenant_session(target.tenant_id, write=True) as session:
        result = session.execute(claim.values(creating_until=now + CREATING))
        return bool(result.rowcount)  # type: ignore[attr-defined]  # an UPDATE's result is a CursorResult


def remember(target: LineItemTarget, url: str) -> None:
    """Keep the line item's address with its link (or its activity's column), and with what is owed to it.

    Were the deliveries left at the old address, the next launch would take them for new ones and send them again.
    """
    former = [target.placeholder, *([target.url] if target.url else [])]
    owed = select(ScoreDelivery).where(ScoreDelivery.line_item.in_([*former, url])).order_by(ScoreDelivery.id)
    with tenant_session(target.tenant_id, write=True) as session:
        link = session.get(ResourceLink, target.link)
        column = session.get(ActivityColumn, target.column) if target.column else None
        if column is not None:
            column.line_item_url, column.creating_until = url, None
        elif link is not None and target.column is None:
            link.line_item_url, link.line_item_chosen, link.creating_until = url, False, None
        rows = session.scalars(owed.with_for_update()).all()
        taken = {row.user_id for row in rows if row.line_item == url}
        for row in rows:
            if row.user_id not in taken:
                row.line_item = url
                taken.add(row.user_id)


def result(target: LineItemTarget, user_id: str) -> float | None:
    """Return what the gradebook holds for a person, 0..1 of the column's maximum; None: nothing, or no way to know."""
    if not target.client.may(RESULT_READ):
        return None
    url = below(target.url, "results", user_id=user_id)
    for answer in target.client.pages(url, accept=RESULTS_TYPE):
        for item in _items(answer):
            if str(item.get("userId", "")) == user_id:
                return _scaled(item)
    return None


def results(target: LineItemTarget) -> dict[str, Held]:
    """Return everybody's grade in the column by user id, read to the last page.

    Raises:
        ServiceAnswerError: the LMS would not tell (404: the column is gone).
        PagingError: the pages do not fit together; a part is not taken for everything.
    """
    found: dict[str, Held] = {}
    asked = {"limit": str(target.profile.results_page)} if target.profile.results_page else {}
    url = below(target.url, "results", **asked)
    for answer in pages(lambda page: target.client.call("GET", page, accept=RESULTS_TYPE), url, target.client):
        for item in _items(answer):
            scaled, user_id = _scaled(item), item.get("userId")
            if scaled is not None and user_id is not None:
                found[str(user_id)] = Held(scaled, _moment(item.get("timestamp")))
    return found


def _moment(value: JsonValue) -> datetime | None:
    """Read when a result was entered: not in the standard, but Moodle says it."""
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo else None


def _scaled(item: Mapping[str, JsonValue]) -> float | None:
    score, maximum = item.get("resultScore"), item.get("resultMaximum", 1.0)  # AGS 2.0 §3.3.4: 1 where left out
    if not isinstance(score, (int, float)) or not isinstance(maximum, (int, float)) or maximum <= 0:
        return None
    return float(score) / float(maximum)


def _items(answer: HttpAnswer) -> list[Mapping[str, JsonValue]]:
    if answer.status != 200:
        raise ServiceAnswerError(f"a list was answered with {answer.status}", answer.status)
    body = answer.json()
    if not isinstance(body, list):
        raise ServiceAnswerError("a list was expected", answer.status)
    return [item for item in body if isinstance(item, dict)]


def _url_of(item: Mapping[str, JsonValue]) -> str:
    url = item.get("id")
    if not isinstance(url, str):
        return ""
    try:
        authority(url)
    except OutboundError:
        return ""
    return url
