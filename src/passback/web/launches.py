"""What became of each launch, logins that never came back, and a report for the support of an LMS."""

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from passback.db import Unscoped, unscoped
from passback.errors import NotFoundError
from passback.lti import debugger, platforms, records
from passback.lti.lost_logins import lost_logins
from passback.lti.models import LaunchRecord, Platform
from passback.runtime import runtime
from passback.staff.service import Role, audit
from passback.web.auth import require
from passback.web.frame import actor, lock_down, staff_blueprint

launches = staff_blueprint("launches", "/admin/launches")
support = Blueprint("support", __name__, url_prefix="/support")


@launches.get("/")
@require(Role.ADMINISTRATOR)
def recent() -> ResponseReturnValue:
    """List what became of the newest launches, and logins that never came back."""
    code = request.args.get("code", "").strip()
    lost_logins().write_down()
    with unscoped(Unscoped.INSTALLATION) as session:
        if code and records.find(session, code) is not None:
            return redirect(url_for("launches.show", code=code))
        return render_template(
            "web/launches.html",
            records=records.recent(session),
            lost=records.never_came_back(session),
            causes=records.LIKELY_CAUSES,
            not_found=code,
        )


@launches.get("/<code>")
@require(Role.ADMINISTRATOR)
def show(code: str) -> ResponseReturnValue:
    """Tell check by check what became of one launch."""
    record, platform = _found(code)
    return render_template("web/launch.html", story=debugger.tell(record), platform=platform, address="")


@launches.post("/<code>/share")
@require(Role.ADMINISTRATOR)
def share(code: str) -> ResponseReturnValue:
    """Make an address under which the support of the LMS may read which checks held."""
    record, platform = _found(code)
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        audit(session, actor=actor(), action="launch.shared", subject=record.code)
    address = runtime().settings.url + url_for("support.launch", token=debugger.share_token(record.code))
    return render_template(
        "web/launch.html",
        story=debugger.tell(record),
        platform=platform,
        address=address,
        days=debugger.SHARED_DAYS,
    )


@support.after_request
def keep_private(response: Response) -> Response:
    """Keep reports out of frames, caches and search engines."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Referrer-Policy"] = "no-referrer"
    return lock_down(response)


@support.get("/launch/<token>")
def launch(token: str) -> ResponseReturnValue:
    """Show which checks of a launch held, to whoever has the address: no claim, no person, no address of the LMS's."""
    record, platform = _found(debugger.shared_code(token))
    return render_template(
        "web/shared_launch.html",
        story=debugger.shared(record),
        platform=platform,
        addresses=platforms.tool_addresses(),
    )


def _found(code: str) -> tuple[LaunchRecord, Platform | None]:
    with unscoped(Unscoped.INSTALLATION) as session:
        record = records.find(session, code)
        if record is None:
            raise NotFoundError("launch code")
        return record, session.get(Platform, record.platform_id) if record.platform_id else None
