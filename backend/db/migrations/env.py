"""Alembic's entry: migrates the connection that `backend/db/migrate.py` hands over."""

from typing import Literal

from alembic import context

from backend.db.models import Base, UtcDateTime

is_ours = context.config.attributes.get("is_ours", lambda _name: True)


def _include(_object: object, name: str | None, kind: str, _reflected: bool, _compare_to: object) -> bool:
    return kind != "table" or (name is not None and is_ours(name))


def _render(kind: str, item: object, _context: object) -> str | Literal[False]:
    """A migration must not depend on code that changes later."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    include_object=_include,
    render_item=_render,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
