"""`/lti/notices`: where platforms send what happens outside of launches. Machines only; the signature is the key."""

from flask import Blueprint, Response, jsonify, request

from passback.errors import PassbackError
from passback.lti.notices import MAX_BODY, receive

notices = Blueprint("lti_notices", __name__)


@notices.post("/notices")
def take() -> Response:
    """Take a batch; 200 where each notice was taken, now or before, else the worst that is to be said of one."""
    request.max_content_length = MAX_BODY
    received = receive(request.get_data(cache=False))
    answer = jsonify(received.as_dict())
    answer.status_code = 400 if received.refused else 200
    return answer


@notices.errorhandler(PassbackError)
def explain(error: PassbackError) -> Response:
    """Say what is wrong as JSON: a program reads it."""
    answer = jsonify(code=error.code, title=error.message, detail=error.advice)
    answer.status_code = error.status
    return answer
