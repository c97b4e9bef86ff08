"""A scratch installation of the tool and a practice LMS beside it; nothing of the operator's is read or touched."""

import secrets
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from werkzeug.test import TestResponse

from passback.app import create_app
from passback.clock import set_ahead
from passback.db import db
from passback.db.migrate import upgrade
from passback.delivery import engine
from passback.outbound import HttpAnswer, HttpClient
from passback.outbound.client import READ_SECONDS
from passback.runtime import runtime
from passback.sandbox.core import SandboxConfig
from passback.sandbox.drive import fetch_from
from passback.sandbox.server import SandboxServer
from passback.settings import Settings
from passback.testing.certification.content import CertificationPlugin

TOOL = "http://localhost:8000"
PATIENCE = 0.3
"""Seconds that the scratch installation waits for a platform that is silent on purpose; else it waits for 5 to 20."""


class ScratchSettings(Settings):
    """Settings that come from the caller alone: no environment, no config.toml."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


class ImpatientClient(HttpClient):
    """The tool's own client, which can be made to wait for less long. `patience` 0: as long as the tool would."""

    patience = 0.0

    def request(self, method: str, url: str, *, read_seconds: float = READ_SECONDS, **how: Any) -> HttpAnswer:
        """Make one call."""
        return super().request(method, url, read_seconds=min(read_seconds, self.patience or read_seconds), **how)


class Browser(FlaskClient):
    """A browser of the tool's. Each request has a context of its own, as on a server."""

    def open(self, *args: Any, **how: Any) -> TestResponse:
        """Make a request."""
        return Context().run(super().open, *args, **how)


@dataclass
class Installation:
    """The tool and the platform's side, ready for cases. `numbers` gives each case a tenant of its own."""

    app: Flask
    server: SandboxServer
    http: ImpatientClient
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @contextmanager
    def later(self, seconds: float) -> Iterator[None]:
        """Let it be later, for the tool and for the platform, until the block ends."""
        clock, by = self.server.platform.clock, timedelta(seconds=seconds)
        clock.offset += by
        try:
            with set_ahead(by):
                yield
        finally:
            clock.offset -= by

    @contextmanager
    def impatient(self) -> Iterator[None]:
        """Let the tool wait for a third of a second at most, until the block ends."""
        self.http.patience = PATIENCE
        try:
            yield
        finally:
            self.http.patience = 0.0


@contextmanager
def open_installation(
    *, make_database: Callable[[Path], None] | None = None, settings: Mapping[str, Any] | None = None
) -> Iterator[Installation]:
    """Make both in a temporary folder, and leave nothing of them behind.

    Args:
        make_database: puts a migrated `passback.sqlite3` into the folder, where one is at hand; None: migrate.
        settings: other settings of the tool.
    """
    with tempfile.TemporaryDirectory(prefix="passback-certify-") as folder:
        scratch = ScratchSettings(
            **{
                "instance": Path(folder),
                "secret_key": secrets.token_urlsafe(32),
                "url": TOOL,
                "engine": "off",
                "plugins": "off",
                **(settings or {}),
            }
        )
        threads = set(threading.enumerate())
        app = create_app(scratch, extra_plugins=(("certification", CertificationPlugin()),))
        app.test_client_class = Browser
        with app.app_context(), SandboxServer(config=SandboxConfig(fetch_seconds=2.0)) as server:
            if make_database is None:
                upgrade(db.engine)
            else:
                make_database(Path(folder))
            http = ImpatientClient()
            app.extensions["passback"] = replace(runtime(), http=http)
            server.platform.tool_keys.fetch = fetch_from(app)
            try:
                yield Installation(app, server, http)
            finally:
                _end(app, threads)


def _end(app: Flask, threads: set[threading.Thread]) -> None:
    """Let the app's threads end before its database goes."""
    engine.stop(app, timeout=30)
    for thread in set(threading.enumerate()) - threads:
        if thread.name.startswith("passback-"):
            thread.join(30)
    db.engine.dispose()
