"""Deployments of a platform: which tenant each belongs to, and the inbox of those that nobody announced."""

from collections.abc import Mapping
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from passback.clock import utc_now
from passback.errors import NotFoundError, PassbackError
from passback.lti.claims import TOOL_PLATFORM, section, text
from passback.lti.models import Deployment, Platform
from passback.outbound import OutboundRefusedError, authority
from passback.staff.service import audit

MAX_NAME = 200


class DeploymentTakenError(PassbackError):
    """This deployment belongs to another tenant, with everything that was recorded there."""

    code = "deployment_taken"
    status = 409
    advice = "Data never moves between tenants. Block it here and let the LMS make a new deployment."


def list_deployments(
    session: Session, *, status: str | None = None, platform_id: UUID | None = None
) -> list[Deployment]:
    """Return deployments, the newest first; `status="inbox"` are those that wait for a tenant."""
    query = select(Deployment).order_by(Deployment.first_seen_at.desc(), Deployment.id.desc())
    if status is not None:
        query = query.where(Deployment.status == status)
    if platform_id is not None:
        query = query.where(Deployment.platform_id == platform_id)
    return list(session.scalars(query))


def find_deployment(session: Session, deployment_id: UUID) -> Deployment:
    """Return a deployment by our id.

    Raises:
        NotFoundError: there is none.
    """
    found = session.get(Deployment, deployment_id, with_for_update=True)
    if found is None:
        raise NotFoundError("deployment", advice="`passback platforms deployments` shows ids.")
    return found


def assign_deployment(session: Session, deployment: Deployment, tenant_id: UUID, *, actor: str) -> None:
    """Say whose a deployment is; from now on its launches are that tenant's.

    Raises:
        DeploymentTakenError: it is another tenant's already.
    """
    if deployment.tenant_id not in {None, tenant_id}:
        raise DeploymentTakenError
    deployment.tenant_id, deployment.status = tenant_id, "active"
    audit(session, actor=actor, action="deployment.assigned", subject=str(deployment.id), tenant_id=tenant_id)


def block_deployment(session: Session, deployment: Deployment, *, actor: str) -> None:
    """Refuse a deployment's launches."""
    deployment.status = "blocked"
    audit(session, actor=actor, action="deployment.blocked", subject=str(deployment.id))


def note_institution(deployment: Deployment, claims: Mapping[str, JsonValue]) -> None:
    """Write down which institution a launch says it comes from (LTI Core §5.4.7); what is known already stays.

    Blackboard and Canvas put the school's name into `name`, Moodle the site's short name, with more in `description`.
    """
    said = section(claims, TOOL_PLATFORM)
    name, more = text(said.get("name"), MAX_NAME), text(said.get("description"), MAX_NAME)
    described = f"{name} ({more})" if name and more and more != name else name or more
    deployment.name = deployment.name or described[:MAX_NAME]
    deployment.guid = deployment.guid or text(said.get("guid"), MAX_NAME)
    deployment.url = deployment.url or _address(text(said.get("url"), MAX_NAME))


def leave_waiting(session: Session, platform: Platform, deployment_id: str, claims: Mapping[str, JsonValue]) -> None:
    """Put a deployment that nobody announced into the inbox, with what an administrator can tell its owner by."""
    row = note_deployment(session, platform, deployment_id, None)
    note_institution(row, claims)
    row.asked_at = utc_now()


def approve_by_policy(
    session: Session, platform: Platform, deployment_id: str, tenant_id: UUID, claims: Mapping[str, JsonValue]
) -> Deployment:
    """Return the deployment of an accepted launch, active: the platform's new deployments are this tenant's."""
    row = note_deployment(session, platform, deployment_id, tenant_id)
    note_institution(row, claims)
    audit(session, actor="launch", action="deployment.approved", subject=str(row.id), tenant_id=tenant_id)
    return row


def _address(url: str) -> str:
    try:
        authority(url)
    except OutboundRefusedError:
        return ""
    return url


def note_deployment(session: Session, platform: Platform, deployment_id: str, tenant_id: UUID | None) -> Deployment:
    """Return a platform's deployment, made where it is new; a tenant that is set already stays."""
    query = select(Deployment).where(Deployment.platform_id == platform.id, Deployment.deployment_id == deployment_id)
    found = session.scalars(query.with_for_update()).one_or_none()
    if found is None:
        found = Deployment(platform_id=platform.id, deployment_id=deployment_id, status="inbox")
        session.add(found)
    if found.status == "inbox" and tenant_id is not None:
        found.tenant_id, found.status = tenant_id, "active"
    session.flush()
    return found
