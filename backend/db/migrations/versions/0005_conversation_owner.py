"""a conversation belongs to who began it; the built-in providers have one model each"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversation", sa.Column("owner", sa.Text(), nullable=True))
    # Nothing refused another name before, and it would be refused at every question now.
    op.execute("UPDATE agent SET model = provider WHERE provider IN ('builtin', 'echo')")


def downgrade() -> None:
    op.drop_column("conversation", "owner")
