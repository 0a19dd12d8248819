"""what a vote was before the names were told"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("vote", sa.Column("blind_choice", sa.Text(), nullable=True))
    vote = sa.table(
        "vote", sa.column("choice", sa.Text()), sa.column("blind_choice", sa.Text()), sa.column("counts", sa.Boolean())
    )
    op.execute(vote.update().where(vote.c.counts).values(blind_choice=vote.c.choice))


def downgrade() -> None:
    op.drop_column("vote", "blind_choice")
