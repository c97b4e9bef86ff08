"""`/lti/check`: what this browser lets Passback do, in plain words, for learners and for whoever helps them."""

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from passback.clock import utc_now
from passback.errors import NotFoundError
from passback.lti import browser_reports, pages
from passback.lti.browser_errors import ReportRefusedError

check = Blueprint("lti_check", __name__)


@check.get("/check")
def page() -> Response:
    """Test this browser."""
    return pages.self_check()


@check.get("/check/clock")
def clock() -> Response:
    """Say what the time is here, in seconds since 1970."""
    answer = jsonify(now=utc_now().timestamp())
    answer.headers["Cache-Control"] = "no-store"
    return answer


@check.get("/check/<ticket>")
def page_of_launch(ticket: str) -> Response:
    """Test this browser and offer to add the result to the record of a launch."""
    return pages.self_check(ticket, browser_reports.code_of(ticket))


@check.post("/check/<ticket>")
def report(ticket: str) -> Response:
    """Keep what the browser reports with the record of the ticket's own launch.

    Raises:
        NotFoundError: the launch left no record (refusals that anybody could cause are not all written down).
    """
    code = browser_reports.code_of(ticket)
    request.max_content_length = browser_reports.MOST_BYTES
    try:
        said = request.get_json(silent=True)
    except RequestEntityTooLarge as error:
        raise ReportRefusedError("too long") from error
    if not browser_reports.attach(code, browser_reports.read_report(said)):
        raise NotFoundError("no record of this launch")
    return jsonify(saved=True)
