"""leads, what visitors agreed to, and conversations that end by themselves"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversation", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("conversation", sa.Column("handed_over_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_conversation_expiry", "conversation", ["expires_at"])
    op.create_table(
        "lead",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("email_hash", sa.Text(), nullable=True),
        sa.Column("phone_hash", sa.Text(), nullable=True),
        sa.Column("merged_into", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_lead_conversation_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["merged_into"], ["lead.id"], name=op.f("fk_lead_merged_into"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_lead_workspace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead")),
        sa.UniqueConstraint("conversation_id", name=op.f("uq_lead_conversation_id")),
    )
    op.create_index("ix_lead_list", "lead", ["workspace_id", "created_at", "id"])
    op.create_index("ix_lead_email", "lead", ["workspace_id", "email_hash"])
    op.create_index("ix_lead_phone", "lead", ["workspace_id", "phone_hash"])
    op.create_index("ix_lead_expiry", "lead", ["expires_at"])
    op.create_index("ix_lead_merged", "lead", ["merged_into"])
    op.create_table(
        "consent",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_consent_conversation_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_consent_workspace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_consent")),
    )


def downgrade() -> None:
    op.drop_table("consent")
    op.drop_table("lead")
    op.drop_index("ix_conversation_expiry", "conversation")
    op.drop_column("conversation", "handed_over_at")
    op.drop_column("conversation", "expires_at")
