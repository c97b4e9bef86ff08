"""Submission review: which attempt a gradebook asks to see, and who may see it. Nothing is recorded (LTI SR 1.0)."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from passback.db import JsonObject, TenantSession
from passback.lti.known import source_of
from passback.lti.message import SUBMISSION_REVIEW, Launch, View
from passback.lti.models import Context, ResourceLink
from passback.lti.review_errors import NothingToReviewError, ReviewRefusedError
from passback.runtime import runtime
from passback.tracking.models import Learner, Registration

SECONDS = 12 * 3600
_PURPOSE = "lti-review"


@dataclass(frozen=True)
class ReviewAccess:
    """What the page's address carries.

    Args:
        registration_id: whose work at which placement: this and nothing else may be seen.
        return_url: the way back to the LMS.
        code: the launch's code, for support.
        framed_by: origins that may frame the page.
    """

    tenant_id: UUID
    registration_id: UUID
    return_url: str = ""
    code: str = ""
    framed_by: tuple[str, ...] = ()


def asks_for_review(session: TenantSession, launch: Launch) -> bool:
    """Say whether a launch is to show work: by its type, or a teacher's ordinary one that names somebody with work.

    Some platforms open an ordinary launch from their gradebook and say in `for_user` whose row it was.
    """
    if launch.message_type == SUBMISSION_REVIEW:
        return True
    return bool(launch.for_user) and launch.person.sees_learners and find_work(session, launch) is not None


def review_url(session: TenantSession, launch: Launch) -> str:
    """Return where the work of `launch.for_user` is shown.

    Raises:
        ReviewRefusedError: the person may not see it.
        NothingToReviewError: there is none at this link, in this course of the LMS, of this tenant.
    """
    if not may_review(launch):
        raise ReviewRefusedError
    found = find_work(session, launch)
    if found is None:
        raise NothingToReviewError
    return address_of(ReviewAccess(launch.tenant_id, found, launch.return_url, launch.code, launch.ancestors))


def may_review(launch: Launch) -> bool:
    """Say whether somebody may see this work: who teaches in the course, and everybody their own."""
    person = launch.person
    return person.sees_learners or (person.view is View.LEARNER and person.subject == launch.for_user)


def find_work(session: TenantSession, launch: Launch) -> UUID | None:
    """Return the registration that a review is about, None where there is none.

    The link is known by its id, else by its line item: the standard lets a platform leave the link out. Both are
    only looked for in the launch's own deployment and, where it names one, in its own context.
    """
    facts = launch.link
    by_line_item = ResourceLink.line_item_url == facts.line_item_url
    places = (
        select(ResourceLink.placement_id)
        .join(Context, Context.id == ResourceLink.context_id)
        .where(ResourceLink.deployment_id == facts.deployment_row)
    )
    if facts.link_id:
        places = places.where(ResourceLink.link_id == facts.link_id)
    else:
        places = places.where(ResourceLink.line_item_url != "", by_line_item)
    if facts.context_id:
        places = places.where(Context.context_id == facts.context_id)
    whose = (Learner.source == source_of(launch), Learner.subject == launch.for_user)
    query = (
        select(Registration.id)
        .join(Learner, Learner.id == Registration.learner_id)
        .where(*whose, Registration.placement_id.in_(places))
        .order_by(Registration.last_activity_at.desc(), Registration.id.desc())
    )
    return session.scalars(query.limit(1)).first()


def address_of(access: ReviewAccess) -> str:
    """Return the page's address, good for 12 hours."""
    value: JsonObject = {
        "tenant": access.tenant_id.hex,
        "registration": access.registration_id.hex,
        "return": access.return_url,
        "code": access.code,
        "framed": list(access.framed_by),
    }
    return f"{runtime().settings.url}/lti/review/{runtime().sealer.sign(_PURPOSE, value)}"


def read_access(token: str) -> ReviewAccess:
    """Return what an address carries.

    Raises:
        TokenError: forged, damaged or older than 12 hours.
    """
    value = runtime().sealer.verify(_PURPOSE, token, max_age=SECONDS)
    return ReviewAccess(
        UUID(value["tenant"]), UUID(value["registration"]), value["return"], value["code"], tuple(value["framed"])
    )
