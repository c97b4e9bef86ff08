"""Packages of more than 2 GiB"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = ("course_version", "staged_version")


def upgrade() -> None:
    """Apply. SQLite's INTEGER holds 64 bits; its course_version need not be copied under its attempts."""
    if op.get_bind().dialect.name == "postgresql":
        for table in TABLES:
            op.alter_column(table, "total_bytes", type_=sa.BigInteger(), existing_type=sa.Integer())


def downgrade() -> None:
    """Take back."""
    if op.get_bind().dialect.name == "postgresql":
        for table in TABLES:
            op.alter_column(table, "total_bytes", type_=sa.Integer(), existing_type=sa.BigInteger())
