"""`passback courses settings`: what is set for one course."""

from dataclasses import asdict

import click

from passback.cli.output import answer, json_option
from passback.cli.tenants import tenant_named, tenant_option
from passback.content.course_settings import change_settings, list_settings
from passback.content.service import find_course
from passback.db import tenant_session


@click.command("settings")
@click.argument("course")
@click.argument("changes", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--unset", multiple=True, metavar="NAME", help="Put it back to its default; may be given several times.")
@tenant_option
@json_option
def settings_command(
    course: str, *, changes: tuple[str, ...], unset: tuple[str, ...], tenant: str, as_json: bool
) -> None:
    """Show the settings of COURSE (id or title), or change some: they count from the next event on."""
    pairs = [one.partition("=") for one in changes]
    if not all(equals for _name, equals, _value in pairs):
        raise click.UsageError("Say NAME=VALUE.")
    with tenant_session(tenant_named(tenant), write=bool(changes or unset)) as session:
        found = find_course(session, course)
        if changes or unset:
            change_settings(session, found, {name: value for name, _, value in pairs}, unset, by="cli")
        settings = list_settings(found)
    lines = [f"{one.name} = {one.value}  ({one.description})" for one in settings]
    answer([asdict(one) for one in settings], "\n".join(lines) or "This kind of course has none.", as_json=as_json)
