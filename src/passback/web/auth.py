"""Who is signed in: staff of the installation, by a cookie of the app host that no package ever sees."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from flask import Flask, abort, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, CSRFProtect
from sqlalchemy import select

from passback.db import Unscoped, unscoped
from passback.errors import ForbiddenError, PassbackError, Side
from passback.runtime import runtime
from passback.staff.models import User, UserRole
from passback.staff.service import Role, allows, roles_of
from passback.tenants import Tenant, find_tenant

csrf = CSRFProtect()
SIGN_IN_HOURS = 12
P = ParamSpec("P")
R = TypeVar("R")


class FormExpiredError(PassbackError):
    """This form was open for too long, or came from another site."""

    code = "form_expired"
    side = Side.BROWSER
    advice = "Go back, reload the page and send it again."


@dataclass(frozen=True)
class SignedIn:
    """The member of staff behind a request."""

    user: User
    roles: tuple[UserRole, ...]

    def may(self, role: Role, tenant_id: UUID | None) -> bool:
        """Say whether their roles suffice in a tenant (None: the whole installation)."""
        return allows(list(self.roles), role, tenant_id)


def init_auth(app: Flask) -> None:
    """Set up the session cookie and the check of forms; within an app context."""
    secure = runtime().settings.secure
    app.config.update(
        SESSION_COOKIE_NAME="__Host-passback" if secure else "passback",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        PERMANENT_SESSION_LIFETIME=SIGN_IN_HOURS * 3600,
        WTF_CSRF_TIME_LIMIT=SIGN_IN_HOURS * 3600,
        # Pages that LMSs frame have no cookie and carry a page token instead: each admin form is protected by
        # `protect_forms` of its blueprint, so that the default stays off for the others.
        WTF_CSRF_CHECK_DEFAULT=False,
    )
    csrf.init_app(app)
    app.context_processor(lambda: {"signed_in": signed_in()})


def protect_forms() -> None:
    """Check the form token of a writing request; admin blueprints run this before each request."""
    if request.method not in {"GET", "HEAD", "OPTIONS"}:
        try:
            csrf.protect()
        except CSRFError as error:
            raise FormExpiredError(str(error.description)) from error
        if any("\0" in text for _name, text in request.form.items(multi=True)):
            abort(400)  # no field has a use for it, and PostgreSQL cannot keep it


def sign_in(user: User) -> None:
    """Start a session; whatever an earlier one held is dropped (no fixation)."""
    session.clear()
    session.permanent = True
    session["user"] = str(user.id)
    session["generation"] = user.session_generation


def sign_out() -> None:
    """End the session in this browser."""
    session.clear()


def signed_in() -> SignedIn | None:
    """Return who is signed in, looked up once per request; a disabled account is signed out at once."""
    if "signed_in" not in g:
        g.signed_in = _look_up()
    found: SignedIn | None = g.signed_in
    return found


def _look_up() -> SignedIn | None:
    if request.blueprint is None or "user" not in session:
        return None
    with unscoped(Unscoped.INSTALLATION) as database:
        user = database.scalars(select(User).where(User.id == UUID(session["user"]))).one_or_none()
        if user is None or user.disabled_at or user.session_generation != session.get("generation"):
            return None
        return SignedIn(user, tuple(roles_of(database, user.id)))


def require(role: Role) -> Callable[[Callable[P, R]], Callable[P, R | ResponseReturnValue]]:
    """Decorate a view: only staff with `role`, in the tenant that the view's `tenant` argument names (if any)."""

    def decorate(view: Callable[P, R]) -> Callable[P, R | ResponseReturnValue]:
        @wraps(view)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R | ResponseReturnValue:
            who = signed_in()
            if who is None:
                back = (
                    request.full_path.rstrip("?") if request.method == "GET" else None
                )  # a form is sent by people only
                return redirect(url_for("sign_in.form", next=back))
            slug = kwargs.get("tenant")
            tenant_id = _tenant(str(slug)).id if slug is not None else None
            if not who.may(role, tenant_id):
                raise ForbiddenError(f"{request.endpoint} needs {role}")
            return view(*args, **kwargs)

        return checked

    return decorate


def current_tenant() -> Tenant:
    """Return the tenant that the address names."""
    return _tenant(str((request.view_args or {})["tenant"]))


def _tenant(slug: str) -> Tenant:
    tenants: dict[str, Tenant] = g.setdefault("tenants", {})
    if slug not in tenants:
        with unscoped(Unscoped.INSTALLATION) as database:
            tenants[slug] = find_tenant(database, slug)
    return tenants[slug]


def safe_next(target: str | None) -> str:
    """Return a local path to go on to after signing in; anything else leads home."""
    if not target:
        return "/admin/"
    parts = urlsplit(target)
    local = not parts.scheme and not parts.netloc and target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if local and target.isprintable() else "/admin/"
