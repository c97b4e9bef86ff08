"""Dates of placements; titles, texts and hints of what was chosen for them"""

import sqlalchemy as sa
from alembic import op

import passback.db.types

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

DATES = ("available_from", "available_until", "submission_from", "submission_until")
TEXTS = ("title", "text", "target", "resource_id")


def upgrade() -> None:
    """Apply. The defaults stay in the database: code of the release before still writes while this one starts."""
    for table in ("link_choice", "placement"):
        for name in DATES:
            op.add_column(table, sa.Column(name, passback.db.types.UtcDateTime(timezone=True), nullable=True))
        op.add_column(table, sa.Column("zone", sa.String(), nullable=False, server_default=""))
        op.add_column(table, sa.Column("keeps_out", sa.Boolean(), nullable=False, server_default=sa.false()))
    for name in TEXTS:
        op.add_column("link_choice", sa.Column(name, sa.String(), nullable=False, server_default=""))
    for name in ("width", "height"):
        op.add_column("link_choice", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Take back."""
    for name in ("width", "height", *TEXTS):
        op.drop_column("link_choice", name)
    for table in ("link_choice", "placement"):
        for name in ("keeps_out", "zone", *DATES):
            op.drop_column(table, name)
