"""collections that an agent answers from beside its first one"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agent_collection",
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agent.id"], name=op.f("fk_agent_collection_agent_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collection.id"], name=op.f("fk_agent_collection_collection_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_agent_collection_workspace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("agent_id", "collection_id", name=op.f("pk_agent_collection")),
    )
    op.create_index("ix_agent_collection_collection", "agent_collection", ["collection_id"])


def downgrade() -> None:
    op.drop_index("ix_agent_collection_collection", "agent_collection")
    op.drop_table("agent_collection")
