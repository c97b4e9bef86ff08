"""Puts the command groups together, core's and the plugins'."""

import sys

import click
from flask import Flask

from passback.app import create_app
from passback.cli.certify import certify_command
from passback.cli.courses import courses_group
from passback.cli.db import db_group
from passback.cli.deliveries import deliveries_group
from passback.cli.demo import demo_command
from passback.cli.doctor import doctor_command
from passback.cli.keys import keys_group
from passback.cli.learners import learners_group
from passback.cli.platforms import platforms_group
from passback.cli.plugins import plugins_group
from passback.cli.registrations import registrations_group
from passback.cli.run import run_command
from passback.cli.sandbox import sandbox_command
from passback.cli.tenants import tenants_group
from passback.cli.trouble import in_one_line
from passback.cli.users import users_group
from passback.cli.worker import worker_command
from passback.runtime import runtime

GROUPS: tuple[click.Command, ...] = (
    certify_command,
    courses_group,
    db_group,
    deliveries_group,
    demo_command,
    doctor_command,
    keys_group,
    learners_group,
    platforms_group,
    plugins_group,
    registrations_group,
    run_command,
    sandbox_command,
    tenants_group,
    users_group,
    worker_command,
)
WITHOUT_APP = frozenset({"certify"})
"""Commands that read no settings and open no database of the operator's."""


class PassbackCommand(click.Group):
    """The root: makes the app, so that plugins can add commands, and explains what fails."""

    def main(self, *args: object, **kwargs: object) -> None:  # type: ignore[override]
        """Run, and end with one clear line instead of a traceback where the fault is known."""
        try:
            super().main(*args, **kwargs)  # type: ignore[call-overload]
        except Exception as error:
            known = in_one_line(error)
            if not known:
                raise
            click.echo(f"passback: {known}", err=True)
            sys.exit(1)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name every command, plugins' included."""
        self._load(ctx)
        return sorted(self.commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Find a command, plugins' included."""
        if cmd_name not in WITHOUT_APP:
            self._load(ctx)
        return self.commands.get(cmd_name)

    def _load(self, ctx: click.Context) -> None:
        if ctx.obj is not None:
            return
        app = ctx.obj = create_app()
        context = app.app_context()
        context.push()
        ctx.call_on_close(context.pop)
        for _name, commands in runtime().plugins.collect("register_commands"):
            for command in commands:
                self.add_command(command)


@click.group(cls=PassbackCommand, commands={group.name or "": group for group in GROUPS})
@click.version_option(package_name="passback")
@click.pass_obj
def main(_app: Flask) -> None:
    """Passback: packaged courses in any LMS, every result in the gradebook."""
