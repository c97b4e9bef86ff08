"""From validated claims to the plain values of a `Launch`."""

from collections.abc import Mapping
from uuid import UUID

from pydantic import JsonValue

from passback.lti import claims as rules
from passback.lti import framing
from passback.lti.link_dates import dates_said
from passback.lti.message import (
    DATA_PRIVACY,
    DATA_PRIVACY_NAMES,
    DEEP_LINKING,
    RESOURCE_LINK,
    SUBMISSION_REVIEW,
    Launch,
    LinkFacts,
    NoticeService,
    Person,
    View,
)
from passback.lti.message_launch import VerifiedLaunch
from passback.lti.models import Deployment
from passback.lti.roles import administers, sees_learners, view_of
from passback.lti.services import NOTICE_HANDLERS

Claims = Mapping[str, JsonValue]


def build_launch(verified: VerifiedLaunch, *, code: str, tenant_id: UUID, deployment: Deployment) -> Launch:
    """Read what the rooms need; nothing else of the claims is kept.

    Args:
        verified: after `validate`.
        deployment: active, and the tenant's.
    """
    claims, platform = verified.claims, verified.login.platform
    said = str(claims[rules.MESSAGE_TYPE])
    kind = DATA_PRIVACY if said in DATA_PRIVACY_NAMES else said
    deep = kind == DEEP_LINKING
    presentation = rules.section(claims, rules.PRESENTATION)
    settings = rules.deep_linking(claims) if deep else None
    return_url = rules.web_url(presentation.get("return_url"))
    product = rules.text(rules.section(claims, rules.TOOL_PLATFORM).get("product_family_code"))
    return Launch(
        code=code,
        tenant_id=tenant_id,
        platform=platform,
        deployment=deployment,
        message_type=kind,
        person=_person(claims),
        link=_link(claims, deployment),
        deep_linking=settings,
        return_url=return_url,
        document_target=rules.text(presentation.get("document_target")),
        custom=rules.custom(claims),
        ancestors=framing.ancestors(platform, return_url, settings.return_url if settings else ""),
        product=(product or platform.product).lower(),
        notices=_notices(claims),
        for_user=rules.for_user(claims),
    )


def _person(claims: Claims) -> Person:
    roles = rules.strings(claims[rules.ROLES])
    view, may_learn, has_role = view_of(roles)
    locale = rules.section(claims, rules.PRESENTATION).get("locale") or claims.get("locale")
    return Person(
        subject=rules.subject(claims),
        view=view,
        may_learn=may_learn,
        has_role=has_role,
        sees_learners=view is View.STAFF and sees_learners(roles),
        administers=administers(roles),
        name=rules.text(claims.get("name")),
        given_name=rules.text(claims.get("given_name")),
        family_name=rules.text(claims.get("family_name")),
        email=rules.text(claims.get("email")),
        locale=rules.text(locale),
    )


def _link(claims: Claims, deployment: Deployment) -> LinkFacts:
    context = rules.section(claims, rules.CONTEXT)
    linked = rules.LINK in claims and claims[rules.MESSAGE_TYPE] in {RESOURCE_LINK, SUBMISSION_REVIEW}
    endpoint, roster = rules.section(claims, rules.AGS), rules.section(claims, rules.NRPS)
    return LinkFacts(
        deployment=str(deployment.id),
        context_id=rules.text(context.get("id"), rules.MAX_ID),
        context_title=rules.text(context.get("title")),
        context_label=rules.text(context.get("label")),
        link_id=rules.link_id(claims) if linked else "",
        title=rules.text(rules.section(claims, rules.LINK).get("title")) if linked else "",
        line_item_url=rules.web_url(endpoint.get("lineitem")),
        line_items_url=rules.web_url(endpoint.get("lineitems")),
        ags_scopes=list(rules.strings(endpoint.get("scope"))),
        memberships_url=rules.web_url(roster.get("context_memberships_url")),
        dates=dates_said(rules.custom(claims)),
    )


def _notices(claims: Claims) -> NoticeService | None:
    """Return the platform notification service, None where it is not offered to this tool."""
    said = rules.section(claims, rules.NOTICES)
    url = rules.web_url(said.get("platform_notification_service_url"))
    if not url or NOTICE_HANDLERS not in rules.strings(said.get("scope")):
        return None
    return NoticeService(url, rules.strings(said.get("notice_types_supported")))
