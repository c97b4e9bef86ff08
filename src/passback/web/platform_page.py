"""One platform: its self-test with a button, how far its clock is off, and what the tests before found."""

from uuid import UUID

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from passback.db import Unscoped, unscoped
from passback.delivery.ledger import trouble_with
from passback.lti import clocks, diagnosis
from passback.lti.ags import destination
from passback.lti.platforms import find_platform
from passback.lti.profiles import profile_for
from passback.lti.registration_changes import twins
from passback.lti.service_clock import by_services
from passback.runtime import runtime
from passback.staff.service import Role, audit
from passback.tenants import Tenant
from passback.web.auth import require
from passback.web.frame import actor, staff_blueprint

platform_page = staff_blueprint("platform_page", "/admin/platforms")


@platform_page.get("/<uuid:platform_id>")
@require(Role.ADMINISTRATOR)
def show(platform_id: UUID) -> ResponseReturnValue:
    """Show a platform and what its newest test found."""
    with unscoped(Unscoped.INSTALLATION) as session:
        platform = find_platform(session, platform_id)
        tests = diagnosis.diagnoses(session, platform_id)
        return render_template(
            "web/platform.html",
            platform=platform,
            newest=tests[0] if tests else None,
            earlier=[(one.at, diagnosis.worst(one)) for one in tests[1:]],
            clock=clocks.of_launches(session, platform_id),
            services_clock=by_services(session, platform_id),
            trouble=trouble_with(session, destination(platform)),
            product=profile_for(runtime().plugins.lms_profiles, platform.product, platform.issuer).label,
            owner=session.get_one(Tenant, platform.tenant_id).name if platform.tenant_id else "",
            twins=twins(session, platform) if platform.status == "pending" else [],
        )


@platform_page.post("/<uuid:platform_id>/test")
@require(Role.ADMINISTRATOR)
def test(platform_id: UUID) -> ResponseReturnValue:
    """Test the platform now."""
    diagnosis.diagnose(platform_id)
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        audit(session, actor=actor(), action="platform.tested", subject=str(platform_id))
    return redirect(url_for("platform_page.show", platform_id=platform_id))
