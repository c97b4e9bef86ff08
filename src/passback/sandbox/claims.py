"""What a launch says: the id_token's claims, in the shape Moodle 4.1 sends them."""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import JsonValue

from passback.sandbox.core import Core
from passback.sandbox.model import Course, JsonObject, Link, Role, State, Tool, User
from passback.sandbox.vocabulary import (
    AGS_ENDPOINT,
    AGS_SCOPES,
    DATA_PRIVACY_REQUEST,
    DEEP_LINKING_REQUEST,
    DL,
    INSTITUTION,
    LTI,
    MEMBERS_READ,
    MEMBERSHIP,
    NOTICE_HANDLERS,
    NOTICE_SERVICE,
    NOTICE_TYPES,
    NRPS_SERVICE,
    RESOURCE_LINK_REQUEST,
    SYSTEM,
)

_DATES = ("$ResourceLink.available.", "$ResourceLink.submission.")


@dataclass(frozen=True)
class Message:
    """What is to be said to a tool about whom.

    Args:
        user: None is a visitor without an account.
        link: None for deep linking.
        as_learner: a teacher who switched the role: a learner's role with the teacher's own `sub`.
        data: what a deep linking response must bring back.
    """

    tool: Tool
    course: Course
    user: User | None
    link: Link | None
    deployment_id: str
    message_type: str = RESOURCE_LINK_REQUEST
    target: str = "iframe"
    as_learner: bool = False
    for_user: str = ""
    data: str = ""
    sesskey: str = ""


def build_claims(core: Core, state: State, message: Message, nonce: str) -> JsonObject:
    """Return the claims of `message`, unsigned."""
    now = core.clock.timestamp()
    tool, course, link = message.tool, message.course, message.link
    claims: JsonObject = {
        "nonce": nonce,
        "iat": now,
        "exp": now + core.profile.id_token_seconds,
        "iss": core.issuer,
        "aud": tool.client_id,
        LTI + "deployment_id": message.deployment_id,
        LTI + "message_type": message.message_type,
        LTI + "version": "1.3.0",
        LTI + "target_link_uri": target_link_uri(tool, link, message.message_type),
        LTI + "roles": list(roles(course, message)),
        LTI + "context": {"id": course.id, "label": course.label, "title": course.title, "type": ["CourseSection"]},
        LTI + "lis": _lis(course, message.user),
        LTI + "custom": _custom(core, message),
        LTI + "launch_presentation": _presentation(core, message),
        LTI + "tool_platform": _platform(core),
        LTI + "ext": {"user_username": message.user.username if message.user else "", "lms": "practice"},
    }
    claims |= _person(tool, message.user)
    if message.message_type == DATA_PRIVACY_REQUEST:  # of no course: neither a context nor its services
        del claims[LTI + "context"]
    else:
        claims |= _services(core, state, message)
    if message.message_type == DEEP_LINKING_REQUEST:
        claims[DL + "deep_linking_settings"] = _deep_linking(core, message)
    elif link is not None:
        claims[LTI + "resource_link"] = {"id": link.id, "title": link.title, "description": link.description}
    if tool.former_key:
        claims[LTI + "lti1p1"] = _formerly(message, claims)
    if message.for_user:
        claims[LTI + "for_user"] = _for_user(state, tool, message.for_user)
    return claims


def roles(course: Course, message: Message) -> Iterable[str]:
    """Return the roles as Moodle says them: full URIs, sorted, an assistant as Instructor."""
    if message.user is None:
        return []
    role = Role.LEARNER if message.as_learner else course.members.get(message.user.id)
    if message.message_type == DATA_PRIVACY_REQUEST:
        return [SYSTEM + "Administrator"] if message.user.administrator else [SYSTEM + "User"]
    found = set()
    if role is not None:
        found.add(MEMBERSHIP + {Role.LEARNER: "Learner", Role.MENTOR: "Mentor"}.get(role, "Instructor"))
    if message.user.administrator and not message.as_learner:
        found |= {MEMBERSHIP + "Instructor", SYSTEM + "Administrator", INSTITUTION + "Administrator"}
    return sorted(found)


def target_link_uri(tool: Tool, link: Link | None, message_type: str) -> str:
    """Return where the launch is meant to end."""
    if message_type == DEEP_LINKING_REQUEST:
        return tool.deep_linking_uri or tool.target_link_uri
    return (link.url if link else "") or tool.target_link_uri


def _person(tool: Tool, user: User | None) -> JsonObject:
    if user is None:
        return {}
    person: JsonObject = {"sub": user.id}
    if tool.send_name:
        person["name"] = user.name
        person |= {key: value for key, value in _name_parts(user) if value}
    if tool.send_email and user.email:
        person["email"] = user.email
    return person


def _formerly(message: Message, claims: JsonObject) -> JsonObject:
    """Return the LTI 1.1 migration claim; under 1.1 every id of this LMS began with `old-`."""
    tool = message.tool
    signed = (
        *(tool.former_key, message.deployment_id, claims["iss"], tool.client_id),
        *(claims["exp"], claims["nonce"]),
    )
    base = "&".join(str(one) for one in signed)
    digest = hmac.digest(tool.former_secret.encode(), base.encode(), "sha256")
    said: JsonObject = {"oauth_consumer_key": tool.former_key}
    if message.user:
        said["user_id"] = f"old-{message.user.id}"
    if message.link:
        said["resource_link_id"] = f"old-{message.link.id}"
    if tool.former_secret:
        said["oauth_consumer_key_sign"] = base64.b64encode(digest).decode()
    return said


