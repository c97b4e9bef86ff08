"""The record of logins and launches: what becomes of refusals that anybody can cause."""

from pathlib import Path

import time_machine
from flask import Flask

from passback.app import create_app
from passback.db import Unscoped, db, unscoped
from passback.lti import records
from tests.conftest import make_settings


def written() -> int:
    with unscoped(Unscoped.INSTALLATION) as session:
        return len(records.recent(session, limit=1000))


def refuse(times: int) -> None:
    for _ in range(times):
        records.refused(records.new_code(), "platform_unknown")


@time_machine.travel("2026-03-02T10:00:00Z", tick=False)
def test_each_app_writes_its_own_share_of_anonymous_refusals(sqlite_app: Flask, tmp_path: Path) -> None:
    refuse(records.ANONYMOUS_PER_MINUTE + 1)
    assert written() == records.ANONYMOUS_PER_MINUTE
    settings = make_settings(tmp_path / "another", database_url=sqlite_app.extensions["passback"].settings.database_url)
    with create_app(settings).app_context():
        refuse(1)
        assert written() == records.ANONYMOUS_PER_MINUTE + 1
        db.engine.dispose()


@time_machine.travel("2026-03-02T10:00:00Z", tick=False)
def test_the_next_minute_has_a_share_of_its_own(sqlite_app: Flask) -> None:
    refuse(records.ANONYMOUS_PER_MINUTE + 1)
    with time_machine.travel("2026-03-02T10:01:00Z", tick=False):
        refuse(1)
    assert written() == records.ANONYMOUS_PER_MINUTE + 1
