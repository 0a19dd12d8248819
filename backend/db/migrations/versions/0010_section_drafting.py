"""what a model was asked about each section, and which FAQs it drafted"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("faq", sa.Column("drafted_by", sa.Text(), nullable=True))
    op.add_column("faq", sa.Column("place", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_table(
        "section_drafting",
        sa.Column("section_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("kept", sa.Integer(), nullable=False),
        sa.Column("dropped", sa.JSON(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost_usd", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["section_id"], ["section.id"], name=op.f("fk_section_drafting_section_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_section_drafting_document_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_section_drafting_workspace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("section_id", "part", name=op.f("pk_section_drafting")),
    )
    op.create_index("ix_section_drafting_document", "section_drafting", ["document_id", "job_id"])


def downgrade() -> None:
    op.drop_index("ix_section_drafting_document", "section_drafting")
    op.drop_table("section_drafting")
    op.drop_column("faq", "place")
    op.drop_column("faq", "drafted_by")
