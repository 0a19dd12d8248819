"""whether an answer was given from documents: of earlier ones what their steps say, where these were kept"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

PORTION = 1_000

_MESSAGE = sa.table(
    "message",
    sa.column("id", sa.Uuid()),
    sa.column("conversation_id", sa.Uuid()),
    sa.column("role", sa.Text()),
    sa.column("answer", sa.JSON()),
    sa.column("documents", sa.Boolean()),
    sa.column("created_at"),
)
_CONVERSATION = sa.table(
    "conversation", sa.column("id", sa.Uuid()), sa.column("workspace_id", sa.Uuid()), sa.column("model", sa.Text())
)
_ALIAS = sa.table("alias", sa.column("workspace_id", sa.Uuid()), sa.column("name", sa.Text()))


def upgrade() -> None:
    op.add_column("message", sa.Column("documents", sa.Boolean(), nullable=True))
    connection = op.get_bind()
    found = _found(connection)
    fill = sa.update(_MESSAGE).where(_MESSAGE.c.id == sa.bindparam("message")).values(documents=sa.bindparam("read"))
    for start in range(0, len(found), PORTION):
        connection.execute(fill, found[start : start + PORTION])


def _found(connection: sa.Connection) -> list[dict[str, Any]]:
    """What each answer tells; and of the question before one without documents that it asked for that, where its
    conversation is with a model: an alias may have been promoted so."""
    with_models = (
        sa.select(_CONVERSATION.c.id)
        .outerjoin(
            _ALIAS,
            sa.and_(_ALIAS.c.workspace_id == _CONVERSATION.c.workspace_id, _ALIAS.c.name == _CONVERSATION.c.model),
        )
        .where(_CONVERSATION.c.model.is_not(None), _ALIAS.c.name.is_(None))
    )
    models = set(connection.scalars(with_models))
    said = sa.select(_MESSAGE.c.id, _MESSAGE.c.conversation_id, _MESSAGE.c.role, _MESSAGE.c.answer)
    rows = connection.execute(
        said.order_by(_MESSAGE.c.conversation_id, _MESSAGE.c.created_at, _MESSAGE.c.role.desc(), _MESSAGE.c.id)
    )
    asked: dict[Any, Any] = {}
    found: list[dict[str, Any]] = []
    for id, conversation_id, role, answer in rows.yield_per(PORTION):
        if role == "user":
            asked[conversation_id] = id
        elif (read := _read(answer)) is not None:
            found.append({"message": id, "read": read})
            if not read and conversation_id in models and conversation_id in asked:
                found.append({"message": asked[conversation_id], "read": False})
    return found


def _read(answer: Mapping[str, Any] | None) -> bool | None:
    """An answer from documents has a plan among its steps; None of one from before steps were kept."""
    steps = (answer or {}).get("steps")
    return any(step["name"] == "plan" for step in steps) if steps else None


def downgrade() -> None:
    op.drop_column("message", "documents")
