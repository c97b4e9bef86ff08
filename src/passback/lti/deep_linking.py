"""Choosing content: what an open picker has to answer, and the signed answer to the LMS (LTI Deep Linking 2.0)."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from flask import Response, make_response, redirect
from pydantic import JsonValue
from sqlalchemy import select

from passback.clock import utc_now
from passback.db import Unscoped, tenant_session, unscoped
from passback.errors import PassbackError, Side
from passback.lti import errors
from passback.lti.framing import origin_of
from passback.lti.keys import sign
from passback.lti.message import DeepLinkingSettings, Launch, LinkFacts
from passback.lti.models import ContentSelection
from passback.plugin import JsonObject
from passback.runtime import runtime
from passback.sealing import hash_token, new_token

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
DL_CLAIM = "https://purl.imsglobal.org/spec/lti-dl/claim/"
RESPONSE = "LtiDeepLinkingResponse"
VALID = timedelta(hours=12)
ANSWER_SECONDS = 300
BACKDATED_SECONDS = 10
"""Moodle refuses an answer whose `iat` is ahead of its own clock, and has no leeway."""


class PickerClosedError(PassbackError):
    """This page for choosing a course is no longer open."""

    code = "picker_closed"
    status = 403
    side = Side.BROWSER
    advice = "Go back to your LMS and add the course again; nothing that was uploaded is lost."


@dataclass(frozen=True)
class PickerTask:
    """What a picker is open for. Kept encrypted: the return addresses hold the teacher's session key in the LMS.

    Args:
        settings: set for a deep linking request; None: `link` has no content yet and gets the choice itself.
        deployment_id: the LMS's own id of it.
        code: the launch's short code.
        former: the `LinkChoice` of the link that is chosen anew, "" for a new link.
    """

    issuer: str
    client_id: str
    platform: str
    deployment_id: str
    code: str
    return_url: str
    link: LinkFacts
    settings: DeepLinkingSettings | None = None
    ancestors: tuple[str, ...] = ()
    former: str = ""
    multiple: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "multiple", self.settings is not None and self.settings.accept_multiple)


def start(launch: Launch) -> Response:
    """Answer a deep linking request with the way to its picker.

    Raises:
        DeepLinkingError: the address for the answer is none.
    """
    settings = launch.deep_linking
    if settings is None or not origin_of(settings.return_url):
        raise errors.DeepLinkingError
    return _open(launch, settings)


def picker_for_link(launch: Launch) -> Response:
    """Answer staff who opened a link without content with the way to a picker that fills it."""
    return _open(launch, None)


def _open(launch: Launch, settings: DeepLinkingSettings | None) -> Response:
    task = PickerTask(
        issuer=launch.platform.issuer,
        client_id=launch.platform.client_id,
        platform=str(launch.platform.id),
        deployment_id=launch.deployment.deployment_id,
        code=launch.code,
        return_url=launch.return_url if origin_of(launch.return_url) else "",
        link=launch.link,
        settings=settings,
        ancestors=launch.ancestors,
        former=launch.item,
    )
    token = new_token()
    sealed = runtime().sealer.seal(json.dumps(asdict(task)))
    with tenant_session(launch.tenant_id, write=True) as session:
        session.add(ContentSelection(token_hash=hash_token(token), task=sealed))
    answer = make_response(redirect(f"{runtime().settings.url}/lti/pick/{token}", 303))
    answer.headers["Cache-Control"] = "no-store"
    return answer


def find_task(token: str) -> tuple[ContentSelection, PickerTask]:
    """Return the open picker of a token; its `tenant_id` says whose it is.

    Raises:
        PickerClosedError: unknown, or open for more than 12 hours.
    """
    query = select(ContentSelection).where(ContentSelection.token_hash == hash_token(token))
    with unscoped(Unscoped.LOGIN) as session:
        row = session.scalars(query).one_or_none()
    if row is None or row.created_at < utc_now() - VALID:
        raise PickerClosedError
    return row, _task(json.loads(runtime().sealer.unseal(row.task)))


def _task(value: dict[str, Any]) -> PickerTask:
    value.pop("multiple")
    settings = value.pop("settings")
    if settings is not None:
        for name in ("accept_types", "accept_targets"):
            settings[name] = tuple(settings[name])
        settings = DeepLinkingSettings(**settings)
    ancestors = tuple(value.pop("ancestors"))
    return PickerTask(**{**value, "link": LinkFacts(**value["link"]), "settings": settings, "ancestors": ancestors})


def signed_answer(task: PickerTask, items: Sequence[JsonObject], message: str = "") -> str:
    """Return the JWT that answers a deep linking request; no items mean that nothing was chosen.

    `aud` is a string: some LMSs refuse the list that OpenID Connect would allow as well.

    Args:
        message: what the LMS may show to the teacher; its log gets the launch's short code.
    """
    now = int(utc_now().timestamp())
    claims: dict[str, JsonValue] = {
        "iss": task.client_id,
        "aud": task.issuer,
        "iat": now - BACKDATED_SECONDS,
        "exp": now + ANSWER_SECONDS,
        "nonce": new_token(),
        f"{CLAIM}deployment_id": task.deployment_id,
        f"{CLAIM}message_type": RESPONSE,
        f"{CLAIM}version": "1.3.0",
        f"{DL_CLAIM}content_items": list(items),
        f"{DL_CLAIM}log": f"Passback, launch {task.code}: {len(items)} chosen",
    }
    if message:
        claims[f"{DL_CLAIM}msg"] = message
    if task.settings is not None and task.settings.data is not None:
        claims[f"{DL_CLAIM}data"] = task.settings.data
    return sign(claims)
