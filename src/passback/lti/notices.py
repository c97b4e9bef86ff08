"""Notices that platforms send outside of any launch (LTI Platform Notification Service 1.0), verified like launches."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog
from pydantic import JsonValue
from sqlalchemy import select

from passback.clock import utc_now
from passback.db import TenantSession, Unscoped, tenant_session, unscoped
from passback.lti import claims as rules
from passback.lti import errors
from passback.lti.message import LinkFacts
from passback.lti.models import Deployment, Platform
from passback.lti.notice_errors import NoticeShapeError, NoticesMalformedError, NoticeUnknownSenderError
from passback.lti.notice_models import NoticeSubscription, ReceivedNotice
from passback.lti.origins import note_context, note_origins
from passback.lti.platform_keys import platform_keys
from passback.lti.signed import SignedToken, check_signature, read_signed
from passback.sealing import hash_token

NOTICE = rules.LTI + "notice"
ORIGINS = rules.LTI + "origin_contexts"
CONTEXT_COPY = "LtiContextCopyNotice"
HELLO_WORLD = "LtiHelloWorldNotice"
UNDERSTOOD = (CONTEXT_COPY, HELLO_WORLD)
"""The types that Passback asks for."""
MAX_NOTICES = 50
"""In one request; asked for with the subscription (`max_batch_size`)."""
MAX_BODY = 4 * 1024 * 1024

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Received:
    """What became of a batch: taken, seen before, or refused with the stable words of why."""

    accepted: int
    repeated: int
    refused: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, JsonValue]:
        """Return it as the platform gets it."""
        return {"accepted": self.accepted, "repeated": self.repeated, "refused": list(self.refused)}


def receive(body: bytes) -> Received:
    """Take a batch of notices. Each stands alone: one that is refused does not keep the others from their effect.

    Raises:
        NoticesMalformedError: no batch at all.
    """
    accepted, repeated, refused = 0, 0, []
    for token in _tokens(body):
        try:
            if _take(token):
                accepted += 1
            else:
                repeated += 1
        except errors.LaunchRefusedError as error:
            log.warning("lti.notice_refused", error=error.code, detail=error.detail)
            refused.append(error.code)
    return Received(accepted, repeated, tuple(refused))


def _tokens(body: bytes) -> Sequence[str]:
    try:
        asked = json.loads(body) if len(body) <= MAX_BODY else None
    except (ValueError, RecursionError) as error:
        raise NoticesMalformedError(type(error).__name__) from error
    notices = asked.get("notices") if isinstance(asked, dict) else None
    if not isinstance(notices, list) or not 0 < len(notices) <= MAX_NOTICES:
        raise NoticesMalformedError("no list of notices")
    tokens = [one.get("jwt") if isinstance(one, dict) else None for one in notices]
    if not all(isinstance(token, str) and token for token in tokens):
        raise NoticesMalformedError("a notice without its token")
    return [str(token) for token in tokens]


def _take(token: str) -> bool:
    """Verify a notice and let it have its effect; False where it was taken before."""
    signed = read_signed(token)
    platform, deployment = _sender(signed)
    check_signature(signed, platform, platform_keys())
    claims = signed.claims
    rules.check_issuer(claims, platform.issuer)
    rules.check_audience(claims, platform.client_id)
    rules.check_times(claims, utc_now().timestamp())
    if claims.get(rules.VERSION) != "1.3.0":
        raise errors.VersionError
    nonce, (notice_id, kind) = _nonce(claims), _notice(claims)
    if deployment.tenant_id is None:
        raise NoticeUnknownSenderError("a deployment without a tenant")
    with tenant_session(deployment.tenant_id, write=True) as session:
        if not _first_time(session, platform, nonce, notice_id, kind):
            return False
        _effect(session, deployment, kind, claims)
    log.info("lti.notice", kind=kind if kind in UNDERSTOOD else "other", platform=str(platform.id))
    return True


def _sender(signed: SignedToken) -> tuple[Platform, Deployment]:
    """Return whom the token claims to be from: a platform that is switched on and a deployment that is active."""
    audience = signed.claims.get("aud")
    named = [one for one in (audience if isinstance(audience, list) else [audience]) if isinstance(one, str)][:20]
    query = (
        select(Platform, Deployment)
        .join(Deployment, Deployment.platform_id == Platform.id)
        .where(
            Platform.issuer == str(signed.claims.get("iss", "")),
            Platform.client_id.in_(named),
            Platform.status == "active",
            Deployment.deployment_id == rules.deployment_id(signed.claims),
            Deployment.status == "active",
        )
    )
    with unscoped(Unscoped.LOGIN) as session:
        found = session.execute(query.limit(1)).one_or_none()
    if found is None:
        raise NoticeUnknownSenderError
    return found[0], found[1]


def _nonce(claims: rules.Claims) -> str:
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not nonce or len(nonce) > rules.MAX_TEXT:
        raise errors.NonceError
    return hash_token(nonce)


def _notice(claims: rules.Claims) -> tuple[str, str]:
    notice = rules.section(claims, NOTICE)
    notice_id, kind = rules.text(notice.get("id"), rules.MAX_ID), rules.text(notice.get("type"), rules.MAX_ID)
    if not notice_id or not kind:
        raise NoticeShapeError
    return notice_id, kind


def _first_time(session: TenantSession, platform: Platform, nonce: str, notice_id: str, kind: str) -> bool:
    """Note a notice; False where its token or itself was taken before.

    A repetition is no fault: a platform that got no answer sends again, and it must not do so for ever.
    """
    # Two at once: PostgreSQL waits here, SQLite's write transactions are one at a time anyway. Launches, whose records
    # refer to the platform, need not wait (`key_share`).
    session.execute(select(Platform.id).where(Platform.id == platform.id).with_for_update(key_share=True))
    known = select(ReceivedNotice.id).where(
        ReceivedNotice.platform_id == platform.id,
        (ReceivedNotice.nonce_hash == nonce) | (ReceivedNotice.notice_id == notice_id),
    )
    if session.scalars(known.limit(1)).first() is not None:
        return False
    session.add(ReceivedNotice(platform_id=platform.id, nonce_hash=nonce, notice_id=notice_id, kind=kind))
    session.flush()
    return True


def _effect(session: TenantSession, deployment: Deployment, kind: str, claims: Mapping[str, JsonValue]) -> None:
    """Take over what a notice says: the course first, the subscription after it, as launches lock them."""
    if kind == CONTEXT_COPY:
        _note_copy(session, deployment, claims)
    query = select(NoticeSubscription).where(NoticeSubscription.deployment_id == deployment.id)
    subscription = session.scalars(query).one_or_none()
    if subscription is not None:
        subscription.heard_at = utc_now()


def _note_copy(session: TenantSession, deployment: Deployment, claims: Mapping[str, JsonValue]) -> None:
    context = rules.section(claims, rules.CONTEXT)
    facts = LinkFacts(
        deployment=str(deployment.id),
        context_id=rules.text(context.get("id"), rules.MAX_ID),
        context_title=rules.text(context.get("title")),
        context_label=rules.text(context.get("label")),
    )
    if not facts.context_id:
        raise NoticeShapeError("no context")
    note_origins(session, note_context(session, facts), rules.strings(claims.get(ORIGINS)))
