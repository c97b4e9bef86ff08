"""Column types that mean the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, TypeDecorator

# Text JSON on PostgreSQL too: JSONB refuses "\\u0000", which real packages put into suspend data.
Json = JSON(none_as_null=True)

Bytes = BigInteger().with_variant(Integer, "sqlite")
"""A size: packages may have more than 2 GiB. SQLite's INTEGER holds 64 bits, so its tables need not be copied."""


class UtcDateTime(TypeDecorator[datetime]):
    """An instant, always UTC, with microseconds. Naive values are refused: nobody could say when they were."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"{value!r} has no time zone; use datetime.now(UTC)"
            raise ValueError(msg)
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name == "postgresql":
            return None if value is None else value.astimezone(UTC)
        return value.replace(tzinfo=UTC)
