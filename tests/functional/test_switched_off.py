"""A plugin that is switched off: nothing new begins with it, nothing is lost, and back on all goes on."""

import io
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask

from passback.content.errors import ContentTypeMissingError, PackageRefusedError
from passback.content.models import Course
from passback.content.service import course_settings, import_course
from passback.db import Unscoped, tenant_session, unscoped
from passback.delivery.jobs import all_jobs
from passback.player.entry import entry_url
from passback.plugins.activation import switch
from passback.runtime import runtime
from passback.tenants import ensure_tenant
from passback.testing.packages import make_zip
from passback.tracking.report import registration_report
from passback.web.room import plugin_pages
from tests.conftest import make_settings, run_app
from tests.support.live import zipped
from tests.support.play import Desk, add_desk, event

PAPER = """
from passback.plugin import Detection, Job, NavItem, hookimpl
from tests.support.toy import ToyContentType

class PaperContentType(ToyContentType):
    key = "paper"
    label = "Paper"

    def detect(self, package):
        return Detection(99, "Paper course") if package.find("paper.json") else None

@hookimpl
def register_content_types():
    return [PaperContentType()]

@hookimpl
def register_jobs():
    return [Job("tidy", 60, lambda: None)]

@hookimpl
def nav_items():
    return [NavItem("Paper mill", "/p/paper/mill")]
"""


@pytest.fixture
def app(tmp_path: Path, sqlite_url: str) -> Iterator[Flask]:
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "paper.py").write_text(PAPER)
    (folder / "static").mkdir()
    (folder / "static" / "toy.js").write_text("")
    yield from run_app(make_settings(tmp_path, database_url=sqlite_url, plugins="paper", plugins_dir=folder))


@pytest.fixture
def desk(app: Flask) -> Desk:
    """A learner at a paper course."""
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        tenant_id = ensure_tenant(session).id
    return add_desk(tenant_id, course_id=import_paper(tenant_id))


def import_paper(tenant_id: UUID) -> UUID:
    return import_course(tenant_id, zipped({"paper.json": "{}", "index.html": "x"}), "paper.zip").course_id


def turn(*, on: bool, tenant_id: UUID | None = None) -> None:
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        switch(session, runtime().plugins, "paper", on=on, tenant_id=tenant_id)


def opened(app: Flask, desk: Desk) -> tuple[int, str]:
    browser = app.test_client()
    page = browser.get(entry_url(tenant_id=desk.tenant_id, registration_id=desk.registration_id)).location
    answer = browser.post(f"{page}boot", json={})
    return answer.status_code, answer.json.get("code", "")


def test_its_courses_can_neither_be_imported_nor_opened_while_it_is_off(app: Flask, desk: Desk) -> None:
    turn(on=False, tenant_id=desk.tenant_id)
    assert opened(app, desk) == (503, "content_type_missing")
    assert desk.attempts() == [], "nothing was begun"
    with pytest.raises(PackageRefusedError) as refused:
        import_course(desk.tenant_id, io.BytesIO(make_zip({"paper.json": "{}"})), "paper.zip")
    assert refused.value.code == "not_a_course"
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        other = ensure_tenant(session, "other").id
    assert import_paper(other), "elsewhere it is on"
    turn(on=True, tenant_id=desk.tenant_id)
    assert opened(app, desk) == (200, "")


def test_what_is_under_way_is_still_taken(app: Flask, desk: Desk) -> None:
    playing = desk.open()
    turn(on=False)
    receipt = desk.send(playing, [event(1, "toy.score", scaled=0.7)], leaving=True)
    assert (receipt.applied, desk.registration().score_scaled) == (1, 0.7)


def test_a_plugin_that_is_not_installed_any_more_is_one_error_everywhere(
    app: Flask, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = runtime().plugins.content_types
    with monkeypatch.context() as gone:
        gone.delitem(kinds, "paper")
        assert opened(app, desk) == (503, "content_type_missing")
    playing = desk.open()
    with monkeypatch.context() as gone:
        gone.delitem(kinds, "paper")
        with tenant_session(desk.tenant_id) as session, pytest.raises(ContentTypeMissingError):
            course_settings(session.get_one(Course, desk.course_id))
        with pytest.raises(ContentTypeMissingError) as refused:
            desk.send(playing, [event(1, "toy.score", scaled=0.7)])
        assert refused.value.status == 503, "the player keeps what it could not send"
        with tenant_session(desk.tenant_id) as session:
            views = registration_report(session, desk.registration_id).attempts
        assert [view.report for view in views] == [None]
    assert desk.send(playing, [event(1, "toy.score", scaled=0.7)]).applied == 1


def test_its_jobs_rest_and_its_pages_leave_the_menu(app: Flask) -> None:
    assert "paper:tidy" in all_jobs()
    assert [item.label for item in plugin_pages()] == ["Paper mill"]
    turn(on=False)
    assert "paper:tidy" not in all_jobs()
    assert "delivery:purge" in all_jobs()
    assert plugin_pages() == []
