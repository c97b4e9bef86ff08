"""`/lti/review/<token>`: one learner's work, to be looked at only. It needs no cookie, and nothing here is written."""

from flask import Blueprint, Response, make_response, render_template

from passback.db import tenant_session
from passback.errors import PassbackError
from passback.lti import framing
from passback.lti.course_routes import explain
from passback.lti.faults import on_record
from passback.lti.review_page import review_page
from passback.lti.reviewing import read_access

review = Blueprint("lti_review", __name__)
on_record(review, "page")
review.register_error_handler(PassbackError, explain)


@review.get("/<token>")
def show(token: str) -> Response:
    """Show the attempts, what was answered, and the way of the grade."""
    access = read_access(token)
    with tenant_session(access.tenant_id) as session:
        page = review_page(session, access.registration_id)
        html = render_template("lti/review.html", page=page, access=access)
    return framing.frame(make_response(html), access.framed_by)