def _for_user(state: State, tool: Tool, user_id: str) -> JsonObject:
    about: JsonObject = {"user_id": user_id}
    user = state.users.get(user_id)
    return about | {"name": user.name} if user and tool.send_name else about


def _name_parts(user: User) -> Iterable[tuple[str, str]]:
    return (("given_name", user.given_name), ("family_name", user.family_name))


def _lis(course: Course, user: User | None) -> JsonObject:
    return {
        "person_sourcedid": user.sourced_id if user else "",
        "course_section_sourcedid": course.sourced_id,
    }


def _custom(core: Core, message: Message) -> JsonObject:
    """Merge the custom parameters: the tool's own win over the link's; odd keys come twice; variables expand."""
    item = message.link.custom if message.link else {}
    merged: JsonObject = {}
    for key, value in (*item.items(), *message.tool.custom.items()):
        expanded = _expand(value, message, histories=core.profile.notices)
        merged[key] = expanded
        merged["".join(one if one.isalnum() else "_" for one in key.lower())] = expanded
    if core.profile.own_custom:
        members = memberships_url(core, message.course, message.tool)
        merged |= {"context_memberships_url": members, "system_setting_url": core.url("/lti/services/settings")}
        merged["link_setting_url"] = core.url("/lti/services/links/") + "{link_id}/custom"
    return merged


def _expand(value: str, message: Message, *, histories: bool) -> str:
    """Return a variable's value: known but empty ones are "", unknown ones stay as they are."""
    if not value.startswith("$"):
        return value
    user, link, course = message.user, message.link, message.course
    known = {
        "$Context.id": course.id,
        "$CourseSection.title": course.title,
        "$CourseSection.timeFrame.end": "",
        "$ResourceLink.id": link.id if link else "",
        "$ResourceLink.title": link.title if link else "",
        "$User.id": user.id if user else "",
        "$User.username": user.username if user else "",
        "$Person.name.full": user.name if user else "",
    }
    if value.startswith(_DATES):
        return link.dates.get(value.removeprefix("$ResourceLink."), "") if link else ""
    if histories:
        known["$Context.id.history"] = ",".join(course.copied_from)
        known["$ResourceLink.id.history"] = ",".join(link.copied_from) if link else ""
    return known.get(value, value)


def _presentation(core: Core, message: Message) -> JsonObject:
    shown: JsonObject = {"locale": message.user.locale if message.user else "en"}
    if message.message_type == DEEP_LINKING_REQUEST:
        return shown
    query = {"course": message.course.id, "container": message.target, "sesskey": message.sesskey}
    if message.link:
        query["link"] = message.link.id
    return {**shown, "document_target": message.target, "return_url": core.url("/lti/return", **query)}


def _platform(core: Core) -> JsonObject:
    return {
        "product_family_code": core.profile.product_family_code,
        "version": core.profile.version,
        "guid": hashlib.sha256(core.config.url.encode()).hexdigest()[:32],
        "name": "practice",
        "description": core.config.name,
    }


def _services(core: Core, state: State, message: Message) -> JsonObject:
    tool, services = message.tool, JsonObject()
    granted: list[JsonValue] = [scope for scope in AGS_SCOPES if scope in tool.scopes]
    if granted:
        endpoint: JsonObject = {"scope": granted, "lineitems": line_items_url(core, message.course.id, tool)}
        bound = [item for item in state.line_items.values() if message.link and item.link_id == message.link.id]
        if len(bound) == 1:  # Moodle leaves `lineitem` out as soon as a link has a second one
            endpoint["lineitem"] = line_item_url(core, bound[0].course_id, bound[0].id, tool)
        services[AGS_ENDPOINT] = endpoint
    if MEMBERS_READ in tool.scopes:
        url = memberships_url(core, message.course, tool)
        services[NRPS_SERVICE] = {"context_memberships_url": url, "service_versions": ["1.0", "2.0"]}
    if core.profile.notices and NOTICE_HANDLERS in tool.scopes:
        services[NOTICE_SERVICE] = {
            "service_versions": ["1.0"],
            "platform_notification_service_url": core.url(f"/lti/notice-handlers/{tool.id}"),
            "scope": [NOTICE_HANDLERS],
            "notice_types_supported": list(NOTICE_TYPES),
        }
    return services


def _deep_linking(core: Core, message: Message) -> JsonObject:
    query = {"course": message.course.id, "tool": message.tool.id, "sesskey": message.sesskey}
    if message.link:
        query["link"] = message.link.id
    settings: JsonObject = {
        "accept_types": ["ltiResourceLink"],
        "accept_presentation_document_targets": list(core.profile.deep_linking_targets),
        "accept_multiple": core.profile.deep_linking_multiple,
        "accept_lineitem": core.profile.deep_linking_line_items,
        "auto_create": False,
        "title": message.tool.name,
        "text": "",
        "deep_link_return_url": core.url("/lti/deep-linking/return", **query),
    }
    if message.data:
        settings["data"] = message.data
    return settings


def line_items_url(core: Core, course_id: str, tool: Tool) -> str:
    """Return the container's URL; it carries a query, as Moodle's does."""
    return core.url(f"/lti/services/{course_id}/lineitems", type_id=tool.id)


def line_item_url(core: Core, course_id: str, line_item_id: str, tool: Tool) -> str:
    """Return a line item's URL; `/scores` and `/results` go before its query."""
    return core.url(f"/lti/services/{course_id}/lineitems/{line_item_id}/lineitem", type_id=tool.id)


def memberships_url(core: Core, course: Course, tool: Tool) -> str:
    """Return the roster's URL."""
    return core.url(f"/lti/services/CourseSection/{course.id}/bindings/{tool.id}/memberships")
