"""What the practice LMS knows: people, courses, tools, links, line items, results. Plain records, kept as JSON."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pydantic import JsonValue

JsonObject = dict[str, JsonValue]


class Role(StrEnum):
    """What somebody is in a course."""

    LEARNER = "learner"
    INSTRUCTOR = "instructor"
    ASSISTANT = "non-editing teacher"
    MENTOR = "mentor"


@dataclass
class User:
    """A person; any of the names may be empty. `sourced_id` is the student information system's."""

    id: str
    username: str
    name: str
    given_name: str = ""
    family_name: str = ""
    email: str = ""
    sourced_id: str = ""
    locale: str = "en"
    administrator: bool = False


@dataclass
class Course:
    """A course and who is in it. Suspended members keep their grades and are in no roster.

    `copied_from`: ids of the courses that it is a copy of, the nearest first.
    """

    id: str
    label: str
    title: str
    sourced_id: str = ""
    members: dict[str, Role] = field(default_factory=dict)
    suspended: list[str] = field(default_factory=list)
    copied_from: list[str] = field(default_factory=list)


@dataclass
class Tool:
    """A registered tool. `scopes` are the granted ones; what a pending one (`active` false) may do differs by product.

    `registered` is the answer to its registration, `management_token` what changes it later (RFC 7592).

    `former_key`, `former_secret`: what the tool had under LTI 1.1, for the migration claim.
    """

    id: str
    client_id: str
    name: str
    initiate_login_uri: str
    redirect_uris: list[str]
    jwks_uri: str
    target_link_uri: str
    deployments: list[str]
    scopes: list[str] = field(default_factory=list)
    domain: str = ""
    description: str = ""
    logo_uri: str = ""
    deep_linking_uri: str = ""
    custom: dict[str, str] = field(default_factory=dict)
    send_name: bool = True
    send_email: bool = True
    active: bool = True
    login_method: str = "POST"
    former_key: str = ""
    former_secret: str = ""
    notice_handlers: dict[str, str] = field(default_factory=dict)
    management_token: str = ""
    registered: JsonObject = field(default_factory=dict)


@dataclass
class Link:
    """A placed resource link. `url` "" means the tool's own target; `container` is iframe or window.

    `dates` holds ISO 8601 instants by the name of their substitution variable ("available.startDateTime"); `thumbnail`
    is a picture's address; `width` and `height` are of the window, 0 for any.
    """

    id: str
    course_id: str
    tool_id: str
    deployment_id: str
    title: str
    description: str = ""
    url: str = ""
    custom: dict[str, str] = field(default_factory=dict)
    container: str = "iframe"
    dates: dict[str, str] = field(default_factory=dict)
    thumbnail: str = ""
    width: int = 0
    height: int = 0
    copied_from: list[str] = field(default_factory=list)


@dataclass
class LineItem:
    """A gradebook column. `own` marks the one that came with its link; `link_id` "" is bound to no link.

    `review`: the tool opens learners' work from here (`submissionReview`).
    """

    id: str
    course_id: str
    label: str
    score_maximum: float
    tool_id: str = ""
    link_id: str = ""
    resource_id: str = ""
    tag: str = ""
    own: bool = False
    review: bool = False


@dataclass
class Shown:
    """What the gradebook showed from a moment on."""

    at: datetime
    score: float | None


@dataclass
class Result:
    """One cell of the gradebook. `score` is in the column's points; None shows as empty.

    `stored_at` is this LMS's own time of the last write, `timestamp` the one the tool sent with it.
    """

    line_item_id: str
    user_id: str
    score: float | None = None
    comment: str = ""
    activity_progress: str = ""
    grading_progress: str = ""
    timestamp: datetime | None = None
    submitted_at: datetime | None = None
    stored_at: datetime | None = None
    overridden: bool = False
    locked: bool = False
    submissions: int = 0
    history: list[Shown] = field(default_factory=list)


@dataclass
class State:
    """Everything that outlives a restart."""

    secret: str
    keys: list[JsonObject] = field(default_factory=list)
    users: dict[str, User] = field(default_factory=dict)
    courses: dict[str, Course] = field(default_factory=dict)
    tools: dict[str, Tool] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    line_items: dict[str, LineItem] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)
    used_registrations: list[str] = field(default_factory=list)
    counter: int = 0
    revision: int = 0
