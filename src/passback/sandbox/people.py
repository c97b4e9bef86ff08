"""Who is in front of the screen: the sign-in-as switcher, and the course pages' start."""

from flask import Blueprint, abort, redirect, render_template, request, session
from werkzeug.wrappers import Response

from passback.sandbox.web import platform, sign_in

people = Blueprint("people", __name__)


@people.get("/sign-in")
def choose() -> str:
    """Show everyone one can be."""
    with platform().core.read() as state:
        users = list(state.users.values())
        roles = {
            user.id: [str(c.members[user.id]) for c in state.courses.values() if user.id in c.members] for user in users
        }
    return render_template("sign_in.html", users=users, roles=roles, next=_local(request.args.get("next", "/")))


@people.post("/sign-in")
def switch() -> Response:
    """Be somebody, in a new session."""
    with platform().core.read() as state:
        user = state.users.get(request.form.get("user", ""))
    if user is None:
        abort(404)
    sign_in(user, as_learner="as_learner" in request.form)
    return redirect(_local(request.form.get("next", "/")))


@people.post("/sign-out")
def leave() -> Response:
    """Be nobody."""
    session.clear()
    return redirect("/sign-in")


def _local(target: str) -> str:
    return target if target.startswith("/") and not target.startswith(("//", "/\\")) else "/"
