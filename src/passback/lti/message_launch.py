"""PyLTI1p3's message launch with its verification replaced whole (design §7, `facts` in docs/decisions).

What stays: the order of the steps, the object that carries validated claims, its role checks and its service
accessors. What is ours: every step. PyLTI1p3 2.0 does not consume nonces, needs neither exp nor iat, ignores azp,
knows no leeway, fetches keys without time-out and keeps its state in cookies that frames lose.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn, Self, cast

from pydantic import JsonValue
from pylti1p3.message_launch import MessageLaunch

from passback.db import JsonObject
from passback.lti import claims as rules
from passback.lti import clocks, errors
from passback.lti.models import Deployment, Platform
from passback.lti.platform_keys import PlatformKeys
from passback.lti.signed import SignedToken, check_signature, read_signed

FAR_FUTURE = 1e11
"""Seconds since 1970 that no clock says (also not NaN, not infinity)."""


@dataclass(frozen=True)
class State:
    """What a login noted for its launch.

    Args:
        binding_hash: of the browser's cookie, "" where it keeps none and the LMS's page keeps the proof (`in_storage`).
        used: another launch was accepted for it.
    """

    state_hash: str
    nonce_hash: str
    binding_hash: str
    opener_hash: str
    expires_at: datetime
    in_storage: bool = False
    used: bool = False


@dataclass(frozen=True)
class Login:
    """What is known of the login that a launch answers.

    Args:
        assumed: put together from rows that were read some seconds ago; the launch's transaction makes sure.
    """

    state: State
    platform: Platform
    deployment: Deployment | None
    assumed: bool = False


class _Unused:
    """Stands where PyLTI1p3 wants its cookies, session, tool configuration and HTTP session: none is ever touched."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __getattr__(self, name: str) -> NoReturn:
        msg = f"Passback does not use PyLTI1p3's {self._what} ({name})"
        raise AttributeError(msg)


