"""`passback plugins`: what is installed, what it brings, whether it is sound, and switching it on and off."""

import click

from passback.cli.output import answer, answer_rows, json_option
from passback.db import Unscoped, db, unscoped
from passback.db.migrate import behind, current
from passback.plugins.activation import UnknownPluginError, switch, switched_off
from passback.plugins.migrations import histories
from passback.plugins.registry import PluginInfo
from passback.runtime import runtime
from passback.staff.service import audit
from passback.tenants import find_tenant


@click.group("plugins")
def plugins_group() -> None:
    """What is installed beside core, and whether it works."""


def installed() -> list[PluginInfo]:
    """Return the plugins that are not core's own."""
    return [info for info in runtime().plugins.infos if info.source != "core"]


@plugins_group.command("list")
@json_option
def list_plugins(as_json: bool) -> None:
    """Show every installed plugin."""
    with unscoped(Unscoped.INSTALLATION) as session:
        off = switched_off(session, None)
    rows = [
        {"name": info.name, "source": info.source, "state": _state(info, off), "hooks": ", ".join(info.hooks)}
        for info in installed()
    ]
    answer_rows(rows, empty="No plugin is installed: core alone plays no course.", as_json=as_json)


def _state(info: PluginInfo, off: set[str]) -> str:
    if info.error:
        return f"failed: {info.error}"
    return "off" if info.name in off else "on"


@plugins_group.command("info")
@click.argument("name")
@json_option
def info_command(name: str, as_json: bool) -> None:
    """Show what one plugin brings."""
    info = _find(name)
    registry = runtime().plugins
    kinds = [kind for key, kind in registry.content_types.items() if registry.owners[key] == name]
    tables = {history.plugin: current(db.engine, history) for history in histories(registry)}
    found = {
        "name": info.name,
        "source": info.source,
        "hooks": list(info.hooks),
        "content_types": {kind.key: kind.label for kind in kinds},
        "revision": tables.get(name),
        "error": info.error,
    }
    text = "\n".join(f"{key}: {value}" for key, value in found.items() if value)
    answer(found, text, as_json=as_json)


@plugins_group.command("check")
@json_option
def check_command(as_json: bool) -> None:
    """Check every plugin: loaded, hooks known, tables up to date. Ends with 1 where something is wrong."""
    problems = [{"plugin": info.name, "problem": info.error} for info in installed() if info.error]
    tables = {history.plugin: behind(db.engine, history) for history in histories(runtime().plugins)}
    problems += [{"plugin": name, "problem": problem} for name, problem in tables.items() if problem]
    answer_rows(problems, empty=f"{len(installed())} plugin(s) checked, nothing wrong.", as_json=as_json)
    if problems:
        raise SystemExit(1)


@plugins_group.command("enable")
@click.argument("name")
@click.option("--tenant", help="For one tenant only.")
@json_option
def enable(name: str, tenant: str | None, as_json: bool) -> None:
    """Switch a plugin on."""
    _switch(name, tenant, on=True, as_json=as_json)


@plugins_group.command("disable")
@click.argument("name")
@click.option("--tenant", help="For one tenant only.")
@json_option
def disable(name: str, tenant: str | None, as_json: bool) -> None:
    """Switch a plugin off; its data stays."""
    _switch(name, tenant, on=False, as_json=as_json)


def _switch(name: str, slug: str | None, *, on: bool, as_json: bool) -> None:
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        tenant_id = find_tenant(session, slug).id if slug else None
        switch(session, runtime().plugins, name, on=on, tenant_id=tenant_id)
        audit(session, actor="cli", action="plugin.on" if on else "plugin.off", subject=name, tenant_id=tenant_id)
    state = "on" if on else "off"
    answer({"name": name, "tenant": slug, "state": state}, f"{name} is {state} now.", as_json=as_json)


def _find(name: str) -> PluginInfo:
    for info in installed():
        if info.name == name:
            return info
    raise UnknownPluginError(name)
