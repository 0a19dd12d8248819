"""what belongs to a section can be found by it"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_passage_section", "passage", ["section_id"])
    op.create_index("ix_faq_section", "faq", ["section_id"])


def downgrade() -> None:
    op.drop_index("ix_faq_section", "faq")
    op.drop_index("ix_passage_section", "passage")
