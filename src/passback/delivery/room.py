"""What the delivery room keeps per app: its senders, its policy and the engine of this process."""

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from flask import Flask

from passback.delivery.policy import Policy

if TYPE_CHECKING:
    from passback.delivery.engine import Engine
    from passback.delivery.senders import ScoreSender

_KEY = "passback_delivery"


@dataclass
class DeliveryRoom:
    """The room's own part of an app; `born_in` is the process that made it (a fork has another id)."""

    policy: Policy = field(default_factory=Policy)
    senders: dict[str, "ScoreSender"] = field(default_factory=dict)
    engine: "Engine | None" = None
    born_in: int = field(default_factory=os.getpid)


def room_of(app: Flask) -> DeliveryRoom:
    """Return the delivery room of `app`, made on first use."""
    return cast("DeliveryRoom", app.extensions.setdefault(_KEY, DeliveryRoom()))
