"""Deep linking: what the tool's picker answers, verified to the letter, and the links that come of it."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from pydantic import JsonValue

from passback.sandbox.content_items import ContentItem, DeepLinkingRefusedError, read_item
from passback.sandbox.core import Core
from passback.sandbox.launches import FormPost, Launches
from passback.sandbox.links import Links
from passback.sandbox.model import JsonObject, Link, Tool, User
from passback.sandbox.toolkeys import ToolKeyError, ToolKeys
from passback.sandbox.vocabulary import DEEP_LINKING_RESPONSE, DL, LTI


@dataclass(frozen=True)
class Expected:
    """A picker that was opened and has not answered yet."""

    tool_id: str
    course_id: str
    deployment_id: str
    session: str
    link_id: str = ""


@dataclass(frozen=True)
class Choice:
    """What came back from a picker and waits for "Save": nothing is placed before."""

    expected: Expected
    items: tuple[ContentItem, ...]
    message: str = ""
    error_message: str = ""


@dataclass
class DeepLinking:
    """Opens pickers, takes their answers, places what was chosen."""

    core: Core
    launches: Launches
    tool_keys: ToolKeys
    links: Links
    open: dict[str, Expected] = field(default_factory=dict)
    choices: dict[str, Choice] = field(default_factory=dict)

    def start(
        self,
        user: User,
        tool: Tool,
        course_id: str,
        *,
        session: str = "",
        deployment_id: str = "",
        link: Link | None = None,
    ) -> FormPost:
        """Open the tool's picker and return the login initiation.

        Args:
            link: the link that is to be chosen anew.
        """
        data = secrets.token_urlsafe(12)
        deployment = deployment_id or (link.deployment_id if link else tool.deployments[0])
        with self.core.read():
            self.open[data] = Expected(tool.id, course_id, deployment, session, link.id if link else "")
        return self.launches.initiate_deep_linking(
            user, tool, course_id, session=session, deployment_id=deployment, data=data, link=link
        )

    def accept(self, token: str, *, tool_id: str, session: str = "") -> str:
        """Verify a picker's answer and keep it until it is saved; return the choice's key.

        Args:
            token: the form's `JWT`.
            tool_id: from the return URL.
            session: of the browser that brings the answer.

        Raises:
            DeepLinkingRefusedError: any check fails.
        """
        with self.core.read() as state:
            tool = state.tools.get(tool_id)
        if tool is None:
            raise DeepLinkingRefusedError("the return URL names no tool")
        try:
            claims = self.tool_keys.verify(tool, token)
        except ToolKeyError as error:
            raise DeepLinkingRefusedError(str(error)) from error
        self._check_times(claims)
        expected = self._check_claims(claims, tool, session)
        items = tuple(read_item(tool, item, self.core.profile) for item in _items(claims))
        if len(items) > 1 and not self.core.profile.deep_linking_multiple:
            raise DeepLinkingRefusedError("several content items, and accept_multiple was false")
        texts = [str(claims.get(DL + name, "") or "") for name in ("msg", "errormsg")]
        key = secrets.token_urlsafe(12)
        with self.core.read():
            if not self.tool_keys.first_use(f"nonce {tool.id} {claims['nonce']}"):
                raise DeepLinkingRefusedError("nonce was used before")
            # Only an answer that holds uses the picker up: garbage must not cost the teacher the work.
            self.open = {data: one for data, one in self.open.items() if one is not expected}
            self.choices[key] = Choice(expected, items, *texts)
        return key

    def save(self, key: str) -> list[Link]:
        """Place what was chosen and return the links; a choice is saved once.

        Raises:
            KeyError: there is no such choice.
        """
        with self.core.read():
            choice = self.choices.pop(key)
        expected = choice.expected
        if expected.link_id and len(choice.items) == 1 and self.links.get(expected.link_id):
            return [self._replace(expected.link_id, choice.items[0])]
        return [
            self.links.add(
                expected.course_id,
                expected.tool_id,
                deployment_id=expected.deployment_id,
                column=item.column,
                **_fields(item),
            )
            for item in choice.items
        ]

    def _replace(self, link_id: str, item: ContentItem) -> Link:
        link = self.links.change(link_id, **_fields(item))
        self.links.set_column(link_id, item.column)
        return link

    def _check_times(self, claims: JsonObject) -> None:
        now = self.core.clock.timestamp()
        issued, expires = claims.get("iat"), claims.get("exp")
        for name, value in (("iat", issued), ("exp", expires)):
            if not isinstance(value, (int, float)) or isinstance(value, bool):
                raise DeepLinkingRefusedError(f"{name} is missing or no number")
            if name == "iat" and value > now:
                raise DeepLinkingRefusedError("iat is in the future; Moodle allows no leeway")
            if name == "exp" and value <= now:
                raise DeepLinkingRefusedError("exp is past")

    def _check_claims(self, claims: JsonObject, tool: Tool, session: str) -> Expected:
        if claims.get("iss") != tool.client_id:
            raise DeepLinkingRefusedError("iss is not the client id (Moodle: Consumer key is incorrect)")
        audience = claims.get("aud")
        if self.core.issuer not in (audience if isinstance(audience, list) else [audience]):
            raise DeepLinkingRefusedError("aud is not the issuer")
        if not isinstance(claims.get("nonce"), str) or not claims["nonce"]:
            raise DeepLinkingRefusedError("nonce is missing")
        if claims.get(LTI + "message_type") != DEEP_LINKING_RESPONSE:
            raise DeepLinkingRefusedError(f"message_type is not {DEEP_LINKING_RESPONSE}")
        if claims.get(LTI + "version") != "1.3.0":
            raise DeepLinkingRefusedError("version is not 1.3.0")
        expected = self._check_data(claims, tool, session)
        if claims.get(LTI + "deployment_id") != expected.deployment_id:
            raise DeepLinkingRefusedError("deployment_id is not the request's")
        return expected

    def _check_data(self, claims: JsonObject, tool: Tool, session: str) -> Expected:
        data = claims.get(DL + "data")
        with self.core.read():
            if self.core.profile.deep_linking_data:
                expected = self.open.get(data) if isinstance(data, str) else None
            else:
                expected = next((one for one in reversed(self.open.values()) if one.session == session), None)
            if expected is None or expected.tool_id != tool.id or expected.session != session:
                raise DeepLinkingRefusedError("data is not what the request carried, or was answered before")
        return expected


def _items(claims: JsonObject) -> list[JsonValue]:
    items = claims.get(DL + "content_items", [])
    if not isinstance(items, list):
        raise DeepLinkingRefusedError("content_items is no list")
    return items


def _fields(item: ContentItem) -> dict[str, Any]:
    """Return the fields of the link that an item becomes."""
    return {
        "title": item.title,
        "url": item.url,
        "description": item.text,
        "custom": dict(item.custom),
        "container": item.container,
        "dates": dict(item.dates),
        "thumbnail": item.thumbnail,
        "width": item.width,
        "height": item.height,
    }
