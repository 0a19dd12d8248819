"""agents with a persona, lead fields, consent and versions"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("agent", sa.Column("persona", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("agent", sa.Column("lead_fields", sa.JSON(), nullable=True))
    op.add_column("agent", sa.Column("consent_text", sa.Text(), nullable=True))
    op.add_column("agent", sa.Column("retention_days", sa.Integer(), nullable=True))
    op.add_column("agent", sa.Column("job_id", sa.Uuid(), nullable=True))
    op.add_column("agent", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("agent", sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("workspace", sa.Column("persona", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("conversation", sa.Column("persona", sa.JSON(), nullable=True))
    op.create_table(
        "agent_version",
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_agent_version_agent_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_agent_version_workspace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("agent_id", "number", name=op.f("pk_agent_version")),
    )


def downgrade() -> None:
    op.drop_table("agent_version")
    op.drop_column("conversation", "persona")
    op.drop_column("workspace", "persona")
    for name in ("archived_at", "version", "job_id", "retention_days", "consent_text", "lead_fields", "persona"):
        op.drop_column("agent", name)
