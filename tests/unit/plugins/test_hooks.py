"""Every hook does what it promises: one `test_hook_<name>` each, and a page of documentation with its signature."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import click
import pytest
from flask import Blueprint, Flask

from passback import hookspecs
from passback.app import create_app, shut_down
from passback.content.service import import_course
from passback.content.storage import FileStorage, storage
from passback.db import db, tenant_session
from passback.delivery import engine, owed
from passback.plugin import (
    Event,
    GradeDecision,
    HealthCheck,
    Job,
    LmsProfile,
    NavItem,
    Outcome,
    SampleCourse,
    hookimpl,
)
from passback.runtime import runtime
from tests.conftest import Browser, make_settings
from tests.support.live import zipped
from tests.support.play import add_desk, event, score
from tests.support.toy import ToyPlugin

DOCUMENT = Path(__file__).parents[3] / "docs" / "plugins" / "hooks.md"
HOOKS = sorted(name for name, value in vars(hookspecs).items() if hasattr(value, "passback_spec"))


class Everything:
    """A plugin that implements every hook that returns something simple, and writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.events: list[Event] = []

    @hookimpl
    def sample_courses(self) -> list[SampleCourse]:
        return [SampleCourse("toy.zip", lambda path: Path(path).write_bytes(zipped({}).getvalue()) and None)]

    @hookimpl
    def register_blueprints(self) -> list[Blueprint]:
        pages = Blueprint("everything", __name__)
        pages.add_url_rule("/hello", view_func=lambda: "hello")
        return [pages]

    @hookimpl
    def register_commands(self) -> list[click.Command]:
        return [click.Command("everything", callback=lambda: click.echo("hello"))]

    @hookimpl
    def register_grade_policies(self) -> list[object]:
        class Generous:
            key, label = "generous", "Everybody gets everything"

            def decide(self, attempt: object, rule: object) -> GradeDecision:
                return GradeDecision(1.0, final=True, reason="generous")

        return [Generous()]

    @hookimpl
    def register_health_checks(self) -> list[HealthCheck]:
        return [HealthCheck("everything", lambda: "out of coffee")]

    @hookimpl
    def register_jobs(self) -> list[Job]:
        return [Job("everything", 3600, lambda: self.told.append("job"))]

    @hookimpl
    def register_lms_profiles(self) -> list[LmsProfile]:
        return [LmsProfile("homemade", "A home-made LMS", minimum_score_interval=7)]

    @hookimpl
    def open_storage(self, url: str) -> object | None:
        return FileStorage(Path("/nowhere")) if url.startswith("everything://") else None

    @hookimpl
    def outcome_adjust(self, outcome: Outcome) -> Outcome | None:
        return outcome.with_(score_scaled=0.5) if outcome.score_scaled == 0.49 else None

    @hookimpl
    def on_event(self, event: Event) -> None:
        self.events.append(event)

    @hookimpl
    def nav_items(self) -> list[NavItem]:
        return [NavItem("Everything", "/p/everything/hello")]

    @hookimpl
    def startup(self, app: Flask) -> None:
        self.told.append(f"startup of {app.name}")

    @hookimpl
    def shutdown(self, app: Flask) -> None:
        self.told.append(f"shutdown of {app.name}")


@pytest.fixture
def plugin() -> Everything:
    return Everything()


@pytest.fixture
def app(plugin: Everything, tmp_path: Path, sqlite_url: str) -> Iterator[Flask]:
    """An app with that plugin and the toy."""
    settings = make_settings(tmp_path, database_url=sqlite_url)
    application = create_app(settings, extra_plugins=(("everything", plugin), ("toy", ToyPlugin())))
    application.test_client_class = Browser
    with application.app_context():
        yield application
        db.engine.dispose()


def test_hook_register_content_types(app: Flask, tenant_id: UUID) -> None:
    assert import_course(tenant_id, zipped({"index.html": "x"}), "toy.zip").content_type == "toy"


def test_hook_sample_courses(app: Flask, tmp_path: Path) -> None:
    [(_name, samples)] = runtime().plugins.collect("sample_courses")
    samples[0].build(tmp_path / samples[0].filename)
    assert (tmp_path / "toy.zip").read_bytes().startswith(b"PK")


def test_hook_register_blueprints(app: Flask) -> None:
    assert app.test_client().get("/p/everything/hello").text == "hello"


def test_hook_register_commands(app: Flask, plugin: Everything) -> None:
    from click.testing import CliRunner

    found = [command for _name, commands in runtime().plugins.collect("register_commands") for command in commands]
    assert CliRunner().invoke(found[0], []).output == "hello\n"


def test_hook_register_grade_policies(app: Flask) -> None:
    assert runtime().plugins.grade_policies["generous"].label == "Everybody gets everything"


def test_hook_register_health_checks(app: Flask) -> None:
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.json["checks"]["everything"]) == (503, "failed")


def test_hook_register_jobs(app: Flask, plugin: Everything) -> None:
    from passback.delivery.jobs import run_due_jobs

    run_due_jobs(app, is_stopping=lambda: False)
    assert plugin.told.count("job") == 1


def test_hook_register_lms_profiles(app: Flask) -> None:
    assert runtime().plugins.lms_profiles["homemade"].minimum_score_interval == 7


def test_hook_open_storage(plugin: Everything, tmp_path: Path, sqlite_url: str) -> None:
    settings = make_settings(tmp_path, database_url=sqlite_url, storage_url="everything://somewhere")
    application = create_app(settings, extra_plugins=[("everything", plugin)])
    with application.app_context():
        assert isinstance(storage(), FileStorage)
        db.engine.dispose()


def test_hook_outcome_adjust(app: Flask, tenant_id: UUID) -> None:
    for learner, said, graded in (("ann", 0.49, 0.5), ("bob", 0.48, 0.48)):
        desk = add_desk(tenant_id, learner=learner)
        desk.send(desk.open(), [score(1, said), event(2, "toy.end")])
        grade = desk.grade()
        assert grade is not None
        assert grade.scaled == graded


def test_hook_on_event(app: Flask, tenant_id: UUID, plugin: Everything) -> None:
    with tenant_session(tenant_id, write=True) as session:
        owed.publish(session, "registration.passed", None, {"score": 1})
    engine.drain(app)
    assert [(event.name, event.tenant, event.data) for event in plugin.events] == [
        ("registration.passed", tenant_id, {"score": 1})
    ]


def test_hook_nav_items(app: Flask, tenant_id: UUID) -> None:
    from passback.staff.service import Role
    from tests.functional.test_admin import signed_in

    assert 'href="/p/everything/hello"' in signed_in(app, Role.REPORTER).get("/admin/t/default/").text


def test_hook_startup(app: Flask, plugin: Everything) -> None:
    assert plugin.told[0] == "startup of passback"


def test_hook_shutdown(app: Flask, plugin: Everything) -> None:
    shut_down(app, runtime().plugins)  # that the end of a process calls it: tests/functional/test_plugins_command.py
    assert plugin.told[-1] == "shutdown of passback"


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_has_a_test_and_its_signature_in_the_documentation(name: str) -> None:
    assert f"test_hook_{name}" in globals()
    signature = inspect.signature(getattr(hookspecs, name))
    documented = re.search(rf"^## `{name}(\(.*?\))`$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert documented, f"docs/plugins/hooks.md has no section on {name}"
    names = [part.split(":")[0].strip() for part in documented[1].strip("()").split(",") if part.strip()]
    assert names == list(signature.parameters)
