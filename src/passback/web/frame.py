"""What all staff pages share: checked forms, no frames, no caches, who acts, and failures said on the next page."""

from uuid import UUID

from flask import Blueprint, Response, abort, flash, request

from passback.db import Unscoped, unscoped
from passback.errors import PassbackError
from passback.tenants import Tenant
from passback.web.auth import protect_forms, signed_in

POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)


def lock_down(response: Response) -> Response:
    """Keep staff pages out of frames and caches; no script but our own files."""
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    return response


def staff_blueprint(name: str, prefix: str) -> Blueprint:
    """Return a blueprint whose forms are checked and whose pages are locked down."""
    blueprint = Blueprint(name, __name__, url_prefix=prefix or None)
    blueprint.before_request(protect_forms)
    blueprint.after_request(lock_down)
    return blueprint


def actor() -> str:
    """Return who acts, for the audit."""
    who = signed_in()
    return str(who.user.id) if who else "nobody"


def form_id(field: str) -> UUID | None:
    """Return the id in a field of the form that was sent, None where it is empty; anything else is no form of ours."""
    text = request.form.get(field, "")
    try:
        return UUID(text) if text else None
    except ValueError:
        abort(400)


def form_tenant() -> UUID | None:
    """Return the tenant that the form names, None where it names none."""
    tenant_id = form_id("tenant")
    with unscoped(Unscoped.INSTALLATION) as session:
        if tenant_id is not None and session.get(Tenant, tenant_id) is None:
            abort(400)
    return tenant_id


def explain(error: PassbackError) -> None:
    """Show an expected failure on the next page instead of leaving the one the person is on."""
    flash(f"{error.message} {error.advice}".strip(), "bad")
