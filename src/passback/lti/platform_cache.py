"""Platforms' rows, kept for a few seconds: they hardly ever change, and every login and launch needs one.

Whether a platform is active is never taken from here: the statement that accepts a launch reads it.
"""

from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

from flask import current_app

from passback.clock import utc_now
from passback.lti.models import Deployment, Platform

SECONDS = 5.0
MOST = 1000
_EXTENSION = "passback.lti.platform_cache"


@dataclass
class PlatformCache:
    """The cache of one app; its rows are detached and read only."""

    _by_id: dict[UUID, tuple[float, Platform]] = field(default_factory=dict)
    _by_client: dict[tuple[str, str], UUID] = field(default_factory=dict)
    _deployments: dict[tuple[UUID, str], tuple[float, Deployment]] = field(default_factory=dict)

    def of_client(self, issuer: str, client_id: str) -> Platform | None:
        """Return the platform of a login, None where it is not known (any more)."""
        found = self._by_client.get((issuer, client_id))
        return self.of_id(found) if found is not None else None

    def of_id(self, platform_id: UUID) -> Platform | None:
        """Return a platform, None where it is not known (any more)."""
        kept = self._by_id.get(platform_id)
        return kept[1] if kept is not None and 0 <= utc_now().timestamp() - kept[0] < SECONDS else None

    def keep(self, platform: Platform) -> Platform:
        """Keep a platform that was just read."""
        if len(self._by_id) >= MOST:
            self._by_id.clear()
            self._by_client.clear()
        self._by_id[platform.id] = (utc_now().timestamp(), platform)
        self._by_client[platform.issuer, platform.client_id] = platform.id
        return platform

    def keep_deployment(self, deployment: Deployment) -> None:
        """Keep a deployment that was just read."""
        if len(self._deployments) >= MOST:
            self._deployments.clear()
        self._deployments[deployment.platform_id, deployment.deployment_id] = utc_now().timestamp(), deployment

    def known_deployment(self, platform_id: UUID, deployment_id: str) -> Deployment | None:
        """Return a deployment that was read a moment ago."""
        read_at, kept = self._deployments.get((platform_id, deployment_id), (0.0, None))
        return kept if 0 <= utc_now().timestamp() - read_at < SECONDS else None


def platform_cache() -> PlatformCache:
    """Return the current app's."""
    return cast("PlatformCache", current_app.extensions.setdefault(_EXTENSION, PlatformCache()))
