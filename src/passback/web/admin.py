"""The administrators' frame: home, tenants, people, plugins. Every page here is for signed-in staff only."""

from typing import cast
from uuid import UUID

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import func, select

from passback.content.models import Course
from passback.db import Unscoped, tenant_session, unscoped
from passback.delivery import ledger
from passback.errors import PassbackError
from passback.lti import deployments, records
from passback.plugins.activation import switch, switched_off
from passback.runtime import runtime
from passback.staff import service
from passback.staff.models import User
from passback.staff.service import Role
from passback.tenants import Tenant
from passback.tenants import add_tenant as new_tenant
from passback.tracking.models import Registration
from passback.web.auth import current_tenant, require, signed_in
from passback.web.frame import actor, explain, form_tenant, staff_blueprint

admin = staff_blueprint("admin", "/admin")


@admin.get("/")
def home() -> ResponseReturnValue:
    """Lead to the tenant there is, or list those that the person may see."""
    if signed_in() is None:
        return redirect(url_for("sign_in.form"))
    mine = visible_tenants()
    if len(mine) == 1:
        return redirect(url_for("admin.tenant_home", tenant=mine[0].slug))
    return render_template("web/tenants.html", tenants=mine)


@admin.get("/institutions")
@require(Role.ADMINISTRATOR)
def institutions() -> ResponseReturnValue:
    """List the tenants, with the form to add one."""
    return render_template("web/tenants.html", tenants=visible_tenants())


def visible_tenants() -> list[Tenant]:
    """Return the tenants that the person who is signed in may see, by name in addresses."""
    who = signed_in()
    if who is None:
        return []
    with unscoped(Unscoped.INSTALLATION) as session:
        tenants = list(session.scalars(select(Tenant).order_by(Tenant.slug)))
    return [tenant for tenant in tenants if who.may(Role.REPORTER, tenant.id)]


@admin.post("/tenants")
@require(Role.ADMINISTRATOR)
def add_tenant() -> ResponseReturnValue:
    """Add a tenant."""
    slug, name = request.form["slug"].strip().lower(), request.form["name"].strip()
    try:
        with unscoped(Unscoped.INSTALLATION, write=True) as session:
            added = new_tenant(session, slug, name)
            service.audit(session, actor=actor(), action="tenant.added", subject=slug, tenant_id=added.id)
    except PassbackError as error:
        explain(error)
        return redirect(url_for("admin.institutions"))
    return redirect(url_for("admin.tenant_home", tenant=slug))


@admin.get("/t/<tenant>/")
@require(Role.REPORTER)
def tenant_home(tenant: str) -> ResponseReturnValue:  # noqa: ARG001 - the address names it
    """Show what needs attention, and what there is."""
    current = current_tenant()
    with tenant_session(current.id) as session:
        courses = session.scalars(select(func.count()).select_from(Course).where(Course.archived_at.is_(None))).one()
        registrations = session.scalars(select(func.count()).select_from(Registration)).one()
        numbers = ledger.numbers(session)
    with unscoped(Unscoped.INSTALLATION) as database:
        inbox = deployments.list_deployments(database, status="inbox")
        launches = records.recent(database, tenant_id=current.id, limit=10)
    return render_template(
        "web/home.html",
        tenant=current,
        courses=courses,
        registrations=registrations,
        numbers=numbers,
        inbox=inbox,
        launches=launches,
    )


@admin.get("/people")
@require(Role.ADMINISTRATOR)
def people() -> ResponseReturnValue:
    """Show who has an account."""
    with unscoped(Unscoped.INSTALLATION) as session:
        users = list(session.scalars(select(User).order_by(User.email)))
        roles = {user.id: service.roles_of(session, user.id) for user in users}
        tenants = {tenant.id: tenant for tenant in session.scalars(select(Tenant))}
    return render_template("web/people.html", users=users, roles=roles, tenants=tenants, all_roles=list(Role))


@admin.post("/people")
@require(Role.ADMINISTRATOR)
def add_person() -> ResponseReturnValue:
    """Add an account."""
    form, tenant_id = request.form, form_tenant()
    try:
        with unscoped(Unscoped.INSTALLATION, write=True) as session:
            user = service.create_user(
                session,
                email=form["email"],
                name=form.get("name", ""),
                password=form.get("password", ""),
                role=_role(form["role"]),
                tenant_id=tenant_id,
            )
            service.audit(session, actor=actor(), action="user.created", subject=str(user.id), role=form["role"])
        flash(_("The account is there."), "good")
    except PassbackError as error:
        explain(error)
    return redirect(url_for("admin.people"))


@admin.post("/people/<uuid:user_id>/role")
@require(Role.ADMINISTRATOR)
def change_role(user_id: UUID) -> ResponseReturnValue:
    """Change what somebody may do."""
    role, tenant_id = _role(request.form["role"]), form_tenant()
    return _change(user_id, "user.role", lambda session, user: service.set_role(session, user, role, tenant_id))


@admin.post("/people/<uuid:user_id>/disable")
@require(Role.ADMINISTRATOR)
def disable_person(user_id: UUID) -> ResponseReturnValue:
    """Close an account."""
    return _change(user_id, "user.disabled", service.disable)


@admin.post("/people/<uuid:user_id>/enable")
@require(Role.ADMINISTRATOR)
def enable_person(user_id: UUID) -> ResponseReturnValue:
    """Open a closed account again."""
    return _change(user_id, "user.enabled", service.enable)


def _change(user_id: UUID, action: str, change: "service.Change") -> ResponseReturnValue:
    try:
        with unscoped(Unscoped.INSTALLATION, write=True) as session:
            user = session.get(User, user_id) or abort(404)
            change(session, user)
            service.audit(session, actor=actor(), action=action, subject=str(user.id))
        flash(_("Saved."), "good")
    except PassbackError as error:
        explain(error)
    return redirect(url_for("admin.people"))


def _role(text: str) -> Role:
    return Role(text) if text in list(Role) else cast("Role", abort(400))


@admin.get("/plugins")
@require(Role.ADMINISTRATOR)
def plugins() -> ResponseReturnValue:
    """Show what is installed."""
    registry = runtime().plugins
    with unscoped(Unscoped.INSTALLATION) as session:
        off = switched_off(session, None)
    kinds = {
        name: [registry.content_types[key].label for key, owner in registry.owners.items() if owner == name]
        for name in registry.owners.values()
    }
    infos = [info for info in registry.infos if info.source != "core"]
    return render_template("web/plugins.html", infos=infos, off=off, kinds=kinds)


@admin.post("/plugins/<name>")
@require(Role.ADMINISTRATOR)
def switch_plugin(name: str) -> ResponseReturnValue:
    """Switch a plugin on or off for the whole installation."""
    on = request.form.get("on") == "1"
    try:
        with unscoped(Unscoped.INSTALLATION, write=True) as session:
            switch(session, runtime().plugins, name, on=on)
            service.audit(session, actor=actor(), action="plugin.on" if on else "plugin.off", subject=name)
        flash(_("Saved."), "good")
    except PassbackError as error:
        explain(error)
    return redirect(url_for("admin.plugins"))
