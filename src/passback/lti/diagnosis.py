"""The self-test of a platform: run on demand, after it was saved and after its first launch; results are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from passback.clock import utc_now
from passback.db import Unscoped, unscoped
from passback.lti import clocks
from passback.lti import diagnosis_checks as tests
from passback.lti.diagnosis_checks import Check, Services
from passback.lti.diagnosis_models import PlatformDiagnosis
from passback.lti.models import Deployment, LaunchRecord, Platform, RegistrationRequest, ResourceLink
from passback.lti.platforms import find_platform


@dataclass(frozen=True)
class _Known:
    """What the database knows before anything is asked."""

    platform: Platform
    configuration_url: str
    services: Services | None
    launched: bool
    skew: clocks.Skew | None


def diagnose(key: str | UUID) -> PlatformDiagnosis:
    """Test a platform, keep what was found and return it.

    Args:
        key: its id, client id or issuer.

    Raises:
        NotFoundError: there is no such platform.
    """
    with unscoped(Unscoped.REGISTRATION) as session:
        known = _known(session, find_platform(session, key))
        session.expunge_all()
    found = _run(known)
    row = PlatformDiagnosis(
        platform_id=known.platform.id,
        at=utc_now(),
        complete=known.services is not None,
        checks=[check.as_dict() for check in found],
    )
    with unscoped(Unscoped.REGISTRATION, write=True) as session:
        session.add(row)
    return row


def _run(known: _Known) -> list[Check]:
    platform = known.platform
    status = tests.check_status(platform)
    if platform.status != "active":
        return [status]
    keys, clock = tests.check_keys(platform)
    return [
        status,
        tests.check_discovery(platform, known.configuration_url),
        keys,
        tests.check_token(platform, known.services, launched=known.launched),
        clock,
        tests.check_launch_clock(known.skew),
        tests.check_line_items(platform, known.services),
        tests.check_roster(platform, known.services),
    ]


def _known(session: Session, platform: Platform) -> _Known:
    accepted = select(LaunchRecord.code).where(
        LaunchRecord.platform_id == platform.id, LaunchRecord.verdict == "accepted"
    )
    usual = f"{platform.issuer.rstrip('/')}/.well-known/openid-configuration"
    return _Known(
        platform=platform,
        configuration_url=platform.configuration_url or _asked_from(session, platform) or usual,
        services=_services(session, platform.id),
        launched=session.scalars(accepted.limit(1)).first() is not None,
        skew=clocks.of_launches(session, platform.id),
    )


def _asked_from(session: Session, platform: Platform) -> str:
    """Return where an LMS registered from that has done so before its entry kept that."""
    query = select(RegistrationRequest.configuration_url).where(RegistrationRequest.platform_id == platform.id)
    return session.scalars(query.limit(1)).first() or ""


def _services(session: Session, platform_id: UUID) -> Services | None:
    """Return those of the newest link that has any, else of the newest link; None before the first launch."""
    links = (
        select(ResourceLink)
        .join(Deployment, Deployment.id == ResourceLink.deployment_id)
        .where(Deployment.platform_id == platform_id)
        .order_by(ResourceLink.updated_at.desc())
        .limit(1)
    )
    has_any = or_(
        ResourceLink.line_items_url != "", ResourceLink.line_item_url != "", ResourceLink.memberships_url != ""
    )
    link = session.scalars(links.where(has_any)).first() or session.scalars(links).first()
    if link is None:
        return None
    return Services(link.line_items_url, link.line_item_url, tuple(link.ags_scopes), link.memberships_url)


def diagnoses(session: Session, platform_id: UUID, *, limit: int = 10) -> Sequence[PlatformDiagnosis]:
    """Return the newest tests of a platform, the newest first."""
    query = select(PlatformDiagnosis).where(PlatformDiagnosis.platform_id == platform_id)
    return session.scalars(query.order_by(PlatformDiagnosis.at.desc(), PlatformDiagnosis.id).limit(limit)).all()


def due(session: Session) -> list[UUID]:
    """Return the active platforms that were never tested, or not since a first launch named their services."""
    tested = select(PlatformDiagnosis.platform_id)
    complete = tested.where(PlatformDiagnosis.complete)
    launched = select(Deployment.platform_id).join(ResourceLink, ResourceLink.deployment_id == Deployment.id)
    never = Platform.id.not_in(tested)
    not_since = Platform.id.in_(launched) & Platform.id.not_in(complete)
    return list(session.scalars(select(Platform.id).where(Platform.status == "active", or_(never, not_since))))


def worst(row: PlatformDiagnosis) -> str:
    """Return the state of a whole test: that of its worst line."""
    states = {str(check.get("state")) for check in row.checks}
    return next((state for state in (tests.FAILED, tests.WARNING, tests.WAITING) if state in states), tests.OK)
