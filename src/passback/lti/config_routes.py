"""`/lti/config/<lms>`: what to enter in an LMS that is set up by hand. Public: it holds addresses and no secret."""

import json

from flask import Blueprint, Response, jsonify

from passback.lti.profiles import guided
from passback.lti.tool_config import configuration, guides
from passback.plugin import JsonObject
from passback.runtime import runtime

MAX_AGE = 300

config = Blueprint("lti_config", __name__)


@config.get("/")
def overview() -> Response:
    """List the LMSs for which there is a configuration."""
    url = runtime().settings.url
    found = {guide.name: f"{url}/lti/config/{guide.name}" for guide, _ in guides(runtime().plugins.lms_profiles)}
    return _shown({**found})


@config.get("/<lms>")
def show(lms: str) -> Response | tuple[Response, int]:
    """Show one LMS's configuration; Canvas reads its own from here (“Enter URL”)."""
    profile = guided(runtime().plugins.lms_profiles, lms.removesuffix(".json").lower())
    if profile is None:
        known = ", ".join(guide.name for guide, _ in guides(runtime().plugins.lms_profiles))
        return jsonify(code="unknown_lms", detail=f"There is a configuration for: {known}."), 404
    return _shown(configuration(profile, runtime().settings.url))


def _shown(value: JsonObject) -> Response:
    """Return JSON in the order of the LMS's own form: people read it too."""
    answer = Response(json.dumps(value, indent=2, ensure_ascii=False), mimetype="application/json")
    answer.headers["Cache-Control"] = f"public, max-age={MAX_AGE}"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
