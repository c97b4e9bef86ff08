"""Mounts the pages of the web room."""

from flask import Blueprint, Flask, redirect
from flask.typing import ResponseReturnValue

from passback.db import Unscoped, unscoped
from passback.hosts import HostSide, mount
from passback.plugin import NavItem
from passback.plugins.activation import switched_off
from passback.runtime import runtime
from passback.tenants import Tenant
from passback.web.admin import admin, visible_tenants
from passback.web.auth import init_auth
from passback.web.connect import connecting
from passback.web.course_versions import course_versions
from passback.web.courses import courses
from passback.web.deliveries import deliveries
from passback.web.health import health
from passback.web.launches import launches, support
from passback.web.lms_courses import lms_courses
from passback.web.platform_change import platform_change
from passback.web.platform_page import platform_page
from passback.web.platforms import platforms
from passback.web.reconciliation import reconciliation
from passback.web.sign_in import init_sign_in, pages

front = Blueprint("front", __name__)


@front.get("/")
def front_page() -> ResponseReturnValue:
    """Lead staff to their pages; everybody else comes through an LMS."""
    return redirect("/admin/")


def mount_web(app: Flask) -> None:
    """Mount health checks, signing in and the administrators' pages."""
    with app.app_context():
        init_auth(app)
        init_sign_in(app, runtime().settings)
    app.context_processor(lambda: {"plugin_pages": plugin_pages, "only_tenant": only_tenant})
    mount(app, health, HostSide.ANY)
    for blueprint in (
        front,
        pages,
        admin,
        courses,
        course_versions,
        lms_courses,
        platforms,
        platform_page,
        platform_change,
        connecting,
        launches,
        support,
        deliveries,
        reconciliation,
    ):
        mount(app, blueprint, HostSide.APP)


def plugin_pages() -> list[NavItem]:
    """Return the entries of the menu of the plugins that are on, in their order."""
    with unscoped(Unscoped.INSTALLATION) as session:
        off = switched_off(session, None)
    collected = runtime().plugins.collect("nav_items", only=lambda plugin: plugin not in off)
    found = [item for _plugin, items in collected for item in items]
    return sorted(found, key=lambda item: (item.order, item.label))


def only_tenant() -> Tenant | None:
    """Return the tenant whose pages the menu shows on pages of the whole installation: the only one there is."""
    tenants = visible_tenants()
    return tenants[0] if len(tenants) == 1 else None
