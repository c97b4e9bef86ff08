"""The administrator's pages: registering tools, activating them, their deployments; and faults on purpose."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

from flask import Blueprint, abort, flash, redirect, render_template, request
from werkzeug.wrappers import Response

from passback.sandbox.faults import AREAS, Fault
from passback.sandbox.web import current_user, need_user, platform

tool_pages = Blueprint("tools", __name__)

FAULTS: dict[str, Callable[[int], Fault]] = {
    "503": lambda times: Fault(503, times),
    "429": lambda times: Fault.rate_limit(30, times),
    "401": Fault.expired_token,
    "lost": Fault.lost_answer,
    "silent": lambda times: Fault(times=times, commit=True, hang_seconds=60.0),
    "malformed": lambda times: Fault.malformed(times=times),
    "redirect": lambda times: Fault.redirect("http://127.0.0.1:9/elsewhere", times),
}
"""What the page offers, by the option's value."""


@tool_pages.get("/tools")
@need_user
def tools() -> str:
    """List the tools and show how to register one."""
    return render_template(
        "tools.html", tools=platform().tools.all(), config=platform().config, issuer=platform().issuer
    )


@tool_pages.post("/tools/register")
@need_user
def register() -> str | tuple[str, int]:
    """Open a tool's registration URL in a frame, as Moodle does; an update keeps client id and deployment."""
    _need_administrator()
    url = request.form.get("url", "").strip()
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).netloc:
        abort(400, "A registration URL starts with http:// or https://.")
    update = request.form.get("update", "")
    same = [tool for tool in platform().tools.all() if tool.domain == urlsplit(url).netloc]
    if same and not update:
        return render_template("update_or_new.html", url=url, tools=same)
    rules = platform().core.profile.registration
    if rules is None:
        abort(400, "This LMS has no Dynamic Registration: add the tool by hand.")
    frame = platform().registration.start(url, update="" if update == "new" else update)
    origin = f"{urlsplit(url).scheme}://{urlsplit(url).netloc}"
    if rules.opens == "tab":
        return render_template("register_tab.html", url=frame, origin=origin)
    return render_template("register.html", frame=frame, origin=origin)


@tool_pages.post("/tools/add")
@need_user
def add() -> Response:
    """Register a tool by hand, active at once."""
    _need_administrator()
    form = {name: request.form.get(name, "").strip() for name in ("name", "login", "redirect", "jwks")}
    if not all(form.values()):
        abort(400, "All four fields are needed.")
    platform().tools.add(
        name=form["name"],
        initiate_login_uri=form["login"],
        redirect_uris=form["redirect"].split(),
        jwks_uri=form["jwks"],
    )
    return redirect("/tools")


@tool_pages.post("/tools/<tool_id>/<action>")
@need_user
def change(tool_id: str, action: str) -> Response:
    """Activate, deactivate or remove a tool, add a deployment, or change how its login is called."""
    _need_administrator()
    tool = platform().tools.get(tool_id)
    if tool is None:
        abort(404)
    match action:
        case "activate" | "deactivate":
            platform().tools.change(tool_id, active=action == "activate")
        case "deploy":
            platform().tools.deploy(tool_id)
        case "method":
            platform().tools.change(tool_id, login_method="GET" if tool.login_method == "POST" else "POST")
        case "remove":
            platform().tools.remove(tool_id)
        case _:
            abort(404)
    return redirect("/tools")


@tool_pages.get("/faults")
@need_user
def faults() -> str:
    """Show what is queued to go wrong and the newest requests from tools."""
    log = list(platform().log)[-50:][::-1]
    return render_template(
        "faults.html",
        areas=AREAS,
        kinds=FAULTS,
        pending=list(platform().faults.pending()),
        log=log,
        offset=int(platform().clock.offset.total_seconds()),
    )


@tool_pages.post("/faults")
@need_user
def plan_fault() -> Response:
    """Queue a fault, set the clock wrong, rotate the keys, let tokens expire, or clear it all."""
    _need_administrator()
    match request.form.get("do", ""):
        case "fault":
            area, kind = request.form.get("area", ""), request.form.get("kind", "")
            if area not in AREAS or kind not in FAULTS:
                abort(400)
            platform().faults.add(area, FAULTS[kind](max(1, _whole("times", 1))))
        case "clock":
            platform().clock.offset = timedelta(seconds=_whole("seconds", 0))
        case "keys":
            platform().keys.rotate()
        case "tokens":
            platform().tokens.revoke_all()
        case "clear":
            platform().faults.clear()
            platform().clock.offset = timedelta(0)
        case _:
            abort(400)
    flash("Done.")
    return redirect("/faults")


def _whole(name: str, default: int) -> int:
    try:
        return int(request.form.get(name, "") or default)
    except ValueError:
        abort(400, f"{name} must be a whole number.")


def _need_administrator() -> None:
    if not current_user().administrator:
        abort(403, "Only the administrator may do this: switch to Site Administrator.")
