"""Where a verified resource link launch leads, decided and written down in one transaction (design §7, who is who)."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select

from passback.content.service import current_version
from passback.db import JsonObject, TenantSession
from passback.lti.ags import expect_grade
from passback.lti.course_access import CourseAccess, course_url
from passback.lti.framing import ancestors
from passback.lti.known import known_registration, source_of
from passback.lti.links import Placed, open_link, place_link
from passback.lti.message import DATA_PRIVACY, Launch, View
from passback.lti.models import Deployment, Platform, ResourceLink
from passback.lti.origins import inherited_choice, note_history
from passback.lti.privacy_access import privacy_url
from passback.lti.reviewing import asks_for_review, review_url
from passback.lti.roster_jobs import start_after_commit
from passback.lti.rosters import ask_after_launch
from passback.lti.subscribing import note_service
from passback.player.entry import entry_url
from passback.runtime import runtime
from passback.tracking.learners import upsert_learner
from passback.tracking.models import Learner, Placement
from passback.tracking.registrations import ensure_registration

CHOICE_SECONDS = 12 * 3600
_CHOICE = "lti-open-as"


class Way(StrEnum):
    """Where the browser goes."""

    LEARN = "learner"
    PREVIEW = "preview"
    TEACH = "course page"
    CHOOSE = "choose"
    REVIEW = "review"
    PRIVACY = "privacy"
    NO_CONTENT = "no content"


@dataclass(frozen=True)
class Entered:
    """`url` is empty where the link has no content."""

    way: Way
    url: str = ""


@dataclass(frozen=True)
class OpenAs:
    """What the page for people who teach and learn in one course offers; carried by its signed address."""

    tenant_id: UUID
    learner_id: UUID
    link_id: UUID
    return_url: str
    code: str


def enter(session: TenantSession, launch: Launch) -> Entered:
    """Bring link, learner, registration and what is owed to the gradebook up to date, and say where to go.

    Raises:
        LaunchRefusedError: a review of somebody's work that is not there, or not for this person to see.
    """
    if launch.message_type == DATA_PRIVACY:
        return Entered(Way.PRIVACY, privacy_url(launch))
    if asks_for_review(session, launch):
        return Entered(Way.REVIEW, review_url(session, launch))
    if launch.person.view is View.LEARNER:
        registration = known_registration(session, launch)
        if registration is not None:
            return Entered(Way.LEARN, _entry(launch, registration))
    placed = open_link(session, launch.link, launch.item) or _inherit(session, launch)
    return _enter_placed(session, launch, placed) if placed else Entered(Way.NO_CONTENT)


def _enter_placed(session: TenantSession, launch: Launch, placed: Placed) -> Entered:
    person = launch.person
    note_history(session, launch, placed.link.context_id)
    if person.view is View.LEARNER:
        learner = _learner(session, launch)
        return Entered(Way.LEARN, _learn(session, launch, learner, placed))
    if person.view is View.STAFF:
        _ask_for_roster(session, placed.link)
        note_service(session, launch)
    if person.may_learn:
        learner = _learner(session, launch)
        choice = OpenAs(launch.tenant_id, learner.id, placed.link.id, launch.return_url, launch.code)
        return Entered(Way.CHOOSE, f"{runtime().settings.url}/lti/open-as/{choice_token(choice)}")
    if person.sees_learners:
        access = CourseAccess(launch.tenant_id, placed.link.id, launch.return_url, launch.code, launch.ancestors)
        return Entered(Way.TEACH, course_url(access))
    url = preview_url(session, placed.course_id, launch.return_url, launch.code, launch.ancestors)
    return Entered(Way.PREVIEW, url)


def _inherit(session: TenantSession, launch: Launch) -> Placed | None:
    """Give a copied link that names no choice of its own what the link offers that it was copied from."""
    choice = inherited_choice(session, launch)
    return place_link(session, launch.link, choice) if choice is not None else None


def _ask_for_roster(session: TenantSession, link: ResourceLink) -> None:
    """Staff who open a course want to see who is in it; it is read after the launch, not in it."""
    if link.context_id is not None and link.memberships_url and ask_after_launch(session, link.context_id):
        start_after_commit(session)


def preview_url(
    session: TenantSession, course_id: UUID, return_url: str, code: str, framed_by: tuple[str, ...] = ()
) -> str:
    """Return where the newest version plays without a trace."""
    version = current_version(session, course_id)
    return entry_url(
        tenant_id=session.tenant_id,
        course_version_id=version.id,
        preview=True,
        return_url=return_url,
        launch_code=code,
        framed_by=framed_by,
    )


def open_as_learner(session: TenantSession, choice: OpenAs) -> str:
    """Register someone who teaches and learns in one course as the learner; return where to go."""
    learner = session.scalars(select(Learner).where(Learner.id == choice.learner_id)).one()
    placed, platform = _chosen(session, choice)
    registration = ensure_registration(session, learner=learner, course_id=placed.course_id, placement=placed.placement)
    expect_grade(session, registration.id, placed.link, platform, learner.subject)
    return entry_url(
        tenant_id=session.tenant_id,
        registration_id=registration.id,
        return_url=choice.return_url,
        launch_code=choice.code,
        framed_by=ancestors(platform, choice.return_url),
    )


def preview_choice(session: TenantSession, choice: OpenAs) -> tuple[str, tuple[str, ...]]:
    """Return where the same person previews instead, and who may frame the page."""
    placed, platform = _chosen(session, choice)
    framed_by = ancestors(platform, choice.return_url)
    return preview_url(session, placed.course_id, choice.return_url, choice.code, framed_by), framed_by


def choice_token(choice: OpenAs) -> str:
    """Return the token of the page that offers the choice."""
    value: JsonObject = {
        "tenant": choice.tenant_id.hex,
        "learner": choice.learner_id.hex,
        "link": choice.link_id.hex,
        "return": choice.return_url,
        "code": choice.code,
    }
    return runtime().sealer.sign(_CHOICE, value)


def read_choice(token: str) -> OpenAs:
    """Return what a choice token carries.

    Raises:
        TokenError: forged, damaged or older than 12 hours.
    """
    value = runtime().sealer.verify(_CHOICE, token, max_age=CHOICE_SECONDS)
    return OpenAs(UUID(value["tenant"]), UUID(value["learner"]), UUID(value["link"]), value["return"], value["code"])


def _chosen(session: TenantSession, choice: OpenAs) -> tuple[Placed, Platform]:
    link, placement, platform = session.execute(
        select(ResourceLink, Placement, Platform)
        .join(Placement, Placement.id == ResourceLink.placement_id)
        .join(Deployment, Deployment.id == ResourceLink.deployment_id)
        .join(Platform, Platform.id == Deployment.platform_id)
        .where(ResourceLink.id == choice.link_id, Placement.course_id.is_not(None))
    ).one()
    assert placement.course_id is not None  # noqa: S101 - the query asks for it
    return Placed(link, placement, placement.course_id), platform


def _learner(session: TenantSession, launch: Launch) -> Learner:
    person = launch.person
    return upsert_learner(
        session,
        source=source_of(launch),
        subject=person.subject,
        name=person.name,
        given_name=person.given_name,
        family_name=person.family_name,
        email=person.email,
        locale=person.locale,
    )


def _learn(session: TenantSession, launch: Launch, learner: Learner, placed: Placed) -> str:
    registration = ensure_registration(session, learner=learner, course_id=placed.course_id, placement=placed.placement)
    expect_grade(session, registration.id, placed.link, launch.platform, learner.subject)
    return _entry(launch, registration.id)


def _entry(launch: Launch, registration_id: UUID) -> str:
    return entry_url(
        tenant_id=launch.tenant_id,
        registration_id=registration_id,
        return_url=launch.return_url,
        launch_code=launch.code,
        framed_by=launch.ancestors,
    )
