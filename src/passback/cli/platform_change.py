"""`passback platforms change` and `update-registration`: the LMS's entry here, and ours in the LMS."""

import click

from passback.cli.output import answer, json_option
from passback.cli.platform_add import ACTOR, summary
from passback.cli.tenants import named_tenant
from passback.db import Unscoped, unscoped
from passback.lti.platforms import find_platform
from passback.lti.registration_changes import (
    PlatformChanges,
    change_platform,
    set_new_deployments,
    update_registration,
)

INBOX = "inbox"


@click.command("change")
@click.argument("platform")
@click.option("--name", help="What people call it.")
@click.option("--product", help="moodle, canvas, blackboardlearn, desire2learn, sakai …")
@click.option("--auth-url", "auth_login_url", help="Authentication request URL.")
@click.option("--token-url", help="Access token URL.")
@click.option("--jwks-url", help="Public keyset URL.")
@click.option("--token-audience", help='Where it differs from the token URL; "" for none.')
@click.option("--algorithm", "algorithms", multiple=True, help="What it signs launches with: RS256 …; all of them.")
@click.option("--new-deployments", metavar="TENANT", help=f'Whose new deployments are; "{INBOX}": each is approved.')
@json_option
def change_command(
    platform: str, algorithms: tuple[str, ...], new_deployments: str | None, as_json: bool, **fields: str | None
) -> None:
    """Change an LMS's entry, by its id, client id or issuer; what is not given stays as it is."""
    with unscoped(Unscoped.REGISTRATION, write=True) as session:
        found = find_platform(session, platform)
        changes = PlatformChanges(**fields, algorithms=algorithms or None)
        different = change_platform(session, found, changes, actor=ACTOR)
        if new_deployments is not None:
            tenant_id = None if new_deployments == INBOX else named_tenant(session, new_deployments).id
            if tenant_id != found.tenant_id:
                different.append("new_deployments")
            set_new_deployments(session, found, tenant_id, actor=ACTOR)
        shown = summary(found) | {"changed": different}
    text = f"{found.name}: changed {', '.join(different)}." if different else f"{found.name} is so already."
    answer(shown, text, as_json=as_json)


@click.command("update-registration")
@click.argument("platform")
@json_option
def update_registration_command(platform: str, as_json: bool) -> None:
    """Bring Passback's registration in an LMS up to date (permissions, addresses, name), where the LMS offers that."""
    with unscoped(Unscoped.REGISTRATION) as session:
        platform_id = find_platform(session, platform).id
    found = update_registration(platform_id, actor=ACTOR)
    answer(summary(found), f"{found.name} has Passback's present configuration.", as_json=as_json)
