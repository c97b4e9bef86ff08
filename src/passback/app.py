"""The application factory: the one place where the rooms are put together."""

import atexit
from collections.abc import Iterable
from pathlib import Path

import structlog
from flask import Flask, Response, has_request_context, jsonify, render_template, request
from flask_babel import Babel, get_locale
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from passback.assets import init_assets
from passback.db import init_database
from passback.errors import PassbackError, Side, http_words
from passback.hosts import Hosts, init_hosts
from passback.logs import configure_logs
from passback.outbound import HttpClient
from passback.plugins import PluginRegistry
from passback.plugins.mounting import mount_plugins
from passback.rooms import BUILTIN_PLUGINS, mount_rooms
from passback.runtime import Runtime, init_runtime
from passback.sealing import Sealer
from passback.settings import Settings

LANGUAGES = ["en"]
"""Languages with a translation, the first one the default."""

log = structlog.get_logger(__name__)


def create_app(settings: Settings | None = None, *, extra_plugins: Iterable[tuple[str, object]] = ()) -> Flask:
    """Make the application.

    Args:
        settings: None reads the environment and `instance/config.toml`.
        extra_plugins: (name, plugin) pairs beside the installed ones, for tests and for embedding.

    Raises:
        PluginLoadError: a plugin fails to load and `skip_failed_plugins` is off.
    """
    settings = settings or Settings()
    configure_logs(settings.log_format)
    sealer = Sealer(settings.secret_key.get_secret_value())
    app = _flask(settings, sealer)
    plugins = PluginRegistry.load(
        settings.plugins,
        builtin=(*BUILTIN_PLUGINS, *extra_plugins),
        folder=settings.plugins_dir,
        skip_failed=settings.skip_failed_plugins,
    )
    init_database(app, settings)
    hosts = Hosts(settings)
    init_runtime(
        app,
        Runtime(settings, plugins, sealer, hosts, HttpClient(settings.approved_hosts, ca_bundle=settings.ca_bundle)),
    )
    init_hosts(app, hosts)
    Babel(app, locale_selector=_locale)
    app.jinja_env.globals["get_locale"] = get_locale
    init_assets(app)
    _handle_errors(app)
    mount_rooms(app)
    mount_plugins(app, plugins)
    list(plugins.collect("startup", app=app))
    atexit.register(shut_down, app, plugins)
    return app


def shut_down(app: Flask, plugins: PluginRegistry) -> None:
    """Tell the plugins that the app ends; `create_app` sees to it that the end of the process does so."""
    list(plugins.collect("shutdown", app=app))


def _flask(settings: Settings, sealer: Sealer) -> Flask:
    # Flask's default instance path lands inside src/ in an editable install.
    app = Flask(
        "passback",
        instance_path=str(settings.instance),
        template_folder=str(_templates()),
        static_folder=None,
    )
    app.secret_key = sealer.key("flask")
    app.config["MAX_CONTENT_LENGTH"] = settings.packages.max_bytes + 1024 * 1024
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app


def _locale() -> str | None:
    return request.accept_languages.best_match(LANGUAGES) if has_request_context() else None


def _templates() -> Path:
    """Return the packaged templates of a wheel, else the repository's of an editable install."""
    packaged = Path(__file__).parent / "templates"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "templates"


def _handle_errors(app: Flask) -> None:
    @app.errorhandler(PassbackError)
    def _explain(error: PassbackError) -> tuple[Response | str, int]:
        log.warning("request.refused", code=error.code, detail=error.detail, route=_route())
        return _answer(error.code, error.message, error.advice, error.side, error.status)

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> tuple[Response | str, int]:
        status = error.code or 500
        message, advice = http_words(status, error.description or "Something went wrong.")
        return _answer(f"http_{status}", message, advice, Side.REQUEST if status < 500 else Side.TOOL, status)

    @app.errorhandler(Exception)
    def _fault(_error: Exception) -> tuple[Response | str, int]:
        log.exception("request.fault", route=_route())
        message = "Passback ran into a fault of its own. Nothing that was saved is lost."
        return _answer("fault", message, "Try again; if it stays, tell the administrator.", Side.TOOL, 500)


def _route() -> str:
    """Return the route for the log, not the path: the paths of the player and of packages hold tokens."""
    return request.url_rule.rule if request.url_rule else "no route"


def _answer(code: str, message: str, advice: str, side: Side, status: int) -> tuple[Response | str, int]:
    wanted = request.accept_mimetypes.best_match(["text/html", "application/json"])
    if wanted == "application/json" or request.path.startswith("/api/"):
        problem = jsonify(type="about:blank", title=message, detail=advice, status=status, code=code, side=side)
        problem.mimetype = "application/problem+json"
        return problem, status
    return render_template("error.html", code=code, message=message, advice=advice, side=side, status=status), status
