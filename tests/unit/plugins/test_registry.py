"""Loading names what is wrong; one plugin's fault is not another's."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from flask import Flask

from passback.db import Unscoped, unscoped
from passback.plugin import Event, HealthCheck, hookimpl
from passback.plugins import PluginLoadError, PluginRegistry
from passback.plugins.activation import UnknownPluginError, is_on, switch
from passback.runtime import runtime
from passback.tenants import ensure_tenant
from tests.conftest import make_settings, run_app
from tests.support.toy import ToyPlugin


class Misspelt:
    @hookimpl
    def register_content_typos(self) -> list[object]:
        return []


class WantsMore:
    @hookimpl
    def on_event(self, event: Event, tenant: object) -> None:
        pass


class Sound:
    @hookimpl
    def register_health_checks(self) -> Iterable[HealthCheck]:
        return [HealthCheck("sound", lambda: "")]


class Broken:
    @hookimpl
    def register_health_checks(self) -> Iterable[HealthCheck]:
        raise SystemExit("a plugin tries to stop the process")


def write_plugin(folder: Path, name: str, body: str) -> None:
    (folder / f"{name}.py").write_text(f"from passback.plugin import hookimpl\n{body}\n", encoding="utf-8")


@pytest.mark.parametrize("plugin", [Misspelt(), WantsMore()])
def test_a_misspelt_hook_or_argument_is_an_error(plugin: object) -> None:
    with pytest.raises(Exception, match=r"register_content_typos|tenant"):
        PluginRegistry.load("off", builtin=[("bad", plugin)])


def test_two_plugins_cannot_bring_the_same_content_type() -> None:
    with pytest.raises(PluginLoadError, match="toy"):
        PluginRegistry.load("off", builtin=[("one", ToyPlugin()), ("two", ToyPlugin())])


def test_one_broken_hook_is_logged_and_the_rest_run() -> None:
    registry = PluginRegistry.load("off", builtin=[("a", Sound()), ("b", Broken()), ("c", Sound())])
    assert {name for name, _checks in registry.collect("register_health_checks")} == {"a", "c"}


def test_a_tenants_filter_decides_who_is_asked() -> None:
    registry = PluginRegistry.load("off", builtin=[("a", Sound()), ("c", Sound())])
    found = registry.collect("register_health_checks", only=lambda name: name == "c")
    assert [name for name, _checks in found] == ["c"]


def test_a_file_plugin_loads_from_the_named_folder_only(tmp_path: Path) -> None:
    write_plugin(tmp_path, "greeter", "@hookimpl\ndef nav_items():\n    return []")
    assert "greeter" in {info.name for info in PluginRegistry.load(folder=tmp_path).infos}
    assert "greeter" not in {info.name for info in PluginRegistry.load().infos}


def test_a_plugin_that_cannot_be_imported_stops_the_start_and_is_named(tmp_path: Path) -> None:
    write_plugin(tmp_path, "crash", "raise RuntimeError('no such luck')")
    with pytest.raises(PluginLoadError, match=r"crash.*no such luck"):
        PluginRegistry.load(folder=tmp_path)


def test_safe_mode_starts_without_it_and_remembers_why(tmp_path: Path) -> None:
    write_plugin(tmp_path, "crash", "raise RuntimeError('no such luck')")
    write_plugin(tmp_path, "typo", "@hookimpl\ndef on_evnt(event):\n    pass")
    registry = PluginRegistry.load(folder=tmp_path, skip_failed=True)
    errors = {info.name: info.error for info in registry.infos if info.error}
    assert "no such luck" in errors["crash"]
    assert "on_evnt" in errors["typo"]
    assert registry.manager.get_plugin("typo") is None


@pytest.mark.parametrize(("wanted", "names"), [("off", set()), ("one", {"one"}), ("", {"one", "two"})])
def test_passback_plugins_filters(tmp_path: Path, wanted: str, names: set[str]) -> None:
    for name in ("one", "two"):
        write_plugin(tmp_path, name, "@hookimpl\ndef nav_items():\n    return []")
    registry = PluginRegistry.load(wanted, folder=tmp_path)
    assert {info.name for info in registry.infos} & {"one", "two"} == names


def test_a_wanted_plugin_that_is_missing_is_an_error() -> None:
    with pytest.raises(PluginLoadError, match="nowhere"):
        PluginRegistry.load("nowhere")


PAGES = """
from flask import Blueprint
@hookimpl
def register_blueprints():
    pages = Blueprint("pages", __name__)
    pages.add_url_rule("/hello", view_func=lambda: "hello")
    return [pages]
"""


def test_a_plugins_pages_lie_below_its_name_and_go_away_when_it_is_switched_off(
    tmp_path: Path, sqlite_url: str
) -> None:
    (tmp_path / "files").mkdir()
    write_plugin(tmp_path / "files", "pages", PAGES)
    settings = make_settings(tmp_path, database_url=sqlite_url, plugins="pages", plugins_dir=tmp_path / "files")
    for app in run_app(settings):
        browser = app.test_client()
        assert browser.get("/p/pages/hello").text == "hello"
        assert browser.get("/p/pages/hello", base_url="http://x.localhost:8000").status_code == 404
        with unscoped(Unscoped.INSTALLATION, write=True) as session:
            switch(session, runtime().plugins, "pages", on=False)
        assert browser.get("/p/pages/hello").status_code == 404


def test_a_switch_for_one_tenant_leaves_the_others_alone(app: Flask, tmp_path: Path) -> None:
    write_plugin(tmp_path, "greeter", "@hookimpl\ndef nav_items():\n    return []")
    registry = PluginRegistry.load("greeter", folder=tmp_path)
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        first, second = (ensure_tenant(session, slug).id for slug in ("first", "second"))
        switch(session, registry, "greeter", on=False, tenant_id=first)
        assert not is_on(session, "greeter", first)
        assert is_on(session, "greeter", second)
        switch(session, registry, "greeter", on=False)
        assert not is_on(session, "greeter", second)
        switch(session, registry, "greeter", on=True)
        assert not is_on(session, "greeter", first)
        with pytest.raises(UnknownPluginError):
            switch(session, registry, "nobody", on=True)
