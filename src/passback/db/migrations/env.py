"""Alembic's environment, for core and for each plugin; `passback.db.migrate` hands in what differs."""

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.schema import SchemaItem

config = context.config
connection: Connection = config.attributes["connection"]
prefix: str = config.attributes["table_prefix"]
others: tuple[str, ...] = config.attributes["other_prefixes"]


def include_object(
    _item: SchemaItem, name: str | None, type_: str, _reflected: bool, _compare: SchemaItem | None
) -> bool:
    """Keep each history to its own tables: a plugin's start with its name, core's are the rest."""
    if type_ != "table" or name is None:
        return True
    return name.startswith(prefix) if prefix else not name.startswith(others) and not name.startswith("alembic_")


context.configure(
    connection=connection,
    target_metadata=config.attributes["metadata"],
    version_table=config.attributes["version_table"],
    include_object=include_object,
    render_as_batch=True,
    compare_type=True,
    transaction_per_migration=False,
    render_item=config.attributes.get("render_item"),
)
context.run_migrations()
