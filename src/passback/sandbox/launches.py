"""Launches: login initiation, and the authentication request that a tool answers it with, checked as Moodle does."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pydantic import JsonValue

from passback.sandbox.claims import Message, build_claims, target_link_uri
from passback.sandbox.core import Core
from passback.sandbox.keys import KeyRing, sign
from passback.sandbox.model import JsonObject, Link, Tool, User
from passback.sandbox.page_storage import page_storage
from passback.sandbox.tools import Tools
from passback.sandbox.vocabulary import DATA_PRIVACY_REQUEST, DEEP_LINKING_REQUEST, RESOURCE_LINK_REQUEST

REQUIRED = ("scope", "response_type", "client_id", "redirect_uri", "login_hint", "nonce")


class InvalidRequestError(Exception):
    """The request gets the LMS's own error page; nothing reaches the tool."""


@dataclass(frozen=True)
class FormPost:
    """A form that the browser sends at once. `method` is POST or GET."""

    url: str
    fields: Mapping[str, str]
    method: str = "POST"


@dataclass(frozen=True)
class Waiting:
    """A launch whose login was initiated; kept until the tool's authentication request uses it up."""

    message: Message
    session: str


@dataclass
class Launches:
    """Every launch under way."""

    core: Core
    keys: KeyRing
    waiting: dict[str, Waiting] = field(default_factory=dict)

    def initiate(
        self,
        user: User | None,
        link: Link,
        *,
        session: str = "",
        target: str = "iframe",
        as_learner: bool = False,
        message_type: str = RESOURCE_LINK_REQUEST,
        for_user: str = "",
    ) -> FormPost:
        """Start a launch of `link` and return the login initiation.

        Args:
            user: None is a visitor who has not signed in (`login_hint` "0").
            session: the browser's session here; only it can use the launch's hint, once.
            target: iframe or window.
            as_learner: the user is staff who switched to the learner's role.
            for_user: whose work is to be reviewed (`LtiSubmissionReviewRequest`).
        """
        with self.core.read() as state:
            tool, course = state.tools[link.tool_id], state.courses[link.course_id]
        message = Message(
            tool, course, user, link, link.deployment_id, message_type, target, as_learner, for_user, sesskey=session
        )
        return self.start(message, session)

    def initiate_deep_linking(
        self,
        user: User,
        tool: Tool,
        course_id: str,
        *,
        session: str = "",
        deployment_id: str = "",
        data: str = "",
        link: Link | None = None,
    ) -> FormPost:
        """Start the tool's picker for a course.

        Args:
            data: what the answer has to bring back.
            link: the link that is to be chosen anew.
        """
        with self.core.read() as state:
            course = state.courses[course_id]
        deployment = deployment_id or (link.deployment_id if link else tool.deployments[0])
        message = Message(tool, course, user, link, deployment, DEEP_LINKING_REQUEST, data=data, sesskey=session)
        return self.start(message, session)

    def initiate_privacy(self, user: User, tool: Tool, *, session: str = "", for_user: str = "") -> FormPost:
        """Start the tool's page about personal data.

        Args:
            for_user: whose; "" leaves it to the administrator there.
        """
        with self.core.read() as state:
            course = next(iter(state.courses.values()))
        deployment = tool.deployments[0]
        message = Message(
            tool, course, user, None, deployment, DATA_PRIVACY_REQUEST, for_user=for_user, sesskey=session
        )
        return self.start(message, session)

    def start(self, message: Message, session: str) -> FormPost:
        """Keep `message` until the tool asks for it and return the login initiation."""
        launch_id = f"ltilaunch{secrets.randbelow(10**10)}"
        with self.core.read():
            self.waiting[launch_id] = Waiting(message, session)
        hint: JsonObject = {"launchid": launch_id}
        if message.link:
            hint = {"cmid": message.link.id, **hint}
        fields = {
            "iss": self.core.issuer,
            "target_link_uri": target_link_uri(message.tool, message.link, message.message_type),
            "login_hint": message.user.id if message.user else "0",
            "lti_message_hint": json.dumps(hint, separators=(",", ":")),
            "client_id": message.tool.client_id,
            "lti_deployment_id": message.deployment_id,
            **page_storage(self.core.profile.name).parameters,
        }
        return FormPost(message.tool.initiate_login_uri, fields, message.tool.login_method)

    def answer(self, asked: Mapping[str, str], *, user: User | None, session: str) -> FormPost:
        """Answer an authentication request with the form that carries the id_token or an error to the tool.

        Args:
            asked: the request's parameters.
            user: who is signed in here.

        Raises:
            InvalidRequestError: it must not reach the tool: a field is missing, the hint is unknown or used up, or the
                redirect_uri is not, byte for byte, a registered one.
        """
        waiting = self._use_up(asked, session)
        tool = waiting.message.tool
        error = ""
        if asked["client_id"] != tool.client_id or not self._may_work(tool):
            error = "unauthorized_client"
        elif user is None or asked["login_hint"] != user.id:
            error = "access_denied"
        if asked["redirect_uri"] not in tool.redirect_uris:
            raise InvalidRequestError("redirect_uri is not exactly one of the registered ones")
        state = {"state": asked.get("state", ""), **page_storage(self.core.profile.name).parameters}
        if error:
            return FormPost(asked["redirect_uri"], {"error": error, **state})
        if refusal := _unsuitable(asked):
            description = {"error": "invalid_request", "error_description": refusal}
            return FormPost(asked["redirect_uri"], {**description, **state})
        token = self.id_token(replace(waiting.message, user=user), asked["nonce"])
        return FormPost(asked["redirect_uri"], {"id_token": token, **state})

    def id_token(self, message: Message, nonce: str) -> str:
        """Return the signed id_token of `message`."""
        return sign(self.claims(message, nonce), self.keys.current())

    def claims(self, message: Message, nonce: str) -> JsonObject:
        """Return the claims of `message` as they are now."""
        with self.core.read() as state:
            return build_claims(self.core, state, message, nonce)

    def _may_work(self, tool: Tool) -> bool:
        """Ask the tool as it is now: it may have been switched off since the launch began."""
        tools = Tools(self.core)
        return tools.may_work(tools.get(tool.id) or tool)

    def _use_up(self, asked: Mapping[str, str], session: str) -> Waiting:
        missing = [name for name in REQUIRED if not asked.get(name)]
        if missing or not asked.get("lti_message_hint"):
            raise InvalidRequestError(f"missing: {', '.join(missing or ['lti_message_hint'])}")
        if asked["scope"] != "openid" or asked["response_type"] != "id_token":
            raise InvalidRequestError("scope must be openid and response_type id_token")
        launch_id = _launch_id(asked["lti_message_hint"])
        with self.core.read():
            waiting = self.waiting.get(launch_id)
            if waiting is None or waiting.session != session:
                raise InvalidRequestError("this launch is unknown here or was used before")
            del self.waiting[launch_id]
        return waiting


def _launch_id(hint: str) -> str:
    try:
        parsed: JsonValue = json.loads(hint)
    except ValueError:
        parsed = None
    return str(parsed.get("launchid", "")) if isinstance(parsed, dict) else ""


def _unsuitable(asked: Mapping[str, str]) -> str:
    """Return why the request is refused by a form post, or ""."""
    if asked.get("response_mode") != "form_post":
        return "Invalid response_mode"
    if asked.get("prompt", "none") not in {"", "none"}:
        return "Invalid prompt"
    return ""
