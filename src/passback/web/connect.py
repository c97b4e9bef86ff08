"""Connecting an LMS by hand, guided: what to enter where in that LMS, what to copy back, and what comes next."""

from collections.abc import Mapping
from uuid import UUID

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from passback.db import Unscoped, unscoped
from passback.errors import PassbackError
from passback.lti import diagnosis
from passback.lti.connecting import ADDRESSES, connect
from passback.lti.platforms import find_platform
from passback.lti.profiles import guided
from passback.lti.registering_errors import ConnectFieldError
from passback.lti.tool_config import tool_values
from passback.plugin import ConnectGuide, LmsProfile
from passback.runtime import runtime
from passback.staff.service import Role
from passback.tenants import Tenant
from passback.web.auth import require
from passback.web.frame import actor, explain, form_tenant, staff_blueprint

connecting = staff_blueprint("connecting", "/admin/platforms/connect")


@connecting.get("/<lms>")
@require(Role.ADMINISTRATOR)
def guide(lms: str) -> ResponseReturnValue:
    """Show the guide of an LMS."""
    return _guide(_profile(lms), {})


@connecting.post("/<lms>")
@require(Role.ADMINISTRATOR)
def fill_in(lms: str) -> ResponseReturnValue:
    """Connect the LMS, test it, and say what comes next; what cannot be right is said beside its field."""
    profile, tenant_id = _profile(lms), form_tenant() or abort(400)
    given = {name: request.form.get(name, "") for name in _fields(_of(profile))}
    try:
        with unscoped(Unscoped.INSTALLATION, write=True) as session:
            platform_id = connect(session, profile, given, tenant_id=tenant_id, actor=actor()).id
    except ConnectFieldError as error:
        return _guide(profile, request.form, wrong=error), error.status
    except PassbackError as error:
        explain(error)
        return _guide(profile, request.form), error.status
    return _connected(profile, platform_id, announced=bool(given.get("deployment_id", "").strip()))


def _connected(profile: LmsProfile, platform_id: UUID, *, announced: bool) -> str:
    test = diagnosis.diagnose(platform_id)
    with unscoped(Unscoped.INSTALLATION) as session:
        platform = find_platform(session, platform_id)
        return render_template(
            "web/connected.html",
            profile=profile,
            guide=_of(profile),
            platform=platform,
            checks=test.checks,
            announced=announced,
        )


def _guide(profile: LmsProfile, filled: Mapping[str, str], wrong: ConnectFieldError | None = None) -> str:
    found = _of(profile)
    values = tool_values(runtime().settings.url)
    labels = dict(found.asks)
    with unscoped(Unscoped.INSTALLATION) as session:
        tenants = list(session.scalars(select(Tenant).order_by(Tenant.slug)))
    return render_template(
        "web/connect.html",
        profile=profile,
        guide=found,
        tells=[(label, values.get(what, what), what in values) for label, what in found.tells],
        asks=[(name, labels[name]) for name in _fields(found) if name in labels],
        fixed=[(name, getattr(found, name)) for name in ADDRESSES if name not in labels],
        optional={"deployment_id"},
        tenants=tenants,
        filled=filled,
        wrong=wrong,
    )


def _fields(found: ConnectGuide) -> list[str]:
    """Return the fields that may be filled in: those that are asked for, then addresses that hardly ever differ."""
    asked = [name for name, _label in found.asks]
    return [*asked, *(name for name in ADDRESSES if name not in asked), "name"]


def _profile(lms: str) -> LmsProfile:
    return guided(runtime().plugins.lms_profiles, lms) or abort(404)


def _of(profile: LmsProfile) -> ConnectGuide:
    return profile.connect or abort(404)
