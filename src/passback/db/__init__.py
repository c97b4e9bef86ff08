"""The database: one base, column types that mean the same everywhere, sessions that see one tenant."""

from passback.db.base import (
    MAX_INTEGER,
    Base,
    JsonObject,
    Lifecycle,
    TenantScoped,
    db,
    new_id,
    tenant_key,
    tenant_table,
)
from passback.db.engine import database_trouble, init_database
from passback.db.tenancy import (
    TenancyError,
    TenantSession,
    TransactionError,
    Unscoped,
    UnscopedSession,
    in_write_transaction,
    tenant_session,
    unscoped,
)
from passback.db.types import UtcDateTime

__all__ = [
    "MAX_INTEGER",
    "Base",
    "JsonObject",
    "Lifecycle",
    "TenancyError",
    "TenantScoped",
    "TenantSession",
    "TransactionError",
    "Unscoped",
    "UnscopedSession",
    "UtcDateTime",
    "database_trouble",
    "db",
    "in_write_transaction",
    "init_database",
    "new_id",
    "tenant_key",
    "tenant_session",
    "tenant_table",
    "unscoped",
]
