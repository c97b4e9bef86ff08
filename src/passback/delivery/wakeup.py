"""Tells the engine of this process that something is due; a hint only, polling is the rule."""

from flask import Flask, current_app, has_app_context
from sqlalchemy import event
from sqlalchemy.orm import Session

from passback.delivery.room import room_of


def wake(app: Flask | None = None) -> None:
    """Wake this process's engine, where one runs."""
    if app is None and not has_app_context():
        return
    engine = room_of(app or current_app).engine
    if engine is not None:
        engine.wake()


def wake_after_commit(session: Session) -> None:
    """Wake the engine once `session` has committed: before that nobody else sees what is owed."""
    if not session.info.get("passback_wakes"):
        session.info["passback_wakes"] = True
        event.listen(session, "after_commit", lambda _session: wake())
