"""Registrations can be changed where the LMS says how"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COLUMNS = ("configuration_url", "registration_uri", "registration_token")


def upgrade() -> None:
    """Apply. Columns are added without a copy of the table, which others refer to."""
    for name in COLUMNS:
        op.add_column("platform", sa.Column(name, sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    """Take back."""
    for name in reversed(COLUMNS):
        op.drop_column("platform", name)
