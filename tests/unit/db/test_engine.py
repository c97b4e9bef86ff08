"""How SQLite is opened: nothing acknowledged is lost with the power, and keys hold."""

from pathlib import Path

import pytest
from flask import Flask

from passback.db import db, engine, init_database
from tests.conftest import make_settings
from tests.support.quick import REAL_SQLITE_PRAGMAS


@pytest.mark.parametrize(("pragma", "value"), [("synchronous", 2), ("journal_mode", "wal"), ("foreign_keys", 1)])
def test_sqlite_is_durable_and_checks_keys(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pragma: str, value: object
) -> None:
    monkeypatch.setattr(engine, "SQLITE_PRAGMAS", REAL_SQLITE_PRAGMAS)
    app = Flask("durable")
    init_database(app, make_settings(tmp_path))
    with app.app_context():
        with db.engine.connect() as connection:
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one() == value
        db.engine.dispose()
