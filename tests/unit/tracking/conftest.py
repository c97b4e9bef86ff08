"""A learner at a desk, on both databases and on SQLite alone."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask

from passback.app import create_app
from passback.db import Unscoped, db, unscoped
from passback.tenants import ensure_tenant
from tests.conftest import TOY, make_settings
from tests.support.diary import DiaryPlugin
from tests.support.play import Desk, add_course, add_desk

DIARY = (*TOY, ("diary", DiaryPlugin()))


@pytest.fixture
def desk(tenant_id: UUID) -> Desk:
    """A learner on a toy course; runs on each database."""
    return add_desk(tenant_id)


@pytest.fixture
def sqlite_desk(sqlite_tenant: UUID) -> Desk:
    """A learner on a toy course, on SQLite only."""
    return add_desk(sqlite_tenant)


def diary_app(tmp_path: Path, database_url: str) -> Flask:
    """Make an application that knows the diary as well."""
    return create_app(make_settings(tmp_path, database_url=database_url), extra_plugins=DIARY)


@pytest.fixture
def diary(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    """A learner on a diary course; runs on each database."""
    yield from _diary(diary_app(tmp_path, database_url))


@pytest.fixture
def sqlite_diary(sqlite_url: str, tmp_path: Path) -> Iterator[Desk]:
    """A learner on a diary course, on SQLite only."""
    yield from _diary(diary_app(tmp_path, sqlite_url))


def _diary(app: Flask) -> Iterator[Desk]:
    with app.app_context():
        with unscoped(Unscoped.INSTALLATION, write=True) as session:
            tenant_id = ensure_tenant(session).id
        yield add_desk(tenant_id, course_id=add_course(tenant_id, "diary"))
        db.engine.dispose()
