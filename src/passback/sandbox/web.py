"""What all pages and services share: the platform of the running app, who is signed in, the form key."""

import secrets
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from flask import abort, current_app, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from passback.sandbox.launches import FormPost
from passback.sandbox.model import User
from passback.sandbox.platform import Platform

EXTENSION = "practice_lms"
Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


def platform() -> Platform:
    """Return the platform that this app shows."""
    return cast("Platform", current_app.extensions[EXTENSION])


def signed_in() -> User | None:
    """Return who this browser is signed in as."""
    user_id = session.get("user")
    with platform().core.read() as state:
        return state.users.get(str(user_id)) if user_id else None


def sign_in(user: User, *, as_learner: bool = False) -> None:
    """Sign this browser in as `user`, with a new session: launches of the old one are void."""
    session.clear()
    session["user"] = user.id
    session["sesskey"] = secrets.token_hex(8)
    session["as_learner"] = as_learner


def sesskey() -> str:
    """Return the key of this browser's session, which forms and return URLs carry ("" where nobody is signed in)."""
    return str(session.get("sesskey", ""))


def viewing_as_learner() -> bool:
    """Say whether staff switched to the learner's role."""
    return bool(session.get("as_learner"))


def is_staff(user: User, course_id: str) -> bool:
    """Say whether `user` may arrange the course."""
    if viewing_as_learner():
        return False
    with platform().core.read() as state:
        role = state.courses[course_id].members.get(user.id) if course_id in state.courses else None
    return user.administrator or (role is not None and role not in {"learner", "mentor"})


def need_user(view: Callable[Arguments, Answer]) -> Callable[Arguments, Answer | Response]:
    """Let only people who are signed in come to `view`; check the form key of what they post."""

    @wraps(view)
    def _guarded(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer | Response:
        if signed_in() is None:
            return redirect(url_for("people.choose", next=request.full_path.rstrip("?")))
        if request.method == "POST" and not secrets.compare_digest(request.form.get("sesskey", ""), sesskey()):
            abort(403, "This form is not from this session. Load the page again.")
        return view(*args, **kwargs)

    return _guarded


def current_user() -> User:
    """Return who is signed in, behind `need_user`."""
    user = signed_in()
    if user is None:
        abort(403)
    return user


def auto_post(form: FormPost, title: str) -> str:
    """Return the page that sends `form` by itself."""
    return render_template("auto_post.html", form=form, title=title)
