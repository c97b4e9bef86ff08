"""The practice LMS without its web pages: one object that holds all its parts."""

from collections.abc import Iterable, Mapping
from typing import TypedDict, Unpack

from joserfc.jwk import Key
from pydantic import JsonValue

from passback.sandbox.claims import Message
from passback.sandbox.core import Core, SandboxConfig
from passback.sandbox.deep_linking import DeepLinking
from passback.sandbox.faults import Faults
from passback.sandbox.gradebook import Gradebook
from passback.sandbox.keys import KeyRing, sign
from passback.sandbox.launches import Launches
from passback.sandbox.links import Links
from passback.sandbox.model import Course, JsonObject, Link, Role, Tool, User
from passback.sandbox.notices import Notices
from passback.sandbox.registration import Registration
from passback.sandbox.requestlog import RequestLog
from passback.sandbox.roster import Roster
from passback.sandbox.seed import COURSE, INSTRUCTOR, LEARNERS
from passback.sandbox.tokens import Tokens
from passback.sandbox.toolkeys import ToolKeys
from passback.sandbox.tools import Tools
from passback.sandbox.vocabulary import DEEP_LINKING_REQUEST, DL, LTI, RESOURCE_LINK_REQUEST

_SHORT = {"deep_linking_settings": DL}
_LTI_SHORT = frozenset(
    {
        "context",
        "custom",
        "deployment_id",
        "for_user",
        "launch_presentation",
        "lis",
        "message_type",
        "resource_link",
        "roles",
        "target_link_uri",
        "tool_platform",
        "version",
    }
)


class Breakage(TypedDict, total=False):
    """What makes an id_token another than the LMS would send.

    Args:
        overrides: claims to add or replace; `roles`, `version` and the like are short for the full LTI names.
        remove: claims to leave out, short or full names.
        key: signs instead of the LMS's key (bytes: HMAC).
        header: changes to the header; None as a value removes one (`{"kid": None}`).
    """

    overrides: Mapping[str, JsonValue]
    remove: Iterable[str]
    key: Key | bytes
    header: Mapping[str, JsonValue]


class Platform:
    """An LTI 1.3 Advantage platform: `tools`, `links`, `launches`, `keys`, `faults`, `log` … on one state."""

    def __init__(self, config: SandboxConfig | None = None) -> None:
        self.config = config or SandboxConfig()
        self.core = Core(self.config)
        self.clock = self.core.clock
        self.keys = KeyRing(self.core)
        self.tools = Tools(self.core)
        self.links = Links(self.core)
        self.launches = Launches(self.core, self.keys)
        self.registration = Registration(self.core, self.keys, self.tools)
        self.tool_keys = ToolKeys(self.core)
        self.tokens = Tokens(self.core, self.tools, self.tool_keys)
        self.deep_linking = DeepLinking(self.core, self.launches, self.tool_keys, self.links)
        self.notices = Notices(self.core, self.keys, self.tools, self.links)
        self.gradebook = Gradebook(self.core)
        self.roster = Roster(self.core)
        self.faults = Faults()
        self.log = RequestLog()

    @property
    def issuer(self) -> str:
        """The `iss` of its tokens."""
        return self.core.issuer

    @property
    def auth_url(self) -> str:
        """Where tools send their authentication requests."""
        return f"{self.core.auth_origin}/lti/auth"

    @property
    def token_url(self) -> str:
        """Where tools get access tokens."""
        return self.core.url("/lti/token")

    @property
    def jwks_url(self) -> str:
        """Where the public keys are."""
        return self.core.url("/lti/jwks")

    @property
    def instructor(self) -> User:
        """The practice course's instructor."""
        return self.user(INSTRUCTOR)

    @property
    def learners(self) -> list[User]:
        """The practice course's three learners."""
        return [self.user(one) for one in LEARNERS]

    @property
    def course(self) -> Course:
        """The practice course."""
        with self.core.read() as state:
            return state.courses[COURSE]

    def user(self, user_id: str) -> User:
        """Return a person.

        Raises:
            KeyError: there is none of that id.
        """
        with self.core.read() as state:
            return state.users[user_id]

    def add_user(self, name: str, *, role: Role | None = Role.LEARNER, course_id: str = COURSE, **fields: str) -> User:
        """Make a person and, with a role, a member of a course."""
        user_id = self.core.new_id()
        user = User(user_id, fields.pop("username", f"user{user_id}"), name, **fields)  # type: ignore[arg-type]
        with self.core.change() as state:
            state.users[user.id] = user
            if role is not None:
                state.courses[course_id].members[user.id] = role
        return user

    def add_course(self, title: str, members: Mapping[str, Role] | None = None) -> Course:
        """Make another course."""
        course_id = self.core.new_id()
        with self.core.change() as state:
            course = state.courses[course_id] = Course(course_id, f"C{course_id}", title, members=dict(members or {}))
        return course

    def claims(
        self,
        user: User | None,
        link: Link | None = None,
        *,
        nonce: str = "a nonce",
        tool: Tool | None = None,
        message_type: str = "",
        as_learner: bool = False,
        for_user: str = "",
    ) -> JsonObject:
        """Return the claims of a launch of `link`, or without one of deep linking with `tool` (default: the first)."""
        with self.core.read() as state:
            tool = tool or (state.tools[link.tool_id] if link else next(iter(state.tools.values())))
            course = state.courses[link.course_id if link else COURSE]
        kind = message_type or (RESOURCE_LINK_REQUEST if link else DEEP_LINKING_REQUEST)
        deployment = link.deployment_id if link else tool.deployments[0]
        data = "" if link else "made without a request"
        message = Message(
            tool, course, user, link, deployment, kind, as_learner=as_learner, for_user=for_user, data=data
        )
        return self.launches.claims(message, nonce)

    def make_id_token(
        self,
        user: User | None,
        link: Link | None = None,
        *,
        nonce: str = "a nonce",
        tool: Tool | None = None,
        message_type: str = "",
        as_learner: bool = False,
        for_user: str = "",
        **broken: Unpack[Breakage],
    ) -> str:
        """Return an id_token, right or broken in any way.

        Args:
            nonce: the tool's, from its authentication request.
        """
        claims = self.claims(
            user, link, nonce=nonce, tool=tool, message_type=message_type, as_learner=as_learner, for_user=for_user
        )
        claims |= {full_name(name): value for name, value in broken.get("overrides", {}).items()}
        gone = {full_name(name) for name in broken.get("remove", ())}
        kept = {name: value for name, value in claims.items() if name not in gone}
        return sign(kept, broken.get("key", self.keys.current()), broken.get("header"))


def full_name(name: str) -> str:
    """Return a claim's full name for its short one; other names stay."""
    return _SHORT.get(name, LTI if name in _LTI_SHORT else "") + name
