"""a collection can be embedded anew by another model, beside the vectors that it answers from"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("collection", sa.Column("next_spec", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("collection", "next_spec")
