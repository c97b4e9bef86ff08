"""A plain LTI tool: PyLTI1p3's own Flask parts, as its documentation puts them together.

In its favour: the platform's key set may lie in its configuration (then nothing is fetched), launch data live in a
dictionary (nothing is durable), it has one platform and one deployment, logs nothing, keeps no learner and makes no
page: like Passback it answers a launch with a redirect.
"""

from collections.abc import Mapping
from typing import Any

from flask import Flask, redirect
from pylti1p3.contrib.flask import FlaskCacheDataStorage, FlaskMessageLaunch, FlaskOIDCLogin, FlaskRequest
from pylti1p3.tool_config import ToolConfDict
from werkzeug.wrappers import Response


class Memory:
    """Launch data in a dictionary, with the two calls PyLTI1p3 makes of Flask-Caching."""

    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        return self._kept.get(key)

    def set(self, key: str, value: Any, _seconds: int | None = None) -> None:
        self._kept[key] = value


def create_plain_tool(platform: Mapping[str, Any], url: str) -> Flask:
    """Make the tool for one platform.

    Args:
        platform: as in PyLTI1p3's configuration, with `issuer`, and `key_set` or `key_set_url`.
        url: where the tool is reached.
    """
    app = Flask("plain_tool")
    app.secret_key = "bench"
    config = ToolConfDict({platform["issuer"]: {key: platform[key] for key in platform if key != "issuer"}})
    memory = Memory()

    @app.route("/lti/login", methods=["GET", "POST"])
    def login() -> Response:
        begun = FlaskOIDCLogin(FlaskRequest(), config, launch_data_storage=FlaskCacheDataStorage(memory))
        answer: Response = begun.redirect(f"{url}/lti/launch")
        return answer

    @app.post("/lti/launch")
    def launch() -> Response:
        message = FlaskMessageLaunch(FlaskRequest(), config, launch_data_storage=FlaskCacheDataStorage(memory))
        message.validate()
        return redirect(f"{url}/page/{message.get_launch_id()}")

    return app
