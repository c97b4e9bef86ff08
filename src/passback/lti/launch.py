"""A launch, from the posted form to the 303 that takes the browser away from it (1EdTech Security Framework §5.1.1.3).

Everything is checked before the one write transaction; in it the login's state is used up and everything the launch
says is stored, so that neither exists without the other. No network call is made while a transaction is open.
"""

from collections.abc import Mapping
from dataclasses import fields
from uuid import UUID

from flask import Response, request
from sqlalchemy import and_, bindparam, exists, select, update
from sqlalchemy.exc import IntegrityError

from passback.clock import utc_now
from passback.db import JsonObject, TenantSession, Unscoped, UnscopedSession, tenant_session, unscoped
from passback.db.prepared import SharedQuery, SharedStatement, table_of
from passback.lti import binding, deep_linking, errors, pages, records
from passback.lti.arrival import build_launch
from passback.lti.attempt import Attempt, attempt
from passback.lti.claims import TOOL_PLATFORM, deployment_id, section, text
from passback.lti.deployments import note_deployment
from passback.lti.entering import Entered, Way, enter
from passback.lti.message import DEEP_LINKING, Launch, View
from passback.lti.message_launch import Login, State, VerifiedLaunch
from passback.lti.models import Deployment, LoginState, Platform
from passback.lti.platform_cache import platform_cache
from passback.lti.platform_keys import platform_keys
from passback.lti.states import read_state
from passback.runtime import runtime
from passback.sealing import hash_token

_DEPLOYMENT = (
    Deployment.id,
    Deployment.platform_id,
    Deployment.deployment_id,
    Deployment.tenant_id,
    Deployment.status,
    Deployment.name,
    Deployment.first_seen_at,
)
_DEPLOYMENT_NAMES = tuple(column.key for column in _DEPLOYMENT)
_STATE = tuple(getattr(LoginState, one.name) for one in fields(State))
_LOGIN = SharedQuery(
    select(
        Platform.id,
        Platform.status,
        Platform.tenant_id,
        *_STATE,
        *_DEPLOYMENT,
    )
    .join(Platform, Platform.id == LoginState.platform_id)
    .outerjoin(
        Deployment,
        and_(Deployment.platform_id == Platform.id, Deployment.deployment_id == bindparam("deployment")),
    )
    .where(LoginState.state_hash == bindparam("state"))
)
_CONSUME = (
    update(table_of(LoginState))
    .where(LoginState.state_hash == bindparam("state"), LoginState.consumed_at.is_(None))
    .values(consumed_at=bindparam("now"), came_back_at=bindparam("now"))
)
_USE_UP = SharedStatement(_CONSUME)
_USE_UP_ASSUMED = SharedStatement(
    _CONSUME.where(
        exists().where(Platform.id == bindparam("platform"), Platform.status == "active"),
        exists().where(
            Deployment.id == bindparam("deployment"),
            Deployment.tenant_id == bindparam("tenant"),
            Deployment.status == "active",
        ),
    )
)
OPENER_FIELD = "opener"
"""Field in which our own page posts a launch again, with the secret of the page that opened its tab."""


def receive(parameters: Mapping[str, str]) -> Response:
    """Handle what was posted to `/lti/launch` and return where the browser goes.

    Raises:
        LaunchRefusedError: with the reason; the route turns it into a page and a record.
    """
    under_way = attempt()
    if "error" in parameters:
        _refused_by_platform(parameters, under_way)
    verified = VerifiedLaunch(parameters, platform_keys(), tool_url=runtime().settings.url, now=utc_now())
    under_way.passed = verified.passed
    login = _verify(verified, parameters.get("state", ""), under_way)
    under_way.check = "browser"
    cookie, opener = binding.cookie_of(request), binding.opener_of(request, parameters.get(OPENER_FIELD, ""))
    if not binding.is_bound(login.state, cookie, opener):
        return pages.ask_opener(parameters["id_token"], parameters["state"], under_way)
    verified.passed.append("browser")
    under_way.facts["binding"] = binding.TAB if opener else binding.COOKIE
    return _accept(verified, under_way)


def _refused_by_platform(parameters: Mapping[str, str], under_way: Attempt) -> None:
    """An OpenID Connect error answer instead of a token, such as `login_required` (OpenID Connect Core §3.1.2.6)."""
    under_way.check = "answer of the LMS"
    _find(parameters.get("state", ""), "", under_way)
    word = "".join(letter for letter in parameters["error"] if letter.isalnum() or letter in "_-.")[:60]
    raise errors.PlatformRefusedError(word, advice=errors.PLATFORM_ADVICE.get(word, ""))


def _verify(verified: VerifiedLaunch, state: str, under_way: Attempt) -> Login:
    """Verify a launch against its login: the one its state notes, where all else is at hand, or the one stored.

    The first way only ever accepts. Whatever it would refuse is judged by the stored rows, which know why.
    """
    login = _find_login(verified, state, under_way)
    under_way.facts = verified.facts()
    under_way.check = "launch"
    try:
        verified.validate(login)
    except errors.LaunchRefusedError:
        if not login.assumed:
            raise
        login = _stored_login(verified, state, under_way)
        verified.validate(login)
    return login


def _find_login(verified: VerifiedLaunch, state: str, under_way: Attempt) -> Login:
    under_way.check = "form"
    if not state:
        raise errors.MessageMalformedError("no state")
    try:
        verified.validate_jwt_format()
    except errors.LaunchRefusedError:
        _find(state, "", under_way)  # so that the record says whose launch it was
        raise
    return _assumed_login(verified, state, under_way) or _stored_login(verified, state, under_way)


def _stored_login(verified: VerifiedLaunch, state: str, under_way: Attempt) -> Login:
    under_way.check = "state"
    login = _find(state, verified.claimed_deployment, under_way)
    if login is None:
        raise errors.StateUnknownError
    return login


