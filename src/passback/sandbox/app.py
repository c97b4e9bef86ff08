"""The practice LMS's web application."""

from flask import Flask, render_template
from werkzeug.exceptions import HTTPException

from passback.sandbox.advantage import advantage
from passback.sandbox.core import SandboxConfig
from passback.sandbox.course import course_pages
from passback.sandbox.front import front
from passback.sandbox.grades import grade_pages
from passback.sandbox.page_storage import BYTES_PER_TOOL, KEYS_PER_TOOL, origins, page_storage
from passback.sandbox.people import people
from passback.sandbox.platform import Platform
from passback.sandbox.services import Dropper
from passback.sandbox.toolpages import tool_pages
from passback.sandbox.web import EXTENSION, sesskey, signed_in, viewing_as_learner

COOKIE = "practice_lms_session"


def create_sandbox(config: SandboxConfig | None = None) -> Flask:
    """Make the practice LMS: a Flask app of its own that shares nothing with the tool.

    Its `Platform` is at `app.extensions["practice_lms"]`.
    """
    platform = Platform(config)
    app = Flask("passback.sandbox", static_url_path="/static")
    app.extensions[EXTENSION] = platform
    with platform.core.read() as state:
        app.secret_key = state.secret
    secure = platform.config.url.startswith("https://")
    # Moodle's cookie has no SameSite over http and None over https.
    app.config.update(
        SESSION_COOKIE_NAME=COOKIE,
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_SAMESITE="None" if secure else None,
        MAX_CONTENT_LENGTH=4 * 1024 * 1024,
    )
    for blueprint in (advantage, front, people, course_pages, grade_pages, tool_pages):
        app.register_blueprint(blueprint)

    @app.errorhandler(HTTPException)
    def _explain(error: HTTPException) -> tuple[str, int]:
        page = render_template("error.html", title=error.name, description=error.description or "")
        return page, error.code or 500

    app.context_processor(
        lambda: {
            "lms": platform.config.name,
            "user": signed_in(),
            "sesskey": sesskey(),
            "as_learner": viewing_as_learner(),
            "storage": page_storage(platform.config.profile.name),
            "storage_src": f"{platform.core.auth_origin}/lti/storage",
            "storage_origins": lambda: origins(platform.tools.all()),
            "storage_limits": (KEYS_PER_TOOL, BYTES_PER_TOOL),
        }
    )
    app.wsgi_app = Dropper(app.wsgi_app)  # type: ignore[method-assign]
    return app
