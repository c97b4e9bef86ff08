"""The LTI 1.1 migration claim: an LMS says by which ids it knew people and links before (LTI 1.3 Migration Guide §3).

Whoever knows the consumer's secret signs the claim, so a platform cannot claim ids of a consumer that it never was.
Kept is the mapping only: what was recorded under 1.1 can be brought over by it later.
"""

import base64
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import select

from passback.db import TenantSession
from passback.errors import NotFoundError, PassbackError
from passback.lti import claims as rules
from passback.lti.known import source_of
from passback.lti.lti11_models import Lti11Key, Lti11Link, Lti11User
from passback.lti.message import Launch
from passback.lti.models import Context, ResourceLink
from passback.runtime import runtime
from passback.sealing import TokenError
from passback.tracking.models import Learner

CLAIM = rules.LTI + "lti1p1"
FORMER = "lti11"
"""The launch record's fact: what the claim was worth (`Worth`)."""


class Worth(StrEnum):
    """What a migration claim is worth; all but a signed one is left alone."""

    SIGNED = "signed"
    UNSIGNED = "unsigned"
    UNKNOWN = "unknown key"
    WRONG = "wrong signature"


class Lti11KeyError(PassbackError):
    """A consumer key of LTI 1.1 and its secret are texts of 1 to 255 characters."""

    code = "lti11_key"
    advice = "Copy both from where the tool was set up under LTI 1.1."


@dataclass(frozen=True)
class Former:
    """Who and what a launch was under LTI 1.1, as its claim says; only to be believed where it is signed.

    Args:
        signed: `oauth_consumer_key_sign`, "" where there is none.
        base: what the signature is over.
        user_id: "" where it is the same as `sub`; likewise `link_id` and the resource link's id.
    """

    consumer_key: str
    signed: str
    base: str
    user_id: str = ""
    link_id: str = ""


def read_former(claims: Mapping[str, JsonValue], client_id: str) -> Former | None:
    """Return the migration claim of a verified launch, None where there is none or it names no consumer key.

    The base string is key, deployment, issuer, client id, exp and nonce with `&` between, as the guide has it.
    """
    said = rules.section(claims, CLAIM)
    key = rules.text(said.get("oauth_consumer_key"), rules.MAX_ID)
    if not key:
        return None
    expires = claims.get("exp")
    parts = (key, claims.get(rules.DEPLOYMENT_ID), claims.get("iss"), client_id, _whole(expires), claims.get("nonce"))
    sign = said.get("oauth_consumer_key_sign")
    return Former(
        consumer_key=key,
        signed=sign if isinstance(sign, str) and len(sign) <= rules.MAX_ID else "",
        base="&".join(str(part) for part in parts),
        user_id=rules.text(said.get("user_id"), rules.MAX_ID),
        link_id=rules.text(said.get("resource_link_id"), rules.MAX_ID),
    )


def signature(base: str, secret: str) -> str:
    """Return the signature of a base string: HMAC-SHA256 in base64."""
    return base64.b64encode(hmac.digest(secret.encode(), base.encode(), "sha256")).decode()


def keep_former(session: TenantSession, launch: Launch, claims: Mapping[str, JsonValue]) -> Worth | None:
    """Keep, in a launch's transaction, who and what it was under LTI 1.1; None where it claims nothing.

    Only what the launch has left a row of is mapped: a learner, a link with content.
    """
    former = read_former(claims, launch.platform.client_id)
    if former is None:
        return None
    worth = check_former(session, former)
    if worth is not Worth.SIGNED:
        return worth
    person, link = launch.person, launch.link
    mine = (Learner.source == source_of(launch), Learner.subject == person.subject)
    learner = session.scalars(select(Learner.id).where(*mine)).one_or_none()
    if learner is not None:
        keep_user(session, former, learner, person.subject)
    placed = (
        select(ResourceLink.id)
        .join(Context, Context.id == ResourceLink.context_id)
        .where(
            ResourceLink.deployment_id == link.deployment_row,
            ResourceLink.link_id == link.link_id,
            Context.context_id == link.context_id,
        )
    )
    found = session.scalars(placed).one_or_none() if link.link_id else None
    if found is not None:
        keep_link(session, former, found, link.link_id)
    session.flush()
    return worth


