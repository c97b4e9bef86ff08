"""The platform notification service: tools say where notices go, and hear of copied courses (as Canvas does it)."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import requests
from pydantic import JsonValue

from passback.sandbox.core import Core
from passback.sandbox.keys import KeyRing, sign
from passback.sandbox.links import Links
from passback.sandbox.model import Course, JsonObject, Tool
from passback.sandbox.scores import ServiceRefusedError
from passback.sandbox.tools import Tools
from passback.sandbox.vocabulary import CONTEXT_COPY, HELLO_WORLD, LTI, NOTICE, NOTICE_TYPES, ORIGIN_CONTEXTS

LIFETIME = 3600
Post = Callable[[str, bytes], int]
"""Sends a body to an address and returns the status; tests hand in one that asks an app in this process."""


@dataclass
class Notices:
    """Handlers of the tools, and what is sent to them. There is no second try, as in Canvas."""

    core: Core
    keys: KeyRing
    tools: Tools
    links: Links
    post: Post | None = None

    def handlers(self, tool: Tool) -> JsonObject:
        """Return the tool's catalogue."""
        found: list[JsonValue] = [
            {"notice_type": kind, "handler": tool.notice_handlers.get(kind, "")} for kind in NOTICE_TYPES
        ]
        return {"client_id": tool.client_id, "deployment_id": tool.deployments[0], "notice_handlers": found}

    def subscribe(self, tool: Tool, asked: JsonObject) -> JsonObject:
        """Take the address for one type of notice, or with "" take it back; then a hello goes out, where asked for.

        Raises:
            ServiceRefusedError: another type, or an address that is not the tool's own.
        """
        kind, handler = asked.get("notice_type"), asked.get("handler")
        if kind not in NOTICE_TYPES or not isinstance(kind, str):
            raise ServiceRefusedError(400, "unknown notice_type")
        if not isinstance(handler, str) or (handler and tool.domain not in handler):
            raise ServiceRefusedError(400, "handler must be an address of the tool's domain")
        handlers = {**tool.notice_handlers, kind: handler}
        tool = self.tools.change(tool.id, notice_handlers={name: url for name, url in handlers.items() if url})
        if kind == HELLO_WORLD and handler:
            self.send(tool, [self.token(tool, HELLO_WORLD)], HELLO_WORLD)
        return {"notice_type": kind, "handler": handler, "max_batch_size": asked.get("max_batch_size")}

    def copy_course(self, course_id: str, title: str) -> Course:
        """Copy a course and tell every tool that asked for it."""
        copy = self.links.copy_course(course_id, title)
        for tool in self.tools.all():
            if CONTEXT_COPY in tool.notice_handlers:
                self.send(tool, [self.copy_token(tool, copy, [course_id])], CONTEXT_COPY)
        return copy

    def copy_token(self, tool: Tool, copy: Course, origins: list[str]) -> str:
        """Return the signed notice that `copy` was made of `origins`."""
        context: JsonObject = {"id": copy.id, "label": copy.label, "title": copy.title, "type": ["CourseSection"]}
        claims: JsonObject = {LTI + "context": context, ORIGIN_CONTEXTS: [*origins]}
        return self.token(tool, CONTEXT_COPY, claims)

    def token(self, tool: Tool, kind: str, claims: JsonObject | None = None, **signing: object) -> str:
        """Return a signed notice of a type.

        Args:
            claims: more of them, or others instead.
            signing: as `keys.sign` takes it, to break it.
        """
        now = self.core.clock.timestamp()
        said: JsonObject = {
            "iss": self.core.issuer,
            "aud": tool.client_id,
            "azp": tool.client_id,
            "iat": now,
            "exp": now + LIFETIME,
            "nonce": secrets.token_hex(16),
            LTI + "version": "1.3.0",
            LTI + "deployment_id": tool.deployments[0],
            NOTICE: {"id": secrets.token_hex(8), "type": kind, "timestamp": self.core.clock.now().isoformat()},
        }
        kept = {name: value for name, value in {**said, **(claims or {})}.items() if value is not None}
        return sign(kept, signing.get("key", self.keys.current()), signing.get("header"))  # type: ignore[arg-type]

    def send(self, tool: Tool, tokens: list[str], kind: str) -> int:
        """Send notices in one batch to the tool's address for them; return the status, 0 where nothing answered."""
        notices: list[JsonValue] = [{"jwt": token} for token in tokens]
        body = json.dumps({"notices": notices}).encode()
        try:
            return (self.post or self._post)(tool.notice_handlers[kind], body)
        except (requests.RequestException, OSError):
            return 0

    def _post(self, url: str, body: bytes) -> int:
        headers = {"Content-Type": "application/json", "User-Agent": "PracticeLMS/1.0"}
        return requests.post(url, body, headers=headers, timeout=self.core.config.fetch_seconds).status_code
