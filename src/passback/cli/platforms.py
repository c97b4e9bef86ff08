"""`passback platforms`: the LMSs that are connected, and how to connect one."""

from typing import Any
from uuid import UUID

import click

from passback.cli.diagnose import diagnose_command
from passback.cli.lti11 import lti11_key_group
from passback.cli.output import answer, answer_rows, json_option
from passback.cli.platform_add import ACTOR, add_command, summary
from passback.cli.platform_change import change_command, update_registration_command
from passback.cli.rosters import rosters_command, sync_roster_command
from passback.cli.tenants import named_tenant, tenant_named, tenant_option
from passback.db import Unscoped, unscoped
from passback.delivery.ledger import trouble_with
from passback.lti import deployments, invitations, platforms
from passback.lti.ags import destination
from passback.lti.models import Platform, RegistrationRequest
from passback.lti.registration import approve_request, has_expired
from passback.lti.registration_changes import replace_platform


@click.group("platforms")
def platforms_group() -> None:
    """The LMSs that are connected, and how to connect one."""


@platforms_group.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """Show every platform with why its grades do not arrive, if so, and registrations that wait for approval."""
    with unscoped(Unscoped.REGISTRATION) as session:
        rows = [
            {**summary(one), "trouble": trouble_with(session, destination(one))}
            for one in platforms.list_platforms(session)
        ]
        rows += [_request(one) for one in invitations.list_requests(session)]
    answer_rows(rows, empty="No LMS yet. Connect one: passback platforms invite", as_json=as_json)


@platforms_group.command("show")
@click.argument("platform")
@json_option
def show_command(platform: str, as_json: bool) -> None:
    """Show a platform by its id, client id or issuer."""
    with unscoped(Unscoped.REGISTRATION) as session:
        found = platforms.find_platform(session, platform)
        shown = {
            **summary(found),
            "auth_login_url": found.auth_login_url,
            "token_url": found.token_url,
            "token_audience": found.token_audience or found.token_url,
            "jwks_url": found.jwks_url,
            "algorithms": found.algorithms,
            "approved_hosts": found.approved_hosts,
            "new_deployments": str(found.tenant_id) if found.tenant_id else "inbox",
            "can_be_updated": bool(found.registration_uri),
            "deployments": [
                {"id": one.id, "deployment_id": one.deployment_id, "status": one.status}
                for one in deployments.list_deployments(session, platform_id=found.id)
            ],
        }
    text = "\n".join(f"{name}: {value}" for name, value in shown.items())
    answer(shown, text, as_json=as_json)


@platforms_group.command("invite")
@click.option("--note", default="", help="What it is for; kept with the invitation.")
@click.option("--days", default=invitations.INVITATION_DAYS, show_default=True, type=click.IntRange(1, 365))
@tenant_option
@json_option
def invite_command(note: str, days: int, tenant: str, as_json: bool) -> None:
    """Make a registration URL that connects one LMS to a tenant."""
    with unscoped(Unscoped.REGISTRATION, write=True) as session:
        found = named_tenant(session, tenant)
        url = invitations.invite(session, found.id, actor=ACTOR, note=note, days=days)
    text = f"Paste this where your LMS adds tools by Dynamic Registration (one LMS, {days} days):\n{url}"
    answer({"registration_url": url}, text, as_json=as_json)


@platforms_group.command("approve")
@click.argument("key")
@click.option("--replaces", default="", help="The entry of the same LMS whose place it takes; its people stay.")
@tenant_option
@json_option
def approve_command(key: str, replaces: str, tenant: str, as_json: bool) -> None:
    """Approve a platform or a registration that waits (`passback platforms list` shows ids)."""
    tenant_id = tenant_named(tenant)
    request = _waiting(key)
    if request is not None:
        platform = approve_request(request.id, tenant_id)
        key = str(platform.id)
    if request is None or (replaces and platform.status == "pending"):
        with unscoped(Unscoped.REGISTRATION, write=True) as session:
            platform = platforms.find_platform(session, key)
            if replaces:
                platform = replace_platform(session, platforms.find_platform(session, replaces), platform, actor=ACTOR)
            else:
                platforms.approve_platform(session, platform, actor=ACTOR, tenant_id=tenant_id)
    text = f"{platform.name} may launch now."
    if platform.status == "pending":
        text = f"{platform.name} was connected before. Approve {platform.id} once more, or with --replaces."
    answer(summary(platform), text, as_json=as_json)


@platforms_group.command("disable")
@click.argument("platform")
@json_option
def disable_command(platform: str, as_json: bool) -> None:
    """Refuse a platform's launches, or decline a registration that waits; what was recorded stays."""
    request = _waiting(platform)
    with unscoped(Unscoped.REGISTRATION, write=True) as session:
        if request is not None:
            invitations.decline_request(session, request.id, actor=ACTOR)
            answer({**_request(request), "status": "declined"}, "Declined.", as_json=as_json)
            return
        found = platforms.find_platform(session, platform)
        platforms.disable_platform(session, found, actor=ACTOR)
    answer(summary(found), f"{found.name} is switched off.", as_json=as_json)


@platforms_group.command("deployments")
@click.option("--assign", type=click.UUID, help="Give this deployment to --tenant.")
@click.option("--block", type=click.UUID, help="Refuse this deployment's launches.")
@click.option("--status", type=click.Choice(["active", "inbox", "blocked"]))
@tenant_option
@json_option
def deployments_command(
    assign: UUID | None, block: UUID | None, status: str | None, tenant: str, as_json: bool
) -> None:
    """Show deployments (those in the inbox wait for a tenant), give one to a tenant or block it."""
    with unscoped(Unscoped.REGISTRATION, write=True) as session:
        if assign is not None:
            found = deployments.find_deployment(session, assign)
            deployments.assign_deployment(session, found, named_tenant(session, tenant).id, actor=ACTOR)
        if block is not None:
            deployments.block_deployment(session, deployments.find_deployment(session, block), actor=ACTOR)
        rows = [
            {
                "id": one.id,
                "platform": session.get_one(Platform, one.platform_id).name,
                "deployment_id": one.deployment_id,
                "institution": one.name,
                "address": one.url,
                "status": one.status,
                "first_seen": one.first_seen_at,
            }
            for one in deployments.list_deployments(session, status=status)
        ]
    answer_rows(rows, empty="No deployment.", as_json=as_json)


platforms_group.add_command(add_command)
platforms_group.add_command(change_command)
platforms_group.add_command(update_registration_command)
platforms_group.add_command(diagnose_command)
platforms_group.add_command(lti11_key_group)
platforms_group.add_command(rosters_command)
platforms_group.add_command(sync_roster_command)


def _waiting(key: str) -> RegistrationRequest | None:
    with unscoped(Unscoped.REGISTRATION) as session:
        waiting = [one for one in invitations.list_requests(session, status=None) if str(one.id) == key]
    return waiting[0] if waiting else None


def _request(request: RegistrationRequest) -> dict[str, Any]:
    status = "waiting, its token has expired" if has_expired(request) else request.status
    return {
        "id": request.id,
        "name": request.configuration_url.partition("?")[0],  # Canvas and Brightspace have a token in the query
        "issuer": "",
        "client_id": "",
        "product": "",
        "status": status,
        "trouble": "",
    }
