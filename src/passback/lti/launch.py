"""A launch, from the posted form to the 303 that takes the browser away from it (1EdTech Security Framework §5.1.1.3).

Everything is checked before the one write transaction; in it everything the launch says is stored and, by the record
of it, the login's state is used up, so that neither exists without the other. No network call is made while a
transaction is open.
"""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from flask import Response, request
from sqlalchemy import and_, select
from sqlalchemy.exc import IntegrityError

from passback.clock import utc_now
from passback.db import JsonObject, Unscoped, tenant_session, unscoped
from passback.lti import binding, deep_linking, errors, pages, records
from passback.lti.arrival import build_launch
from passback.lti.attempt import Attempt, attempt
from passback.lti.claims import deployment_id
from passback.lti.deployments import approve_by_policy, leave_waiting
from passback.lti.entering import Entered, Way, enter
from passback.lti.lost_logins import lost_logins
from passback.lti.lti11 import FORMER, keep_former
from passback.lti.message import DEEP_LINKING, Launch, View
from passback.lti.message_launch import Login, VerifiedLaunch
from passback.lti.models import Deployment, Platform
from passback.lti.platform_cache import platform_cache
from passback.lti.platform_keys import platform_keys
from passback.lti.states import read_state
from passback.runtime import runtime

CHANCES = 3


def receive(parameters: Mapping[str, str]) -> Response:
    """Handle what was posted to `/lti/launch` and return where the browser goes.

    Raises:
        LaunchRefusedError: with the reason; the route turns it into a page and a record.
    """
    under_way = attempt()
    under_way.urls = pages.framed_before(parameters)
    if "error" in parameters:
        _refused_by_platform(parameters, under_way)
    verified = VerifiedLaunch(parameters, platform_keys(), tool_url=runtime().settings.url, now=utc_now())
    under_way.passed = verified.passed
    login = _verify(verified, parameters.get("state", ""), under_way)
    under_way.check = "browser"
    by = binding.bound_by(login.state, parameters["state"], binding.shown_by(request, parameters))
    if not by:
        return pages.ask(parameters, login, under_way)
    verified.passed.append("browser")
    under_way.facts["binding"] = by
    return _accept(verified, under_way)


def _refused_by_platform(parameters: Mapping[str, str], under_way: Attempt) -> None:
    """An OpenID Connect error answer instead of a token, such as `login_required` (OpenID Connect Core §3.1.2.6)."""
    under_way.check = "answer of the LMS"
    _read_login(parameters.get("state", ""), "", under_way)
    word = "".join(letter for letter in parameters["error"] if letter.isalnum() or letter in "_-.")[:60]
    raise errors.PlatformRefusedError(word, advice=errors.PLATFORM_ADVICE.get(word, ""))


def _verify(verified: VerifiedLaunch, state: str, under_way: Attempt) -> Login:
    """Verify a launch against its login: by the platform's rows that are at hand, or by those in the database.

    The first way only ever accepts. Whatever it would refuse is judged by the database, which knows why.
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
        _read_login(state, "", under_way)  # so that the record says whose launch it was
        raise
    return _assumed_login(verified, state, under_way) or _stored_login(verified, state, under_way)


def _stored_login(verified: VerifiedLaunch, state: str, under_way: Attempt) -> Login:
    under_way.check = "state"
    login = _read_login(state, verified.claimed_deployment, under_way)
    if login is None:
        raise errors.StateUnknownError
    return login


def _assumed_login(verified: VerifiedLaunch, state: str, under_way: Attempt) -> Login | None:
    """Return a login by rows that were read a moment ago, None where something is missing."""
    noted = read_state(state)
    platform = platform_cache().of_id(noted[0]) if noted else None
    deployment = platform_cache().known_deployment(platform.id, verified.claimed_deployment) if platform else None
    if noted is None or platform is None or deployment is None or deployment.status != "active":
        return None
    return _note(Login(noted[1], platform, deployment, assumed=True), under_way)


def _read_login(state: str, deployment_id: str, under_way: Attempt) -> Login | None:
    """Read all that a launch is judged by. The deployment's id is only claimed as yet."""
    noted = read_state(state)
    if noted is None:
        return None
    platform_id, login_state = noted
    of_launch = and_(Deployment.platform_id == Platform.id, Deployment.deployment_id == deployment_id)
    query = select(Platform, Deployment).outerjoin(Deployment, of_launch).where(Platform.id == platform_id)
    with unscoped(Unscoped.LOGIN) as session:
        found = session.execute(query).one_or_none()
        if found is None:
            return None
        used = records.is_used(session, login_state.state_hash)
    platform, deployment = found
    platform_cache().keep(platform)
    if deployment is not None:
        platform_cache().keep_deployment(deployment)
    return _note(Login(replace(login_state, used=used), platform, deployment), under_way)


def _note(login: Login, under_way: Attempt) -> Login:
    lost_logins().answered(login.state.state_hash)
    under_way.platform, under_way.state_hash = login.platform, login.state.state_hash
    under_way.tenant_id = login.deployment.tenant_id if login.deployment else login.platform.tenant_id
    return login


def _accept(verified: VerifiedLaunch, under_way: Attempt) -> Response:
    for chance in range(CHANCES):
        login = verified.login
        tenant_id = (login.deployment.tenant_id if login.deployment else None) or login.platform.tenant_id
        if tenant_id is None:
            _leave_waiting(verified)
            raise errors.DeploymentWaitingError
        try:
            return _answer(*_store(verified, tenant_id, under_way))
        except (_ChangedError, IntegrityError):
            # All of it is rolled back. The platform or deployment is not what it was a few seconds ago, the state is
            # used up or was thought lost, or another launch made the same deployment, learner or link at the same
            # moment (PostgreSQL only). The database knows by now.
            if chance == CHANCES - 1:
                raise
            records.found_again(login.state.state_hash)
            verified.validate(_stored_login(verified, verified.state, under_way))
            verified.passed.append("browser")
    raise AssertionError("a launch has at least one chance")


def _leave_waiting(verified: VerifiedLaunch) -> None:
    """Put an unknown deployment into the inbox, for an administrator to say whose it is."""
    with unscoped(Unscoped.LOGIN, write=True) as session:
        leave_waiting(session, verified.login.platform, deployment_id(verified.claims), verified.claims)


def _store(verified: VerifiedLaunch, tenant_id: UUID, under_way: Attempt) -> tuple[Launch, Entered | None]:
    login = verified.login
    with tenant_session(tenant_id, write=True) as session:
        deployment = login.deployment
        if deployment is None or deployment.status != "active":
            found = deployment_id(verified.claims)
            deployment = approve_by_policy(session, login.platform, found, tenant_id, verified.claims)
        launch = build_launch(verified, code=under_way.code, tenant_id=tenant_id, deployment=deployment)
        under_way.urls = (*under_way.urls, launch.return_url)
        entered = None if launch.message_type == DEEP_LINKING else enter(session, launch)
        former = keep_former(session, launch, verified.claims)
        accepted = records.accepted(
            session,
            under_way.code,
            platform_id=login.platform.id,
            deployment_id=deployment.id,
            state_hash=login.state.state_hash,
            passed=verified.passed,
            facts={**under_way.facts, **_facts(launch, entered), **({FORMER: former} if former else {})},
        )
        if not accepted:
            raise _ChangedError
    return launch, entered


class _ChangedError(Exception):
    """The platform or the deployment is not active (any more)."""


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
