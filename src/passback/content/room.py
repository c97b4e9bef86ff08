"""What the content room brings to the application."""

from flask import Flask

from passback.content.pictures import pictures
from passback.content.serving import content
from passback.hosts import HostSide, mount


def mount_content(app: Flask) -> None:
    """Serve package files and the pictures of courses on the content host."""
    mount(app, content, HostSide.CONTENT, url_prefix="/c")
    mount(app, pictures, HostSide.CONTENT, url_prefix="/picture")
