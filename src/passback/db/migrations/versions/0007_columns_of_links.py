"""Several columns of one link are told, and one of them chosen"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "resource_link", sa.Column("line_item_chosen", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    for name in ("line_item", "label"):
        op.add_column("reconciliation_finding", sa.Column(name, sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    """Take back."""
    for name in ("label", "line_item"):
        op.drop_column("reconciliation_finding", name)
    op.drop_column("resource_link", "line_item_chosen")
