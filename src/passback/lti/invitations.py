"""Registration URLs that fix the tenant, each good for one LMS; and registrations that came without one."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from passback.clock import utc_now
from passback.errors import NotFoundError, PassbackError, Side
from passback.lti.models import Invitation, Platform, RegistrationRequest
from passback.outbound import authority
from passback.runtime import runtime
from passback.sealing import hash_token, new_token
from passback.staff.service import audit

INVITATION_DAYS = 14
CLAIM_MINUTES = 5
"""After so long, a registration that claimed its invitation and never came back has died: it may be used again."""


class InvitationError(PassbackError):
    """This registration URL is not valid."""

    code = "invitation_invalid"
    status = 403
    side = Side.REQUEST
    advice = "Ask the administrator of Passback for a new registration URL; paste it whole, without line breaks."


class InvitationExpiredError(InvitationError):
    """This registration URL has expired."""

    code = "invitation_expired"


class InvitationUsedError(InvitationError):
    """This registration URL was used already; each connects one LMS."""

    code = "invitation_used"


def invite(session: Session, tenant_id: UUID, *, actor: str, note: str = "", days: int = INVITATION_DAYS) -> str:
    """Make a registration URL that connects one LMS to a tenant, and return it; it is shown this once.

    Args:
        days: how long it stays valid.
    """
    token = new_token()
    invitation = Invitation(
        token_hash=hash_token(token), tenant_id=tenant_id, note=note, expires_at=utc_now() + timedelta(days=days)
    )
    session.add(invitation)
    session.flush()
    audit(session, actor=actor, action="platform.invited", subject=str(invitation.id))
    return f"{runtime().settings.url}/lti/register/{token}"


def check_invitation(session: Session, token: str) -> Invitation:
    """Return the invitation of a registration URL. One that was used may be run again by the same LMS (Moodle's
    "update"), so whether it was is judged when the platform is known.

    Raises:
        InvitationError: unknown.
        InvitationExpiredError: too old.
    """
    query = select(Invitation).where(Invitation.token_hash == hash_token(token))
    invitation = session.scalars(query.with_for_update()).one_or_none()
    if invitation is None:
        raise InvitationError
    if invitation.expires_at <= utc_now():
        raise InvitationExpiredError
    return invitation


def claim_invitation(session: Session, token: str, configuration_url: str) -> Invitation:
    """Take an invitation for one registration; `release_invitation` gives it back where that fails.

    Raises:
        InvitationError: unknown, expired, or used by another LMS than the one at `configuration_url`.
    """
    invitation = check_invitation(session, token)
    if invitation.platform_id is not None:
        platform = session.get_one(Platform, invitation.platform_id)
        if platform.status == "disabled" or authority(configuration_url) not in platform.approved_hosts:
            raise InvitationUsedError
        return invitation
    if invitation.used_at is not None and invitation.used_at > utc_now() - timedelta(minutes=CLAIM_MINUTES):
        raise InvitationUsedError("being used just now")
    invitation.used_at = utc_now()
    return invitation


def release_invitation(session: Session, invitation_id: UUID) -> None:
    """Make an invitation usable again whose registration failed."""
    invitation = session.get(Invitation, invitation_id)
    if invitation is not None and invitation.platform_id is None:
        invitation.used_at = None


def list_requests(session: Session, *, status: str | None = "waiting") -> list[RegistrationRequest]:
    """Return registrations that came without an invitation, the newest first; `status` None: decided ones too."""
    query = select(RegistrationRequest).order_by(RegistrationRequest.created_at.desc())
    return list(session.scalars(query if status is None else query.where(RegistrationRequest.status == status)))


def decline_request(session: Session, request_id: UUID, *, actor: str) -> None:
    """Refuse a registration that waits; its token is forgotten.

    Raises:
        NotFoundError: there is none.
    """
    found = session.get(RegistrationRequest, request_id)
    if found is None:
        raise NotFoundError("registration request")
    found.status, found.registration_token, found.decided_at = "declined", "", utc_now()
    audit(session, actor=actor, action="registration.declined", subject=str(request_id))
