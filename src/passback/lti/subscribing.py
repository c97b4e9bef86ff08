"""Asking platforms for their notices (LTI Platform Notification Service 1.0): once per deployment, not in launches."""

import json
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import select

from passback.clock import utc_now
from passback.db import TenantSession, Unscoped, tenant_session, unscoped
from passback.errors import PassbackError
from passback.lti.errors import PlatformDisabledError
from passback.lti.message import Launch
from passback.lti.models import Deployment, Platform
from passback.lti.notice_errors import NoticeHandlersError
from passback.lti.notice_models import NoticeSubscription
from passback.lti.notices import MAX_NOTICES, UNDERSTOOD
from passback.lti.services import NOTICE_HANDLERS, ServiceClient
from passback.lti.tokens import TokenRefusedError
from passback.outbound import HttpAnswer, OutboundError
from passback.plugin import Job, hookimpl
from passback.runtime import runtime

EVERY_SECONDS = 60.0
AT_ONCE = 50
FIRST_WAIT = timedelta(minutes=10)
LONGEST_WAIT = timedelta(days=1)
TRIES = 8
"""Then it rests until the next launch says another address or other types."""

log = structlog.get_logger(__name__)


class CoreNotices:
    """What notices bring through the hooks that plugins use."""

    @hookimpl
    def register_jobs(self) -> Iterable[Job]:
        """Return the look for platforms whose notices are to be asked for."""
        return [Job("subscribe", EVERY_SECONDS, subscribe_due)]


def handler_url() -> str:
    """Return where platforms send notices."""
    return f"{runtime().settings.url}/lti/notices"


def note_service(session: TenantSession, launch: Launch) -> None:
    """Note, in the launch's transaction, that its platform can be asked for notices; nothing is called here."""
    service = launch.notices
    wanted = [kind for kind in UNDERSTOOD if service is not None and kind in service.types]
    if service is None or not wanted:
        return
    query = select(NoticeSubscription).where(NoticeSubscription.deployment_id == launch.deployment.id)
    row = session.scalars(query).one_or_none()
    if row is not None and (row.url, row.wanted, row.handler) == (service.url, wanted, handler_url()):
        return  # nearly always, and then no launch waits for another
    row = session.scalars(query.with_for_update().execution_options(populate_existing=True)).one_or_none()
    if row is None:
        row = NoticeSubscription(deployment_id=launch.deployment.id, url="")
        session.add(row)
    row.url, row.wanted, row.handler = service.url, wanted, handler_url()
    row.state, row.due_at, row.tries = "due", utc_now(), 0
    session.flush()


def subscribe_due() -> None:
    """Ask every platform that is to be asked now."""
    query = select(NoticeSubscription.tenant_id, NoticeSubscription.id).where(NoticeSubscription.due_at <= utc_now())
    with unscoped(Unscoped.SCHEDULER) as session:
        due = session.execute(query.order_by(NoticeSubscription.due_at).limit(AT_ONCE)).all()
    for tenant_id, subscription_id in due:
        try:
            subscribe(tenant_id, subscription_id)
        except Exception:  # a fault of ours with one platform keeps no other from being asked
            log.exception("lti.subscribe_fault", subscription=str(subscription_id))


def subscribe(tenant_id: UUID, subscription_id: UUID) -> bool:
    """Tell one platform where its notices go, and note what it answered; say whether it took all of it.

    Asking twice does no harm: a handler replaces the one before it.
    """
    with tenant_session(tenant_id) as session:
        row = session.get_one(NoticeSubscription, subscription_id)
        platform = session.get_one(Platform, session.get_one(Deployment, row.deployment_id).platform_id)
        asked, url, wanted = row.handler, row.url, list(row.wanted)
        session.expunge_all()
    error, status = "", 0
    try:
        if platform.status != "active":
            raise PlatformDisabledError
        for kind in wanted:
            status = _put(platform, url, kind, asked)
    except PassbackError as problem:
        error, status = problem.code, _status_of(problem)
    with tenant_session(tenant_id, write=True) as session:
        row = session.scalars(
            select(NoticeSubscription).where(NoticeSubscription.id == subscription_id).with_for_update()
        ).one()
        if (row.url, row.handler, row.wanted) == (url, asked, wanted):  # else a launch has said otherwise meanwhile
            _note(row, error, status)
    return not error


def _put(platform: Platform, url: str, kind: str, handler: str) -> int:
    client = ServiceClient(platform, (NOTICE_HANDLERS,))
    body = {"notice_type": kind, "handler": handler, "max_batch_size": MAX_NOTICES}
    answer = client.call(
        "PUT", url, accept="application/json", content_type="application/json", body=json.dumps(body).encode()
    )
    if answer.status not in {200, 201, 204} or not _says_so(answer, kind):
        raise NoticeHandlersError(str(answer.status))
    return answer.status


def _says_so(answer: HttpAnswer, kind: str) -> bool:
    """Say whether the platform repeats the type that it took; a page to sign in comes with 200 as well."""
    if not answer.body.strip():
        return True
    try:
        said = answer.json()
    except OutboundError:
        return False
    return isinstance(said, dict) and said.get("notice_type", kind) == kind


def _status_of(problem: PassbackError) -> int:
    if isinstance(problem, NoticeHandlersError):
        return int(problem.detail)
    return problem.http_status if isinstance(problem, TokenRefusedError) else 0


def _note(row: NoticeSubscription, error: str, status: int) -> None:
    row.error, row.error_status = error, status
    if not error:
        row.state, row.due_at, row.tries, row.subscribed_at = "subscribed", None, 0, utc_now()
        return
    row.tries += 1
    wait = min(FIRST_WAIT * 2 ** (row.tries - 1), LONGEST_WAIT)
    row.state, row.due_at = "failed", utc_now() + wait if row.tries < TRIES else None
    log.warning("lti.notices_not_subscribed", error=error, status=status, tries=row.tries)
