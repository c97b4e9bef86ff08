"""LTI's front channel: launches, the authentication endpoint, the JWKS, discovery and registration."""

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from passback.sandbox.launches import InvalidRequestError
from passback.sandbox.registration import RegistrationRefusedError
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


@front.route("/lti/auth", methods=["GET", "POST"])
def auth() -> str | AnyResponse | tuple[str, int]:
    """Answer a tool's authentication request; without our cookie ask again as first party, then for a sign-in."""
    asked = request.values.to_dict()
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


@front.get("/lti/jwks")
@service("jwks")
def jwks() -> Response:
    """Serve the LMS's public keys."""
    return jsonify(platform().keys.jwks())


@front.get("/.well-known/openid-configuration")
@service("discovery")
def configuration() -> Response:
    """Describe this platform to a tool that wants to register."""
    return jsonify(platform().registration.configuration())


@front.post("/lti/register")
@service("registration")
def register() -> Response:
    """Take a tool in; refusals are plain text, or an HTML page with 404, as in Moodle."""
    try:
        answer = platform().registration.register(request.headers.get("Authorization", ""), request.get_data())
    except RegistrationRefusedError as error:
        if error.status == 404:
            page = render_template("invalid_request.html", reason=error.reason)
            return Response(page, 404, mimetype="text/html")
        return Response(error.reason, error.status, mimetype="text/html")
    return jsonify(answer)
