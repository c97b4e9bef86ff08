"""What the API brings to the application."""

from flask import Flask

from passback.api.routes import api
from passback.hosts import HostSide, mount


def mount_api(app: Flask) -> None:
    """Answer programs on the app's host."""
    mount(app, api, HostSide.APP, url_prefix="/api/v1")
