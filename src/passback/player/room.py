"""What the player brings into the application."""

from flask import Flask

from passback.hosts import HostSide, mount
from passback.player.routes import app_pages, content_pages


def mount_player(app: Flask) -> None:
    """Mount the opening and result pages on the app's host, the player on the content host."""
    mount(app, app_pages, HostSide.APP)
    mount(app, content_pages, HostSide.CONTENT)
