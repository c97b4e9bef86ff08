"""Columns of activities"""

import sqlalchemy as sa
from alembic import op

import passback.db.types

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. The defaults stay in the database: code of the release before still writes while this one starts."""
    op.create_table(
        "activity_grade",
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("activity", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("scaled", sa.Double(), nullable=True),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.Column("completed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("learner_done_at", passback.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("changed_at", passback.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "registration_id"],
            ["registration.tenant_id", "registration.id"],
            name=op.f("fk_activity_grade_tenant_id_registration_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_activity_grade_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_grade")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_activity_grade_tenant_id_id")),
        sa.UniqueConstraint(
            "tenant_id",
            "registration_id",
            "activity",
            name=op.f("uq_activity_grade_tenant_id_registration_id_activity"),
        ),
    )
    op.create_table(
        "activity_column",
        sa.Column("resource_link_id", sa.Uuid(), nullable=False),
        sa.Column("activity", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("line_item_url", sa.String(), nullable=False),
        sa.Column("creating_until", passback.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "resource_link_id"],
            ["resource_link.tenant_id", "resource_link.id"],
            name=op.f("fk_activity_column_tenant_id_resource_link_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_activity_column_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_column")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_activity_column_tenant_id_id")),
        sa.UniqueConstraint(
            "tenant_id",
            "resource_link_id",
            "activity",
            name=op.f("uq_activity_column_tenant_id_resource_link_id_activity"),
        ),
    )
    op.create_table(
        "activity_result",
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("course_version_id", sa.Uuid(), nullable=False),
        sa.Column("activity", sa.String(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("parts", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("outcome", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("reports_score", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "attempt_id"],
            ["attempt.tenant_id", "attempt.id"],
            name=op.f("fk_activity_result_tenant_id_attempt_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "course_version_id"],
            ["course_version.tenant_id", "course_version.id"],
            name=op.f("fk_activity_result_tenant_id_course_version_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_activity_result_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_result")),
        sa.UniqueConstraint(
            "tenant_id", "attempt_id", "activity", name=op.f("uq_activity_result_tenant_id_attempt_id_activity")
        ),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_activity_result_tenant_id_id")),
    )
    op.create_index(
        "ix_activity_result_scored",
        "activity_result",
        ["tenant_id", "course_version_id", "activity", "reports_score"],
        unique=False,
    )
    for table in ("link_choice", "placement"):
        op.add_column(table, sa.Column("columns", sa.String(), nullable=False, server_default="course"))
    for name in ("activity", "activity_title"):
        op.add_column("score_delivery", sa.Column(name, sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    """Take back."""
    for name in ("activity_title", "activity"):
        op.drop_column("score_delivery", name)
    for table in ("placement", "link_choice"):
        op.drop_column(table, "columns")
    op.drop_table("activity_result")
    op.drop_table("activity_column")
    op.drop_table("activity_grade")