class VerifiedLaunch(MessageLaunch[Any, Any, Any, Any]):
    """A launch under verification, afterwards its validated claims.

    `parse` reads the token and trusts nothing; `validate` raises the first fault. `passed` lists, in order, the
    checks that held: they become the launch record.

    Args:
        parameters: the posted form.
        keys: the cache of platforms' keys.
        tool_url: our own address.
        now: the time of arrival.
    """

    def __init__(self, parameters: Mapping[str, str], keys: PlatformKeys, *, tool_url: str, now: datetime) -> None:
        super().__init__(
            cast("Any", parameters),
            _Unused("tool configuration"),
            session_service=_Unused("session service"),
            cookie_service=_Unused("cookie service"),
            requests_session=cast("Any", _UNUSED_HTTP),
        )
        self._keys = keys
        self._tool_url = tool_url
        self._now = now
        self._login: Login | None = None
        self._token: SignedToken | None = None
        self.passed: list[str] = []

    # --- What PyLTI1p3 leaves open -----------------------------------------------------------------------------------

    def _get_request_param(self, key: str) -> str:
        return cast("Mapping[str, str]", self._request).get(key, "")

    @property
    def state(self) -> str:
        """The posted `state`."""
        return self._get_request_param("state")

    # --- Reading, before anything is known ---------------------------------------------------------------------------

    @property
    def claims(self) -> Mapping[str, JsonValue]:
        """The claims; to be believed only after `validate`."""
        return cast("Mapping[str, JsonValue]", self._jwt.get("body", {}))

    @property
    def claimed_deployment(self) -> str:
        """The deployment's id for the look-up, "" where it cannot be one; `validate_deployment` judges it."""
        try:
            return rules.deployment_id(self.claims)
        except errors.LaunchRefusedError:
            return ""

    @property
    def login(self) -> Login:
        """The login that this launch answers."""
        if self._login is None:
            raise errors.StateUnknownError
        return self._login

    def validate_jwt_format(self) -> Self:
        """Three parts, both JSON objects, no `crit`: PyLTI1p3's own decodes the token a second time to verify it."""
        token = self._get_request_param("id_token")
        if not token:
            raise errors.MessageMalformedError("no id_token")
        self._token = read_signed(token)
        self._jwt = cast("Any", {"header": self._token.header, "body": self._token.claims})
        return self

    # --- Verification ------------------------------------------------------------------------------------------------

    def validate(self, login: Login | None = None) -> Self:
        """Run every check against `login`, in order, and stop at the first that fails.

        Raises:
            LaunchRefusedError: the subclass says which check.
        """
        self._login = login
        self.passed.clear()
        steps: tuple[tuple[str, Callable[[], object]], ...] = (
            ("state", self.validate_state),
            ("platform", self.validate_registration),
            ("signature", self.validate_jwt_signature),
            ("issuer", lambda: rules.check_issuer(self.claims, self.login.platform.issuer)),
            ("audience", lambda: rules.check_audience(self.claims, self.login.platform.client_id)),
            ("times", lambda: rules.check_times(self.claims, self._now.timestamp())),
            ("nonce", self.validate_nonce),
            ("deployment", self.validate_deployment),
            ("message", self.validate_message),
        )
        for name, step in steps:
            step()
            self.passed.append(name)
        self._validated = True
        return self

    def validate_state(self) -> Self:
        """The state is one of ours, young and unused; PyLTI1p3's asks a cookie, or any earlier launch's token hash."""
        state = self.login.state
        if state.used:
            raise errors.StateUsedError
        if self._now >= state.expires_at:
            raise errors.StateExpiredError
        return self

    def validate_registration(self) -> Self:
        """The platform that the login began with is active; PyLTI1p3's picks one by the token's own claims."""
        check_status(self.login.platform.status)
        return self

    def validate_jwt_signature(self) -> Self:
        """A published key of the platform signed it, in an agreed way; PyLTI1p3's has no refetch and no leeway."""
        if self._token is None:
            raise errors.TokenMalformedError
        check_signature(self._token, self.login.platform, self._keys)
        return self

    def validate_nonce(self) -> Self:
        """The nonce belongs to this very state; PyLTI1p3's takes any that was ever given out, again and again."""
        rules.check_nonce(self.claims, self.login.state.nonce_hash)
        return self

    def validate_deployment(self) -> Self:
        """A deployment is named, and not blocked; an unknown one is for the caller: it may be made or must wait."""
        rules.deployment_id(self.claims)
        deployment = self.login.deployment
        if deployment is not None and deployment.status == "blocked":
            raise errors.DeploymentBlockedError
        return self

    def validate_message(self) -> Self:
        """Version, type, roles, target, link; PyLTI1p3's takes roles as a string, deep linking without a way back."""
        rules.check_message(self.claims, self._tool_url)
        return self

    def get_client_id(self) -> str:
        """Return the registered client id; PyLTI1p3's is the first of the audience, whoever that is."""
        return self.login.platform.client_id

    def get_public_key(self) -> NoReturn:
        """Refuse: keys come from `PlatformKeys`; PyLTI1p3's converts and fetches them for each launch."""
        raise NotImplementedError("keys come from PlatformKeys")

    def fetch_public_key(self, key_set_url: str) -> NoReturn:
        """Refuse: every outbound call is the one client's; PyLTI1p3's has no time-out."""
        raise NotImplementedError("outbound calls are passback.outbound's")

    def save_launch_data(self) -> NoReturn:
        """Refuse: raw claims hold personal data and the LMS's session key, and are never kept."""
        raise NotImplementedError("raw claims are never kept")

    def get_service_connector(self) -> NoReturn:
        """Refuse: services are called by `passback.lti.services`, with time-outs and cached tokens."""
        raise NotImplementedError("services are called by passback.lti.services")

    def facts(self) -> JsonObject:
        """Return what the launch record may say of the token: its algorithm, and how far the LMS's clock is ahead."""
        found: JsonObject = {"alg": str(self._jwt.get("header", {}).get("alg", ""))[:20]}
        issued = self.claims.get("iat")
        if isinstance(issued, (int, float)) and not isinstance(issued, bool) and abs(issued) < FAR_FUTURE:
            found[clocks.AHEAD] = round(issued - self._now.timestamp(), 1)
        return found


_UNUSED_HTTP = _Unused("HTTP session")


def check_status(status: str) -> None:
    """Let only an approved platform pass.

    Raises:
        PlatformPendingError: it waits for approval; nothing of it is fetched until then.
        PlatformDisabledError: it was switched off.
    """
    if status == "pending":
        raise errors.PlatformPendingError
    if status != "active":
        raise errors.PlatformDisabledError
