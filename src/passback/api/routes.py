"""`/api/v1/…`: so far its description alone."""

from flask import Blueprint, Response, jsonify

from passback.api.openapi import document
from passback.runtime import runtime

api = Blueprint("api", __name__)


@api.get("/openapi.json")
def openapi() -> Response:
    """Return the API's description; it holds nothing of anybody's."""
    answer = jsonify(document(runtime().settings.url))
    answer.headers["Cache-Control"] = "public, max-age=300"
    return answer
