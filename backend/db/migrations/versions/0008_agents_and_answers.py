"""agents have parameters, fallbacks and a budget; collections a calibration and generations; documents other ids"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("agent", sa.Column("external_id", sa.Text(), nullable=True))
    op.add_column("agent", sa.Column("parameters", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("agent", sa.Column("fallbacks", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("agent", sa.Column("daily_tokens", sa.BigInteger(), nullable=True))
    op.create_index("ix_agent_external_id", "agent", ["workspace_id", "external_id"], unique=True)
    op.create_table(
        "agent_usage",
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_agent_usage_agent_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_agent_usage_workspace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("agent_id", "day", name=op.f("pk_agent_usage")),
    )
    op.add_column("conversation", sa.Column("agent_id", sa.Uuid(), nullable=True))
    op.add_column("conversation", sa.Column("user_id", sa.Text(), nullable=True))
    op.add_column("collection", sa.Column("generation", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("collection", sa.Column("calibration", sa.JSON(), nullable=True))
    op.add_column("document", sa.Column("external_id", sa.Text(), nullable=True))
    op.create_index("ix_document_external_id", "document", ["workspace_id", "external_id"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_document_external_id", "document")
    op.drop_column("document", "external_id")
    op.drop_column("collection", "calibration")
    op.drop_column("collection", "generation")
    op.drop_column("conversation", "user_id")
    op.drop_column("conversation", "agent_id")
    op.drop_table("agent_usage")
    op.drop_index("ix_agent_external_id", "agent")
    for name in ("daily_tokens", "fallbacks", "parameters", "external_id"):
        op.drop_column("agent", name)
