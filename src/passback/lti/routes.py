"""`/lti/login`, `/lti/launch` and `/lti/jwks`, with the pages between them."""

from urllib.parse import parse_qsl

import structlog
from flask import Blueprint, Response, jsonify, request

from passback.db import Unscoped, tenant_session, unscoped
from passback.errors import PassbackError
from passback.lti import binding, entering, keys, launch, login, pages
from passback.lti.attempt import attempt
from passback.lti.faults import on_record, record
from passback.lti.parameters import parameters
from passback.lti.states import STATE_SECONDS
from passback.runtime import runtime
from passback.sealing import hash_token, new_token

lti = Blueprint("lti", __name__)
_CARRIED = "lti-login"

log = structlog.get_logger(__name__)


@lti.route("/login", methods=["GET", "POST"])
def start_login() -> Response:
    """Take the LMS's login initiation; a browser without our cookie gets one and shows at once whether it keeps it."""
    attempt().check = "login"
    asked = login.read_login(parameters())
    cookie = binding.cookie_of(request)
    if cookie:
        return _go_on(asked, cookie)
    # 307: the browser sends the same request again, hints included, however long they are.
    query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
    answer = pages.go(f"{runtime().settings.url}/lti/login/again{query}", 307)
    binding.set_cookie(answer, new_token())
    return answer


@lti.route("/login/again", methods=["GET", "POST"])
def continue_login() -> Response:
    """Go on where the cookie stuck; else climb the ladder, while the LMS's single-use hint is still unspent."""
    attempt().check = "login"
    given = parameters()
    asked = login.read_login(given)
    cookie = binding.cookie_of(request)
    if cookie:
        return _go_on(asked, cookie)
    opener, secret = new_token(), new_token()
    nonce = binding.travelling_nonce(secret)
    state = login.state_in_storage(asked.platform.id, nonce)
    carried = {name: given[name] for name in login.FIELDS if name in given}
    value = {"login": login.encode(carried), "opener": hash_token(opener), "state": state, "nonce": nonce}
    stored = pages.in_storage(asked.platform, given, state, secret)
    return pages.climb(runtime().sealer.sign(_CARRIED, value), opener, stored, attempt())


@lti.post("/login/storage")
def login_in_storage() -> Response:
    """Go on where the LMS's page keeps the proof. Our page asks by script, so that no step of this stays in history."""
    attempt().check = "login"
    value, asked = _carried()
    url = login.go_on(asked, value["state"], value["nonce"], binding=binding.STORAGE)
    answer = jsonify(next=url)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@lti.post("/login/tab")
def login_in_tab() -> Response:
    """Go on in the tab that our page opened. Its opener is bound to it, and a cookie too where one is kept."""
    attempt().check = "login"
    value, asked = _carried()
    cookie = binding.cookie_of(request) or new_token()
    answer = _go_on(asked, cookie, opener_hash=value["opener"])
    binding.set_cookie(answer, cookie)
    return answer


def _carried() -> tuple[dict[str, str], login.LoginRequest]:
    """Return what our page carries of a login, and the login.

    Raises:
        TokenError: it was not made here, or more than ten minutes ago.
        LaunchRefusedError: the platform may not (any more).
    """
    value: dict[str, str] = runtime().sealer.verify(_CARRIED, parameters().get("token", ""), max_age=STATE_SECONDS)
    return value, login.read_login(dict(parse_qsl(value["login"], keep_blank_values=True, errors="surrogateescape")))


def _go_on(asked: login.LoginRequest, cookie: str, opener_hash: str = "") -> Response:
    """Redirect to the LMS. A redirect, not a script: its cookie without SameSite comes along only so (Moodle)."""
    kind = binding.TAB if opener_hash else binding.COOKIE
    url = login.begin(asked, binding=kind, binding_hash=hash_token(cookie), opener_hash=opener_hash)
    return pages.go(url, 302)


@lti.post("/launch")
def receive_launch() -> Response:
    """Take the LMS's launch, or the error that it sends instead of one."""
    attempt().check = "form"
    return launch.receive(parameters())


@lti.get("/again")
def open_again() -> Response:
    """Show what is left of a launch that is over."""
    return pages.open_again()


@lti.get("/open-as/<token>")
def choose_view(token: str) -> Response:
    """Offer preview or learner's view to someone who is both."""
    choice = entering.read_choice(token)
    with tenant_session(choice.tenant_id) as session:
        preview, framed_by = entering.preview_choice(session, choice)
    return pages.open_as(token, preview, framed_by)


@lti.post("/open-as/<token>")
def choose_learner(token: str) -> Response:
    """Open as the learner. The token in the path is the page's own; nothing here hangs on a cookie."""
    choice = entering.read_choice(token)
    with tenant_session(choice.tenant_id, write=True) as session:
        url = entering.open_as_learner(session, choice)
    return pages.go(url, 303)


@lti.get("/jwks")
def jwks() -> Response:
    """Publish our public keys."""
    with unscoped(Unscoped.INSTALLATION) as session:
        answer = jsonify(keys=[row.public_jwk for row in keys.published(session)])
    answer.headers["Cache-Control"] = f"public, max-age={keys.JWKS_MAX_AGE}"
    return answer


@lti.errorhandler(PassbackError)
def refuse(error: PassbackError) -> Response:
    """Record the refusal and say it in words."""
    record(error)
    return pages.refusal(error, attempt())


on_record(lti, "")
