"""the title that is written in a document; decisions are listed by their time"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("document", sa.Column("title", sa.Text(), nullable=True))
    op.create_index("ix_faq_action_list", "faq_action", ["workspace_id", "created_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_faq_action_list", "faq_action")
    op.drop_column("document", "title")
