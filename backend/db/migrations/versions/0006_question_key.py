"""questions with the same words are found by their key"""

import sqlalchemy as sa
from alembic import op

from backend.faqs.dedup import question_key

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

PORTION = 1_000


def upgrade() -> None:
    op.add_column("faq", sa.Column("question_key", sa.Text(), nullable=False, server_default=""))
    faq = sa.table("faq", sa.column("id"), sa.column("question"), sa.column("question_key"))
    connection = op.get_bind()
    fill = sa.update(faq).where(faq.c.id == sa.bindparam("faq_id")).values(question_key=sa.bindparam("key"))
    rows = connection.execute(sa.select(faq.c.id, faq.c.question)).fetchall()
    for start in range(0, len(rows), PORTION):
        portion = rows[start : start + PORTION]
        connection.execute(fill, [{"faq_id": id, "key": question_key(question)} for id, question in portion])
    op.create_index("ix_faq_key", "faq", ["workspace_id", "question_key"])


def downgrade() -> None:
    op.drop_index("ix_faq_key", "faq")
    op.drop_column("faq", "question_key")
