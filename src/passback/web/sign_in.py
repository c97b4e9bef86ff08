"""Signing in and out, and the very first administrator."""

import hmac
from typing import Any, cast

import structlog
from authlib.integrations.flask_client import FlaskOAuth2App, OAuth
from flask import Flask, current_app, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf import FlaskForm
from wtforms import EmailField, HiddenField, PasswordField, StringField
from wtforms.validators import DataRequired, Length

from passback.clock import utc_now
from passback.db import JsonObject, Unscoped, unscoped
from passback.errors import NotFoundError, PassbackError
from passback.runtime import runtime
from passback.settings import Settings
from passback.staff import service
from passback.staff.errors import SignInError
from passback.web.auth import safe_next, sign_in, sign_out
from passback.web.frame import staff_blueprint

log = structlog.get_logger(__name__)
pages = staff_blueprint("sign_in", "")
limiter = Limiter(get_remote_address, storage_uri="memory://", strategy="fixed-window")
TRIES = "10 per minute; 60 per hour"
OIDC_SECONDS = 10
"""How long the organisation's sign-in server may take to answer one call."""
CAUSE_LENGTH = 100


class OidcError(PassbackError):
    """Your organisation's sign-in did not work."""

    code = "oidc_failed"
    status = 502
    advice = "Try again; if it stays, the administrator finds the cause in the log under this code."


class SignInForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """E-mail address and password."""

    email = EmailField(validators=[DataRequired(), Length(max=254)])
    password = PasswordField(validators=[DataRequired(), Length(max=1000)])
    next = HiddenField()


class SetupForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """The first administrator's account."""

    name = StringField(validators=[Length(max=200)])
    email = EmailField(validators=[DataRequired(), Length(max=254)])
    password = PasswordField(validators=[DataRequired(), Length(max=1000)])


def _limit_guesses(app: Flask) -> None:
    """Let the limiter look at this room's requests only; it would look at every launch and every commit else."""
    all_steps: tuple[dict[str | None, list[Any]], ...] = (app.before_request_funcs, app.after_request_funcs)
    others = [list(steps.setdefault(None, [])) for steps in all_steps]
    limiter.init_app(app)
    for steps, kept in zip(all_steps, others, strict=True):
        steps.setdefault(pages.name, []).extend(one for one in steps[None] if one not in kept)
        steps[None] = kept


def init_sign_in(app: Flask, settings: Settings) -> None:
    """Limit guesses and, where it is configured, offer OpenID Connect."""
    _limit_guesses(app)
    oauth = OAuth(app)
    app.extensions["passback_oidc"] = None
    if settings.oidc.issuer:
        app.extensions["passback_oidc"] = oauth.register(
            "staff",
            server_metadata_url=f"{settings.oidc.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_id=settings.oidc.client_id,
            client_secret=settings.oidc.client_secret.get_secret_value(),
            client_kwargs={
                "scope": "openid email profile",
                "code_challenge_method": "S256",
                "default_timeout": OIDC_SECONDS,  # Authlib calls by itself, and would wait for ever
            },
        )


@pages.get("/sign-in")
def form() -> ResponseReturnValue:
    """Show the form."""
    return _form_page(SignInForm(next=request.args.get("next", "")), None)


@pages.post("/sign-in")
@limiter.limit(TRIES)
def submit() -> ResponseReturnValue:
    """Sign in with e-mail address and password."""
    filled = SignInForm()
    if not filled.validate():
        return _form_page(filled, SignInError())
    try:
        with unscoped(Unscoped.INSTALLATION, write=True) as session:
            user = service.authenticate(session, filled.email.data, filled.password.data)
    except SignInError as error:
        log.warning("sign_in.refused", code=error.code)
        return _form_page(filled, error)
    sign_in(user)
    return redirect(safe_next(filled.next.data))


def _form_page(filled: SignInForm, error: SignInError | None) -> ResponseReturnValue:
    oidc = runtime().settings.oidc
    label = oidc.label if oidc.issuer else ""
    with unscoped(Unscoped.INSTALLATION) as session:
        nobody = service.needs_first_administrator(session)
    page = render_template("web/sign_in.html", form=filled, error=error, oidc_label=label, nobody=nobody)
    return page, 401 if error else 200


