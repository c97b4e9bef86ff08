"""Runs the practice LMS: in a thread for tests, in the foreground for `passback sandbox`."""

import logging
import socket
from collections.abc import Callable
from dataclasses import replace
from threading import Thread
from types import TracebackType
from typing import Self
from wsgiref.types import WSGIEnvironment

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from passback.sandbox.app import create_sandbox
from passback.sandbox.core import SandboxConfig
from passback.sandbox.faults import Faults
from passback.sandbox.platform import Platform
from passback.sandbox.web import EXTENSION


class _Handler(WSGIRequestHandler):
    def connection_dropped(self, error: BaseException, environ: WSGIEnvironment | None = None) -> None:
        """Close the connection: werkzeug would wait on it for the next request."""
        super().connection_dropped(error, environ)
        self.close_connection = True

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Keep requests out of the terminal; the platform has a log of its own."""


class SandboxServer:
    """The practice LMS on a socket, in a thread. A context manager; `url`, `platform` and `faults` are for tests.

    Args:
        host: address to listen on; it is the host of the LMS's URL too.
        port: 0 takes a free one.
        config: its `url` is set to where the server listens, unless `keep_url`.
        keep_url: the LMS is reached by `config.url` (a proxy stands in front).
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        config: SandboxConfig | None = None,
        keep_url: bool = False,
    ) -> None:
        config = config or SandboxConfig()
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(128)
            if not keep_url:
                config = replace(config, url=f"http://{host}:{listener.getsockname()[1]}")
            self.app: Flask = create_sandbox(config)
            # make_server duplicates the descriptor, so that ours can go.
            self._server: BaseWSGIServer = make_server(
                host, 0, self.app, threaded=True, request_handler=_Handler, fd=listener.fileno()
            )
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self.platform: Platform = self.app.extensions[EXTENSION]
        self._thread = Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="practice-lms", daemon=True
        )

    @property
    def url(self) -> str:
        """Where the LMS is reached."""
        return self.platform.config.url

    @property
    def faults(self) -> Faults:
        """Faults on purpose."""
        return self.platform.faults

    def start(self) -> Self:
        """Answer from now on."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Answer no more; silences on purpose end at once."""
        self.platform.faults.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def run(self) -> None:
        """Answer in this thread until it is interrupted."""
        try:
            self._server.serve_forever()
        finally:
            self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def serve(
    host: str = "127.0.0.1",
    port: int = 8080,
    tool_url: str = "http://localhost:8000",
    *,
    config: SandboxConfig | None = None,
    prepare: Callable[[Platform], None] | None = None,
) -> None:
    """Run the practice LMS in the foreground until it is interrupted.

    Args:
        tool_url: what the form that registers a tool is filled with.
        prepare: called with the platform before the first request.

    Raises:
        OSError: the port is taken.
    """
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = SandboxServer(host, port, config=replace(config or SandboxConfig(), tool_url=tool_url))
    if prepare is not None:
        prepare(server.platform)
    server.run()
