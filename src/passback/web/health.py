"""`/healthz`: the process is alive. `/readyz`: database, storage, engine and plugins work."""

from collections.abc import Iterator

import structlog
from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from passback.db import Unscoped, database_trouble, db, unscoped
from passback.db.migrate import CORE, behind
from passback.plugin import HealthCheck
from passback.runtime import runtime

log = structlog.get_logger(__name__)
health = Blueprint("health", __name__)


@health.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Say that the process answers; load balancers restart it otherwise."""
    return jsonify(status="ok")


@health.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Say whether requests can be served, check by check; what is wrong goes to the log, not to strangers."""
    results = problems()
    ready = not any(results.values())
    for name, problem in results.items():
        if problem:
            log.error("health.failed", check=name, problem=problem)
    verdicts = {name: "failed" if problem else "ok" for name, problem in results.items()}
    return jsonify(status="ready" if ready else "not ready", checks=verdicts), 200 if ready else 503


def problems() -> dict[str, str]:
    """Run every check, core's and the plugins', and return what each found: "" where all is well."""
    return {check.name: _run(check) for check in _checks()}


def _checks() -> Iterator[HealthCheck]:
    yield HealthCheck("database", _database)
    yield HealthCheck("plugins", _plugins)
    for _plugin, found in runtime().plugins.collect("register_health_checks"):
        yield from found


def _run(check: HealthCheck) -> str:
    try:
        return check.run()
    except DBAPIError as error:
        return database_trouble(error) or f"{type(error).__name__}: {error.orig}"
    except Exception as error:  # noqa: BLE001 - whatever a check raises is its finding
        return f"{type(error).__name__}: {error}"


def _database() -> str:
    with unscoped(Unscoped.HEALTH) as session:
        session.execute(text("SELECT 1"))
    return behind(db.engine, CORE)


def _plugins() -> str:
    failed = [info.name for info in runtime().plugins.infos if info.error]
    return f"failed to load: {', '.join(failed)}" if failed else ""
