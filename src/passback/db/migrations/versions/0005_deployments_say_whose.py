"""A deployment says which institution it is of"""

import sqlalchemy as sa
from alembic import op

import passback.db.types

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. Columns are added without a copy of the table, which others refer to."""
    for name in ("url", "guid"):
        op.add_column("deployment", sa.Column(name, sa.String(), nullable=False, server_default=""))
    op.add_column("deployment", sa.Column("asked_at", passback.db.types.UtcDateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Take back."""
    for name in ("asked_at", "guid", "url"):
        op.drop_column("deployment", name)
