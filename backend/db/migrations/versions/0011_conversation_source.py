"""where a conversation was begun: on the pages or by a program; of earlier ones that is not known"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversation", sa.Column("source", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("conversation", "source")
