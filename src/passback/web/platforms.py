"""Platforms: connecting an LMS, and the inbox of deployments."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from passback.db import Unscoped, unscoped
from passback.delivery.ledger import trouble_with
from passback.errors import PassbackError
from passback.lti import deployments, invitations, registration
from passback.lti import platforms as service
from passback.lti.ags import destination
from passback.lti.models import Platform
from passback.lti.platforms import PlatformDetails
from passback.lti.registration_changes import twins
from passback.lti.tool_config import guides
from passback.runtime import runtime
from passback.staff.service import Role
from passback.tenants import Tenant
from passback.web.auth import require
from passback.web.frame import actor, explain, form_tenant, staff_blueprint

platforms = staff_blueprint("platforms", "/admin/platforms")
FIELDS = ("issuer", "client_id", "auth_login_url", "token_url", "jwks_url", "name", "token_audience")


@platforms.get("/")
@require(Role.ADMINISTRATOR)
def overview() -> ResponseReturnValue:
    """List platforms, what waits for approval, and the inbox."""
    return _overview({})


def _overview(filled: Mapping[str, str]) -> str:
    with unscoped(Unscoped.INSTALLATION) as session:
        tenants = list(session.scalars(select(Tenant).order_by(Tenant.slug)))
        connected = service.list_platforms(session)
        return render_template(
            "web/platforms.html",
            platforms=connected,
            troubles={one.id: trouble_with(session, destination(one)) for one in connected},
            lms={one.id: f"{one.name or one.issuer} ({one.client_id})" for one in connected},
            unclear={one.id for one in connected if one.status == "pending" and twins(session, one)},
            requests=invitations.list_requests(session),
            deployments=deployments.list_deployments(session),
            tenants=tenants,
            names={tenant.id: tenant.name for tenant in tenants},
            tool=runtime().settings.url,
            guides=guides(runtime().plugins.lms_profiles),
            filled=filled,
        )


def _tenant() -> UUID:
    return form_tenant() or abort(400)


@platforms.post("/invite")
@require(Role.ADMINISTRATOR)
def invite() -> ResponseReturnValue:
    """Make a registration URL, shown once."""
    tenant_id = _tenant()
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        institution = session.get_one(Tenant, tenant_id).name
        url = invitations.invite(session, tenant_id, actor=actor())
    return render_template("web/invitation.html", url=url, days=invitations.INVITATION_DAYS, institution=institution)


@platforms.post("/add")
@require(Role.ADMINISTRATOR)
def add() -> ResponseReturnValue:
    """Register a platform by hand, for LMSs without Dynamic Registration."""
    text = {field: request.form.get(field, "").strip() for field in FIELDS}
    details = replace(PlatformDetails("", "", "", "", ""), **text)  # type: ignore[arg-type]  # FIELDS are its text
    tenant_id = _tenant()
    try:
        with unscoped(Unscoped.INSTALLATION, write=True) as session:
            service.add_platform(session, details, tenant_id=tenant_id, actor=actor())
        flash(_("The LMS is connected."), "good")
    except PassbackError as error:
        explain(error)
        return _overview(request.form), error.status
    return redirect(url_for("platforms.overview"))


@platforms.post("/<uuid:platform_id>/<any(approve,disable):what>")
@require(Role.ADMINISTRATOR)
def decide(platform_id: UUID, what: str) -> ResponseReturnValue:
    """Approve or disable a platform."""
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        platform = service.find_platform(session, platform_id)
        if what == "approve":
            service.approve_platform(session, platform, actor=actor())
        else:
            service.disable_platform(session, platform, actor=actor())
    flash(_("Saved."), "good")
    return redirect(url_for("platforms.overview"))


@platforms.post("/requests/<uuid:request_id>/<any(approve,decline):what>")
@require(Role.ADMINISTRATOR)
def decide_request(request_id: UUID, what: str) -> ResponseReturnValue:
    """Approve or decline an LMS that registered without an invitation; only now is anything fetched from it."""
    try:
        if what == "approve":
            _say_registered(registration.approve_request(request_id, _tenant()))
        else:
            with unscoped(Unscoped.INSTALLATION, write=True) as session:
                invitations.decline_request(session, request_id, actor=actor())
            flash(_("Declined."), "good")
    except PassbackError as error:
        explain(error)
    return redirect(url_for("platforms.overview"))


def _say_registered(platform: Platform) -> None:
    if platform.status == "active":
        flash(_("The LMS is registered."), "good")
    else:
        flash(
            _("The LMS is registered, and was connected before: say below whether this one takes the old one's place.")
        )


@platforms.post("/deployments/<uuid:deployment_id>/<any(assign,block):what>")
@require(Role.ADMINISTRATOR)
def decide_deployment(deployment_id: UUID, what: str) -> ResponseReturnValue:
    """Say whose a deployment is, or refuse it."""
    tenant_id = _tenant() if what == "assign" else None
    try:
        with unscoped(Unscoped.INSTALLATION, write=True) as session:
            deployment = deployments.find_deployment(session, deployment_id)
            if tenant_id is not None:
                deployments.assign_deployment(session, deployment, tenant_id, actor=actor())
            else:
                deployments.block_deployment(session, deployment, actor=actor())
        flash(_("Saved."), "good")
    except PassbackError as error:
        explain(error)
    return redirect(url_for("platforms.overview"))
