"""Changing a platform: its entry here, our registration there, one entry in another's place, whose deployments are."""

from uuid import UUID

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from passback.db import Unscoped, unscoped
from passback.errors import PassbackError
from passback.lti import diagnosis
from passback.lti.platforms import find_platform
from passback.lti.registration_changes import (
    PlatformChanges,
    change_platform,
    replace_platform,
    set_new_deployments,
    update_registration,
)
from passback.runtime import runtime
from passback.staff.service import Role
from passback.tenants import Tenant
from passback.web.auth import require
from passback.web.frame import actor, explain, form_id, form_tenant, staff_blueprint

platform_change = staff_blueprint("platform_change", "/admin/platforms")
FIELDS = ("name", "product", "auth_login_url", "token_url", "jwks_url", "token_audience")


@platform_change.get("/<uuid:platform_id>/change")
@require(Role.ADMINISTRATOR)
def form(platform_id: UUID) -> ResponseReturnValue:
    """Show what may be changed."""
    return _form(platform_id, {})


def _form(platform_id: UUID, filled: dict[str, str]) -> str:
    with unscoped(Unscoped.INSTALLATION) as session:
        platform = find_platform(session, platform_id)
        return render_template(
            "web/platform_change.html",
            platform=platform,
            filled={name: filled.get(name, getattr(platform, name)) for name in FIELDS},
            products=sorted((one.product, one.label) for one in runtime().plugins.lms_profiles.values()),
            tenants=list(session.scalars(select(Tenant).order_by(Tenant.slug))),
        )


@platform_change.post("/<uuid:platform_id>/change")
@require(Role.ADMINISTRATOR)
def change(platform_id: UUID) -> ResponseReturnValue:
    """Change the entry, then test it."""
    given = {name: request.form[name][:2000] for name in FIELDS if name in request.form}
    tenant_id = form_tenant()
    try:
        with unscoped(Unscoped.INSTALLATION, write=True) as session:
            platform = find_platform(session, platform_id)
            different = change_platform(session, platform, PlatformChanges(**given), actor=actor())  # type: ignore[arg-type]
            set_new_deployments(session, platform, tenant_id, actor=actor())
    except PassbackError as error:
        explain(error)
        return _form(platform_id, given), error.status
    if different:
        diagnosis.diagnose(platform_id)
    flash(_("Saved, and tested: what was found is below.") if different else _("Saved."), "good")
    return redirect(url_for("platform_page.show", platform_id=platform_id))


@platform_change.post("/<uuid:platform_id>/update-registration")
@require(Role.ADMINISTRATOR)
def update(platform_id: UUID) -> ResponseReturnValue:
    """Bring our registration in the LMS up to date."""
    try:
        update_registration(platform_id, actor=actor())
        flash(_("The LMS has Passback's present configuration."), "good")
    except PassbackError as error:
        explain(error)
    return redirect(url_for("platform_page.show", platform_id=platform_id))


@platform_change.post("/<uuid:platform_id>/replace")
@require(Role.ADMINISTRATOR)
def replace(platform_id: UUID) -> ResponseReturnValue:
    """Let this new registration take the place of an older entry of the same LMS."""
    old_id = form_id("old") or abort(400)
    try:
        with unscoped(Unscoped.INSTALLATION, write=True) as session:
            new, old = find_platform(session, platform_id), find_platform(session, old_id)
            replace_platform(session, old, new, actor=actor())
    except PassbackError as error:
        explain(error)
        return redirect(url_for("platforms.overview"))
    flash(_("The old entry has the new registration."), "good")
    return redirect(url_for("platform_page.show", platform_id=old_id))
