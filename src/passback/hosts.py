"""Two origins: the app's and the content's. Which one a request came to, and how to make URLs for each (design §8)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import cast
from urllib.parse import urlsplit
from uuid import UUID

from flask import Blueprint, Flask, request

from passback.errors import NotFoundError, WrongHostError
from passback.settings import Settings

_SIDES = "passback_sides"
LABEL_LENGTH = 26


class HostSide(StrEnum):
    """Where a blueprint answers."""

    APP = "app"
    CONTENT = "content"
    ANY = "any host at all (health checks come by address; scripts and styles dress the page that says 421)"


@dataclass(frozen=True)
class Hosts:
    """The installation's hosts, from `PASSBACK_URL` and `PASSBACK_CONTENT_URL`."""

    settings: Settings

    def label(self, course_version_id: UUID) -> str:
        """Return the DNS label of a course version, or "" where all share one content host."""
        return f"c{course_version_id.hex[-LABEL_LENGTH + 1 :]}" if "*" in self.settings.content_url else ""

    def content_origin(self, course_version_id: UUID) -> str:
        """Return the origin (scheme, host, port) on which a course version runs."""
        return self.settings.content_url.replace("*", self.label(course_version_id))

    def side(self, host: str) -> HostSide | None:
        """Say whose host `host` (with port, as in the Host header) is; None: neither."""
        host = host.lower()
        if _authority(self.settings.url) == host:
            return HostSide.APP
        content = _authority(self.settings.content_url)
        if content == host:
            return HostSide.CONTENT
        if content.startswith("*."):
            label, _, rest = host.partition(".")
            if label and rest == content[2:]:
                return HostSide.CONTENT
        return None

    def content_ancestors(self) -> str:
        """Return the CSP sources that mean the content origin, whatever its label."""
        return self.settings.content_url


def _authority(url: str) -> str:
    """Return host and port as a browser writes them in the Host header: no default port."""
    parts = urlsplit(url)
    default = {"http": ":80", "https": ":443"}[parts.scheme]
    return parts.netloc.lower().removesuffix(default)


def mount(app: Flask, blueprint: Blueprint, side: HostSide, *, url_prefix: str | None = None) -> None:
    """Register `blueprint` so that it answers on `side` only."""
    app.extensions.setdefault(_SIDES, {})[blueprint.name] = side
    app.register_blueprint(blueprint, url_prefix=url_prefix)


def sides(app: Flask) -> Mapping[str, HostSide]:
    """Return where each blueprint answers, by name."""
    return cast("Mapping[str, HostSide]", app.extensions.get(_SIDES, {}))


def init_hosts(app: Flask, hosts: Hosts) -> None:
    """Refuse requests that came to the wrong host: an administrator's cookie must never reach a package."""

    @app.before_request
    def _check_host() -> None:
        wanted = sides(app).get(request.blueprint or "")
        if wanted is HostSide.ANY:
            return
        side = hosts.side(request.host)
        if side is None:
            raise WrongHostError(f"host {request.host!r}")
        if request.url_rule is not None and wanted is not side:
            raise NotFoundError(f"{request.endpoint} does not answer on the {side} host")
