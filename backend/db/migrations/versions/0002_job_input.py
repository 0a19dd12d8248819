"""a job's input in a table of its own"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job_input",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_job_input_job_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_job_input_workspace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job_input")),
    )
    op.execute("INSERT INTO job_input (job_id, payload, workspace_id) SELECT id, payload, workspace_id FROM job")
    op.drop_column("job", "payload")


def downgrade() -> None:
    op.add_column("job", sa.Column("payload", sa.JSON(), nullable=False, server_default="{}"))
    op.execute(
        "UPDATE job SET payload = (SELECT payload FROM job_input WHERE job_input.job_id = job.id) "
        "WHERE id IN (SELECT job_id FROM job_input)"
    )
    op.drop_table("job_input")
