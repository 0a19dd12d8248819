"""which tuned model or alias a conversation was begun with, by its name; of earlier ones that is not known"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversation", sa.Column("model", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("conversation", "model")
