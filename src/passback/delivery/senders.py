"""How scores leave: the contract of a sender, and the senders an app has."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from flask import Flask

from passback.db import TenantSession
from passback.delivery.models import ScoreDelivery
from passback.delivery.room import room_of
from passback.plugin import SendResult


@dataclass(frozen=True)
class ScorePayload:
    """What is about to be sent.

    Args:
        version: version of the grade it was read from.
        scaled: 0..1.
        final: the receiver may take it as the last word; nothing that is not final follows a final one.
        minimum_interval: seconds the receiver wants between two timestamps of one user.
        attempt: number of the newest attempt that the grade may be of; 0: not known.
        data: the sender's own, handed back to `send`; must not be attached to a database session.
    """

    version: int
    scaled: float
    final: bool
    minimum_interval: float = 1.0
    data: object = None
    attempt: int = 0


class ScoreSender(Protocol):
    """Brings scores to one kind of destination."""

    def prepare(self, session: TenantSession, delivery: ScoreDelivery) -> ScorePayload | None:
        """Read the newest grade; None: nothing to send now. No network calls: a transaction is open."""
        ...

    def send(self, payload: ScorePayload, *, timestamp: datetime, first_try: bool) -> SendResult:
        """Send it; no transaction is open.

        Args:
            timestamp: stamp of the score: UTC, whole milliseconds, later than every one used for this key before.
            first_try: False when an earlier send may have arrived without our knowing (time-out, killed worker):
                read back before sending.
        """
        ...


def register_sender(app: Flask, key: str, sender: ScoreSender) -> None:
    """Make `sender` answer for deliveries whose `sender` is `key`."""
    room_of(app).senders[key] = sender
