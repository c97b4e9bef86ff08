"""What the rooms share while the app runs: settings, plugins, keys, hosts and the one outbound HTTP client."""

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app

from passback.hosts import Hosts
from passback.outbound import HttpClient
from passback.plugins import PluginRegistry
from passback.sealing import Sealer
from passback.settings import Settings


@dataclass(frozen=True)
class Runtime:
    """The collaborators of an app. There is one per app, never one per module."""

    settings: Settings
    plugins: PluginRegistry
    sealer: Sealer
    hosts: Hosts
    http: HttpClient


def init_runtime(app: Flask, runtime: Runtime) -> None:
    """Attach `runtime` to `app`."""
    app.extensions["passback"] = runtime


def runtime() -> Runtime:
    """Return the current app's runtime."""
    return cast("Runtime", current_app.extensions["passback"])
