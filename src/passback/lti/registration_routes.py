"""`/lti/register`: the page an LMS opens, in a frame, to register this tool. No cookie: forms carry a page token."""

from typing import Any, cast
from uuid import UUID

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from passback.db import Unscoped, unscoped
from passback.errors import NotFoundError, PassbackError
from passback.lti import framing
from passback.lti.faults import on_record
from passback.lti.invitations import InvitationError, check_invitation
from passback.lti.models import Platform
from passback.lti.registration import check_address, keep_request, register_invited
from passback.lti.registration_changes import keep_both, may_choose, replace_platform, twins
from passback.lti.services import MEMBERSHIP_READ, RESULT_READ, SCORE, WANTED_SCOPES
from passback.outbound import authority
from passback.runtime import runtime
from passback.tenants import Tenant

PAGE_SECONDS = 3600
_FORM, _DONE = "lti-register", "lti-registered"

registration = Blueprint("lti_registration", __name__)
on_record(registration, "registration")


@registration.get("/register")
@registration.get("/register/<token>")
def open_registration(token: str = "") -> Response:
    """Show what would be registered. Nothing is stored, fetched or sent before somebody agrees."""
    token = token or request.args.get("invitation", "")
    tenant, used = _invited_to(token) if token else ("", False)
    address = request.args.get("openid_configuration", "")
    if not address:
        return _page("lti/register_start.html", tenant=tenant, used=used)
    check_address(address)
    form = {"address": address, "token": request.args.get("registration_token", ""), "invitation": token}
    return _page(
        "lti/register_confirm.html",
        form_token=runtime().sealer.sign(_FORM, form),
        lms=authority(address),
        tenant=tenant,
        encrypted=address.lower().startswith("https://"),
        scopes=_scopes_in_words(),
    )


@registration.post("/register")
@registration.post("/register/<token>")
def confirm(token: str = "") -> BaseResponse:  # noqa: ARG001 - the form's own token says which invitation
    """Register, or without an invitation keep the request for an administrator."""
    form = cast("dict[str, str]", runtime().sealer.verify(_FORM, request.form.get("form", ""), max_age=PAGE_SECONDS))
    if not form["invitation"]:
        with unscoped(Unscoped.REGISTRATION, write=True) as session:
            kept = keep_request(session, form["address"], form["token"])
        return _page("lti/register_waiting.html", lms=authority(form["address"]), hurry=bool(form["token"]), kept=kept)
    platform = register_invited(form["invitation"], form["address"], form["token"])
    # 303, so that reloading the last page registers nothing twice.
    shown = runtime().sealer.sign(_DONE, str(platform.id))
    return redirect(url_for("lti_registration.registered", shown=shown), code=303)


@registration.get("/registered/<shown>")
def registered(shown: str) -> Response:
    """Say that it is done and tell the LMS to close the page (LTI Dynamic Registration 1.0 §3.8).

    Where the LMS was connected already, ask first whether this takes the old registration's place.
    """
    with unscoped(Unscoped.REGISTRATION) as session:
        platform = _shown(session, shown)
        before = twins(session, platform) if may_choose(session, platform) else []
    return _page("lti/register_done.html", platform=platform, before=before)


@registration.post("/registered/<shown>")
def choose(shown: str) -> BaseResponse:
    """Bring the old registration up to date, or keep both. The address is signed; nothing here hangs on a cookie."""
    with unscoped(Unscoped.REGISTRATION, write=True) as session:
        platform = _shown(session, shown)
        if may_choose(session, platform):
            old = [one for one in twins(session, platform) if str(one.id) == request.form.get("old", "")]
            if old:
                platform = replace_platform(session, old[0], platform, actor="registration")
            else:
                keep_both(session, platform, actor="registration")
        shown = runtime().sealer.sign(_DONE, str(platform.id))
    return redirect(url_for("lti_registration.registered", shown=shown), code=303)


def _shown(session: Session, shown: str) -> Platform:
    platform = session.get(Platform, UUID(runtime().sealer.verify(_DONE, shown, max_age=PAGE_SECONDS)))
    if platform is None:  # it has taken another's place, and somebody went back
        raise NotFoundError("registration", advice="Look in the LMS whether the tool is listed; it needs no more here.")
    return platform


@registration.errorhandler(PassbackError)
def explain(error: PassbackError) -> Response:
    """Say what went wrong, on whose side, and offer to close the page."""
    words = getattr(error, "words", "")
    return _page("lti/register_failed.html", status=error.status, error=error, words=words)


def _invited_to(token: str) -> tuple[str, bool]:
    """Return the name of the institution that an invitation is for, and whether it has been used.

    Raises:
        InvitationError: it is not valid.
    """
    if len(token) > 200:
        raise InvitationError
    with unscoped(Unscoped.REGISTRATION, write=True) as session:
        invitation = check_invitation(session, token)
        return session.get_one(Tenant, invitation.tenant_id).name, invitation.platform_id is not None


def _scopes_in_words() -> list[str]:
    words = {
        SCORE: _("send results to the gradebook"),
        RESULT_READ: _("read those results back, to be sure that they arrived"),
        MEMBERSHIP_READ: _("see who is enrolled in a course that uses Passback"),
    }
    own_columns = _("find and make the gradebook columns of its own activities")
    return [own_columns, *(words[scope] for scope in WANTED_SCOPES if scope in words)]


def _page(template: str, *, status: int = 200, **values: Any) -> Response:
    """Render a page that any LMS may frame: Canvas frames it from another host than its configuration's."""
    return framing.frame(make_response(render_template(template, **values), status), framing.ANYONE)