def _assumed_login(verified: VerifiedLaunch, state: str, under_way: Attempt) -> Login | None:
    """Return a login from what the state notes and what was read a moment ago, None where something is missing."""
    noted = read_state(state)
    platform = platform_cache().of_id(noted[0]) if noted else None
    deployment = platform_cache().known_deployment(platform.id, verified.claimed_deployment) if platform else None
    if noted is None or platform is None or deployment is None or deployment.status != "active":
        return None
    _note(platform, deployment, noted[1].state_hash, under_way)
    return Login(noted[1], platform.status, platform, deployment, assumed=True)


def _find(state: str, deployment_id: str, under_way: Attempt) -> Login | None:
    with unscoped(Unscoped.LOGIN) as session:
        login = _read(session, state, deployment_id)
    if login is not None:
        _note(login.platform, login.deployment, login.state.state_hash, under_way)
    return login


def _note(platform: Platform, deployment: Deployment | None, state_hash: str, under_way: Attempt) -> None:
    under_way.platform, under_way.state_hash = platform, state_hash
    under_way.tenant_id = deployment.tenant_id if deployment else platform.tenant_id


def _read(session: UnscopedSession, state: str, deployment_id: str) -> Login | None:
    """Read all that a launch is judged by in one query. The deployment's id is only claimed as yet."""
    found = _LOGIN.one(session, state=hash_token(state), deployment=deployment_id)
    if found is None:
        return None
    platform_id, status, tenant_id, *rest = found
    platform = platform_cache().of_id(platform_id)
    if platform is None or (platform.status, platform.tenant_id) != (status, tenant_id):
        platform = platform_cache().keep(session.get_one(Platform, platform_id))
    split = len(_STATE)
    row = dict(zip(_DEPLOYMENT_NAMES, rest[split:], strict=True))
    deployment = platform_cache().deployment(**row) if row["id"] is not None else None
    return Login(State(*rest[:split]), status, platform, deployment)


def _accept(verified: VerifiedLaunch, under_way: Attempt) -> Response:
    login = verified.login
    tenant_id = (login.deployment.tenant_id if login.deployment else None) or login.platform.tenant_id
    if tenant_id is None:
        _leave_waiting(verified)
        raise errors.DeploymentWaitingError
    try:
        return _answer(*_store(verified, tenant_id, under_way))
    except _ChangedError:
        # The platform or deployment is not what it was a few seconds ago, or the state is used up: ask the database.
        verified.validate(_stored_login(verified, verified.state, under_way))
        verified.passed.append("browser")
        return _accept(verified, under_way)
    except IntegrityError:
        # Another launch made the same deployment, learner or link at the same moment (PostgreSQL only); it is all
        # rolled back, the state too, and now that the rows are there it goes through.
        return _answer(*_store(verified, tenant_id, under_way))


def _leave_waiting(verified: VerifiedLaunch) -> None:
    """Put an unknown deployment into the inbox, for an administrator to say whose it is."""
    with unscoped(Unscoped.LOGIN, write=True) as session:
        _use_up(session, verified.login)
        row = note_deployment(session, verified.login.platform, deployment_id(verified.claims), None)
        row.name = row.name or text(section(verified.claims, TOOL_PLATFORM).get("name"), 200)


def _store(verified: VerifiedLaunch, tenant_id: UUID, under_way: Attempt) -> tuple[Launch, Entered | None]:
    login = verified.login
    with tenant_session(tenant_id, write=True) as session:
        _use_up(session, login)
        deployment = login.deployment
        if deployment is None or deployment.status != "active":
            deployment = note_deployment(session, login.platform, deployment_id(verified.claims), tenant_id)
        launch = build_launch(verified, code=under_way.code, tenant_id=tenant_id, deployment=deployment)
        under_way.urls = (launch.return_url,)
        entered = None if launch.message_type == DEEP_LINKING else enter(session, launch)
        records.accepted(
            session,
            under_way.code,
            tenant_id=tenant_id,
            platform_id=login.platform.id,
            passed=verified.passed,
            facts={**under_way.facts, **_facts(launch, entered)},
        )
    return launch, entered


class _ChangedError(Exception):
    """What was assumed of a login does not hold (any more)."""


def _use_up(session: TenantSession | UnscopedSession, login: Login) -> None:
    """Consume the state, whoever else tries at the same moment.

    Raises:
        StateUsedError: another was quicker.
        _ChangedError: that, or what was assumed is not so; the caller looks.
    """
    state, now = login.state.state_hash, utc_now()
    if login.assumed and login.deployment is not None:
        deployment = login.deployment
        values = {"deployment": deployment.id, "tenant": deployment.tenant_id, "platform": login.platform.id}
        if _USE_UP_ASSUMED.run(session, state=state, now=now, **values) != 1:
            raise _ChangedError
    elif _USE_UP.run(session, state=state, now=now) != 1:
        raise errors.StateUsedError


def _facts(launch: Launch, entered: Entered | None) -> JsonObject:
    return {
        "message": launch.message_type,
        "view": str(launch.person.view),
        "way": str(entered.way) if entered else "deep linking",
        "product": launch.product,
        "target": launch.document_target,
        "graded": bool(launch.link.line_item_url or launch.link.line_items_url),
    }


def _answer(launch: Launch, entered: Entered | None) -> Response:
    """Send the browser on. 303: reload and back then repeat a GET that does no harm, not the launch."""

    if entered is None:
        return deep_linking.start(launch)
    if entered.way is not Way.NO_CONTENT:
        return pages.go(entered.url, 303)
    if launch.person.view is View.STAFF:
        return deep_linking.picker_for_link(launch)
    return pages.not_set_up(launch)
