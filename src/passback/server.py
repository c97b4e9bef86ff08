"""The tool as a process: gunicorn with threads, one delivery engine in each worker."""

from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from passback.app import create_app
from passback.delivery import engine
from passback.settings import Settings


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """Gunicorn, set up in code: no control socket, threads only after the fork.

    Args:
        settings: read once; each worker makes its own app from them.
        host: address to listen on.
        workers: processes.
        threads: threads for requests in each process.
        certfile: TLS certificate, where no proxy in front speaks https; `keyfile` its key.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        host: str,
        workers: int,
        threads: int,
        certfile: str | None = None,
        keyfile: str | None = None,
    ) -> None:
        self._settings = settings
        self._options = {
            "bind": f"{host}:{settings.port}",
            "workers": workers,
            "threads": threads,
            "worker_class": "gthread",
            "control_socket_disable": True,
            "timeout": 120,
            "keepalive": 30,
            # Gunicorn's most, of 4,094 by itself: an LMS may begin a launch by GET, with a token as its message hint.
            "limit_request_line": 8190,
            "post_worker_init": _start_engine,
            "worker_exit": _stop_engine,
            "certfile": certfile,
            "keyfile": keyfile,
            "accesslog": None,
            "loglevel": "warning",
            "proc_name": "passback",
        }
        super().__init__()

    def load_config(self) -> None:
        """Hand our options to gunicorn; its own configuration files and arguments are not read."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Make the app, in the worker."""
        return create_app(self._settings)


def _start_engine(worker: Any) -> None:
    if worker.app.callable is not None:
        engine.start(worker.app.callable)


def _stop_engine(_server: Any, worker: Any) -> None:
    if worker.app.callable is not None:
        engine.stop(worker.app.callable)