def check_former(session: TenantSession, former: Former) -> Worth:
    """Return what a claim is worth: signed with the secret of a consumer key of this tenant, or why not."""
    if not former.signed:
        return Worth.UNSIGNED
    query = select(Lti11Key.secret).where(Lti11Key.consumer_key == former.consumer_key)
    sealed = session.scalars(query).one_or_none()
    if sealed is None:
        return Worth.UNKNOWN
    try:
        secret = runtime().sealer.unseal(sealed)
    except TokenError:  # the installation's secret key was changed: it must be entered anew
        return Worth.UNKNOWN
    right = hmac.compare_digest(former.signed.encode(), signature(former.base, secret).encode())
    return Worth.SIGNED if right else Worth.WRONG


def keep_user(session: TenantSession, former: Former, learner_id: UUID, subject: str) -> None:
    """Note by which id a learner was known; the claim leaves it out where it is the same as `sub`."""
    query = select(Lti11User).where(Lti11User.learner_id == learner_id, Lti11User.consumer_key == former.consumer_key)
    found, user_id = session.scalars(query).one_or_none(), former.user_id or subject
    if found is None:
        session.add(Lti11User(learner_id=learner_id, consumer_key=former.consumer_key, user_id=user_id))
    elif found.user_id != user_id:
        found.user_id = user_id


def keep_link(session: TenantSession, former: Former, resource_link_id: UUID, link_id: str) -> None:
    """Note by which id a link was known; the claim leaves it out where it is the same as the resource link's."""
    query = select(Lti11Link).where(
        Lti11Link.resource_link_id == resource_link_id, Lti11Link.consumer_key == former.consumer_key
    )
    found, former_id = session.scalars(query).one_or_none(), former.link_id or link_id
    if found is None:
        session.add(Lti11Link(resource_link_id=resource_link_id, consumer_key=former.consumer_key, former_id=former_id))
    elif found.former_id != former_id:
        found.former_id = former_id


def learners_of(session: TenantSession, consumer_key: str, user_id: str) -> Sequence[UUID]:
    """Return the learners who were known by an id under LTI 1.1: for importing what was recorded then."""
    query = select(Lti11User.learner_id).where(Lti11User.consumer_key == consumer_key, Lti11User.user_id == user_id)
    return session.scalars(query.order_by(Lti11User.id)).all()


def links_of(session: TenantSession, consumer_key: str, former_id: str) -> Sequence[UUID]:
    """Return the resource links that were known by an id under LTI 1.1."""
    query = select(Lti11Link.resource_link_id).where(
        Lti11Link.consumer_key == consumer_key, Lti11Link.former_id == former_id
    )
    return session.scalars(query.order_by(Lti11Link.id)).all()


def add_key(session: TenantSession, consumer_key: str, secret: str) -> Lti11Key:
    """Keep a consumer key with its secret, sealed; one that is known gets the new secret.

    Raises:
        Lti11KeyError: empty or too long.
    """
    if not all(0 < len(one) <= rules.MAX_ID for one in (consumer_key.strip(), secret)):
        raise Lti11KeyError
    found = _key(session, consumer_key.strip())
    if found is None:
        found = Lti11Key(consumer_key=consumer_key.strip(), secret="")
        session.add(found)
    found.secret = runtime().sealer.seal(secret)
    session.flush()
    return found


def remove_key(session: TenantSession, consumer_key: str) -> None:
    """Forget a consumer key and its secret; what was mapped by it stays.

    Raises:
        NotFoundError: there is none.
    """
    found = _key(session, consumer_key)
    if found is None:
        raise NotFoundError(consumer_key, advice="`passback platforms lti11-key list` shows the keys there are.")
    session.delete(found)
    session.flush()


def list_keys(session: TenantSession) -> Sequence[Lti11Key]:
    """Return the tenant's consumer keys, by name."""
    return session.scalars(select(Lti11Key).order_by(Lti11Key.consumer_key)).all()


def _key(session: TenantSession, consumer_key: str) -> Lti11Key | None:
    query = select(Lti11Key).where(Lti11Key.consumer_key == consumer_key)
    return session.scalars(query.with_for_update()).one_or_none()


def _whole(seconds: JsonValue) -> JsonValue:
    """Return a time as the platform wrote it into the base string: without a fraction where it has none."""
    return int(seconds) if isinstance(seconds, float) and seconds.is_integer() else seconds
