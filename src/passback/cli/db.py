"""`passback db`: the database's tables."""

import click

from passback.cli.output import answer, answer_rows, json_option
from passback.db import db
from passback.db.migrate import CORE, current, make_revision, newest, upgrade
from passback.plugins.activation import UnknownPluginError
from passback.plugins.migrations import histories
from passback.runtime import runtime


@click.group("db")
def db_group() -> None:
    """The database's tables."""


@db_group.command("upgrade")
@json_option
def upgrade_command(as_json: bool) -> None:
    """Bring the tables of core and of every plugin to their newest form."""
    upgrade(db.engine, histories(runtime().plugins))
    revision = current(db.engine, CORE)
    answer({"revision": revision}, f"The database is at revision {revision}.", as_json=as_json)


@db_group.command("current")
@json_option
def current_command(as_json: bool) -> None:
    """Show how far the tables of core and of each plugin are, and how far they could be."""
    rows = [
        {
            "tables": history.plugin or "core",
            "revision": current(db.engine, history) or None,
            "newest": newest(history),
        }
        for history in (CORE, *histories(runtime().plugins))
    ]
    answer_rows(rows, empty="", as_json=as_json)


@db_group.command("revision")
@click.argument("message")
@click.option("--plugin", help="For the tables of this plugin; it needs a `migrations` folder. Without it: core's.")
@json_option
def revision_command(message: str, plugin: str | None, as_json: bool) -> None:
    """Write the migration from the tables there are to the models, for developers; read it before it is used."""
    known = {history.plugin: history for history in histories(runtime().plugins)}
    if plugin is not None and plugin not in known:
        raise UnknownPluginError(plugin)
    history = known[plugin] if plugin else CORE
    file = make_revision(db.engine, message, tuple(known.values()), history)
    answer({"file": str(file)}, f"Written: {file}", as_json=as_json)
