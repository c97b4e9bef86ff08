"""One request to `/lti/login` or `/lti/launch` under way: what its refusal would have to say and to record."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import cast
from uuid import UUID

from flask import request

from passback.db import JsonObject
from passback.lti import framing, records
from passback.lti.models import Platform

_KEY = "passback.lti.attempt"


@dataclass
class Attempt:
    """Filled as more becomes known. `check` is the one under way, `passed` those that held."""

    platform: Platform | None = None
    tenant_id: UUID | None = None
    state_hash: str = ""
    check: str = ""
    passed: list[str] = field(default_factory=list)
    facts: JsonObject = field(default_factory=dict)
    urls: tuple[str, ...] = ()

    @cached_property
    def code(self) -> str:
        """The launch's short code; a login that goes on needs none."""
        return records.new_code()

    def ancestors(self) -> tuple[str, ...]:
        """Return who may frame a page that says no."""
        if self.platform is None:
            return framing.ANYONE
        return framing.ancestors(self.platform, framing.asking_origin(), *self.urls)


def attempt() -> Attempt:
    """Return the current request's (`g` would outlive it where an outer app context is open, as in commands)."""
    return cast("Attempt", request.environ.get(_KEY) or request.environ.setdefault(_KEY, Attempt()))
