"""A verified launch as the rooms see it: plain values, no token and no raw claims (they hold session keys)."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from uuid import UUID

from pydantic import JsonValue

from passback.lti.models import Deployment, Platform

RESOURCE_LINK = "LtiResourceLinkRequest"
DEEP_LINKING = "LtiDeepLinkingRequest"
SUBMISSION_REVIEW = "LtiSubmissionReviewRequest"
DATA_PRIVACY = "DataPrivacyLaunchRequest"
DATA_PRIVACY_NAMES = (DATA_PRIVACY, "LtiDataPrivacyLaunchRequest")
"""The name in the specification, and the one that some platforms send."""


class View(StrEnum):
    """How someone enters (design §7, who is who)."""

    STAFF = "staff"
    LEARNER = "learner"
    MENTOR = "mentor"


@dataclass(frozen=True)
class Person:
    """Who launches. `subject` is the platform's own key of the person; names may all be empty.

    Args:
        view: staff preview, learners are recorded, mentors look on.
        may_learn: staff who are enrolled as a learner too, and may choose to open as one.
        has_role: False for an empty or unknown list of roles: a learner's view, whose grade the LMS may refuse.
        administers: an administrator of the LMS or of the institution, not only of a course.
        sees_learners: staff of this very course, or administrators: they may see who learns in it.
    """

    subject: str
    view: View
    may_learn: bool = False
    has_role: bool = True
    sees_learners: bool = False
    administers: bool = False
    name: str = ""
    given_name: str = ""
    family_name: str = ""
    email: str = ""
    locale: str = ""


@dataclass(frozen=True)
class LinkFacts:
    """A resource link, its context and its services as one launch gave them; survives as JSON in page tokens.

    `deployment` is the id of our `Deployment` row; `link_id` is empty in a deep linking request; `dates` holds those
    that the LMS itself has for the link, ISO 8601 by their name in `tracking.windows`.
    """

    deployment: str
    context_id: str = ""
    context_title: str = ""
    context_label: str = ""
    link_id: str = ""
    title: str = ""
    line_item_url: str = ""
    line_items_url: str = ""
    ags_scopes: list[str] = field(default_factory=list)
    memberships_url: str = ""
    dates: dict[str, str] = field(default_factory=dict)

    @property
    def deployment_row(self) -> UUID:
        """Id of our `Deployment` row."""
        return UUID(self.deployment)

    def as_json(self) -> dict[str, JsonValue]:
        """Return what `LinkFacts(**…)` takes back."""
        return asdict(self)


@dataclass(frozen=True)
class DeepLinkingSettings:
    """What the platform accepts in answer to a deep linking request (LTI DL 2.0 §4.4.1).

    `accept_media_types` is not kept: it is about files, and Passback answers with launchable links only. `data` is None
    where the platform sent none: then none is sent back; "" is sent back as "".
    """

    return_url: str
    accept_types: tuple[str, ...]
    accept_targets: tuple[str, ...] = ()
    accept_multiple: bool = False
    accept_line_item: bool = True
    auto_create: bool = False
    data: str | None = None
    title: str = ""
    text: str = ""


@dataclass(frozen=True)
class NoticeService:
    """Where the platform takes the addresses for its notices, and which types it can send."""

    url: str
    types: tuple[str, ...]


@dataclass(frozen=True)
class Launch:
    """A launch that passed every check.

    Args:
        code: short code of its launch record, shown on every page that fails afterwards.
        platform: the platform's row, detached: read, never write.
        deployment: the deployment's row, detached.
        link: the resource link, its context and services.
        deep_linking: set for `LtiDeepLinkingRequest` only.
        return_url: where the LMS wants the browser back; may carry its session key, so never stored.
        custom: the custom parameters, names and values as strings.
        ancestors: origins that may frame the pages that follow (CSP sources).
        product: `product_family_code` of the LMS, lower case, "" where it does not say.
        notices: the platform notification service, where the launch offers it.
        for_user: the platform's key of the person whom the message is about, "" where that is nobody else.
    """

    code: str
    tenant_id: UUID
    platform: Platform
    deployment: Deployment
    message_type: str
    person: Person
    link: LinkFacts
    deep_linking: DeepLinkingSettings | None = None
    return_url: str = ""
    document_target: str = ""
    custom: dict[str, str] = field(default_factory=dict)
    ancestors: tuple[str, ...] = ()
    product: str = ""
    notices: NoticeService | None = None
    for_user: str = ""

    @property
    def context_history(self) -> tuple[str, ...]:
        """The LMS's ids of the courses that this one was copied from, the nearest first."""
        return _listed(self.custom.get(CONTEXT_HISTORY, ""))

    @property
    def link_history(self) -> tuple[str, ...]:
        """The LMS's ids of the links that this one was copied from, the nearest first."""
        return _listed(self.custom.get(LINK_HISTORY, ""))

    @property
    def item(self) -> str:
        """The `LinkChoice` that the link names, "" where it names none."""
        return self.custom.get(ITEM, "")


ITEM = "passback_item"
"""Name of the custom parameter that carries a `LinkChoice` id (lower case: Moodle doubles any other)."""
CONTEXT_HISTORY, LINK_HISTORY = "passback_context_history", "passback_link_history"
"""Names of the custom parameters that carry `$Context.id.history` and `$ResourceLink.id.history` (LTI Core §C)."""
HISTORIES = {CONTEXT_HISTORY: "Context.id.history", LINK_HISTORY: "ResourceLink.id.history"}


def _listed(value: str) -> tuple[str, ...]:
    """Read a list with commas; a platform that does not know the variable leaves its name, with the dollar sign."""
    found = [one.strip() for one in value.split(",")]
    return tuple(one for one in found if one and not one.startswith("$"))[:50]
