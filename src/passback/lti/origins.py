"""Copied courses and links: what the copy was made of. A copy keeps content and settings, never attempts or grades.

Three ways tell, none of them everywhere: the choice's id in the link's own custom parameters (every LMS copies them;
`links.open_link`), the variables `Context.id.history` and `ResourceLink.id.history` (Canvas, Sakai; not Moodle), and
context-copy notices.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import select

from passback.db import TenantSession
from passback.lti.links import context_of
from passback.lti.message import Launch, LinkFacts
from passback.lti.models import Context, Deployment, LinkChoice, ResourceLink
from passback.lti.notice_models import ContextOrigin

MAX_ORIGINS = 50
LONGEST = 255


def note_context(session: TenantSession, facts: LinkFacts) -> Context:
    """Return an LMS course's row, made where a notice tells of it before anybody has launched there."""
    return context_of(session, facts)


def note_origins(session: TenantSession, context: Context, origins: Iterable[str]) -> None:
    """Note which courses a course was copied from; what is known already stays."""
    known = set(session.scalars(select(ContextOrigin.origin).where(ContextOrigin.context_id == context.id)))
    for origin in list(dict.fromkeys(origins))[:MAX_ORIGINS]:
        if origin and len(origin) <= LONGEST and origin != context.context_id and origin not in known:
            session.add(ContextOrigin(context_id=context.id, origin=origin))
    session.flush()


def origins_of(session: TenantSession, context: Context) -> list[str]:
    """Return the courses that a course was copied from, by their titles where they are known here.

    Only those of the same LMS: another one of the institution may have a course of the same id.
    """
    platform = select(Deployment.platform_id).where(Deployment.id == context.deployment_id).scalar_subquery()
    known = (
        select(Context)
        .join(ContextOrigin, ContextOrigin.origin == Context.context_id)
        .join(Deployment, Deployment.id == Context.deployment_id)
        .where(ContextOrigin.context_id == context.id, Deployment.platform_id == platform)
    )
    named = {one.context_id: one.title or one.label or one.context_id for one in session.scalars(known)}
    query = select(ContextOrigin.origin).where(ContextOrigin.context_id == context.id).order_by(ContextOrigin.id)
    return [named.get(origin, origin) for origin in session.scalars(query)]


def inherited_choice(session: TenantSession, launch: Launch) -> LinkChoice | None:
    """Return what the link offered of which this one is a copy, None where nothing tells.

    For links that name no choice themselves: those that a teacher filled after placing them empty.
    """
    for former in launch.link_history:
        query = (
            select(LinkChoice)
            .join(ResourceLink, ResourceLink.choice_id == LinkChoice.id)
            .join(Deployment, Deployment.id == ResourceLink.deployment_id)
            .where(ResourceLink.link_id == former, Deployment.platform_id == launch.platform.id)
            .order_by(ResourceLink.updated_at.desc())
        )
        found = session.scalars(query.limit(1)).first()
        if found is not None:
            return found
    return None


def note_history(session: TenantSession, launch: Launch, context_id: UUID | None) -> None:
    """Note what a launch's variables say of the course's origin."""
    history: Sequence[str] = launch.context_history
    if not history or context_id is None:
        return
    context = session.scalars(select(Context).where(Context.id == context_id)).one()
    note_origins(session, context, history)
