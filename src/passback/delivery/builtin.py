"""The delivery room as a plugin of core: its health checks, its jobs, its end."""

from collections.abc import Iterable
from datetime import timedelta

from flask import Flask, current_app
from sqlalchemy import func, select

from passback.clock import utc_now
from passback.db import Unscoped, unscoped
from passback.delivery import engine
from passback.delivery.jobs import last_beat
from passback.delivery.models import Destination, EventDelivery, ScoreDelivery
from passback.delivery.purge import purge
from passback.delivery.room import room_of
from passback.plugin import HealthCheck, Job, hookimpl
from passback.runtime import runtime

SILENCE = timedelta(minutes=2)
BACKLOG = timedelta(minutes=10)


class CoreDelivery:
    """What core's delivery room brings through the hooks that plugins use."""

    @hookimpl
    def startup(self, app: Flask) -> None:
        """Note which process made the app, so that `engine.start` can tell a fork."""
        room_of(app)

    @hookimpl
    def shutdown(self, app: Flask) -> None:
        """Let deliveries under way come to their end."""
        engine.stop(app, timeout=10.0)

    @hookimpl
    def register_health_checks(self) -> Iterable[HealthCheck]:
        """Return: is an engine alive, and does it keep up."""
        return [HealthCheck("engine", engine_trouble), HealthCheck("backlog", backlog_trouble)]

    @hookimpl
    def register_jobs(self) -> Iterable[Job]:
        """Return the daily purge."""
        return [Job("purge", 86400.0, lambda: _discard(purge()))]


def engine_trouble() -> str:
    """Return "" while an engine is alive, or is not meant to run beside the web server."""
    if runtime().settings.engine == "off":
        return ""
    here = room_of(current_app).engine
    if here is not None:
        return "" if here.is_alive() else "The delivery engine of this process has died. Restart the process."
    last = last_beat()
    if last is not None and utc_now() - last < SILENCE:
        return ""
    return "No delivery engine is alive. Start the server, or `passback worker`."


def backlog_trouble() -> str:
    """Return "" unless something has been due for long although its destination takes scores.

    A destination that is down is not this installation's fault and must not take it out of service.
    """
    line = utc_now() - BACKLOG
    with unscoped(Unscoped.HEALTH) as session:
        troubled = select(Destination.name).where((Destination.failures > 0) | (Destination.paused_until > utc_now()))
        oldest = [
            session.scalars(
                select(func.min(ScoreDelivery.due_at)).where(
                    ScoreDelivery.state == "queued", ScoreDelivery.destination.not_in(troubled)
                )
            ).one(),
            session.scalars(
                select(func.min(EventDelivery.due_at)).where(EventDelivery.state == "queued", EventDelivery.tries == 0)
            ).one(),
        ]
    late = [moment for moment in oldest if moment is not None and moment < line]
    if not late:
        return ""
    return f"Deliveries have been due since {min(late):%Y-%m-%d %H:%M} UTC. Is the engine or `passback worker` running?"


def _discard(_count: int) -> None:
    return None
