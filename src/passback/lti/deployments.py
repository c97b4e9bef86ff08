"""Deployments of a platform: which tenant each belongs to, and the inbox of those that nobody announced."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from passback.errors import NotFoundError, PassbackError
from passback.lti.models import Deployment, Platform
from passback.staff.service import audit


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
