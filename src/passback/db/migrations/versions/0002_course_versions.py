"""Course versions that wait to be confirmed, can be gone back to, and replace running attempts"""

import sqlalchemy as sa
from alembic import op

import passback.db.types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. Columns are added in place: no parent table is written anew, whatever its size."""
    op.create_table(
        "staged_version",
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("staged_at", passback.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("staged_by", sa.String(), nullable=False),
        sa.Column("content", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("warnings", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("package_sha256", sa.String(), nullable=False),
        sa.Column("package_name", sa.String(), nullable=False),
        sa.Column("file_count", sa.Integer(), nullable=False),
        sa.Column("total_bytes", sa.Integer(), nullable=False),
        sa.Column("reports_score", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "course_id"],
            ["course.tenant_id", "course.id"],
            name=op.f("fk_staged_version_tenant_id_course_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_staged_version_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staged_version")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_staged_version_tenant_id_id")),
    )
    op.add_column("attempt", sa.Column("replaced", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("course", sa.Column("current_number", sa.Integer(), nullable=True))
    op.add_column("course", sa.Column("last_number", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("course", sa.Column("on_new_version", sa.String(), nullable=False, server_default="ask"))
    op.add_column("course_version", sa.Column("imported_by", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    """Take back."""
    op.drop_column("course_version", "imported_by")
    op.drop_column("course", "on_new_version")
    op.drop_column("course", "last_number")
    op.drop_column("course", "current_number")
    op.drop_column("attempt", "replaced")
    op.drop_table("staged_version")