@pages.post("/sign-out")
def leave() -> ResponseReturnValue:
    """Sign out."""
    sign_out()
    return redirect(url_for("sign_in.form"))


@pages.get("/sign-in/oidc")
def oidc_start() -> ResponseReturnValue:
    """Go to the organisation's sign-in."""
    client = current_app.extensions["passback_oidc"]
    if client is None:
        raise NotFoundError("OpenID Connect is not configured")
    session["next"] = safe_next(request.args.get("next"))  # not in the address: providers compare it to the letter
    address = f"{runtime().settings.url}{url_for('sign_in.oidc_back')}"
    try:
        _claims_wanted(client)
        return cast("ResponseReturnValue", client.authorize_redirect(address))
    except Exception as error:  # the organisation's server is away, or what it publishes is nonsense
        raise OidcError(_cause(error)) from error


@pages.get("/sign-in/oidc/back")
@limiter.limit(TRIES)
def oidc_back() -> ResponseReturnValue:
    """Come back from the organisation's sign-in."""
    client = current_app.extensions["passback_oidc"]
    if client is None:
        raise NotFoundError("OpenID Connect is not configured")
    try:
        claims = client.authorize_access_token(claims_options=_claims_wanted(client))["userinfo"]
        subject, email = str(claims["sub"]), str(claims.get("email", ""))
    except Exception as error:  # Authlib, its HTTP client and a wrong answer all end here: none may become a 500
        raise OidcError(_cause(error)) from error
    if not subject:
        raise OidcError("no subject")
    wanted = safe_next(session.get("next"))
    with unscoped(Unscoped.INSTALLATION, write=True) as database:
        verified = claims.get("email_verified") is True
        user = service.sign_in_by_oidc(database, subject=subject, email=email, email_verified=verified)
    sign_in(user)
    return redirect(wanted)


def _claims_wanted(client: FlaskOAuth2App) -> dict[str, JsonObject]:
    """Return what the identity token must say (OpenID Connect Core §3.1.3.7).

    Authlib by itself takes a token for any audience, as long as `azp` names us, and any issuer that calls itself one.

    Raises:
        OidcError: what is published at the issuer's address speaks for another issuer (Discovery §4.3).
    """
    issuer = str(client.load_server_metadata()["issuer"])
    if issuer.rstrip("/") != runtime().settings.oidc.issuer.rstrip("/"):
        raise OidcError("the published issuer is not the one that is set")
    return {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client.client_id}}


def _cause(error: Exception) -> str:
    """Return what the log says of a failure: its kind and the provider's error code, nothing that the provider wrote
    about the person."""
    said = error.detail if isinstance(error, OidcError) else getattr(error, "error", "")
    return f"{type(error).__name__} {said}".strip()[:CAUSE_LENGTH]


def setup_url() -> str:
    """Return the address at which the first administrator makes an account; `passback run` prints it."""
    return f"{runtime().settings.url}/setup/{_setup_token()}"


def _setup_token() -> str:
    return runtime().sealer.mac("setup", "the first administrator")


@pages.route("/setup/<token>", methods=["GET", "POST"])
@limiter.limit(TRIES)
def setup(token: str) -> ResponseReturnValue:
    """Make the first administrator; gone as soon as there is one."""
    with unscoped(Unscoped.INSTALLATION) as session:
        open_ = service.needs_first_administrator(session)
    if not open_ or not hmac.compare_digest(token.encode(), _setup_token().encode()):
        raise NotFoundError("set-up is closed or the token is wrong")
    filled = SetupForm()
    if not filled.validate_on_submit():
        return render_template("web/setup.html", form=filled, error=None)
    try:
        with unscoped(Unscoped.INSTALLATION, write=True) as session:
            user = service.create_user(
                session,
                email=filled.email.data,
                password=filled.password.data,
                name=filled.name.data or "",
                role=service.Role.ADMINISTRATOR,
            )
            user.last_sign_in_at = utc_now()
            service.audit(session, actor=str(user.id), action="user.first_administrator", subject=str(user.id))
    except PassbackError as error:
        return render_template("web/setup.html", form=filled, error=error), error.status
    sign_in(user)
    return redirect("/admin/")
