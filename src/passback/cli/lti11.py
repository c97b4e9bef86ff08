"""`passback platforms lti11-key`: consumer keys of LTI 1.1, so that migrated LMSs can prove who they were."""

import click

from passback.cli.output import answer, answer_rows, json_option
from passback.cli.tenants import tenant_named, tenant_option
from passback.db import tenant_session
from passback.lti import lti11
from passback.staff.service import audit


@click.group("lti11-key")
def lti11_key_group() -> None:
    """Consumer keys of LTI 1.1 and their secrets, kept sealed."""


@lti11_key_group.command("add")
@click.argument("consumer_key")
@click.option("--secret", envvar="PASSBACK_LTI11_SECRET", prompt=True, hide_input=True, help="Better asked than given.")
@tenant_option
@json_option
def add_command(consumer_key: str, secret: str, tenant: str, as_json: bool) -> None:
    """Add CONSUMER_KEY, or give it another secret."""
    tenant_id = tenant_named(tenant)
    with tenant_session(tenant_id, write=True) as session:
        lti11.add_key(session, consumer_key, secret)
        audit(session, actor="cli", action="lti11_key.added", subject=consumer_key, tenant_id=tenant_id)
    answer({"consumer_key": consumer_key}, f"{consumer_key} is known; its secret is sealed.", as_json=as_json)


@lti11_key_group.command("list")
@tenant_option
@json_option
def list_command(tenant: str, as_json: bool) -> None:
    """Show the consumer keys; secrets are never shown."""
    with tenant_session(tenant_named(tenant)) as session:
        rows = [{"consumer_key": one.consumer_key, "added": one.created_at} for one in lti11.list_keys(session)]
    answer_rows(rows, empty="None. Add one: passback platforms lti11-key add KEY", as_json=as_json)


@lti11_key_group.command("remove")
@click.argument("consumer_key")
@tenant_option
@json_option
def remove_command(consumer_key: str, tenant: str, as_json: bool) -> None:
    """Forget CONSUMER_KEY and its secret."""
    tenant_id = tenant_named(tenant)
    with tenant_session(tenant_id, write=True) as session:
        lti11.remove_key(session, consumer_key)
        audit(session, actor="cli", action="lti11_key.removed", subject=consumer_key, tenant_id=tenant_id)
    answer({"consumer_key": consumer_key}, f"{consumer_key} is forgotten.", as_json=as_json)
