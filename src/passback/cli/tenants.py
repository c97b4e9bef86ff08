"""`passback tenants`: the institutions this installation serves, and the `--tenant` of every other command."""

from uuid import UUID

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from passback.cli.output import answer, answer_rows, json_option
from passback.db import Unscoped, unscoped
from passback.tenants import DEFAULT_SLUG, Tenant, ensure_tenant, find_tenant

tenant_option = click.option(
    "--tenant",
    default=DEFAULT_SLUG,
    show_default=True,
    metavar="SLUG",
    help="Whose; `passback tenants list` names them.",
)


def named_tenant(session: Session, slug: str) -> Tenant:
    """Return the tenant that `--tenant` names; the default one is made where it is missing.

    Raises:
        UnknownTenantError: there is no other one of that name.
    """
    return ensure_tenant(session) if slug == DEFAULT_SLUG else find_tenant(session, slug)


def tenant_named(slug: str) -> UUID:
    """Return the id of the tenant that `--tenant` names, in a transaction of its own; see `named_tenant`."""
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        return named_tenant(session, slug).id


@click.group("tenants")
def tenants_group() -> None:
    """The institutions this installation serves."""


@tenants_group.command("list")
@json_option
def list_tenants(as_json: bool) -> None:
    """Show every tenant."""
    with unscoped(Unscoped.INSTALLATION) as session:
        rows = [
            {"slug": tenant.slug, "name": tenant.name, "id": tenant.id}
            for tenant in session.scalars(select(Tenant).order_by(Tenant.slug))
        ]
    answer_rows(rows, empty="No tenant yet. Add one: passback tenants add default", as_json=as_json)


@tenants_group.command("add")
@click.argument("slug")
@click.option("--name", default="", help="What people call it.")
@json_option
def add_tenant(slug: str, name: str, as_json: bool) -> None:
    """Add a tenant; one that exists already is left as it is."""
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        tenant = ensure_tenant(session, slug, name)
        found = {"id": tenant.id, "slug": tenant.slug, "name": tenant.name}
    answer(found, f"Tenant {tenant.slug} ({tenant.name})", as_json=as_json)
