"""`passback keys`: the key pairs that this installation signs with."""

import click

from passback.cli.output import answer, answer_rows, json_option
from passback.db import Unscoped, unscoped
from passback.lti import keys
from passback.lti.models import ToolKey


@click.group("keys")
def keys_group() -> None:
    """The key pairs that this installation signs with."""


@keys_group.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """List the keys: the active one signs, the next one is published ahead, retired ones stay for 14 days."""
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        keys.signing_key(session)
        rows = [_row(key) for key in keys.list_keys(session)]
    answer_rows(rows, empty="There are no keys.", as_json=as_json)


@keys_group.command("rotate")
@click.option("--now", is_flag=True, help="Although the next key has not been published for 48 hours (a leak).")
@json_option
def rotate_command(now: bool, as_json: bool) -> None:
    """Sign with the next key from now on."""
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        active = keys.rotate(session, now=now)
    answer(_row(active), f"Signing with {active.kid} from now on.", as_json=as_json)


def _row(key: ToolKey) -> dict[str, object]:
    return {"kid": key.kid, "status": key.status, "created_at": key.created_at, "retired_at": key.retired_at}
