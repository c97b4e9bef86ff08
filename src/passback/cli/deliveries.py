"""`passback deliveries`: what is owed to gradebooks and plugins, and its way there."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import click

from passback.api.schemas import delivery_of
from passback.cli.output import answer, answer_rows, json_option
from passback.cli.reconcile import reconcile_command
from passback.cli.tenants import tenant_named, tenant_option
from passback.db import tenant_session
from passback.delivery import ledger
from passback.delivery.ledger import LedgerEntry
from passback.delivery.models import DeliveryTry
from passback.delivery.words import STATES, VERDICTS, reason_in_words
from passback.staff.service import audit


@click.group("deliveries")
def deliveries_group() -> None:
    """What is owed to gradebooks and plugins, and its way there."""


@deliveries_group.command("list")
@click.option("--state", type=click.Choice(list(STATES)), help="Only those in this state.")
@click.option("--registration", "registration_id", type=click.UUID, help="Only those of this registration.")
@click.option("--kind", type=click.Choice(["score", "event"]), help="Only scores, or only events.")
@click.option("--before", type=click.UUID, help="Go on after this id, the last one of the page before.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="At most so many.")
@tenant_option
@json_option
def list_command(tenant: str, as_json: bool, **filters: Any) -> None:
    """Show deliveries, the newest first."""
    with tenant_session(tenant_named(tenant)) as session:
        entries = ledger.list_deliveries(session, **filters)
    rows: list[Mapping[str, object]] = [delivery_of(one).as_json() if as_json else _short(one) for one in entries]
    answer_rows(rows, empty="No such deliveries.", as_json=as_json)


@deliveries_group.command("show")
@click.argument("delivery_id", metavar="ID", type=click.UUID)
@tenant_option
@json_option
def show_command(delivery_id: UUID, tenant: str, as_json: bool) -> None:
    """Show one delivery and every try of it."""
    with tenant_session(tenant_named(tenant)) as session:
        entry = ledger.find_delivery(session, delivery_id)
        tries = [_try(one) for one in ledger.tries_of(session, delivery_id)]
    if as_json:
        answer({**delivery_of(entry).as_json(), "history": tries}, "", as_json=True)
        return
    for name, value in delivery_of(entry).as_json().items():
        if value not in {None, ""}:
            click.echo(f"{name.replace('_', ' ')}: {value}")
    click.echo()
    answer_rows(tries, empty="Not tried yet.", as_json=False)


@deliveries_group.command("retry")
@click.argument("delivery_id", metavar="[ID]", type=click.UUID, required=False)
@click.option("--all-parked", is_flag=True, help="Every parked one of the tenant.")
@tenant_option
@json_option
def retry_command(delivery_id: UUID | None, all_parked: bool, tenant: str, as_json: bool) -> None:
    """Send one delivery, or all parked ones, again; a score goes out with its newest value."""
    if (delivery_id is None) is not all_parked:
        raise click.UsageError("Name one delivery, or --all-parked.")
    tenant_id = tenant_named(tenant)
    with tenant_session(tenant_id, write=True) as session:
        if delivery_id is None:
            count = ledger.send_all_parked(session)
        else:
            ledger.send_again(session, delivery_id)
            count = 1
        subject = str(delivery_id or "all parked")
        audit(session, actor="cli", action="delivery.sent_again", subject=subject, tenant_id=tenant_id, count=count)
    answer({"queued": count}, f"{count} will be sent again by the next engine that looks.", as_json=as_json)


deliveries_group.add_command(reconcile_command)


def _short(entry: LedgerEntry) -> dict[str, object]:
    return {
        "id": entry.id,
        "what": entry.what,
        "to": entry.destination,
        "state": entry.state_text,
        "sent": "" if entry.scaled is None else f"{entry.scaled:.0%}",
        "tries": entry.tries or "",
        "next": "" if entry.due_at is None else f"{entry.due_at:%Y-%m-%d %H:%M:%S}",
        "reason": entry.reason,
    }


def _try(one: DeliveryTry) -> dict[str, object]:
    return {
        "at": one.at.isoformat(timespec="milliseconds"),
        "result": VERDICTS.get(one.verdict, one.verdict),
        "http_status": one.http_status,
        "reason_class": one.reason_class,
        "reason": reason_in_words(one.reason_class, ""),
        "grade_version": one.version,
        "milliseconds": one.duration_ms,
        "body_sha256": one.body_sha256,
    }
