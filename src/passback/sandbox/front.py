"""LTI's front channel: launches, the authentication endpoint, the JWKS, discovery and registration."""

import json

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from passback.sandbox.launches import InvalidRequestError
from passback.sandbox.registration import IN_ADDRESS, RegistrationRefusedError
from passback.sandbox.services import service
from passback.sandbox.vocabulary import SUBMISSION_REVIEW_REQUEST
from passback.sandbox.web import auto_post, current_user, is_staff, platform, sesskey, signed_in, viewing_as_learner

front = Blueprint("front", __name__)


@front.get("/launch/<link_id>")
def launch(link_id: str) -> str:
    """Send the browser to the tool's login; a visitor who has not signed in goes too, with `login_hint` 0."""
    link = platform().links.get(link_id)
    if link is None:
        abort(404)
    form = platform().launches.initiate(
        signed_in(),
        link,
        session=sesskey(),
        target=request.args.get("target", "iframe"),
        as_learner=viewing_as_learner(),
    )
    return auto_post(form, link.title)


@front.get("/launch/<link_id>/review/<user_id>")
def review(link_id: str, user_id: str) -> str:
    """Launch a submission review of one learner's work; staff only."""
    link = platform().links.get(link_id)
    user = signed_in()
    if link is None or user is None or not is_staff(user, link.course_id):
        abort(404)
    form = platform().launches.initiate(
        current_user(), link, session=sesskey(), message_type=SUBMISSION_REVIEW_REQUEST, for_user=user_id
    )
    return auto_post(form, link.title)


@front.get("/privacy/<tool_id>")
def privacy(tool_id: str) -> str:
    """Open a tool's page about personal data, of the person `user` or of everybody; administrators only."""
    user, tool = signed_in(), platform().tools.get(tool_id)
    if user is None or not user.administrator or tool is None:
        abort(404)
    whose = request.args.get("user", "")
    return auto_post(platform().launches.initiate_privacy(user, tool, session=sesskey(), for_user=whose), tool.name)


@front.route("/lti/auth", methods=["GET", "POST"])
def auth() -> str | AnyResponse | tuple[str, int]:
    """Answer a tool's authentication request; without our cookie ask again as first party, then for a sign-in."""
    asked = request.values.to_dict()
    config = platform().config
    if config.auth_url and request.host_url.rstrip("/") == config.auth_url:  # people are signed in at the school's host
        return redirect(f"{config.url}{request.full_path}", 307)
    if signed_in() is None:
        if asked.pop("repost", "") != "true":
            return render_template("repost.html", fields={**asked, "repost": "true"}, action="/lti/auth")
        return redirect(url_for("people.choose", next="/"))
    asked.pop("repost", "")
    try:
        form = platform().launches.answer(asked, user=signed_in(), session=sesskey())
    except InvalidRequestError as error:
        return render_template("invalid_request.html", reason=str(error)), 404
    return auto_post(form, "Going on to the tool")


@front.get("/lti/storage")
def storage() -> str:
    """Show the frame that keeps values for tools in the browser, beside theirs."""
    return render_template("storage.html")


@front.get("/lti/jwks")
@service("jwks")
def jwks() -> Response:
    """Serve the LMS's public keys."""
    return jsonify(platform().keys.jwks())


@front.get("/.well-known/openid-configuration")
@service("discovery")
def configuration() -> Response:
    """Describe this platform to a tool that wants to register."""
    header, in_address = request.headers.get("Authorization", ""), request.args.get(IN_ADDRESS, "")
    try:
        return jsonify(platform().registration.discover(header, in_address))
    except RegistrationRefusedError as error:
        return _refused(error)


@front.post("/lti/register")
@service("registration")
def register() -> Response:
    """Take a tool in."""
    header, in_address = request.headers.get("Authorization", ""), request.args.get(IN_ADDRESS, "")
    try:
        return jsonify(platform().registration.register(header, request.get_data(), in_address))
    except RegistrationRefusedError as error:
        return _refused(error)


@front.route("/lti/register/<tool_id>", methods=["GET", "PUT"])
@service("registration")
def registered(tool_id: str) -> Response:
    """Show a registration to its tool, or change it (RFC 7592)."""
    body = request.get_data() if request.method == "PUT" else None
    try:
        return jsonify(platform().registration.managed(tool_id, request.headers.get("Authorization", ""), body))
    except RegistrationRefusedError as error:
        return _refused(error)


def _refused(error: RegistrationRefusedError) -> Response:
    """Refuse in plain text, with an HTML page for 404 as Moodle does, in JSON for 422 as Canvas does."""
    if error.status == 404:
        return Response(render_template("invalid_request.html", reason=error.reason), 404, mimetype="text/html")
    if error.status == 422:
        return Response(json.dumps({"errors": [error.reason]}), 422, mimetype="application/json")
    return Response(error.reason, error.status, mimetype="text/html")
